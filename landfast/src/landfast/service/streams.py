"""Kinesis and DynamoDB streams at the engine: one driver a shard, parents before children."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from landfast import driver
from landfast.dataplane.errors import SourceGoneError
from landfast.dataplane.streams import Change, KinesisRecord, Page, Shard
from landfast.delivery.settings import Settings
from landfast.delivery.shards import ShardTree
from landfast.delivery.starting_positions import Position, position
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import StreamConfig
from landfast.delivery.stream_records import StreamRecord, dynamodb_record, kinesis_record
from landfast.delivery.strict_json import json_size
from landfast.driver import KeepShard, ShardDriver, ShardState
from landfast.service.functions import Target
from landfast.service.world import LiveWorld, Shared

type SourceRecord = KinesisRecord | Change

_LISTING = 10.0
"""Seconds between two looks at which shards there are; a shard that ends is a reason to look at once."""

_SHORTEST_LISTING = 1.0
_SHORTEST_IDLE = 0.1
"""Real seconds: however fast time runs, an idle engine is not asked more often."""


class ShardReader(Protocol):
    """Reads one shard, page by page."""

    def read(self, limit: int) -> Page[KinesisRecord] | Page[Change]:
        """The next records."""
        ...


class Stream(Protocol):
    """A stream at the endpoint."""

    def shards(self) -> list[Shard]:
        """All shards that hold records."""
        ...

    def reader(self, shard_id: str, position: Position) -> ShardReader:
        """A reader of one shard."""
        ...


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """One mapping of a stream.

    Attributes:
        source: Its logical id.
        target: The function it calls.
        stream: What it reads.
        config: Its settings.
        settings: The unconfirmed points.
    """

    source: str
    target: Target
    stream: Stream
    config: StreamConfig
    settings: Settings


class EngineShard:
    """One shard, read page by page in threads of its own.

    Args:
        reader: At the engine.
        record: Makes a stream record of one of the engine's.
        world: The world, as the mapping sees it.
        name: What people call the shard.
    """

    def __init__(
        self, reader: ShardReader, record: Callable[[SourceRecord], StreamRecord], world: LiveWorld, name: str
    ) -> None:
        self.age = 0.0
        self._reader = reader
        self._record = record
        self._world = world
        self._name = name

    def read(self, limit: int, answer: Callable[[driver.Page], None]) -> None:
        """Read the next records; an idle shard answers after a moment, so that it is not asked without end."""

        def read() -> None:
            began = time.monotonic()
            try:
                page = self._world.engine_retries.until_done(
                    f"reading {self._name}", lambda: self._reader.read(limit), failures=(BotoCoreError, ClientError)
                )
            except SourceGoneError as error:
                gone = driver.Page([], gone=str(error))
                self._world.post(lambda: answer(gone))
                return
            records = [self._record(record) for record in page.records]
            if not (records or page.ended):
                self._world.engine_retries.pause(max(0.0, _SHORTEST_IDLE - (time.monotonic() - began)))
            lost = f"{self._name}: records have left the stream before they were read" if page.trimmed else ""
            self._world.post(lambda: self._answer(driver.Page(records, ended=page.ended, lost=lost), answer))

        self._world.apart(read)

    def _answer(self, page: driver.Page, answer: Callable[[driver.Page], None]) -> None:
        self.age = self._world.now() - page.records[-1].arrived if page.records else 0.0
        answer(page)


class StreamReader:
    """Begins to read every shard that may be read (S-51).

    Args:
        mapping: The mapping.
        shared: What all sources have in common.
    """

    def __init__(self, mapping: StreamMapping, shared: Shared) -> None:
        self.drivers: list[ShardDriver] = []
        self._mapping = mapping
        self._shared = shared
        self._world = LiveWorld(shared, mapping.target, mapping.source)
        self._tree = ShardTree(parents_first=mapping.settings.parents_first)
        self._known = shared.store.shards(mapping.source)
        self._first = not self._known
        self._started = time.time()
        self._shards: dict[str, EngineShard] = {}

    @property
    def source(self) -> str:
        """The name of the mapping."""
        return self._mapping.source

    @property
    def target(self) -> Target:
        """The function that it calls."""
        return self._mapping.target

    def is_busy(self) -> bool:
        """Whether something was read and has not ended."""
        return any(one.in_flight or one.machine.undone for one in tuple(self.drivers))

    def start(self) -> None:
        """Begin, and return when the shards that exist are being read; from another thread than the driver's."""
        shards = self._list()
        self._shared.loop.ask(lambda: self._begin(shards))
        self._shared.loop.post(self._look_later)

    def states(self) -> list[tuple[int, str]]:
        """For each shard, how many invocations are under way, and how far it has come, for people."""
        lanes = self._mapping.config.parallelization_factor
        return [
            (
                one.in_flight,
                (
                    f"{one.shard}: {one.machine.undone} records undone, {one.in_flight} of {lanes} lanes running, "
                    f"iterator age {self._shards[str(one.shard)].age:.1f} s"
                ),
            )
            for one in tuple(self.drivers)
        ]

    def _look_later(self) -> None:
        clock = self._shared.loop.clock
        pause = max(_LISTING, _SHORTEST_LISTING * clock.speed)
        self._world.at(clock.now() + pause, lambda: self._world.apart(self._look))

    def _look(self) -> None:
        try:
            shards = self._list()
        except SourceGoneError:
            return
        self._world.post(lambda: self._begin(shards))
        self._world.post(self._look_later)

    def _list(self) -> list[Shard]:
        return self._world.engine_retries.until_done(
            "listing shards", self._mapping.stream.shards, failures=(BotoCoreError, ClientError)
        )

    def _begin(self, shards: Sequence[Shard]) -> None:
        ended = [name for name, state in self._known.items() if state.ended]
        self._tree.know({shard.id: shard.parents for shard in shards}, ended)
        self._begin_ready()
        self._first = False

    def _begin_ready(self) -> None:
        for shard_id in self._tree.begin():
            shard_driver = self._driver(shard_id)
            self.drivers.append(shard_driver)
            shard_driver.begin()

    def _driver(self, shard_id: str) -> ShardDriver:
        mapping, settings = self._mapping, self._mapping.settings
        state = self._known.get(shard_id)
        if state is None:
            state = ShardState(started=self._started if self._first else None)
            self._world.commit([], [KeepShard(mapping.source, shard_id, state)])
        where = position(mapping.config, state.sequence, state.started)
        shard = EngineShard(
            mapping.stream.reader(shard_id, where), lambda record: self._record(record, shard_id), self._world, shard_id
        )
        self._shards[shard_id] = shard
        poller = ShardPoller(
            mapping.config,
            shard_id,
            settings=settings,
            new_id=lambda: str(uuid.uuid4()),
            render=_rendered,
            windows=state.windows,
        )
        return ShardDriver(
            poller,
            self._world,
            shard,
            render=_rendered,
            source=mapping.source,
            function=mapping.target.label,
            shard=shard_id,
            state=state,
            drained=lambda: self._drained(shard_id),
            delivery_retries=settings.delivery_retries,
        )

    def _drained(self, shard_id: str) -> None:
        self._tree.drained(shard_id)
        self._begin_ready()
        self._world.apart(self._look)

    def _record(self, record: SourceRecord, shard_id: str) -> StreamRecord:
        arn = self._mapping.config.stream_arn
        region = arn.split(":")[3]
        if isinstance(record, KinesisRecord):
            event = kinesis_record(
                sequence=record.sequence,
                key=record.key,
                data=record.data,
                arrived=record.arrived,
                shard_id=shard_id,
                stream_arn=arn,
                role_arn=self._mapping.target.spec.role_arn,
                region=region,
            )
        else:
            event = dynamodb_record(
                event_id=record.event_id,
                event_name=record.event_name,
                change=record.change,
                stream_arn=arn,
                region=region,
            )
        return StreamRecord(
            sequence=record.sequence,
            key=record.key,
            arrived=self._shared.loop.clock.at(record.arrived),
            size=json_size(event),
            body=event,
            name=str(event["eventID"]),
        )


def _rendered(record: StreamRecord) -> Mapping[str, object]:
    event: Mapping[str, object] = record.body
    return event
