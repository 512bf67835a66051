"""Where the records of a journal come from, as far as their order matters."""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from msgspec import Struct


class Arrival(Protocol):
    """A record, as its source had it."""

    @property
    def id(self) -> str:
        """What the journal calls it."""

    @property
    def key(self) -> str:
        """Its message group, for FIFO queues."""

    @property
    def at(self) -> float:
        """When it arrived, in seconds."""

    @property
    def shard(self) -> int | str | None:
        """Its shard, for streams."""


class Source(Struct, frozen=True):
    """What a journal does not tell of its source.

    Attributes:
        records: Makes all its records, in their order.
        order: Within what records wait for each other; None for events and the messages of standard queues.
    """

    records: Callable[[], Iterable[Arrival]]
    order: Literal["shard", "message group"] | None = None
