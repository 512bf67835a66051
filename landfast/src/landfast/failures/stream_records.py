"""Reads the records back that a stream's failure names, as the function gets them (S-83, S-84)."""

import base64
import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from botocore.exceptions import ClientError

from landfast.delivery.event_sources.dynamodb import dynamodb_record
from landfast.delivery.event_sources.kinesis import kinesis_record
from landfast.failures.decoding import data_of
from landfast.failures.discovery import Clients
from landfast.failures.model import Position

TABLE_RETENTION: Final = 86_400.0
"""Seconds for which a table's stream keeps a record (DynamoDB Developer Guide, "Change data capture")."""

_GONE: Final = frozenset(
    {"ExpiredIteratorException", "InvalidArgumentException", "ResourceNotFoundException", "TrimmedDataAccessException"}
)
_EMPTY_READS: Final = 50
"""Answers without a record before the end is reached that are read past: a sparse shard gives such ones."""


class ReadBack(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a range in its stream.

    Attributes:
        records: The records as the function gets them, in their order.
        missing: The number of records of the range that the stream has no longer.
        retention: Seconds for which the stream keeps a record; None if it is gone.
        arrived: When the first of them arrived, in Unix seconds; None if none is left.
    """

    records: tuple[dict[str, Any], ...] = ()
    missing: int = 0
    retention: float | None = None
    arrived: float | None = None

    def left(self, now: float) -> float | None:
        """Seconds until the stream forgets the first record."""
        if self.retention is None or self.arrived is None:
            return None
        return max(0.0, self.arrived + self.retention - now)


def read_back(clients: Clients, position: Position) -> ReadBack:
    """Read a range back; what has left the stream is counted as missing."""
    read = _of_kinesis if ":kinesis:" in position.stream else _of_table
    try:
        retention = retention_of(clients, position.stream)
        found = [*read(clients, position)]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return ReadBack(missing=position.count)
    return ReadBack(
        records=tuple(record for _, record in found),
        missing=max(0, position.count - len(found)),
        retention=retention,
        arrived=found[0][0] if found else None,
    )


def sequence_of(record: dict[str, Any]) -> str:
    """The sequence number of a record that a function gets."""
    inner = record.get("kinesis") or record.get("dynamodb") or {}
    return str(inner.get("sequenceNumber") or inner.get("SequenceNumber") or "")


def content_of(record: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """What a record is about: its data, decoded, or the change of an item."""
    return data_of(record["kinesis"]["data"]) if "kinesis" in record else record["dynamodb"]


def retention_of(clients: Clients, stream: str) -> float:
    """Seconds for which a stream keeps a record."""
    if ":kinesis:" not in stream:
        return TABLE_RETENTION
    told = clients("kinesis").describe_stream_summary(StreamARN=stream)
    return float(told["StreamDescriptionSummary"]["RetentionPeriodHours"]) * 3600


def _of_kinesis(clients: Clients, position: Position) -> Iterator[tuple[float, dict[str, Any]]]:
    client = clients("kinesis")
    iterator = client.get_shard_iterator(
        StreamARN=position.stream,
        ShardId=position.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=position.first,
    )["ShardIterator"]
    for record in _read(client.get_records, iterator, position, lambda each: str(each["SequenceNumber"])):
        arrived = record["ApproximateArrivalTimestamp"].timestamp()
        yield (
            arrived,
            kinesis_record(
                sequence=record["SequenceNumber"],
                key=record["PartitionKey"],
                data=record["Data"],
                arrived=arrived,
                shard_id=position.shard,
                stream_arn=position.stream,
                role_arn="",
                region=position.stream.split(":")[3],
            ),
        )


def _of_table(clients: Clients, position: Position) -> Iterator[tuple[float, dict[str, Any]]]:
    client = clients("dynamodbstreams")
    iterator = client.get_shard_iterator(
        StreamArn=position.stream,
        ShardId=position.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=position.first,
    )["ShardIterator"]
    for record in _read(client.get_records, iterator, position, lambda each: str(each["dynamodb"]["SequenceNumber"])):
        change = _as_json(record["dynamodb"])
        arrived = record["dynamodb"]["ApproximateCreationDateTime"].timestamp()
        change["ApproximateCreationDateTime"] = math.floor(arrived)
        yield (
            arrived,
            dynamodb_record(
                event_id=record["eventID"],
                event_name=record["eventName"],
                change=change,
                stream_arn=position.stream,
                region=position.stream.split(":")[3],
            ),
        )


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any value of boto3's
    """The same with binary values in base64, as functions get them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    return [*map(_as_json, value)] if isinstance(value, list | set) else value


def _read(get: Any, iterator: str | None, position: Position, sequence: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The records of a range, page by page."""
    last, empty = int(position.last), 0
    while iterator is not None and empty < _EMPTY_READS:
        answer = get(ShardIterator=iterator)
        for record in answer["Records"]:
            if int(sequence(record)) > last:
                return
            yield record
            if int(sequence(record)) == last:
                return
        empty = 0 if answer["Records"] else empty + 1
        if not answer["Records"] and not answer.get("MillisBehindLatest"):
            return  # the shard has nothing more
        iterator = answer.get("NextShardIterator")
