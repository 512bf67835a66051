"""The simulator's streams: shards that hold what has arrived, read by the shard machines."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from landfast.delivery.actions import Action, Fetch, Settle
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
from landfast.simulate.acceptance import plain_image, typed
from landfast.simulate.agenda import Order
from landfast.simulate.drivers import ACCOUNT, FUNCTION_ARN, REGION, START, Driver, Machine
from landfast.simulate.result import Tally
from landfast.simulate.scenario import Generated, Record, Scenario, Source

MAPPING_ID: Final = "00000000-0000-4000-8000-6c616e646661"
_ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/scenario"
_ARNS: Final[Mapping[StreamKind, str]] = {
    "kinesis": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/scenario",
    "dynamodb": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/scenario/stream/2026-01-01T00:00:00.000",
}


def shard_id(shard: int) -> str:
    """The name of a shard."""
    return f"shardId-{shard:012d}"


def sequence_number(kind: StreamKind, shard: int, place: int) -> str:
    """The sequence number of the record at this place of its shard, from 1: as long as AWS's, and increasing."""
    return f"4960{shard:012d}{place:040d}" if kind == "kinesis" else f"1{shard:08d}{place:012d}"


class Shard:
    """What a shard holds, in order.

    Attributes:
        number: Its number.
    """

    def __init__(
        self, number: int, records: Iterator[Record], make: Callable[[Record, int, int], StreamRecord]
    ) -> None:
        self.number = number
        self._records = records
        self._make = make
        self._place = 0
        self._next = next(records, None)

    @property
    def next_arrival(self) -> float:
        """When the next record arrives that was not read; never, if there is none."""
        return math.inf if self._next is None else self._next.at

    def expire(self, now: float, retention: float) -> list[StreamRecord]:
        """Let go of what the stream keeps no longer and nobody has read (S-54)."""
        gone: list[StreamRecord] = []
        while self._next is not None and self._next.at + retention <= now:
            gone += self.read(1, now)
        return gone

    def read(self, limit: int, now: float) -> list[StreamRecord]:
        """The next records that have arrived, as many as are wanted."""
        taken: list[StreamRecord] = []
        while len(taken) < limit and self._next is not None and self._next.at <= now:
            self._place += 1
            taken.append(self._make(self._next, self.number, self._place))
            self._next = next(self._records, None)
        return taken


class StreamDriver(Driver[StreamRecord]):
    """Kinesis and DynamoDB streams: a machine for each shard."""

    def __init__(self, scenario: Scenario, settings: Settings, tally: Tally, kind: StreamKind) -> None:
        source = scenario.source
        self._kind: StreamKind = kind
        self._config = configuration(
            scenario.mapping,
            kind,
            retention=source.retention if isinstance(source.retention, float) else DEFAULT_RETENTION,
            stream_arn=_ARNS[kind],
            function_arn=FUNCTION_ARN,
            mapping_id=MAPPING_ID,
            settings=settings,
        )
        self._sequences = _sequences(source, kind)
        super().__init__(scenario, settings, tally)
        make = _maker(self._config)
        self._pollers: dict[ShardPoller, Shard] = {}
        for number, records in source.by_shard().items():
            poller = ShardPoller(
                self._config,
                shard_id(number),
                settings=settings,
                new_id=self.new_id,
                render=_renderer(self._config, shard_id(number)),
                epoch=START,
            )
            self._pollers[poller] = Shard(number, records, make)

    def identifier(self, record_id: str) -> str:
        """The sequence number of a record; an id that is no record's is itself."""
        return self._sequences(record_id)

    def name(self, record: StreamRecord) -> str:
        """The id of a record in the scenario."""
        return record.name

    def shard(self, machine: Machine[StreamRecord]) -> int | None:
        """The number of a machine's shard."""
        return self._pollers[machine].number if isinstance(machine, ShardPoller) else None

    def begin(self) -> None:
        """Wake every shard, if the mapping is on."""
        for poller, shard in self._pollers.items():
            self._plan_expiry(poller, shard)
            if self._config.enabled:
                self._skip_to_start(poller, shard)
                self.carry_out(poller, poller.advance(0.0))

    def fulfil(self, machine: Machine[StreamRecord], action: Action[StreamRecord]) -> None:
        """Answer a read at once, with what has arrived."""
        if isinstance(action, Fetch) and isinstance(machine, ShardPoller):
            self.agenda.at(self.agenda.now, Order.READ, lambda: self._answer(machine, action.limit))

    def _answer(self, poller: ShardPoller, limit: int) -> None:
        now, shard = self.agenda.now, self._pollers[poller]
        records = shard.read(limit, now)
        self.carry_out(poller, poller.fetched(records, now, nothing_before=shard.next_arrival))

    def _plan_expiry(self, poller: ShardPoller, shard: Shard) -> None:
        """Look at the stream again when the next record has lain there unread for too long."""
        if math.isfinite(shard.next_arrival):
            due = shard.next_arrival + self._config.retention
            self.agenda.at(due, Order.ARRIVED, lambda: self._expire(poller, shard))

    def _expire(self, poller: ShardPoller, shard: Shard) -> None:
        gone = shard.expire(self.agenda.now, self._config.retention)
        if gone:
            self.note(Settle(gone, "dropped", "S-54 expired in the stream"), poller)
        self._plan_expiry(poller, shard)

    def _skip_to_start(self, poller: ShardPoller, shard: Shard) -> None:
        """Records before ``AT_TIMESTAMP`` are never read (S-50); the other positions all begin with the scenario."""
        start = self._config.starting_timestamp
        if start is None:
            return
        missed: list[StreamRecord] = []
        while shard.next_arrival + START < start:
            missed += shard.read(1, shard.next_arrival)
        if missed:
            self.note(Settle(missed, "dropped", "S-50 before the starting position"), poller)


def _sequences(source: Source, kind: StreamKind) -> Callable[[str], str]:
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


def _maker(config: StreamConfig) -> Callable[[Record, int, int], StreamRecord]:
    """Makes records with their size in an event."""
    size = _kinesis_size(config) if config.kind == "kinesis" else _dynamodb_size(config)

    def make(record: Record, shard: int, place: int) -> StreamRecord:
        sequence = sequence_number(config.kind, shard, place)
        return StreamRecord(sequence, record.key, record.at, size(record, sequence), record, record.id)

    return make


def _kinesis_size(config: StreamConfig) -> Callable[[Record, str], int]:
    """Measures records; what all have in common is measured once."""
    blank = Record(id="", data="")
    sequence = sequence_number("kinesis", 0, 1)
    common = json_size(_renderer(config, shard_id(0))(StreamRecord(sequence, "", 0.0, 0, blank, "")))
    quotes = json_size("")

    def size(record: Record, _: str) -> int:
        return common + json_size(record.key) - quotes + -(-len(_data(record)) // 3) * 4

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
