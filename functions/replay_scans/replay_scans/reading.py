"""Reads exactly a failed range back from its stream, and tells what of it is no longer there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from replay_scans.failed_range import FailedRange

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

PAGE = 1_000
"""Records of one GetRecords call: a failed batch is a tenth of it, its lanes' neighbours included (S-49)."""


@dataclass(frozen=True)
class StreamRecord:
    """A record as Kinesis returns it."""

    sequence_number: str
    partition_key: str
    arrived: datetime
    data: bytes


@dataclass(frozen=True)
class Missing:
    """The part of the range that has left the stream: what was between these sequence numbers."""

    start_sequence_number: str
    end_sequence_number: str


def read_range(kinesis: "KinesisClient", wanted: FailedRange) -> Iterator[StreamRecord | Missing]:
    """Yield the records of the range in order, and a `Missing` where some have left the stream.

    Sequence numbers have gaps, so only the ends of a range are known to have been records: the range is complete
    if both are there. It may hold records of other lanes that did not fail; handling them again does nothing.

    Raises:
        botocore.exceptions.ClientError: as Kinesis answers, when it can't be read just now.
    """
    start, end = int(wanted.start_sequence_number), int(wanted.end_sequence_number)
    latest: str | None = None
    for record in _from(kinesis, wanted):
        number = int(record.sequence_number)
        if number > end:
            break
        if latest is None and number > start:
            yield Missing(wanted.start_sequence_number, record.sequence_number)
        yield record
        latest = record.sequence_number
        if number == end:
            return
    yield Missing(latest or wanted.start_sequence_number, wanted.end_sequence_number)


def _from(kinesis: "KinesisClient", wanted: FailedRange) -> Iterator[StreamRecord]:
    iterator = _iterator(kinesis, wanted)
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator, Limit=PAGE)
        for record in page["Records"]:
            yield StreamRecord(
                sequence_number=record["SequenceNumber"],
                partition_key=record["PartitionKey"],
                arrived=record["ApproximateArrivalTimestamp"],
                data=record["Data"],
            )
        at_the_tip = not page["Records"] and page["MillisBehindLatest"] == 0
        iterator = None if at_the_tip else page.get("NextShardIterator")


def _iterator(kinesis: "KinesisClient", wanted: FailedRange) -> str | None:
    """Return where to begin, or None when the shard, or the place in it, is gone."""
    try:
        return kinesis.get_shard_iterator(
            StreamName=wanted.stream_name,
            ShardId=wanted.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=wanted.start_sequence_number,
        )["ShardIterator"]
    except (kinesis.exceptions.InvalidArgumentException, kinesis.exceptions.ResourceNotFoundException):
        return None
