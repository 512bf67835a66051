"""The streams of a running service, as the page shows them, with how far each mapping has come.

Looking changes nothing: records are read from the shards themselves, without an iterator or a reader.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Literal, TypeAlias

import msgspec

from landfast.console.context import Context
from landfast.console.queues import MappingShown, mapping_shown
from landfast.console.routes import Asked, Problem, Route
from landfast.delivery.lane import Lane, Phase
from landfast.delivery.lane_state import BatchState, LaneState
from landfast.delivery.starting_positions import position
from landfast.delivery.stream_config import ENDLESS, StreamConfig
from landfast.delivery.stream_records import StreamRecord
from landfast.driver import ShardState
from landfast.driver.streams import ShardDriver
from landfast.service.event_source_mappings import Entry
from landfast.service.streams import StreamMapping, StreamReader
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import Record
from landfast.sources.kinesis_shards import KinesisShard
from landfast.sources.table_changes import ChangeRecord
from landfast.sources.table_stream import TableShard, TableStream

_PREVIEW = 300
_MOST_RECORDS = 1_000
_RECORDS = 50
_FEWEST_DIGITS = 21

Stream: TypeAlias = KinesisStream | TableStream
Shard: TypeAlias = KinesisShard | TableShard


class StreamShown(msgspec.Struct, frozen=True, kw_only=True):
    """A stream.

    Attributes:
        name: The name of a Kinesis stream, or of the table; the ARN of a stream that a table had before.
        kind: Whose stream it is.
        arn: The stream's ARN.
        logical_id: The name in the template of the stream or the table; empty if that does not declare it.
        open: Shards that take records.
        closed: Shards that take none any more, and still hold some.
        records: The number of records in all shards.
        oldest: When the oldest of them arrived.
        retention: Seconds for which a record is kept.
        view_type: The part of an item that the records of a table's stream show; empty for Kinesis.
        is_enabled: False if the stream of a table takes no more changes.
        mappings: The mappings that read it.
    """

    name: str
    kind: Literal["kinesis", "dynamodb"]
    arn: str
    logical_id: str
    open: int
    closed: int
    records: int
    oldest: float | None
    retention: float
    view_type: str
    is_enabled: bool
    mappings: tuple[MappingShown, ...]


class BatchShown(msgspec.Struct, frozen=True, kw_only=True):
    """The batch that a lane has in hand.

    Attributes:
        first: The sequence number of its first record; None for the last invocation of a window, which has none.
        last: The sequence number of its last record.
        event: The event id of its first record; empty where it is not read yet.
        records: The number of its records; None where they are not read yet.
        attempts: Failed invocations since it was formed.
        misses: Tries in a row that never reached the function.
        request_id: The request id of its last try.
        is_part: True if it was bisected off a larger one.
    """

    first: str | None
    last: str | None
    event: str
    records: int | None
    attempts: int
    misses: int
    request_id: str
    is_part: bool


class LaneShown(msgspec.Struct, frozen=True, kw_only=True):
    """One of a shard's lanes.

    Attributes:
        number: The lane's number in the shard, from 0.
        phase: What it does: ``idle``, ``gathering``, ``in flight``, or ``waiting`` for the next try of its batch.
        due: When that is, or when its window closes; None if it waits for nothing of the kind.
        backlog: Records that were read and belong to no batch yet.
        batch: The batch in hand; None without one.
        behind: Parts of a bisected batch that come after it.
        is_failing: True if its batch was tried before.
    """

    number: int
    phase: str
    due: float | None
    backlog: int
    batch: BatchShown | None
    behind: int
    is_failing: bool


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How far a mapping has come in a shard.

    Attributes:
        mapping: The mapping.
        checkpoint: The sequence number of the last record that is done; None before the first.
        is_begun: False while the mapping has not begun to read the shard: its parents come first.
        is_ended: True if the shard is closed and every record of it is done.
        undone: Records of the shard behind the checkpoint.
        oldest: When the first of them arrived.
        iterator_age: The age in seconds of the last record that was read, at that moment; None while nothing reads.
        maximum_retry_attempts: How often a batch is tried again; None for until it is too old.
        lanes: What its lanes do; none where nothing reads and nothing is kept.
    """

    mapping: MappingShown
    checkpoint: str | None
    is_begun: bool
    is_ended: bool
    undone: int
    oldest: float | None
    iterator_age: float | None
    maximum_retry_attempts: int | None
    lanes: tuple[LaneShown, ...]


