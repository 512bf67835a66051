"""The API of DynamoDB streams."""

from datetime import UTC, datetime
from typing import Any

import pytest

from landfast.sources.table_changes import ItemChange
from landfast.sources.table_stream import TableStream
from tests.eventplane.stream_clients import ACCOUNT, REGION, StreamClients
from tests.eventplane.world import START

PREFIX = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/"


@pytest.fixture
def aws() -> StreamClients:
    return StreamClients()


def enabled(aws: StreamClients, table: str = "orders") -> TableStream:
    return aws.tables_api.streams.enable(table, {"id": "HASH"}, "NEW_AND_OLD_IMAGES")


def insert(aws: StreamClients, stream: TableStream, *names: str, **attributes: Any) -> None:
    keys = [{"id": {"S": name}} for name in names]
    stream.append([ItemChange(key, None, {**key, **attributes}) for key in keys], aws.world.now())
    aws.tables_api.streams.plan(stream)


def iterator(aws: StreamClients, stream: TableStream, kind: str = "TRIM_HORIZON", **params: Any) -> Any:
    got = aws.tables(
        "GetShardIterator", StreamArn=stream.arn, ShardId=stream.shard.id, ShardIteratorType=kind, **params
    )
    return got["ShardIterator"] if isinstance(got, dict) else got


def read(aws: StreamClients, stream: TableStream, kind: str = "TRIM_HORIZON", **params: Any) -> list[str]:
    return names(aws.tables("GetRecords", ShardIterator=iterator(aws, stream, kind, **params)))


def names(answer: Any) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in answer["Records"]]


