"""Replaying scans, on moto's streams: exactly the failed range, record by record, and nothing skipped silently."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.exactly_once import ConflictError
from replay_scans.failed_range import FailedRange
from replay_scans.reading import Missing, StreamRecord, read_range
from tests.unit.functions.conftest import Context, Load, generated, items, make_table
from tests.unit.functions.test_track_parcels import scan

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

STREAM = "parcel-scans"


@pytest.fixture
def app(load: Load) -> ModuleType:
    make_table("idempotency", "id")
    make_table("parcels", "parcelId")
    make_table("history", "parcelId", "scannedAt")
    boto3.client("kinesis").create_stream(StreamName=STREAM, ShardCount=2)
    boto3.client("s3").create_bucket(Bucket="parked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return load("replay_scans")


def put(*data: bytes | dict[str, object], shard: int = 0) -> list[str]:
    """Put records on a shard and return their sequence numbers."""
    kinesis = boto3.client("kinesis")
    answers = (
        kinesis.put_record(
            StreamName=STREAM,
            Data=each if isinstance(each, bytes) else json.dumps(each).encode(),
            PartitionKey="any",
            ExplicitHashKey="0" if shard == 0 else str(3 * 2**126),
        )
        for each in data
    )
    return [answer["SequenceNumber"] for answer in answers]


def message(first: str, last: str, *, shard: int = 0, receives: int = 1, batch_size: int = 1) -> dict[str, Any]:
    """Return the failure queue's message for a range (S-63)."""
    failure = {
        "requestContext": {
            "requestId": "8f0c",
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:track",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None},
        "version": "1.0",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "KinesisBatchInfo": {
            "shardId": f"shardId-{shard:012d}",
            "startSequenceNumber": first,
            "endSequenceNumber": last,
            "approximateArrivalOfFirstRecord": "2026-01-02T03:03:59.123Z",
            "approximateArrivalOfLastRecord": "2026-01-02T03:03:59.123Z",
            "batchSize": batch_size,
            "streamArn": f"arn:aws:kinesis:eu-west-1:123456789012:stream/{STREAM}",
        },
    }
    return {
        "messageId": f"m-{first}",
        "body": json.dumps(failure),
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:scans-failed",
    }


def replay(app: ModuleType, *messages: dict[str, Any]) -> list[str]:
    answer = app.handler({"Records": list(messages)}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def parked() -> dict[str, dict[str, Any]]:
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="parked").get("Contents", [])]
    return {key: json.loads(s3.get_object(Bucket="parked", Key=key)["Body"].read()) for key in keys}


def test_exactly_the_failed_range_is_handled(app: ModuleType) -> None:
    numbers = put(*(scan(f"S-{n}", parcelId=f"A-{n}") for n in range(6)))
    assert replay(app, message(numbers[2], numbers[4], batch_size=3)) == []
    assert [item["parcelId"] for item in items("parcels")] == ["A-2", "A-3", "A-4"]
    assert parked() == {}


def test_each_message_is_read_from_its_own_shard(app: ModuleType) -> None:
    (first,) = put(scan("S-1", parcelId="A-1"), shard=0)
    (second,) = put(scan("S-2", parcelId="A-2"), shard=1)
    assert replay(app, message(first, first, shard=0), message(second, second, shard=1)) == []
    assert [item["parcelId"] for item in items("parcels")] == ["A-1", "A-2"]


def test_what_still_fails_is_parked_with_its_data_and_reason_and_the_others_are_handled(app: ModuleType) -> None:
    poison = scan("S-2") | {"status": "lost"}
    numbers = put(scan("S-1", parcelId="A-1"), poison, b"\xff\x00", scan("S-3", parcelId="A-3"))
    assert replay(app, message(numbers[0], numbers[3], batch_size=4)) == []
    assert [item["parcelId"] for item in items("parcels")] == ["A-1", "A-3"]
    objects = parked()
    assert list(objects) == [f"{STREAM}/shardId-000000000000/{number}.json" for number in numbers[1:3]]
    first, second = objects.values()
    assert json.loads(base64.b64decode(first["data"])) == poison
    assert first["reason"]["error"] == "MalformedScanError"
    assert first["reason"]["reason"] == "Not an accepted value - at `$.status`"
    assert (first["condition"], first["partitionKey"]) == ("RetryAttemptsExhausted", "any")
    assert base64.b64decode(second["data"]) == b"\xff\x00"
    assert second["reason"]["error"] == "UnreadableScanError"


def test_a_second_replay_changes_nothing(app: ModuleType) -> None:
    numbers = put(scan("S-1"), b"poison")
    for _ in range(2):
        assert replay(app, message(numbers[0], numbers[1], batch_size=2)) == []
    assert (len(items("history")), len(parked())) == (1, 1)


