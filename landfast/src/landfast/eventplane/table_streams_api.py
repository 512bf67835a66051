"""The API of DynamoDB Streams (version 2012-08-10)."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.delivery.event_sources.dynamodb import PRINCIPAL
from landfast.eventplane.plane import Result, carried_out
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.table_streams import TableStreams
from landfast.protocols.call import Call
from landfast.sources.iterators import InvalidIteratorError, ShardIterator
from landfast.sources.table_changes import ChangeRecord
from landfast.sources.table_stream import Settings, TableStream

LONGEST_PAGE: Final = 1_000
LARGEST_PAGE: Final = 1024 * 1024
"""Records, and bytes of them, that one `GetRecords` gives at most (DynamoDB Streams API)."""

ITERATOR_LIFE: Final = 900.0
"""Seconds for which an iterator can be used (DynamoDB Streams API, `GetShardIterator`)."""

MOST_LISTED: Final = 100
"""Streams or shards that are told where no other number is asked for (DynamoDB Streams API)."""

_BY_SEQUENCE: Final = frozenset({"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"})


class TableStreamsApi:
    """Answers calls of DynamoDB Streams.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.

    Attributes:
        streams: The streams of all tables.
    """

    service = "dynamodbstreams"

    def __init__(self, world: PlaneWorld, account: str, region: str) -> None:
        self.streams = TableStreams(world, account, region)
        self._world = world
        self._region = region
        self._operations: dict[str, Callable[[Mapping[str, Any]], Result]] = {
            "DescribeStream": self._describe,
            "GetRecords": self._get_records,
            "GetShardIterator": self._get_shard_iterator,
            "ListStreams": self._list,
        }

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        return carried_out(self._operations, call, call.params)

    def stream(self, arn: str) -> TableStream:
        """The stream with this ARN.

        Raises:
            AwsError: There is none.
        """
        stream = self.streams.by_arn.get(arn)
        if stream is None:
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
        stream.advance(self._world.now())
        return stream

    def _list(self, params: Mapping[str, Any]) -> Result:
        table, after = params.get("TableName"), params.get("ExclusiveStartStreamArn", "")
        most = min(params.get("Limit", MOST_LISTED), MOST_LISTED)
        arns = sorted(
            arn for arn, stream in self.streams.by_arn.items() if arn > after and table in {None, stream.settings.table}
        )
        streams = [_listed(self.streams.by_arn[arn].settings) for arn in arns[:most]]
        return {"Streams": streams, **({"LastEvaluatedStreamArn": arns[most - 1]} if len(arns) > most else {})}

    def _describe(self, params: Mapping[str, Any]) -> Result:
        stream = self.stream(params["StreamArn"])
        settings, shard = stream.settings, stream.shard
        numbers = {"StartingSequenceNumber": shard.sequence_of(0)}
        if shard.closed:
            numbers["EndingSequenceNumber"] = shard.sequence_of(stream.next_index)
        shards = [{"ShardId": shard.id, "SequenceNumberRange": numbers}]
        wants_children = params.get("ShardFilter", {}).get("Type") == "CHILD_SHARDS"
        if wants_children or params.get("ExclusiveStartShardId", "") >= shard.id:
            shards = []
        return {
            "StreamDescription": {
                **_listed(settings),
                "StreamStatus": "ENABLED" if stream.is_enabled else "DISABLED",
                "StreamViewType": settings.view_type,
                "CreationRequestDateTime": settings.created,
                "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in settings.keys.items()],
                "Shards": shards,
            }
        }

    def _get_shard_iterator(self, params: Mapping[str, Any]) -> Result:
        stream, now = self.stream(params["StreamArn"]), self._world.now()
        if params["ShardId"] != stream.shard.id:
            raise AwsError("ResourceNotFoundException", "Requested resource not found: Shard does not exist")
        return {"ShardIterator": _iterator(stream, _index(stream, params, now), now)}

    def _get_records(self, params: Mapping[str, Any]) -> Result:
        now = self._world.now()
        try:
            iterator = ShardIterator.read(params["ShardIterator"].rpartition("|")[2])
        except InvalidIteratorError:
            raise AwsError("ValidationException", "Invalid ShardIterator") from None
        if now - iterator.issued > ITERATOR_LIFE:
            raise AwsError("ExpiredIteratorException", "Iterator expired")
        limit = params.get("Limit", LONGEST_PAGE)
        if limit > LONGEST_PAGE:
            message = f"Limit must be less than or equal to {LONGEST_PAGE}"
            raise AwsError("ValidationException", message)
        stream = self.stream(iterator.stream)
        _check_trimmed(stream, iterator.index)
        number = stream.shard.at_index(iterator.index)
        records = self._page(stream, stream.shard.slice(number, limit))
        result: dict[str, Any] = {"Records": [record for record, _ in records]}
        if stream.shard.closed and number + len(records) >= stream.shard.end:
            return result
        index = records[-1][1] + 1 if records else iterator.index
        return {**result, "NextShardIterator": _iterator(stream, index, now)}

    def _page(self, stream: TableStream, records: Sequence[ChangeRecord]) -> list[tuple[dict[str, Any], int]]:
        """As many of the first records as one answer may hold, one always; each with its index."""
        page: list[tuple[dict[str, Any], int]] = []
        size = 0
        for record in records:
            change = stream.shard.change(record)
            size += change["SizeBytes"]
            if size > LARGEST_PAGE and page:
                break
            page.append((self._described(stream, record, change), record.index))
        return page

    def _described(self, stream: TableStream, record: ChangeRecord, change: Mapping[str, Any]) -> dict[str, Any]:
        images = ("Keys", "NewImage", "OldImage")
        by = {"userIdentity": {"PrincipalId": PRINCIPAL, "Type": "Service"}} if record.expired else {}
        return {
            "eventID": stream.shard.event_id(record),
            "eventName": record.name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self._region,
            "dynamodb": {
                name: {key: _decoded(image) for key, image in value.items()} if name in images else value
                for name, value in change.items()
            },
            **by,
        }


def _index(stream: TableStream, params: Mapping[str, Any], now: float) -> int:
    """The least index that the first record may have; 0 for whatever is oldest."""
    kind: str = params["ShardIteratorType"]
    sequence: str | None = params.get("SequenceNumber")
    if (sequence is not None) != (kind in _BY_SEQUENCE):
        also = "requires a" if sequence is None else "takes no"
        raise AwsError("ValidationException", f"ShardIteratorType {kind} {also} SequenceNumber")
    if sequence is not None:
        at = stream.shard.index_of(sequence)
        if at is None or at > stream.next_index:
            raise AwsError("ValidationException", "Invalid SequenceNumber in GetShardIterator")
        first = at + (kind == "AFTER_SEQUENCE_NUMBER")
        _check_trimmed(stream, first)
        return first
    if kind == "LATEST":
        return stream.next_index
    return 0 if kind == "TRIM_HORIZON" else _index_at(stream, params.get("Timestamp"), now)


def _index_at(stream: TableStream, timestamp: float | None, now: float) -> int:
    if timestamp is None:
        raise AwsError("ValidationException", "ShardIteratorType AT_TIMESTAMP requires a Timestamp")
    if timestamp > now:
        raise AwsError("ValidationException", "Timestamp must not be in the future")
    following = stream.shard.slice(stream.shard.at_time(math.ceil(timestamp)), 1)  # records' times are whole seconds
    return following[0].index if following else stream.next_index


def _check_trimmed(stream: TableStream, index: int) -> None:
    if 0 < index <= stream.shard.trimmed:
        raise AwsError(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard.",
        )


def _iterator(stream: TableStream, index: int, now: float) -> str:
    """In AWS's form: the stream's ARN, a version and the place."""
    return f"{stream.arn}|1|{ShardIterator(stream.arn, stream.settings.created, 0, index, now).text}"


def _listed(settings: Settings) -> dict[str, Any]:
    return {"StreamArn": settings.arn, "TableName": settings.table, "StreamLabel": settings.label}


def _decoded(value: Mapping[str, Any]) -> dict[str, Any]:
    """A value with bytes where DynamoDB's JSON has base64 text, as answers are given in process."""
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: base64.b64decode(content)}
        case "BS":
            return {kind: [base64.b64decode(item) for item in content]}
        case "L":
            return {kind: [_decoded(item) for item in content]}
        case "M":
            return {kind: {name: _decoded(item) for name, item in content.items()}}
        case _:
            return {kind: content}
