"""The port between the one driver and the two worlds it works in.

`landfast.simulate` has a world of virtual time with a scripted function; `landfast.service` has one of threads, real
functions and files. A world decides nothing: what is to be done is decided by the delivery machines, what is noted is
noted by the driver, and a world only carries out.

Whatever a world calls back, it calls in the driver's one thread, and never from within the call that it answers
(`World.deliver` and a source's `delete` may answer at once).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from landfast.delivery.actions import Deliver
from landfast.delivery.lane_state import LaneState
from landfast.delivery.outcomes import Outcome
from landfast.journal import Entry

if TYPE_CHECKING:  # only asynchronous events need it loaded: simulations start quicker
    from landfast.delivery.asynchronous import Event, Progress


class Order(IntEnum):
    """The order of things that are due at the same moment."""

    ENDED = 0
    ARRIVED = 1
    READ = 2
    DUE = 3


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation, as a world carries it out.

    Attributes:
        request_id: The call's id; for asynchronous events the same in every attempt (S-03).
        records: The ids of its records, by which the journal knows them.
        payload: Makes the event as JSON text; a world whose functions read no events need not ask for it.
        trace: The trace header of what comes from a queue, with this call in it (S-34); empty for streams.
    """

    request_id: str
    records: tuple[str, ...]
    payload: Callable[[], bytes]
    trace: str = ""


@dataclass(frozen=True, slots=True)
class ShardState:
    """The progress of a mapping in a shard.

    Attributes:
        sequence: The sequence number of the last record that is done; None before the first.
        lanes: The progress of each lane, and what it tries again.
        started: When the mapping first read the shard, in Unix seconds: what LATEST means after a restart.
        ended: True if the shard is closed and every record of it is done.
        start: A text that no other shard of this id has had, such as one of a deleted stream of the same name.
    """

    sequence: str | None = None
    lanes: tuple[LaneState, ...] = ()
    started: float | None = None
    ended: bool = False
    start: str = ""


@dataclass(frozen=True, slots=True)
class KeepEvent:
    """Keep an event of an asynchronous queue durably, or what has changed about it."""

    queue: str
    event: "Event"
    progress: "Progress"


@dataclass(frozen=True, slots=True)
class ForgetEvent:
    """Forget an event that has reached its end."""

    request_id: str


@dataclass(frozen=True, slots=True)
class KeepShard:
    """Keep how far a mapping has come in a shard."""

    mapping: str
    shard: str
    state: ShardState


@dataclass(frozen=True, slots=True)
class ForgetShards:
    """Forget how far a mapping has come: it was deleted."""

    mapping: str


@dataclass(frozen=True, slots=True)
class KeepRow:
    """Keep a row of one of the event plane's machines; forget it if the content is None."""

    kind: str
    owner: str
    key: str
    content: bytes | None


Change: TypeAlias = KeepEvent | ForgetEvent | KeepShard | ForgetShards | KeepRow
"""A change that must survive the process; a world without files ignores it."""


class Ended(Protocol):
    """Told how an invocation ended."""

    def __call__(self, outcome: Outcome, kind: str, reason: str = "") -> None:
        """Take it in.

        Args:
            outcome: The outcome for the machine.
            kind: The same in one word: ``succeed``, ``raise``, ``throttle``...
            reason: Why the function was not reached, if anyone knows.
        """
        ...


class Plan(Protocol):
    """Work that is planned for later."""

    def cancel(self) -> None:
        """Do not do it after all; a world in which time costs nothing may do it for nothing."""
        ...


class World(Protocol):
    """One source's view of the world."""

    def now(self) -> float:
        """The time, in seconds."""
        ...

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`; of equal times and orders, what was asked for first goes first.

        Args:
            due: In seconds.
            work: The work to do.
            order: The order among works of the same time.
            background: True if nobody waits for it, as for the end of a retention: time never jumps to it.
        """
        ...

    def call(self, call: Call, ended: Ended) -> None:
        """Call the function. An error of the world itself ends as ``NotReached("system error")``."""
        ...

    def deliver(self, delivery: Deliver[Any], trace: str, ended: Callable[[str | None], None]) -> None:
        """Send a record to a destination, once; `ended` is told why the target refused it, or None.

        Args:
            delivery: The record and its destination.
            trace: The trace header that goes with it; empty for none.
            ended: Called when the target has answered.
        """
        ...

    def commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        """Write `notes` into the journal and make `changes`, all of it or nothing."""
        ...
