"""The positions from which a shard is read (S-50)."""

from dataclasses import dataclass
from typing import Literal

from landfast.delivery.stream_config import StreamConfig


@dataclass(frozen=True, slots=True)
class After:
    """Begin after the record of this sequence number."""

    sequence: str


@dataclass(frozen=True, slots=True)
class AtTimestamp:
    """Begin with the first record that arrived at or after this Unix time, in seconds.

    Tables' streams have no such position: they are read from the beginning and what is older is left out, by whole
    seconds, since their times have no more.
    """

    seconds: float


Position = Literal["TRIM_HORIZON", "LATEST"] | After | AtTimestamp
"""A position from which a shard is read."""


def position(config: StreamConfig, checkpoint: str | None, started: float | None) -> Position:
    """Return the position from which a mapping begins to read a shard.

    Args:
        config: The mapping's settings.
        checkpoint: The sequence number of the last record that is done; None before the first.
        started: When the mapping first read the stream, in Unix seconds, for a shard that was there then; None for a
            shard that has appeared since, which is read from its beginning, since LATEST means the mapping's start.
    """
    if checkpoint is not None:
        return After(checkpoint)
    if config.starting_position == "AT_TIMESTAMP" and config.starting_timestamp is not None:
        return AtTimestamp(config.starting_timestamp)
    if config.starting_position == "LATEST" and started is not None:
        return AtTimestamp(started)
    return "TRIM_HORIZON"
