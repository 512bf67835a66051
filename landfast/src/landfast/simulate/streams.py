"""The simulator's streams: shards into which a scenario's records arrive, read by the shard machines."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET

from landfast.delivery.settings import Settings
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import DEFAULT_RETENTION, StreamConfig, StreamKind, configuration
from landfast.delivery.stream_records import (
    Render,
    StreamRecord,
    change_size,
    dynamodb_record,
    kinesis_record,
)
from landfast.delivery.strict_json import json_size
from landfast.driver import Order, Page, ShardDriver, TailedShard
from landfast.simulate.acceptance import plain_image, typed
from landfast.simulate.scenario import Generated, Record, Scenario, Source
from landfast.simulate.world import ACCOUNT, FUNCTION_ARN, REGION, START, SimulatedWorld
from landfast.sources.shard_log import ShardLog

MAPPING_ID: Final = "00000000-0000-4000-8000-6c616e646661"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/scenario"
ARNS: Final[Mapping[StreamKind, str]] = {
    "kinesis": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/scenario",
    "dynamodb": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/scenario/stream/2026-01-01T00:00:00.000",
}


_AROUND_THE_ID: Final = len('{"id":""}')
_KEYS: Final = 10_000
"""Partition keys whose size is remembered: most streams have fewer, and each of them many records."""


def shard_id(shard: int) -> str:
    """The name of a shard."""
    return f"shardId-{shard:012d}"


def sequence_number(kind: StreamKind, shard: int, place: int) -> str:
    """The sequence number of the record at this place of its shard, from 1: as long as AWS's, and increasing."""
    return f"4960{shard:012d}{place:040d}" if kind == "kinesis" else f"1{shard:08d}{place:012d}"


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
    scenario: Scenario, settings: Settings, world: SimulatedWorld, new_id: Callable[[], str], kind: StreamKind
) -> None:
    """Begin to read every shard.

    Raises:
        Refused: AWS would refuse a setting.
    """
    source = scenario.source
    config = configuration(
        scenario.mapping,
        kind,
        retention=source.retention if isinstance(source.retention, float) else DEFAULT_RETENTION,
        stream_arn=ARNS[kind],
        function_arn=FUNCTION_ARN,
        mapping_id=MAPPING_ID,
        settings=settings,
    )
    make = _maker(config)
    drivers: list[ShardDriver] = []
    for number, records in source.by_shard().items():
        shard = ScenarioShard(number, records, make, world)
        render = _renderer(config, shard_id(number))
        poller = ShardPoller(config, shard_id(number), settings=settings, new_id=new_id, render=render, epoch=START)
        driver = ShardDriver(poller, world, shard, render=render, source=kind, shard=number, epoch=START)
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


def sequences(source: Source, kind: StreamKind) -> Callable[[str], str]:
    """Tells the sequence number of a record by its id; an id that is no record's is itself."""
    if isinstance(source.records, Generated):
        shards = source.records.shards

        def generated(record_id: str) -> str:
            index = int(record_id[1:]) - 1
            return sequence_number(kind, index % shards, index // shards + 1)

        return lambda record_id: generated(record_id) if record_id[1:].isdigit() else record_id
    known: dict[str, str] = {}
    places: dict[int, int] = {}
    for record in source.records:
        places[record.shard] = places.get(record.shard, 0) + 1
        known[record.id] = sequence_number(kind, record.shard, places[record.shard])
    return lambda record_id: known.get(record_id, record_id)


def _maker(config: StreamConfig) -> Callable[[Record, int, int], Arrival]:
    """Makes records with their size in an event."""
    size = _kinesis_size(config) if config.kind == "kinesis" else _dynamodb_size(config)

    def make(record: Record, shard: int, place: int) -> Arrival:
        sequence = sequence_number(config.kind, shard, place)
        return Arrival(sequence, record.key, record.at, size(record, sequence), record, record.id, place)

    return make


def _kinesis_size(config: StreamConfig) -> Callable[[Record, str], int]:
    """Measures records; what all have in common is measured once."""
    blank = Record(id="", data="")
    sequence = sequence_number("kinesis", 0, 1)
    common = json_size(_renderer(config, shard_id(0))(StreamRecord(sequence, "", 0.0, 0, blank, "")))
    quotes = json_size("")
    key_size = lru_cache(_KEYS)(json_size)

    def size(record: Record, _: str) -> int:
        return common + key_size(record.key) - quotes + -(-_data_size(record) // 3) * 4

    return size


def _dynamodb_size(config: StreamConfig) -> Callable[[Record, str], int]:
    render = _renderer(config, shard_id(0))
    return lambda record, sequence: json_size(
        render(StreamRecord(sequence, record.key, record.at, 0, record, record.id))
    )


def _renderer(config: StreamConfig, shard: str) -> Render:
    if config.kind == "kinesis":
        return lambda record: kinesis_record(
            sequence=record.sequence,
            key=record.key,
            data=_data(record.body),
            arrived=START + record.arrived,
            shard_id=shard,
            stream_arn=config.stream_arn,
            role_arn=_ROLE,
            region=REGION,
        )
    return lambda record: _change(record, config.stream_arn)


def _data(record: Record) -> bytes:
    """What the record's producer put: text as it is, anything else as JSON."""
    payload = record.payload
    return payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)


def _data_size(record: Record) -> int:
    """The bytes of the data; the default, `{"id": <id>}`, is weighed without being made, for a million of them."""
    if record.data is UNSET and record.id.isascii() and record.id.isalnum():
        return len(record.id) + _AROUND_THE_ID
    return len(_data(record))


def _change(record: StreamRecord, stream_arn: str) -> dict[str, object]:
    """The change of an item; the scenario may give its parts, a typed image, or plain data for the new image."""
    payload = record.body.payload
    given: Mapping[str, Any] = payload if isinstance(payload, dict) else {"value": payload}
    if "dynamodb" not in given and "eventName" not in given:
        given = {"dynamodb": {"NewImage": given if typed(given) else plain_image(given)}}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": START + record.arrived,
        "Keys": {"id": {"S": record.key or record.name}},
        **given.get("dynamodb", {}),
        "SequenceNumber": record.sequence,
    }
    change.setdefault("SizeBytes", change_size(change))
    change.setdefault("StreamViewType", "NEW_AND_OLD_IMAGES")
    return dynamodb_record(
        event_id=record.sequence.zfill(32),
        event_name=given.get("eventName", "INSERT"),
        change=change,
        stream_arn=stream_arn,
        region=REGION,
    )
