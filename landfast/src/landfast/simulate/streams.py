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
from landfast.driver import Order
from landfast.driver.streams import Page, ShardDriver, TailedShard
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
        index: The record's place in the shard, from 1.
    """

    index: int = 0


class ScenarioShard(TailedShard[Arrival]):
    """A shard into which a scenario's records arrive; each is made when somebody could read it, and then forgotten.

    Args:
        number: The shard's number.
        records: The records that arrive in the shard, in order.
        size: Measures a record, given its sequence number.
        sequence_number: Makes the sequence number of a place in the shard, from 1.
        world: The clock.
    """

    def __init__(
        self,
        number: int,
        records: Iterator[Record],
        size: Callable[[Record, str], int],
        sequence_number: Callable[[int], str],
        world: SimulatedWorld,
    ) -> None:
        self.number = number
        self._log: ShardLog[Arrival] = ShardLog(shard_id(number))
        self._place = self._log.tail("TRIM_HORIZON")
        super().__init__(self._place, _itself, world)
        self._clock = world
        self._records = records
        self._size = size
        self._sequence_number = sequence_number
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
        self._arrive(limit - len(self._log), now.__ge__)
        page = super().page(limit)
        self._log.let_go(self._place.next, "")
        return replace(page, nothing_before=self.next_arrival)

    def expire(self, retention: float) -> None:
        """Let go of what the stream keeps no longer and nobody has read (S-54)."""
        now = self._clock.now()
        self._arrive(math.inf, lambda at: at + retention <= now)
        self._log.let_go(self._log.expired(now, retention), "S-54 expired in the stream")

    def skip(self, until: float) -> None:
        """Pass over what arrives before the Unix time `until` (S-50)."""
        self._arrive(math.inf, lambda at: at + START < until)
        self._log.let_go(self._log.end, "S-50 before the starting position")

    def _arrive(self, most: float, has_arrived: Callable[[float], bool]) -> None:
        """Let records arrive, one after the other, as long as they have by now."""
        arrived: list[Arrival] = []
        record, count, size, sequence_number = self._next, self._count, self._size, self._sequence_number
        while record is not None and len(arrived) < most and has_arrived(record.at):
            count += 1
            sequence = sequence_number(count)
            weight = size(record, sequence)
            arrived.append(Arrival(sequence, record.key, record.at, weight, record, record.id, count))
            record = next(self._records, None)
        self._log.extend(arrived)
        self._next, self._count = record, count


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
    size = source.measure(stream, shard_id(0))  # all names of shards are of one length
    drivers: list[ShardDriver] = []
    for number, records in given.by_shard().items():
        shard = ScenarioShard(number, records, size, source.sequence_numbers(number), world)
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
            return source.sequence_numbers(index % shards)(index // shards + 1)

        return lambda record_id: generated(record_id) if record_id[1:].isdigit() else record_id
    known: dict[str, str] = {}
    places: dict[int, int] = {}
    for record in given.records:
        places[record.shard] = places.get(record.shard, 0) + 1
        known[record.id] = source.sequence_numbers(record.shard)(places[record.shard])
    return lambda record_id: known.get(record_id, record_id)
