"""Drives one shard of one mapping of a stream (section C of the rules)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from landfast.delivery.actions import Action, Checkpoint, Fetch, Invoke, KeepLanes
from landfast.delivery.starting_positions import Position
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_records import Render, StreamRecord, stream_event
from landfast.delivery.strict_json import json_text
from landfast.driver.driver import Driver
from landfast.driver.outbox import Done, Step
from landfast.driver.world import KeepShard, Order, ShardState, World
from landfast.journal import Accepted, Entry
from landfast.sources.shard_log import Stored, Tail

R = TypeVar("R", bound=Stored)


@dataclass(frozen=True, slots=True)
class Page:
    """The result of one read of a shard.

    Attributes:
        records: The records, in order.
        ended: True if the shard is closed and this was the last of it.
        lost: Why records that were still to be read are no longer there; empty if none is missing.
        gone: Why nothing can be read any more; empty if the shard is there.
        nothing_before: No record arrives before this time; minus infinity if that is not known.
    """

    records: Sequence[StreamRecord]
    ended: bool = False
    lost: str = ""
    gone: str = ""
    nothing_before: float = float("-inf")


class Shard(Protocol):
    """A shard, as its driver reads it."""

    def read(self, limit: int, answer: Callable[[Page], None]) -> None:
        """Read up to `limit` records after the last one read, and answer with them, perhaps with none."""
        ...

    def tell(self, arrived: Callable[[], None], missed: Callable[[Sequence[StreamRecord], str], None]) -> None:
        """Name whom to tell.

        Args:
            arrived: That there is something to read again; shards that are read at intervals need not say so (S-45).
            missed: Which records have left the stream before they were read, and by which rule.
        """
        ...


class ReadableShard(Protocol):
    """A shard of a stream of the event plane, as the mappings of a running service read it."""

    @property
    def id(self) -> str:
        """The id of the shard."""
        ...

    @property
    def start(self) -> str:
        """A text that no other shard of this id has had, such as one of a deleted stream of the same name."""
        ...

    @property
    def parents(self) -> Sequence[str]:
        """The ids of the shards that must be read before it."""
        ...

    def tail(self, position: Position) -> Tail[Any]:
        """A reader's place in it."""
        ...

    def has_unread(self, position: Position) -> bool:
        """Tell whether a reader that has come to a position has not read everything that it ever held."""
        ...

    def reader(self, stream_arn: str, role_arn: str) -> Callable[[Any], StreamRecord]:
        """Return a function that makes the shard's own records as the functions of a mapping get them."""
        ...


class ReadableStream(Protocol):
    """A stream of the event plane, as the mappings of a running service read it."""

    @property
    def retention(self) -> float:
        """Seconds for which it keeps a record."""
        ...

    def readable_shards(self) -> Sequence[ReadableShard]:
        """Every shard that holds records or may still get some."""
        ...

    def watch(self, resharded: Callable[[], None]) -> None:
        """Name whom to tell that there are other shards."""
        ...

    def unwatch(self, resharded: Callable[[], None]) -> None:
        """Do not tell it any more."""
        ...


class TailedShard(Generic[R]):
    """A shard that a machine of ours holds: a record that arrives wakes its reader at once.

    Args:
        tail: The reader's place in it.
        record: Makes a stream record of one of its own.
        world: The world, as the mapping sees it.

    Attributes:
        age: The age in seconds of the last record that was read, at that moment; 0 if the last read brought none.
    """

    def __init__(self, tail: Tail[R], record: Callable[[R], StreamRecord], world: World) -> None:
        self.age = 0.0
        self._tail = tail
        self._record = record
        self._world = world

    def read(self, limit: int, answer: Callable[[Page], None]) -> None:
        """Answer with the next records, once everything of this moment has happened."""
        # At the end of this moment: what arrives in it is read together.
        self._world.at(self._world.now(), lambda: answer(self.page(limit)), Order.READ)

    def tell(self, arrived: Callable[[], None], missed: Callable[[Sequence[StreamRecord], str], None]) -> None:
        """Name whom to tell."""
        self._tail.tell(arrived, lambda records, rule: missed([*map(self._record, records)], rule))

    def close(self) -> None:
        """Nobody reads it here any more."""
        self._tail.close()

    def page(self, limit: int) -> Page:
        """The next records. What is not there yet will be told, so that nothing need be read before."""
        tail = self._tail
        if tail.gone:
            return Page([], gone=tail.gone)
        lost = "records have left the stream before they were read" if tail.lost else ""
        tail.lost = False
        records = [*map(self._record, tail.read(limit))]
        self.age = self._world.now() - records[-1].arrived if records else 0.0
        return Page(records, ended=tail.ended, lost=lost, nothing_before=math.inf)


