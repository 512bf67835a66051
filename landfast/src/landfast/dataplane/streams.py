"""Shards of Kinesis and DynamoDB streams, read page by page.

A reader keeps its own place: an iterator that has expired is asked for anew after the last record read, and where that
record has left the stream, reading goes on at the oldest one left, and says so.
"""

import base64
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import SourceGoneError
from landfast.delivery.starting_positions import After, AtTimestamp, Position
from landfast.delivery.stream_records import change_size

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.type_defs import GetShardIteratorInputTypeDef as ChangesIteratorTypeDef
    from mypy_boto3_kinesis.type_defs import GetShardIteratorInputTypeDef, ListShardsInputTypeDef

KINESIS_PAGE = 10_000
DYNAMODB_PAGE = 1_000
"""As many records as one call gives at most."""

_LISTING_AGE = 2.0


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard.

    Attributes:
        id: Its id.
        parents: The ids of the shards it was made of; they may have left the stream already.
        closed: Whether it takes no more records.
    """

    id: str
    parents: tuple[str, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class KinesisRecord:
    """A record of a Kinesis stream.

    Attributes:
        sequence: A whole number; order is numerical, not textual.
        key: The partition key.
        data: The bytes that were put.
        arrived: Unix time in seconds.
    """

    sequence: str
    key: str
    data: bytes
    arrived: float


@dataclass(frozen=True, slots=True)
class Change:
    """A record of a table's stream.

    Attributes:
        sequence: A whole number; order is numerical, not textual.
        key: The item's keys as JSON text, always the same for the same item.
        arrived: Unix time in whole seconds.
        event_id: 32 hexadecimal digits.
        event_name: What was done to the item.
        change: The ``dynamodb`` part of the event (S-84), with what the engine leaves out or gets wrong.
    """

    sequence: str
    key: str
    arrived: float
    event_id: str
    event_name: Literal["INSERT", "MODIFY", "REMOVE"]
    change: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page[R]:
    """What one read gave.

    Attributes:
        records: In order.
        ended: The shard is closed and read to its end.
        trimmed: Records after the place that was asked for have left the stream unread.
        behind: By how many seconds the page is older than the newest record; None if the service doesn't tell.
    """

    records: tuple[R, ...]
    ended: bool
    trimmed: bool
    behind: float | None


class Reader[R: (KinesisRecord, Change)](ABC):
    """Reads one shard. It belongs to one thread at a time."""

    def __init__(self, shard_id: str, position: Position) -> None:
        self.shard_id = shard_id
        self._position = position
        self._iterator: str | None = None
        self._ended = False

    def read(self, limit: int) -> Page[R]:
        """The next records, at most `limit`.

        Raises:
            SourceGoneError: The stream or the shard is gone.
        """
        if self._ended:
            return Page((), ended=True, trimmed=False, behind=0.0)
        try:
            return self._read(limit)
        except ClientError as error:
            match error.response["Error"]["Code"]:
                case "ExpiredIteratorException":
                    self._iterator = None
                    return self._read(limit)
                case "TrimmedDataAccessException":
                    self._position, self._iterator = "TRIM_HORIZON", None
                    page = self._read(limit)
                    return Page(page.records, page.ended, trimmed=True, behind=page.behind)
                case "ResourceNotFoundException":
                    raise SourceGoneError(f"{self.shard_id}: {error.response['Error']['Message']}") from error
            raise

    def _read(self, limit: int) -> Page[R]:
        if self._iterator is None:
            self._iterator = self._ask_iterator(self._position)
        records, following, behind = self._ask_records(self._iterator, limit)
        self._iterator = following
        if records:
            self._position = After(records[-1].sequence)
        self._ended = following is None
        return Page(self._wanted(records), self._ended, trimmed=False, behind=behind)

    def _wanted(self, records: tuple[R, ...]) -> tuple[R, ...]:
        return records

    @abstractmethod
    def _ask_iterator(self, position: Position) -> str: ...

    @abstractmethod
    def _ask_records(self, iterator: str, limit: int) -> tuple[tuple[R, ...], str | None, float | None]: ...


class KinesisStream:
    """A Kinesis stream."""

    def __init__(self, clients: Clients, arn: str) -> None:
        self._clients = clients
        self.arn = arn
        self.name = arn.rsplit("/", 1)[-1]
        self._closed: frozenset[str] = frozenset()
        self._listed = -math.inf

    def is_closed(self, shard_id: str) -> bool:
        """Whether the shard took no more records when the shards were last listed, at most two seconds ago."""
        if time.monotonic() - self._listed > _LISTING_AGE:
            self.shards()
        return shard_id in self._closed

    def shards(self) -> list[Shard]:
        """All shards that hold records, open and closed."""
        listed = time.monotonic()
        shards = self._list()
        self._closed = frozenset(shard.id for shard in shards if shard.closed)
        self._listed = listed
        return shards

    def _list(self) -> list[Shard]:
        shards: list[Shard] = []
        request: ListShardsInputTypeDef = {"StreamName": self.name}
        while True:
            answer = self._clients.kinesis.list_shards(**request)
            shards += [_shard(raw) for raw in answer["Shards"]]
            token = answer.get("NextToken")
            if not token:
                return shards
            request = {"NextToken": token}

    def reader(self, shard_id: str, position: Position) -> "Reader[KinesisRecord]":
        """A reader of one shard."""
        return _KinesisReader(self, self._clients, shard_id, position)


class TableStream:
    """The stream of a DynamoDB table."""

    def __init__(self, clients: Clients, arn: str) -> None:
        self._clients = clients
        self.arn = arn

    def shards(self) -> list[Shard]:
        """All shards that hold records, open and closed."""
        return [_shard(raw) for raw in self._describe("Shards")]

    def view_type(self) -> str:
        """Which images its records have."""
        answer = self._clients.dynamodbstreams.describe_stream(StreamArn=self.arn, Limit=1)
        return answer["StreamDescription"]["StreamViewType"]

    def reader(self, shard_id: str, position: Position) -> "Reader[Change]":
        """A reader of one shard."""
        return _ChangesReader(self, self._clients, shard_id, position)

    def _describe(self, part: Literal["Shards"]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            answer = self._clients.dynamodbstreams.describe_stream(StreamArn=self.arn, **start)["StreamDescription"]
            found += answer[part]
            last = answer.get("LastEvaluatedShardId")
            if not last:
                return found
            start = {"ExclusiveStartShardId": last}


class _KinesisReader(Reader[KinesisRecord]):
    def __init__(self, stream: KinesisStream, clients: Clients, shard_id: str, position: Position) -> None:
        super().__init__(shard_id, position)
        self._stream = stream
        self._clients = clients

    def _ask_iterator(self, position: Position) -> str:
        request: GetShardIteratorInputTypeDef = {
            "StreamName": self._stream.name,
            "ShardId": self.shard_id,
            "ShardIteratorType": "TRIM_HORIZON",
        }
        match position:
            case After(sequence):
                request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": sequence}
            case AtTimestamp(seconds):
                moment = datetime.fromtimestamp(seconds, UTC)
                request |= {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}
            case "LATEST":
                # An iterator that expires unused must not lose what arrived meanwhile.
                self._position = AtTimestamp(datetime.now(UTC).timestamp())
                request |= {"ShardIteratorType": "LATEST"}
        return self._clients.kinesis.get_shard_iterator(**request)["ShardIterator"]

    def _ask_records(self, iterator: str, limit: int) -> tuple[tuple[KinesisRecord, ...], str | None, float | None]:
        # Asked before the read, since a shard that closes after an empty one may have got records in between.
        closed = self._stream.is_closed(self.shard_id)
        answer = self._clients.kinesis.get_records(ShardIterator=iterator, Limit=min(limit, KINESIS_PAGE))
        records = tuple(
            KinesisRecord(
                sequence=raw["SequenceNumber"],
                key=raw["PartitionKey"],
                data=raw["Data"],
                arrived=raw["ApproximateArrivalTimestamp"].timestamp(),
            )
            for raw in answer["Records"]
        )
        behind = answer.get("MillisBehindLatest", 0) / 1000
        drained = closed and not records and not behind
        return records, None if drained else answer.get("NextShardIterator"), behind


class _ChangesReader(Reader[Change]):
    def __init__(self, stream: TableStream, clients: Clients, shard_id: str, position: Position) -> None:
        super().__init__(shard_id, position)
        self._stream = stream
        self._clients = clients
        self._view_type: str | None = None
        self._since = -math.inf

    def _ask_iterator(self, position: Position) -> str:
        request: ChangesIteratorTypeDef = {
            "StreamArn": self._stream.arn,
            "ShardId": self.shard_id,
            "ShardIteratorType": "TRIM_HORIZON",
        }
        match position:
            case After(sequence):
                request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": sequence}
            case AtTimestamp(seconds):
                self._since = math.floor(seconds)
            case "LATEST":
                # An iterator that expires unused must not lose what arrived meanwhile.
                self._position = AtTimestamp(datetime.now(UTC).timestamp())
                request |= {"ShardIteratorType": "LATEST"}
        return self._clients.dynamodbstreams.get_shard_iterator(**request)["ShardIterator"]

    def _ask_records(self, iterator: str, limit: int) -> tuple[tuple[Change, ...], str | None, float | None]:
        if self._view_type is None:
            self._view_type = self._stream.view_type()
        answer = self._clients.dynamodbstreams.get_records(ShardIterator=iterator, Limit=min(limit, DYNAMODB_PAGE))
        records = tuple(_change(raw, self._view_type) for raw in answer["Records"])
        return records, answer.get("NextShardIterator"), None

    def _wanted(self, records: tuple[Change, ...]) -> tuple[Change, ...]:
        return tuple(one for one in records if one.arrived >= self._since and not _is_unchanged(one))


def _shard(raw: Mapping[str, Any]) -> Shard:
    parents = (raw.get("ParentShardId"), raw.get("AdjacentParentShardId"))
    return Shard(
        id=raw["ShardId"],
        parents=tuple(parent for parent in parents if parent),
        closed="EndingSequenceNumber" in raw.get("SequenceNumberRange", {}),
    )


def _is_unchanged(record: Change) -> bool:
    """Whether an item was written as it was: DynamoDB puts no record of that into the stream, an engine may."""
    images = [record.change.get(part) for part in ("OldImage", "NewImage")]
    return record.event_name == "MODIFY" and images[0] is not None and images[0] == images[1]


def _change(raw: Mapping[str, Any], view_type: str) -> Change:
    told = raw["dynamodb"]
    arrived = float(math.floor(told["ApproximateCreationDateTime"].timestamp()))
    images = {part: _json_item(told[part]) for part in ("Keys", "NewImage", "OldImage") if told.get(part)}
    change = {
        "ApproximateCreationDateTime": arrived,
        **images,
        "SequenceNumber": told["SequenceNumber"],
        "SizeBytes": change_size(images),
        "StreamViewType": told.get("StreamViewType", view_type),
    }
    return Change(
        sequence=told["SequenceNumber"],
        key=json.dumps(images["Keys"], sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        arrived=arrived,
        event_id=raw["eventID"].replace("-", ""),
        event_name=raw["eventName"],
        change=change,
    )


def _json_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in item.items()}


def _json_value(value: Mapping[str, Any]) -> dict[str, Any]:
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: _base64(content)}
        case "BS":
            return {kind: [_base64(one) for one in content]}
        case "L":
            return {kind: [_json_value(one) for one in content]}
        case "M":
            return {kind: _json_item(content)}
        case _:
            return {kind: content}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
