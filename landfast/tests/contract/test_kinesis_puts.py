"""What is put into a stream, and where it is then read."""

import hashlib
import time
from typing import Any

import pytest

from tests.contract.aws import ACCOUNT, REGION, Aws, eventually, records, refusal, refused, texts, words

pytestmark = pytest.mark.source("Kinesis Data Streams API Reference, PutRecord and PutRecords")

ALL = {"ShardIteratorType": "TRIM_HORIZON"}


def _shards(aws: Aws, stream: str) -> list[Any]:
    found: list[Any] = aws.kinesis.list_shards(StreamName=stream)["Shards"]
    return found


def _of_hash(shards: list[Any], number: int) -> str:
    [shard] = [
        shard["ShardId"]
        for shard in shards
        if int(shard["HashKeyRange"]["StartingHashKey"]) <= number <= int(shard["HashKeyRange"]["EndingHashKey"])
    ]
    name: str = shard
    return name


@pytest.mark.source("recorded: localstack kinesis/test_kinesis.snapshot.json, test_record_lifecycle_data_integrity")
@pytest.mark.parametrize(
    "data", [b"", b"text", "ünïcode 💥".encode(), bytes(range(256))], ids=lambda data: repr(data)[:20]
)
def test_a_record_is_read_as_it_was_put(aws: Aws, data: bytes) -> None:
    stream = aws.stream()
    put = aws.kinesis.put_record(StreamName=stream, Data=data, PartitionKey="k-1")
    [record] = records(aws, stream, put["ShardId"], ALL)
    assert abs(record.pop("ApproximateArrivalTimestamp").timestamp() - time.time()) < 60
    assert record.pop("EncryptionType", "NONE") == "NONE"
    assert record == {"Data": data, "PartitionKey": "k-1", "SequenceNumber": put["SequenceNumber"]}


def test_put_records_tells_the_place_of_each_record(aws: Aws) -> None:
    stream = aws.stream(shards=2)
    entries = [{"Data": f"{number}".encode(), "PartitionKey": f"key-{number}"} for number in range(20)]
    put = aws.kinesis.put_records(StreamName=stream, Records=entries)
    assert put["FailedRecordCount"] == 0
    for shard in _shards(aws, stream):
        mine = [
            (entry["Data"], told["SequenceNumber"])
            for entry, told in zip(entries, put["Records"], strict=True)
            if told["ShardId"] == shard["ShardId"]
        ]
        read = records(aws, stream, shard["ShardId"], ALL)
        assert [(record["Data"], record["SequenceNumber"]) for record in read] == mine


def test_sequence_numbers_increase_within_a_shard_and_never_repeat(aws: Aws) -> None:
    stream = aws.stream()
    for number in range(5):
        aws.kinesis.put_record(StreamName=stream, Data=b"one", PartitionKey=f"{number}")
        aws.kinesis.put_records(StreamName=stream, Records=[{"Data": b"of two", "PartitionKey": "k"}] * 2)
    [shard] = _shards(aws, stream)
    sequence = [record["SequenceNumber"] for record in records(aws, stream, shard["ShardId"], ALL)]
    assert sequence == sorted(set(sequence), key=int)
    assert len(sequence) == 15
    assert int(shard["SequenceNumberRange"]["StartingSequenceNumber"]) <= int(sequence[0])


@pytest.mark.source("Kinesis Data Streams Developer Guide, Key concepts: the MD5 of the key is its place")
def test_the_md5_of_the_partition_key_chooses_the_shard(aws: Aws) -> None:
    stream = aws.stream(shards=4)
    shards = _shards(aws, stream)
    for key in ("a", "b", "orders/17", "ünï"):
        told = aws.kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey=key)
        digest = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
        assert told["ShardId"] == _of_hash(shards, digest)


def test_an_explicit_hash_key_overrules_the_partition_key(aws: Aws) -> None:
    stream = aws.stream(shards=3)
    for shard in _shards(aws, stream):
        for bound in ("StartingHashKey", "EndingHashKey"):
            explicit = shard["HashKeyRange"][bound]
            told = aws.kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="same", ExplicitHashKey=explicit)
            assert told["ShardId"] == shard["ShardId"]
    explicit = {"PartitionKey": "same", "ExplicitHashKey": str(2**128 - 1)}
    told = aws.kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", **explicit}])
    assert told["Records"][0]["ShardId"] == _shards(aws, stream)[-1]["ShardId"]


def test_a_stream_may_be_named_by_its_arn(aws: Aws) -> None:
    stream = aws.stream()
    arn = aws.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    told = aws.kinesis.put_record(StreamARN=arn, Data=b"x", PartitionKey="k")
    start = aws.kinesis.get_shard_iterator(StreamARN=arn, ShardId=told["ShardId"], **ALL)["ShardIterator"]
    assert texts(aws.kinesis.get_records(ShardIterator=start)["Records"]) == ["x"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("put_record", {"Data": b"", "PartitionKey": "k"}),
        ("put_records", {"Records": [{"Data": b"", "PartitionKey": "k"}]}),
        ("describe_stream", {}),
        ("list_shards", {}),
        ("delete_stream", {}),
    ],
)
def test_a_stream_that_does_not_exist_is_refused(aws: Aws, operation: str, params: Any) -> None:
    error = refused(getattr(aws.kinesis, operation), StreamName="nowhere", **params)
    assert error["Code"] == "ResourceNotFoundException"
    assert "nowhere" in error["Message"]


@pytest.mark.parametrize(
    "params",
    [
        {"Data": words(10 * 1024 * 1024 + 1).encode(), "PartitionKey": "k"},
        {"Data": b"", "PartitionKey": "k" * 257},
        {"Data": b"", "PartitionKey": "k", "ExplicitHashKey": "no number"},
    ],
    ids=["too much data", "too long a key", "a hash key that is no number"],
)
def test_a_record_beyond_the_limits_is_refused(aws: Aws, params: Any) -> None:
    code = refusal(aws.kinesis.put_record, StreamName=aws.stream(), **params)
    assert code in {"ValidationException", "InvalidArgumentException"}


@pytest.mark.source("Kinesis Data Streams API Reference, PutRecords: at most 500 records in a request")
def test_more_than_500_records_in_a_request_are_refused(aws: Aws) -> None:
    stream = aws.stream()
    entries = [{"Data": b"x", "PartitionKey": "k"}] * 501
    assert refusal(aws.kinesis.put_records, StreamName=stream, Records=entries) in {
        "ValidationException",
        "InvalidArgumentException",
    }
    [shard] = _shards(aws, stream)
    assert records(aws, stream, shard["ShardId"], ALL) == []


@pytest.mark.source("Kinesis Data Streams API Reference, DeleteStream and CreateStream")
def test_a_stream_that_is_deleted_and_made_again_is_empty(aws: Aws) -> None:
    stream = aws.stream()
    assert refusal(aws.kinesis.create_stream, StreamName=stream, ShardCount=1) == "ResourceInUseException"
    aws.kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    aws.kinesis.delete_stream(StreamName=stream)
    gone = eventually(lambda: refusal(aws.kinesis.describe_stream_summary, StreamName=stream))
    assert gone == "ResourceNotFoundException"
    aws.kinesis.create_stream(StreamName=stream, ShardCount=1)
    aws.active(stream)
    [shard] = _shards(aws, stream)
    assert records(aws, stream, shard["ShardId"], ALL) == []