class ShardShown(msgspec.Struct, frozen=True, kw_only=True):
    """A shard.

    Attributes:
        id: The shard's id.
        parents: The shards that it was made of.
        is_open: True if it takes records.
        closed_at: When it was split or merged; None for an open shard, and for a table's.
        hash_keys: The first and the last hash key of its range, in decimal digits; None for a table's.
        begin: The number of its oldest record, by which records are asked for.
        end: The number that its next record will have.
        oldest: When its oldest record arrived.
        newest: When its newest record arrived.
        readings: How far each mapping has come in it.
    """

    id: str
    parents: tuple[str, ...]
    is_open: bool
    closed_at: float | None
    hash_keys: tuple[str, str] | None
    begin: int
    end: int
    oldest: float | None
    newest: float | None
    readings: tuple[Reading, ...]


class StreamPage(msgspec.Struct, frozen=True, kw_only=True):
    """A stream with its shards, in the order in which they were made."""

    stream: StreamShown
    shards: tuple[ShardShown, ...]


class RecordShown(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a stream, with as much of its data as was asked for.

    Attributes:
        number: The record's number in the shard.
        event: The record's event id, by which the journal knows it.
        sequence: The record's sequence number.
        arrived: When it entered the stream.
        key: The partition key, or the item's keys as JSON.
        name: What was done to the item; empty for Kinesis.
        size: Bytes of the data.
        data: The data of a Kinesis record as text, or the change of a table's item as JSON; or its beginning.
        is_base64: True if the data is no text, and is written in base64.
    """

    number: int
    event: str
    sequence: str
    arrived: float
    key: str
    name: str
    size: int
    data: str
    is_base64: bool


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a shard, in order.

    Attributes:
        begin: The number of the oldest record that the shard still has.
        end: The number that its next record will have.
        records: The records from the position that was asked for.
    """

    begin: int
    end: int
    records: tuple[RecordShown, ...]


class StreamsPart:
    """Answers what is in the streams, and how far each mapping has come."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/streams", self._list)
        yield Route("GET", "/streams/{name}", self._page)
        yield Route("GET", "/streams/{name}/shards/{shard}/records", self._records)
        yield Route("GET", "/streams/{name}/shards/{shard}/records/{number}", self._record)

    async def _list(self, asked: Asked) -> tuple[StreamShown, ...]:
        del asked
        return await self._context.driver(
            lambda: tuple(self._shown(name, stream) for name, stream in self._streams().items())
        )

    async def _page(self, asked: Asked) -> StreamPage:
        return await self._context.driver(lambda: self._looked_at(asked))

    async def _records(self, asked: Asked) -> Records:
        limit = int(asked.number("limit", _RECORDS, _MOST_RECORDS))

        def read() -> Records:
            shard = self._shard(asked)
            return records_of(shard, _place(shard, asked.query.get("from", "newest"), limit), limit, most=_PREVIEW)

        return await self._context.driver(read)

    async def _record(self, asked: Asked) -> RecordShown:
        def read() -> RecordShown:
            shard = self._shard(asked)
            number = _place(shard, asked.parts["number"], 1)
            found = records_of(shard, number, 1).records
            if not found or found[0].number != number:
                raise Problem(HTTPStatus.NOT_FOUND, f"{shard.id} has no record {number} any more")
            return found[0]

        return await self._context.driver(read)

    def _looked_at(self, asked: Asked) -> StreamPage:
        name, stream = self._named(asked)
        entries, store = self._mappings_of(stream), self._context.service.store
        kept = {entry.mapping.logical_id: store.shards(entry.mapping.logical_id) for entry in entries}

        def readings(shard: Shard) -> Iterator[Reading]:
            for entry in entries:
                yield from _reading(shard, entry, kept[entry.mapping.logical_id].get(shard.id))

        shards = tuple(shard_shown(shard, readings(shard)) for shard in stream.readable_shards())
        return StreamPage(stream=self._shown(name, stream), shards=shards)

    def _shown(self, name: str, stream: Stream) -> StreamShown:
        template = self._context.service.template
        told = stream.settings.table if isinstance(stream, TableStream) else stream.settings.name
        declared = (template.tables if isinstance(stream, TableStream) else template.streams).values()
        logical_id = next((one.logical_id for one in declared if one.name == told), "")
        mappings = map(mapping_shown, self._mappings_of(stream))
        return stream_shown(name, stream, logical_id=logical_id, mappings=mappings)

    def _streams(self) -> dict[str, Stream]:
        """All streams, each under the name by which the page knows it."""
        plane, now = self._context.service.plane, self._context.service.clock.now()
        tables = plane.tables.streams
        streams: dict[str, Stream] = {**plane.streams.all}
        for arn, one in tables.by_arn.items():
            table = one.settings.table
            name = table if table not in streams and tables.newest_of(table) is one else arn
            if one.is_enabled or len(one.shard):  # of those that a table had before, what still holds something
                streams[name] = one
        for stream in streams.values():
            stream.advance(now)
        return streams

    def _named(self, asked: Asked) -> tuple[str, Stream]:
        """The stream that a request names, by its logical id or its name, with its name."""
        name, template, streams = asked.parts["name"], self._context.service.template, self._streams()
        declared = template.streams.get(name) or template.tables.get(name)
        found = name if name in streams or declared is None else declared.name
        if found not in streams:
            told = f"the table {name} has no stream" if name in template.tables else f"there is no stream {name}"
            raise Problem(HTTPStatus.NOT_FOUND, told)
        return found, streams[found]

    def _shard(self, asked: Asked) -> Shard:
        name, stream = self._named(asked)
        shards: Sequence[Shard] = stream.readable_shards()
        shard = next((shard for shard in shards if shard.id == asked.parts["shard"]), None)
        if shard is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"the stream {name} has no shard {asked.parts['shard']}")
        return shard

    def _mappings_of(self, stream: Stream) -> list[Entry]:
        mappings = self._context.service.mappings
        return [entry for entry in mappings or () if reads_stream(entry, stream)]


def _place(shard: Shard, text: str, limit: int) -> int:
    try:
        return place_of(shard, text, limit)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None


def reads_stream(entry: Entry, stream: Stream) -> bool:
    """Tell whether a mapping reads a stream."""
    return isinstance(entry.config, StreamMapping) and entry.config.reads is stream


def stream_shown(name: str, stream: Stream, *, logical_id: str, mappings: Iterable[MappingShown]) -> StreamShown:
    """A stream with its counts."""
    shards: Sequence[Shard] = stream.readable_shards()
    oldest = [shard.oldest.arrived for shard in shards if shard.oldest is not None]
    is_table = isinstance(stream, TableStream)
    return StreamShown(
        name=name,
        kind="dynamodb" if is_table else "kinesis",
        arn=stream.arn,
        logical_id=logical_id,
        open=sum(not shard.closed for shard in shards),
        closed=sum(shard.closed for shard in shards),
        records=sum(map(len, shards)),
        oldest=min(oldest, default=None),
        retention=stream.retention,
        view_type=stream.settings.view_type if isinstance(stream, TableStream) else "",
        is_enabled=stream.is_enabled if isinstance(stream, TableStream) else True,
        mappings=tuple(mappings),
    )


def shard_shown(shard: Shard, readings: Iterable[Reading]) -> ShardShown:
    """A shard, with how far each mapping has come in it."""
    return ShardShown(
        id=shard.id,
        parents=tuple(shard.parents),
        is_open=not shard.closed,
        closed_at=shard.closed_at if isinstance(shard, KinesisShard) else None,
        hash_keys=(str(shard.first), str(shard.last)) if isinstance(shard, KinesisShard) else None,
        begin=shard.begin,
        end=shard.end,
        oldest=None if shard.oldest is None else shard.oldest.arrived,
        newest=None if shard.newest is None else shard.newest.arrived,
        readings=tuple(readings),
    )


def reading(
    shard: Shard,
    mapping: MappingShown,
    config: StreamConfig,
    kept: ShardState | None,
    *,
    driver: ShardDriver | None = None,
    age: float | None = None,
) -> Reading:
    """How far a mapping has come in a shard.

    Args:
        shard: The shard.
        mapping: The mapping.
        config: The mapping's settings.
        kept: The mapping's progress in the shard, as it was kept last.
        driver: What reads the shard now.
        age: The iterator age that its last read has left.
    """
    state = driver.state if driver is not None else kept
    if state is not None and state.start != shard.start:
        state = None  # of a shard of this id that went with an earlier stream
    undone, oldest = _undone(shard, config, state)
    most = config.maximum_retry_attempts
    return Reading(
        mapping=mapping,
        checkpoint=state.sequence if state else None,
        is_begun=state is not None,
        is_ended=state is not None and state.ended,
        undone=undone,
        oldest=oldest,
        iterator_age=age,
        maximum_retry_attempts=None if most == ENDLESS else most,
        lanes=_lanes(driver, state),
    )


def _reading(shard: Shard, entry: Entry, kept: ShardState | None) -> Iterator[Reading]:
    """How far a mapping has come in a shard, if it is one of a stream."""
    if not isinstance(entry.config, StreamMapping):
        return
    reader = entry.reader if isinstance(entry.reader, StreamReader) else None
    driver = next((one for one in reader.drivers if one.shard == shard.id), None) if reader else None
    age = reader.age(shard.id) if reader else None
    yield reading(shard, mapping_shown(entry), entry.config.config, kept, driver=driver, age=age)


def _undone(shard: Shard, config: StreamConfig, state: ShardState | None) -> tuple[int, float | None]:
    """Count what is left behind the checkpoint, and tell when the first of it arrived."""
    if state is not None and state.ended:
        return 0, None
    begun = state or ShardState()
    place = shard.place(position(config, begun.sequence, begun.started))
    first = shard.slice(place, 1)
    return shard.end - place, first[0].arrived if first else None


def _lanes(driver: ShardDriver | None, state: ShardState | None) -> tuple[LaneShown, ...]:
    """What the lanes do; where nothing reads, what they will try again."""
    if driver is not None:
        return tuple(map(_lane, driver.machine.lanes))
    return tuple(_kept_lane(number, lane) for number, lane in enumerate(state.lanes if state else ()))


def _lane(lane: Lane) -> LaneShown:
    batches = lane.batches
    return LaneShown(
        number=lane.number,
        phase=lane.phase.value,
        due=lane.due(),
        backlog=len(lane.backlog),
        batch=_batch(batches[-1].state, batches[-1].records) if batches else None,
        behind=max(0, len(batches) - 1),
        is_failing=lane.failing,
    )


def _kept_lane(number: int, lane: LaneState) -> LaneShown:
    return LaneShown(
        number=number,
        phase=(Phase.WAITING if lane.batches else Phase.IDLE).value,
        due=lane.due,
        backlog=0,
        batch=_batch(lane.batches[-1]) if lane.batches else None,
        behind=max(0, len(lane.batches) - 1),
        is_failing=bool(lane.batches),
    )


def _batch(state: BatchState, records: Sequence[StreamRecord] | None = None) -> BatchShown:
    """A batch; of one that is only kept, the records are not known."""
    return BatchShown(
        first=state.first,
        last=state.last,
        event=records[0].name if records else "",
        records=None if records is None else len(records),
        attempts=state.attempts,
        misses=state.misses,
        request_id=state.request_id,
        is_part=state.part,
    )


def records_of(shard: Shard, begins: int, limit: int, *, most: int | None = None) -> Records:
    """Records of a shard, in order.

    Args:
        shard: The shard.
        begins: The number of the first one; what has left the stream is left out.
        limit: The most records.
        most: The most characters of the data of each; all of it without.
    """
    begins = max(begins, shard.begin)
    if isinstance(shard, KinesisShard):
        found = [_kinesis(shard, *each, most) for each in enumerate(shard.slice(begins, limit), begins)]
    else:
        found = [_table(shard, *each, most) for each in enumerate(shard.slice(begins, limit), begins)]
    return Records(begin=shard.begin, end=shard.end, records=tuple(found))


def place_of(shard: Shard, text: str, limit: int) -> int:
    """The number of the record at which a position begins.

    Args:
        shard: The shard.
        text: ``oldest``, ``newest`` for the last `limit` records, a number, or a sequence number of the shard.
        limit: The most records that are read from there.

    Raises:
        ValueError: It is none of these.
    """
    if text == "oldest":
        return shard.begin
    if text == "newest":
        return max(shard.begin, shard.end - limit)
    if text.isascii() and text.isdigit():
        # Sequence numbers have 21 digits and more; no shard counts so far.
        if len(text) < _FEWEST_DIGITS:
            return int(text)
        if (index := shard.index_of(text)) is not None:
            return shard.at_index(index)
    raise ValueError(f"{text!r} is no position in {shard.id}: give oldest, newest, or a sequence number of it")


def _kinesis(shard: KinesisShard, number: int, record: Record, most: int | None) -> RecordShown:
    sequence = shard.sequence(record)
    try:
        data, is_base64 = record.data.decode(), False
    except UnicodeDecodeError:
        data, is_base64 = base64.b64encode(record.data).decode(), True
    return RecordShown(
        number=number,
        event=f"{shard.id}:{sequence}",
        sequence=sequence,
        arrived=record.arrived,
        key=record.key,
        name="",
        size=len(record.data),
        data=data[:most],
        is_base64=is_base64,
    )


def _table(shard: TableShard, number: int, record: ChangeRecord, most: int | None) -> RecordShown:
    change = shard.change(record)
    return RecordShown(
        number=number,
        event=shard.event_id(record),
        sequence=shard.sequence_of(record.index),
        arrived=record.arrived,
        key=shard.key(record),
        name=record.name,
        size=change["SizeBytes"],
        data=msgspec.json.encode(change).decode()[:most],
        is_base64=False,
    )
