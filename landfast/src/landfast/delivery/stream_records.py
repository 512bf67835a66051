"""A stream's records: what the machine knows of them, and what stands around them in an event (S-75)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from landfast.delivery.actions import Window
from landfast.delivery.batch_payload import ENVELOPE
from landfast.delivery.strict_json import json_bytes, json_size
from landfast.delivery.times import iso_seconds


class StreamRecord(msgspec.Struct, frozen=True):
    """A record of a shard, reduced to what the rules need.

    Attributes:
        sequence: The record's sequence number.
        key: The key within which order holds: the partition key, or the item's keys.
        arrived: When it entered the stream, in seconds.
        size: Bytes of `event()` as JSON.
        body: The content from which `render` makes the record as the function gets it.
        name: The name of the record for people; in the live service its event id.
    """

    sequence: str
    key: str
    arrived: float
    size: int
    body: Any
    name: str


Render = Callable[[StreamRecord], Mapping[str, object]]
"""Makes the record as the function gets it."""


def written(event: Mapping[str, object], *, sequence: str, key: str, arrived: float) -> StreamRecord:
    """A record whose event is made already; its body is the event as JSON text, and its name the event id."""
    text = json_bytes(event)
    return StreamRecord(
        sequence=sequence, key=key, arrived=arrived, size=len(text), body=text, name=str(event["eventID"])
    )


def stream_event(
    records: Sequence[StreamRecord],
    render: Render,
    *,
    window: Window | None = None,
    shard_id: str = "",
    stream_arn: str = "",
    epoch: float = 0.0,
) -> dict[str, object]:
    """The event of an invocation; with a tumbling window, its state and place in time as well (S-75)."""
    event: dict[str, object] = {"Records": [render(record) for record in records]}
    if window is None:
        return event
    return event | {
        "window": {"start": iso_seconds(epoch + window.start), "end": iso_seconds(epoch + window.end)},
        "state": window.state,
        "shardId": shard_id,
        "eventSourceARN": stream_arn,
        "isFinalInvokeForWindow": window.final,
        "isWindowTerminatedEarly": window.terminated_early,
    }


@dataclass(slots=True)
class Envelope:
    """Weighs what stands around the records of an event: exactly what `stream_event` puts there (S-48, S-75)."""

    shard_id: str
    stream_arn: str
    epoch: float = 0.0
    _frames: dict[tuple[bool, bool], int] = field(default_factory=dict)
    _state: tuple[Mapping[str, object], int] = field(default_factory=lambda: ({}, len("{}")))

    def __call__(self, window: Window | None) -> int:
        """The bytes of the event without records that belongs to a window."""
        if window is None:
            return ENVELOPE
        if window.state is not self._state[0]:
            self._state = window.state, json_size(window.state)
        kind = window.final, window.terminated_early
        if kind not in self._frames:
            self._frames[kind] = self._frame(window)
        return self._frames[kind] + self._state[1]

    def _frame(self, window: Window) -> int:
        event = stream_event(
            (), lambda _: {}, window=replace(window, state={}), shard_id=self.shard_id, stream_arn=self.stream_arn,
            epoch=self.epoch,
        )  # fmt: skip
        return json_size(event) - len("{}")
