"""Mappings of streams: one driver a shard, parents before children, no polls."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from landfast.delivery.shards import ShardTree
from landfast.delivery.starting_positions import position
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import StreamConfig
from landfast.delivery.stream_records import StreamRecord
from landfast.driver import KeepShard, ShardState
from landfast.driver.streams import ReadableShard, ReadableStream, ShardDriver, TailedShard
from landfast.journal import Dropped
from landfast.service.mapped import Mapped, Reader
from landfast.service.world import Shared


@dataclass(frozen=True, slots=True)
class StreamMapping(Mapped[ReadableStream, StreamConfig]):
    """One mapping of a stream.

    Attributes:
        earlier: Streams that the same table had before.
    """

    earlier: Sequence[ReadableStream] = ()


class StreamReader(Reader[StreamMapping]):
    """Begins to read every shard that may be read (S-51)."""

    def __init__(self, mapping: StreamMapping, shared: Shared) -> None:
        super().__init__(mapping, shared)
        self.drivers: list[ShardDriver] = []
        self._tree = ShardTree(parents_first=mapping.settings.parents_first)
        self._known = shared.store.shards(mapping.source)
        self._started: float | None = None
        self._shards: dict[str, TailedShard[Any]] = {}
        self._stopped: Callable[[], None] | None = None

    def is_busy(self) -> bool:
        """Tell whether something was read and has not ended."""
        return any(driver.in_flight or driver.machine.undone for driver in tuple(self.drivers))

    def start(self) -> None:
        """Begin, and return when the shards that exist are being read; from any thread."""
        self._loop.ask(self._begin)

    def stop(self, stopped: Callable[[], None]) -> None:
        """Read nothing any more; checkpoints and retries are kept, as for a restart (S-53)."""
        self._stopped = stopped
        self._mapping.reads.unwatch(self._look)
        for shard_driver in tuple(self.drivers):
            shard_driver.pause(partial(self._ended, str(shard_driver.shard)))
        self._tell_stopped()

    def _ended(self, shard_id: str) -> None:
        """A shard is read no more, since all of it is done or the mapping stops."""
        self.drivers = [driver for driver in self.drivers if driver.shard != shard_id]
        self._shards.pop(shard_id).close()
        self._tell_stopped()

    def _tell_stopped(self) -> None:
        if self._stopped is not None and not self.drivers:
            stopped, self._stopped = self._stopped, None
            stopped()

    def states(self) -> list[tuple[int, str]]:
        """For each shard, how many invocations are under way, and how far it has come, for people."""
        lanes = self._mapping.config.parallelization_factor
        return [(driver.in_flight, self._state_of(driver, lanes)) for driver in tuple(self.drivers)]

    def oldest(self) -> float | None:
        """The greatest iterator age of its shards."""
        return max((shard.age for shard in tuple(self._shards.values())), default=None)

    def age(self, shard_id: str) -> float | None:
        """The iterator age of a shard, as its last read has left it; None if it is not being read."""
        shard = self._shards.get(shard_id)
        return None if shard is None else shard.age

    def _state_of(self, driver: ShardDriver, lanes: int) -> str:
        return (
            f"{driver.shard}: {driver.machine.undone} records undone, {driver.in_flight} of {lanes} lanes running, "
            f"iterator age {self._shards[str(driver.shard)].age:.1f} s"
        )

    def _begin(self) -> None:
        """LATEST means this moment for the shards that are there when the mapping is started for the first time."""
        # After a restart LATEST is no starting position: the checkpoints are.
        self._started = None if self._known else self._world.now()
        self._forget_missing()
        # Watched before it is looked at: a resharding between the two would go unseen.
        self._mapping.reads.watch(self._look)
        self._look()
        self._started = None

    def _forget_missing(self) -> None:
        """Tell once of shards that have left the stream, or went with a stream that was deleted, before their end."""
        there = {shard.id: shard.start for shard in self._mapping.reads.readable_shards()}
        for name, state in [*self._known.items()]:
            if there.get(name) == state.start:
                continue
            if not state.ended:
                lost = f"{name}: the shard has left the stream before it was read to its end"
                note = Dropped(at=self._world.now(), source=self.source, metric="TrimmedRecords", error=lost)
                self._keep(name, replace(state, ended=True), *([note] if self._has_unread(name, state) else []))
            if name in there:
                del self._known[name]

    def _has_unread(self, name: str, state: ShardState) -> bool:
        """Tell whether something is left in a shard that nobody reads any more; of one that is gone nobody can tell."""
        shards = (shard for stream in self._mapping.earlier for shard in stream.readable_shards())
        shard = next((shard for shard in shards if shard.id == name), None)
        reached = position(self._mapping.config, state.sequence, state.started)
        return shard is None or shard.has_unread(reached)

    def _look(self) -> None:
        ended = [name for name, state in self._known.items() if state.ended]
        shards = self._mapping.reads.readable_shards()
        self._tree.know({shard.id: shard.parents for shard in shards}, ended)
        self._begin_ready()

    def _begin_ready(self) -> None:
        shards = {shard.id: shard for shard in self._mapping.reads.readable_shards()}
        for shard_id in self._tree.begin():
            shard_driver = self._driver(shards[shard_id])
            self.drivers.append(shard_driver)
            shard_driver.begin()

    def _driver(self, shard: ReadableShard) -> ShardDriver:
        mapping, settings = self._mapping, self._mapping.settings
        state = self._known.get(shard.id)
        if state is None:
            state = ShardState(started=self._started, start=shard.start)
            self._keep(shard.id, state)
        self._shards[shard.id] = tailed = self._tailed(shard, state)
        poller = ShardPoller(
            mapping.config,
            shard.id,
            settings=settings,
            new_id=lambda: str(uuid.uuid4()),
            render=_rendered,
            lanes=state.lanes,
        )
        return ShardDriver(
            poller,
            self._world.telling(lambda: self._told(poller)),
            tailed,
            render=_rendered,
            text=_text,
            source=mapping.source,
            function=mapping.target.label,
            shard=shard.id,
            state=state,
            drained=lambda: self._drained(shard.id),
            delivery_retries=settings.delivery_retries,
        )

    def _told(self, poller: ShardPoller) -> str:
        return f"{self._mapping.config.stream_arn}, {poller.shard_id} (records not done: {poller.undone})"

    def _drained(self, shard_id: str) -> None:
        self._tree.drained(shard_id)
        if self._stopped is None:
            self._ended(shard_id)
            self._begin_ready()

    def _keep(self, shard_id: str, state: ShardState, *notes: Dropped) -> None:
        self._world.commit(notes, [KeepShard(self.source, shard_id, state)])

    def _tailed(self, shard: ReadableShard, state: ShardState) -> TailedShard[Any]:
        """The shard, from where the mapping begins to read it; each record is rendered once, when it is read."""
        config = self._mapping.config
        tail = shard.tail(position(config, state.sequence, state.started))
        return TailedShard(tail, shard.reader(config.stream_arn, self._mapping.target.spec.role_arn), self._world)


def _text(record: StreamRecord) -> bytes:
    text: bytes = record.body
    return text


def _rendered(record: StreamRecord) -> Mapping[str, object]:
    """The event, for those who look into it: filters, and what goes to S3."""
    event: Mapping[str, object] = msgspec.json.decode(record.body)
    return event
