"""The simulator's streams: shards into which a scenario's records arrive, read by the shard machines."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from landfast.delivery.event_sources import StreamSource
from landfast.delivery.event_sources.scenario_records import ScenarioStream
from landfast.delivery.settings import Settings
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import DEFAULT_RETENTION, configuration
from landfast.delivery.stream_records import StreamRecord
from landfast.driver import Order, Page, ShardDriver, TailedShard
from landfast.simulate.scenario import Generated, Record, Scenario, Source
from landfast.simulate.world import FUNCTION_ARN, REGION, ROLE_ARN, START, SimulatedWorld, source_arn
from landfast.sources.shard_log import ShardLog

MAPPING_ID: Final = "00000000-0000-4000-8000-6c616e646661"


def shard_id(shard: int) -> str:
    """The name of a shard."""
    return f"shardId-{shard:012d}"


class Arrival(StreamRecord, frozen=True):
    """A record of a scenario, in its shard.

    Attributes:
        index: Its place in the shard, from 1.
    """

    index: int = 0


class ScenarioShard(TailedShard[Arrival]):
    """A shard into which a scenario's records arrive; each is made when somebody could read it, and then forgotten.

    Args:
        number: Its number.
        records: What arrives in it, in order.
        make: Makes a stream record of one of them, given the shard's number and the record's place in it, from 1.
        world: The clock.
    """

    def __init__(
        self,
        number: int,
        records: Iterator[Record],
        make: Callable[[Record, int, int], Arrival],
        world: SimulatedWorld,
    ) -> None:
        self.number = number
        self._log: ShardLog[Arrival] = ShardLog(shard_id(number))
        self._place = self._log.tail("TRIM_HORIZON")
        super().__init__(self._place, _itself, world)
        self._clock = world
        self._records = records
        self._make = make
        self._count = 0
        self._next = next(records, None)

    @property
    def next_arrival(self) -> float:
        """When the oldest record arrives, or has arrived, that was not read; never, if there is none."""
        if self._log.oldest is not None:
            return self._log.oldest.arrived
        return math.inf if self._next is None else self._next.at

    def page(self, limit: int) -> Page:
        """The next records that have arrived."""
        now = self._clock.now()
        while self._next is not None and self._next.at <= now and len(self._log) < limit:
            self._arrive(self._next)
        page = super().page(limit)
        self._log.let_go(self._place.next, "")
        return replace(page, nothing_before=self.next_arrival)

    def expire(self, retention: float) -> None:
        """Let go of what the stream keeps no longer and nobody has read (S-54)."""
        now = self._clock.now()
        while self._next is not None and self._next.at + retention <= now:
            self._arrive(self._next)
        self._log.let_go(self._log.expired(now, retention), "S-54 expired in the stream")

    def skip(self, until: float) -> None:
        """Pass over what arrives before the Unix time `until` (S-50)."""
        while self._next is not None and self._next.at + START < until:
            self._arrive(self._next)
        self._log.let_go(self._log.end, "S-50 before the starting position")

    def _arrive(self, record: Record) -> None:
        self._count += 1
        self._log.append(self._make(record, self.number, self._count))
        self._next = next(self._records, None)


def _itself(record: Arrival) -> StreamRecord:
    return record


def begin(
    scenario: Scenario, settings: Settings, world: SimulatedWorld, new_id: Callable[[], str], source: StreamSource
) -> None:
    """Begin to read every shard.

    Raises:
        Refused: AWS would refuse a setting.
    """
    given = scenario.source
    config = configuration(
        scenario.mapping,
        source,
        retention=given.retention if isinstance(given.retention, float) else DEFAULT_RETENTION,
        stream_arn=source_arn(source),
        function_arn=FUNCTION_ARN,
        mapping_id=MAPPING_ID,
        settings=settings,
    )
    stream = ScenarioStream(config.stream_arn, ROLE_ARN, REGION, START)
    make = _maker(stream, source)
    drivers: list[ShardDriver] = []
    for number, records in given.by_shard().items():
        shard = ScenarioShard(number, records, make, world)
        render = source.renderer(stream, shard_id(number))
        poller = ShardPoller(config, shard_id(number), settings=settings, new_id=new_id, render=render, epoch=START)
        driver = ShardDriver(poller, world, shard, render=render, source=source.kind, shard=number, epoch=START)
        _plan_expiry(shard, config.retention, world)
        drivers.append(driver)
        if config.enabled and config.starting_timestamp is not None:
            shard.skip(config.starting_timestamp)
    for driver in drivers if config.enabled else ():
        driver.begin()


def _plan_expiry(shard: ScenarioShard, retention: float, world: SimulatedWorld) -> None:
    """Look at the stream again when the next record has lain there unread for too long."""

    def expire() -> None:
        shard.expire(retention)
        _plan_expiry(shard, retention, world)

    if math.isfinite(shard.next_arrival):
        world.at(shard.next_arrival + retention, expire, Order.ARRIVED)


def sequences(given: Source, source: StreamSource) -> Callable[[str], str]:
    """Tells the sequence number of a record by its id; an id that is no record's is itself."""
    if isinstance(given.records, Generated):
        shards = given.records.shards

        def generated(record_id: str) -> str:
            index = int(record_id[1:]) - 1
            return source.sequence_number(index % shards, index // shards + 1)

        return lambda record_id: generated(record_id) if record_id[1:].isdigit() else record_id
    known: dict[str, str] = {}
    places: dict[int, int] = {}
    for record in given.records:
        places[record.shard] = places.get(record.shard, 0) + 1
        known[record.id] = source.sequence_number(record.shard, places[record.shard])
    return lambda record_id: known.get(record_id, record_id)


def _maker(stream: ScenarioStream, source: StreamSource) -> Callable[[Record, int, int], Arrival]:
    """Makes records with their size in an event."""
    size = source.measure(stream, shard_id(0))

    def make(record: Record, shard: int, place: int) -> Arrival:
        sequence = source.sequence_number(shard, place)
        return Arrival(sequence, record.key, record.at, size(record, sequence), record, record.id, place)

    return make