class ShardDriver(Driver[StreamRecord, ShardPoller]):
    """Reads a shard and keeps its checkpoint.

    Args:
        machine: The poller.
        world: The world, as this source sees it.
        records: The shard that is read.
        render: Makes a record as the function gets it (S-83, S-84).
        text: The same as JSON text, where it is at hand.
        source: The name of the mapping.
        function: The name of the function in the journal.
        shard: The name of the shard in the journal.
        state: The mapping's progress in the shard.
        drained: Told when the shard has ended and all of it is done.
        epoch: Unix time of second 0.
        delivery_retries: U-5.
    """

    def __init__(
        self,
        machine: ShardPoller,
        world: World,
        records: Shard,
        *,
        render: Render,
        text: Callable[[StreamRecord], bytes] | None = None,
        source: str,
        function: str = "",
        shard: int | str,
        state: ShardState | None = None,
        drained: Callable[[], None] | None = None,
        epoch: float = 0.0,
        delivery_retries: int = 0,
    ) -> None:
        super().__init__(
            machine, world, source=source, function=function, shard=shard, delivery_retries=delivery_retries
        )
        self._records = records
        self._render = render
        self._text = text
        self._kept = state or ShardState()
        self._drained = drained
        self._epoch = epoch
        self._paused: Callable[[], None] | None = None
        records.tell(self._arrived, self._missed)

    @property
    def state(self) -> ShardState:
        """The mapping's progress in the shard, as it is kept."""
        return self._kept

    def pause(self, paused: Callable[[], None]) -> None:
        """Begin no further invocation; the shard can be read on from what is kept as soon as `paused` is told.

        Args:
            paused: Told once whatever runs has ended, and all that came of it is carried out and kept.
        """
        self._paused = paused
        self.machine.pause()
        self.carry_out(())

    def identify(self, record: StreamRecord) -> str:
        """The event id."""
        return record.name

    def payload(self, invoke: Invoke[StreamRecord]) -> bytes:
        """The batch as the function gets it (S-75, S-83, S-84)."""
        # Records are kept as the text that they were weighed by; a window stands around them and is written anew.
        if self._text is not None and invoke.window is None:
            return b'{"Records":[' + b",".join(map(self._text, invoke.records)) + b"]}"
        event = stream_event(
            invoke.records,
            self._render,
            window=invoke.window,
            shard_id=self.machine.shard_id,
            stream_arn=self.machine.config.stream_arn,
            epoch=self._epoch,
        )
        return json_text(event).encode()

    def fulfil(self, action: Action[StreamRecord], step: Step, done: Done) -> None:
        """Read, or keep the checkpoint."""
        match action:
            case Fetch(limit):
                self._records.read(limit, self._fetched)
            case Checkpoint(sequence):
                self._kept = replace(self._kept, sequence=sequence)
            case KeepLanes(lanes):
                self._kept = replace(self._kept, lanes=lanes)
                step.changes.append(KeepShard(self.source, self.machine.shard_id, self._kept))
            case _:
                pass  # Retry, Split, Settle and Drop are only to be noted
        done()

    def rested(self) -> None:
        """Tell when the shard has ended and all of it is done, once that is kept (S-51)."""
        if self.machine.drained and not self._kept.ended:
            self._kept = replace(self._kept, ended=True)
            self.world.commit([], [KeepShard(self.source, self.machine.shard_id, self._kept)])
            if self._drained is not None:
                self._drained()
        if self._paused is not None and not self.in_flight:
            paused, self._paused = self._paused, None
            paused()

    def _arrived(self) -> None:
        self.machine.arrived()
        self.wake()

    def _missed(self, records: Sequence[StreamRecord], rule: str) -> None:
        self.settle(records, "dropped", rule)

    def _fetched(self, page: Page) -> None:
        if self.machine.is_paused:
            return  # whoever reads on from the checkpoint reads these again
        now = self.world.now()
        notes: list[Entry] = []
        if page.gone:
            # Nothing more is asked of the machine: it has no shard to go on with.
            self.world.commit([self._dropped((), "SourceGone", page.gone)], ())
            return
        if page.lost:
            notes.append(self._dropped((), "TrimmedRecords", f"{self.shard}: {page.lost}"))
        if page.records:
            records = tuple(map(self.identify, page.records))
            notes.append(Accepted(at=now, source=self.source, records=records, origin=self.machine.config.stream_arn))
        actions = self.machine.fetched(page.records, now, ended=page.ended, nothing_before=page.nothing_before)
        self.carry_out(actions, notes)