def test_a_stream_is_described_with_its_table_and_its_shard(aws: StreamClients) -> None:
    stream = enabled(aws)
    described = aws.tables("DescribeStream", StreamArn=stream.arn)["StreamDescription"]
    assert stream.arn == f"{PREFIX}2026-01-02T03:03:20.000"
    [shard] = described.pop("Shards")
    assert described == {
        "StreamArn": stream.arn,
        "StreamLabel": "2026-01-02T03:03:20.000",
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "CreationRequestDateTime": datetime.fromtimestamp(START, UTC),
        "TableName": "orders",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    assert shard["ShardId"].startswith("shardId-0000000")
    assert set(shard["SequenceNumberRange"]) == {"StartingSequenceNumber"}
    assert len(shard["SequenceNumberRange"]["StartingSequenceNumber"]) >= 21
    after = aws.tables("DescribeStream", StreamArn=stream.arn, ExclusiveStartShardId=shard["ShardId"])
    assert after["StreamDescription"]["Shards"] == []
    children = {"Type": "CHILD_SHARDS", "ShardId": shard["ShardId"]}
    none = aws.tables("DescribeStream", StreamArn=stream.arn, ShardFilter=children)
    assert none["StreamDescription"]["Shards"] == []


def test_streams_are_listed_page_by_page(aws: StreamClients) -> None:
    arns = sorted(enabled(aws, table).arn for table in ("orders", "scans", "notes"))
    assert [one["StreamArn"] for one in aws.tables("ListStreams")["Streams"]] == arns
    [only] = aws.tables("ListStreams", TableName="orders")["Streams"]
    assert (only["TableName"], only["StreamArn"]) == ("orders", arns[1])
    page = aws.tables("ListStreams", Limit=2)
    assert page["LastEvaluatedStreamArn"] == arns[1]
    rest = aws.tables("ListStreams", ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    assert [one["StreamArn"] for one in rest["Streams"]] == arns[2:]
    assert "LastEvaluatedStreamArn" not in rest


def test_s_084_a_record_is_as_the_api_gives_it(aws: StreamClients) -> None:
    stream = enabled(aws)
    values = {
        "b": {"B": "AP8="},
        "bs": {"BS": ["YQ=="]},
        "deep": {"M": {"l": {"L": [{"B": "YQ=="}, {"N": "1"}]}}},
    }
    insert(aws, stream, "a", **values)
    [record] = aws.tables("GetRecords", ShardIterator=iterator(aws, stream))["Records"]
    change = record.pop("dynamodb")
    assert record == {
        "eventID": stream.shard.event_id(stream.shard.slice(0, 1)[0]),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
    }
    assert change.pop("NewImage") == {
        "id": {"S": "a"},
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"a"]},
        "deep": {"M": {"l": {"L": [{"B": b"a"}, {"N": "1"}]}}},
    }
    assert change == {
        "ApproximateCreationDateTime": datetime.fromtimestamp(START, UTC),
        "Keys": {"id": {"S": "a"}},
        "SequenceNumber": stream.shard.sequence_of(1),
        "SizeBytes": change["SizeBytes"],
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_s_050_an_iterator_begins_where_its_type_says(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a", "b")
    aws.world.pass_by(10)
    insert(aws, stream, "c")
    second = {"SequenceNumber": stream.shard.sequence_of(2)}
    assert read(aws, stream) == ["a", "b", "c"]
    assert read(aws, stream, "AT_SEQUENCE_NUMBER", **second) == ["b", "c"]
    assert read(aws, stream, "AFTER_SEQUENCE_NUMBER", **second) == ["c"]
    assert read(aws, stream, "AT_TIMESTAMP", Timestamp=datetime.fromtimestamp(START + 5, UTC)) == ["c"]
    assert read(aws, stream, "LATEST") == []


def test_an_iterator_that_cannot_be_is_refused(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a")
    number = {"SequenceNumber": stream.shard.sequence_of(1)}
    assert iterator(aws, stream, "AT_SEQUENCE_NUMBER")[0] == "ValidationException"
    assert iterator(aws, stream, "LATEST", **number)[0] == "ValidationException"
    assert iterator(aws, stream, "AT_SEQUENCE_NUMBER", SequenceNumber="1" * 21)[0] == "ValidationException"
    assert iterator(aws, stream, "AT_TIMESTAMP")[0] == "ValidationException"
    future = datetime.fromtimestamp(START + 5, UTC)
    assert iterator(aws, stream, "AT_TIMESTAMP", Timestamp=future)[0] == "ValidationException"
    trim = {"ShardIteratorType": "TRIM_HORIZON"}
    other = aws.tables("GetShardIterator", StreamArn=stream.arn, ShardId=f"{stream.shard.id}0", **trim)
    assert other == ("ResourceNotFoundException", "Requested resource not found: Shard does not exist")
    nowhere = stream.arn.replace("orders", "nowhere")
    for operation, params in (("DescribeStream", {}), ("GetShardIterator", {"ShardId": stream.shard.id, **trim})):
        missing = aws.tables(operation, StreamArn=nowhere, **params)
        assert missing == ("ResourceNotFoundException", f"Requested resource not found: Stream: {nowhere} not found")
    assert aws.tables("GetRecords", ShardIterator="x")[0] == "ValidationException"
    assert aws.tables("GetRecords", ShardIterator=iterator(aws, stream), Limit=1001)[0] == "ValidationException"


def test_records_are_read_page_by_page_also_after_a_restart(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a", "b", "c")
    page = aws.tables("GetRecords", ShardIterator=iterator(aws, stream), Limit=2)
    assert names(page) == ["a", "b"]
    aws = aws.restarted()
    aws.world.pass_by(900)
    rest = aws.tables("GetRecords", ShardIterator=page["NextShardIterator"])
    assert names(rest) == ["c"]
    aws.world.pass_by(901)
    assert aws.tables("GetRecords", ShardIterator=rest["NextShardIterator"])[0] == "ExpiredIteratorException"


def test_one_answer_has_a_mebibyte_at_most(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a", "b", "c", "d", x={"S": "x" * 390_000})
    page = aws.tables("GetRecords", ShardIterator=iterator(aws, stream))
    assert names(page) == ["a", "b"]
    assert names(aws.tables("GetRecords", ShardIterator=page["NextShardIterator"])) == ["c", "d"]


def test_s_054_what_was_trimmed_is_not_passed_over_in_silence(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a")
    aws.world.pass_by(86_400 - 60)
    before = iterator(aws, stream, "AT_SEQUENCE_NUMBER", SequenceNumber=stream.shard.sequence_of(1))
    horizon = iterator(aws, stream)
    insert(aws, stream, "b")
    aws.world.pass_by(60)
    assert aws.world.awaited() == []
    trimmed = (
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard.",
    )
    assert aws.tables("GetRecords", ShardIterator=before) == trimmed
    assert iterator(aws, stream, "AT_SEQUENCE_NUMBER", SequenceNumber=stream.shard.sequence_of(1)) == trimmed
    assert names(aws.tables("GetRecords", ShardIterator=horizon)) == ["b"]
    after = {"SequenceNumber": stream.shard.sequence_of(1)}
    assert read(aws, stream, "AFTER_SEQUENCE_NUMBER", **after) == ["b"]


def test_a_disabled_stream_is_read_to_its_end_and_forgotten_after_a_day(aws: StreamClients) -> None:
    stream = enabled(aws)
    insert(aws, stream, "a")
    aws.world.pass_by(10)
    aws.tables_api.streams.disable("orders")
    described = aws.tables("DescribeStream", StreamArn=stream.arn)["StreamDescription"]
    assert described["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in described["Shards"][0]["SequenceNumberRange"]
    last = aws.tables("GetRecords", ShardIterator=iterator(aws, stream))
    assert (names(last), "NextShardIterator" in last) == (["a"], False)
    again = enabled(aws)
    assert again.arn != stream.arn
    assert len(aws.tables("ListStreams", TableName="orders")["Streams"]) == 2
    aws = aws.restarted()
    aws.world.pass_by(86_400)
    [left] = aws.tables("ListStreams", TableName="orders")["Streams"]
    assert left["StreamArn"] == again.arn
    assert {owner for kind, owner, _ in aws.world.kept if kind == "dynamodbstreams"} == {again.arn}


def test_a_table_that_is_given_a_stream_twice_at_once_has_two_labels(aws: StreamClients) -> None:
    first, second = enabled(aws), enabled(aws)
    assert (first.arn, first.is_enabled) != (second.arn, second.is_enabled)
    assert aws.tables_api.streams.of_table("orders") is second
    assert aws.restarted().tables_api.streams.newest_of("orders") is not None