def test_a_failure_that_may_pass_brings_the_message_back_and_parks_on_its_last_delivery(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = put(scan("S-1", parcelId="A-1"), scan("S-2", parcelId="A-2"))
    real = app.track

    def busy(each: Any) -> Any:
        if each.scan_id == "S-1":
            raise ConflictError("DynamoDB: TransactionConflict")
        return real(each)

    monkeypatch.setattr(app, "track", busy)
    assert replay(app, message(*numbers, receives=4)) == [f"m-{numbers[0]}"]
    assert [item["parcelId"] for item in items("parcels")] == ["A-2"]
    assert parked() == {}
    assert replay(app, message(*numbers, receives=5)) == []
    (kept,) = parked().values()
    assert kept["reason"] | {"at": ""} == {
        "error": "ConflictError",
        "at": "",
        "reason": "DynamoDB: TransactionConflict",
    }


def test_a_range_that_has_left_the_stream_is_reported(app: ModuleType) -> None:
    numbers = put(scan("S-1"))
    gone = str(int(numbers[0]) + 1_000)
    assert replay(app, message(gone, gone)) == []
    assert list(parked()) == [f"{STREAM}/shardId-000000000000/{gone}-{gone}.missing.json"]
    assert parked().popitem()[1]["reason"]["error"] == "LeftTheStream"


def test_a_shard_that_is_gone_is_reported(app: ModuleType) -> None:
    assert replay(app, message("1", "2", shard=7)) == []
    assert list(parked()) == [f"{STREAM}/shardId-000000000007/1-2.missing.json"]


@pytest.mark.parametrize("body", ["", "{}", '{"requestContext":{"condition":"X"},"KinesisBatchInfo":{}}'])
def test_a_message_that_is_no_failure_record_goes_back_to_its_queue(app: ModuleType, body: str) -> None:
    broken = message("1", "2") | {"body": body}
    assert replay(app, broken) == ["m-1"]


def test_the_sample_event_names_a_range_of_the_stream(
    app: ModuleType, sample_event: Callable[[str], dict[str, Any]]
) -> None:
    body = sample_event("replay_scans")["Records"][0]["body"]
    wanted = app.parse_failure(body).range
    assert wanted.stream_name.endswith("-parcel-scans")
    assert wanted.shard_id == "shardId-000000000000"


class Shard:
    """A shard that keeps some records, and returns them in pages of any size, empty ones too."""

    exceptions = SimpleNamespace(InvalidArgumentException=KeyError, ResourceNotFoundException=LookupError)

    def __init__(self, kept: list[int], sizes: list[int]) -> None:
        self._kept = kept
        self._sizes = sizes

    def get_shard_iterator(self, *, StartingSequenceNumber: str, **_: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        start = sum(1 for number in self._kept if number < int(StartingSequenceNumber))
        return {"ShardIterator": json.dumps([start, 0])}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803  boto3's names
        place, page = json.loads(ShardIterator)
        size = min(self._sizes[page], Limit) if page < len(self._sizes) else Limit
        records = self._kept[place : place + size]
        return {
            "Records": [
                {
                    "SequenceNumber": str(number),
                    "PartitionKey": "p",
                    "ApproximateArrivalTimestamp": datetime.now(UTC),
                    "Data": b"",
                }
                for number in records
            ],
            "NextShardIterator": json.dumps([place + len(records), page + 1]),
            "MillisBehindLatest": 0 if place + len(records) == len(self._kept) else 1,
        }


@given(
    stream=st.lists(st.integers(1, 60), min_size=1, max_size=20, unique=True).map(sorted),
    trimmed=st.integers(0, 20),
    sizes=st.lists(st.integers(0, 4), max_size=12),
    data=st.data(),
)
def test_every_kept_record_of_the_range_is_read_once_in_order_and_any_loss_is_told(
    stream: list[int], trimmed: int, sizes: list[int], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(stream) - 1))
    last = data.draw(st.integers(first, len(stream) - 1))
    kept = stream[trimmed:]
    wanted = FailedRange(
        stream_arn="arn:aws:kinesis:eu-west-1:123456789012:stream/s",
        shard_id="shardId-0",
        start_sequence_number=str(stream[first]),
        end_sequence_number=str(stream[last]),
        batch_size=last - first + 1,
    )
    found: Iterator[StreamRecord | Missing] = read_range(cast("KinesisClient", Shard(kept, sizes)), wanted)
    records, gaps = [], []
    for each in found:
        if isinstance(each, Missing):
            gaps.append((int(each.start_sequence_number), int(each.end_sequence_number)))
        else:
            records.append(int(each.sequence_number))
    in_range = stream[first : last + 1]
    assert records == [number for number in in_range if number in kept]
    lost = [number for number in in_range if number not in kept]
    assert bool(gaps) == bool(lost)
    assert all(any(start <= number <= end for start, end in gaps) for number in lost)


def test_the_event_that_sam_generates_is_a_message_that_is_no_failure_record(app: ModuleType) -> None:
    event = generated("sqs receive-message")
    assert replay(app, *event["Records"]) == [record["messageId"] for record in event["Records"]]
