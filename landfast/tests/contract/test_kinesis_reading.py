"""Iterators and GetRecords, for consumers beside Lambda."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.aws import Aws, eventually, records, refusal, texts

pytestmark = pytest.mark.source("Kinesis Data Streams API Reference, GetShardIterator and GetRecords")

FIRST = "shardId-000000000000"
WRONG = {"InvalidArgumentException", "ValidationException"}
"""By which of the two a value is refused depends on whether the service's model can tell."""


def _filled(aws: Aws, *data: str) -> tuple[str, list[str]]:
    """A stream with one shard, and the sequence numbers of its records."""
    stream = aws.stream()
    put = [aws.kinesis.put_record(StreamName=stream, Data=one.encode(), PartitionKey="k") for one in data]
    return stream, [told["SequenceNumber"] for told in put]


def _iterator(aws: Aws, stream: str, **start: Any) -> str:
    iterator: str = aws.kinesis.get_shard_iterator(StreamName=stream, ShardId=FIRST, **start)["ShardIterator"]
    return iterator


def test_an_iterator_begins_where_its_type_says(aws: Aws) -> None:
    stream, sequence = _filled(aws, "a", "b", "c")

    def read(kind: str, **more: Any) -> list[str]:
        return texts(records(aws, stream, FIRST, {"ShardIteratorType": kind, **more}))

    assert read("TRIM_HORIZON") == ["a", "b", "c"]
    assert read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=sequence[1]) == ["b", "c"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=sequence[1]) == ["c"]
    assert read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=sequence[2]) == []
    assert read("LATEST") == []


def test_an_iterator_at_a_timestamp_begins_with_the_first_record_of_that_time_or_later(aws: Aws) -> None:
    stream, _ = _filled(aws, "first")

    def arrivals() -> list[datetime]:
        aws.kinesis.put_record(StreamName=stream, Data=b"later", PartitionKey="k")
        put = records(aws, stream, FIRST, {"ShardIteratorType": "TRIM_HORIZON"})
        return [record["ApproximateArrivalTimestamp"] for record in put]

    times = eventually(arrivals, lambda times: times[-1] > times[0])

    def read(when: datetime) -> int:
        return len(records(aws, stream, FIRST, {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": when}))

    assert read(times[0] - timedelta(hours=1)) == len(times)
    assert read(times[0]) == len(times)
    assert read(times[-1]) == times.count(times[-1])
    assert read(times[-1] - timedelta(milliseconds=1)) >= times.count(times[-1])


def test_the_latest_iterator_sees_what_is_put_after_it(aws: Aws) -> None:
    stream, _ = _filled(aws, "before")
    iterator = _iterator(aws, stream, ShardIteratorType="LATEST")
    for data in ("after", "later"):
        aws.kinesis.put_record(StreamName=stream, Data=data.encode(), PartitionKey="k")
        got = aws.kinesis.get_records(ShardIterator=iterator)
        assert texts(got["Records"]) == [data]
        iterator = got["NextShardIterator"]


def test_records_are_read_page_by_page(aws: Aws) -> None:
    stream, _ = _filled(aws, "a", "b", "c", "d", "e")
    iterator = _iterator(aws, stream, ShardIteratorType="TRIM_HORIZON")
    pages = []
    for _ in range(4):
        got = aws.kinesis.get_records(ShardIterator=iterator, Limit=2)
        pages.append(texts(got["Records"]))
        iterator = got["NextShardIterator"]
    assert pages == [["a", "b"], ["c", "d"], ["e"], []]


def test_millis_behind_latest_tells_how_far_the_reader_is_behind(aws: Aws) -> None:
    stream, _ = _filled(aws, "a", "b")
    iterator = _iterator(aws, stream, ShardIteratorType="TRIM_HORIZON")
    first = eventually(
        lambda: aws.kinesis.get_records(ShardIterator=iterator, Limit=1), lambda got: got["MillisBehindLatest"]
    )
    assert 0 < first["MillisBehindLatest"] < 60_000
    last = aws.kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=1)
    assert (texts(last["Records"]), last["MillisBehindLatest"]) == (["b"], 0)


@pytest.mark.parametrize(
    ("start", "codes"),
    [
        ({"ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST"}, {"ResourceNotFoundException"}),
        ({"ShardId": FIRST, "ShardIteratorType": "AT_SEQUENCE_NUMBER"}, WRONG),
        ({"ShardId": FIRST, "ShardIteratorType": "AT_TIMESTAMP"}, WRONG),
        ({"ShardId": FIRST, "ShardIteratorType": "OLDEST"}, WRONG),
        ({"ShardId": FIRST, "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "x"}, WRONG),
    ],
    ids=["an unknown shard", "no sequence number", "no timestamp", "an unknown type", "no number"],
)  # fmt: skip
def test_an_iterator_that_cannot_be_is_refused(aws: Aws, start: Any, codes: set[str]) -> None:
    stream, _ = _filled(aws, "a")
    assert refusal(aws.kinesis.get_shard_iterator, StreamName=stream, **start) in codes


def test_what_is_no_iterator_is_refused(aws: Aws) -> None:
    assert refusal(aws.kinesis.get_records, ShardIterator="made-up") == "InvalidArgumentException"


def test_a_limit_out_of_range_is_refused(aws: Aws) -> None:
    stream, _ = _filled(aws, "a")
    iterator = _iterator(aws, stream, ShardIteratorType="TRIM_HORIZON")
    assert refusal(aws.kinesis.get_records, ShardIterator=iterator, Limit=10_001) in WRONG


@pytest.mark.source("Kinesis Data Streams API Reference, IncreaseStreamRetentionPeriod: 24 to 8,760 hours")
def test_the_retention_can_be_changed_within_its_bounds(aws: Aws) -> None:
    stream, _ = _filled(aws, "kept")

    def hours() -> int:
        told: int = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
            "RetentionPeriodHours"
        ]
        return told

    assert hours() == 24
    aws.kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    assert hours() == 48
    for operation, wrong in (("increase", 8761), ("increase", 47), ("decrease", 23), ("decrease", 49)):
        call = getattr(aws.kinesis, f"{operation}_stream_retention_period")
        code = refusal(call, StreamName=stream, RetentionPeriodHours=wrong)
        assert code in WRONG, (operation, wrong)
    aws.kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert hours() == 24
    assert texts(records(aws, stream, FIRST, {"ShardIteratorType": "TRIM_HORIZON"})) == ["kept"]


@pytest.mark.source("Kinesis Data Streams API Reference, DescribeStream, DescribeStreamSummary and ListStreams")
def test_a_stream_is_described(aws: Aws) -> None:
    stream = aws.stream(shards=2)
    summary = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    described = aws.kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    for told in (summary, described):
        assert (told["StreamName"], told["StreamStatus"], told["RetentionPeriodHours"]) == (stream, "ACTIVE", 24)
        assert told["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary["OpenShardCount"] == len(described["Shards"]) == 2
    assert described["HasMoreShards"] is False
    assert stream in aws.kinesis.list_streams()["StreamNames"]
