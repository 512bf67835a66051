"""The API of DynamoDB streams, for consumers beside Lambda."""

from typing import Any

import pytest

from tests.contract.aws import Aws, refusal
from tests.contract.tables import item, key, mark, read, shards, stream_of

pytestmark = [pytest.mark.stored, pytest.mark.source("DynamoDB API Reference, DynamoDB Streams")]


def _filled(aws: Aws) -> tuple[str, list[Any]]:
    """A stream with records of `a` to `d`."""
    table = aws.table()
    for name in "abcd":
        mark(aws, table, name)
    stream = stream_of(aws, table)
    return stream, read(aws, stream)


def _from(aws: Aws, stream: str, **start: str) -> list[str]:
    [shard] = shards(aws, stream)
    iterator = aws.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, **start)["ShardIterator"]
    return [key(record) for record in aws.streams.get_records(ShardIterator=iterator)["Records"]]


def test_a_stream_is_described_with_its_table_its_view_and_its_shard(aws: Aws) -> None:
    table = aws.table("NEW_IMAGE")
    described = aws.dynamodb.describe_table(TableName=table)["Table"]
    stream = aws.streams.describe_stream(StreamArn=described["LatestStreamArn"])["StreamDescription"]
    assert stream["StreamArn"] == f"{described['TableArn']}/stream/{described['LatestStreamLabel']}"
    assert stream["StreamLabel"] == described["LatestStreamLabel"]
    assert (stream["StreamStatus"], stream["StreamViewType"], stream["TableName"]) == ("ENABLED", "NEW_IMAGE", table)
    assert stream["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    [shard] = stream["Shards"]
    assert shard["ShardId"].startswith("shardId-")
    assert set(shard["SequenceNumberRange"]) == {"StartingSequenceNumber"}, "the shard is open"


def test_list_streams_has_the_streams_of_a_table_or_of_all(aws: Aws) -> None:
    table, other = aws.table(), aws.table()
    [only] = aws.streams.list_streams(TableName=table)["Streams"]
    assert only["StreamArn"] == stream_of(aws, table)
    assert (only["TableName"], only["StreamLabel"]) == (table, only["StreamArn"].rpartition("/")[2])
    everyone = aws.streams.list_streams()["Streams"]
    assert {table, other} <= {one["TableName"] for one in everyone}


def test_an_iterator_begins_where_its_type_says(aws: Aws) -> None:
    stream, told = _filled(aws)
    second = told[1]["dynamodb"]["SequenceNumber"]
    assert _from(aws, stream, ShardIteratorType="TRIM_HORIZON") == ["a", "b", "c", "d"]
    assert _from(aws, stream, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=second) == ["b", "c", "d"]
    assert _from(aws, stream, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=second) == ["c", "d"]
    assert _from(aws, stream, ShardIteratorType="LATEST") == []


def test_the_latest_iterator_sees_what_is_written_after_it(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "before")
    stream = stream_of(aws, table)
    [shard] = shards(aws, stream)
    iterator = aws.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="LATEST")
    mark(aws, table, "after")
    got = aws.streams.get_records(ShardIterator=iterator["ShardIterator"])
    assert [key(record) for record in got["Records"]] == ["after"]
    mark(aws, table, "later")
    got = aws.streams.get_records(ShardIterator=got["NextShardIterator"])
    assert [key(record) for record in got["Records"]] == ["later"]


def test_records_are_read_page_by_page(aws: Aws) -> None:
    stream, _ = _filled(aws)
    assert [key(record) for record in read(aws, stream, limit=3)] == ["a", "b", "c", "d"]


def test_an_iterator_may_be_used_twice(aws: Aws) -> None:
    stream, _ = _filled(aws)
    [shard] = shards(aws, stream)
    iterator = aws.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    first, second = (aws.streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"] for _ in range(2))
    assert first == second
    assert len(first) == 4


def test_a_stream_or_a_shard_that_does_not_exist_is_refused(aws: Aws) -> None:
    stream = stream_of(aws, aws.table())
    nowhere = stream.replace("/table-", "/no-table-")
    trim = {"ShardIteratorType": "TRIM_HORIZON"}
    [shard] = shards(aws, stream)
    assert refusal(aws.streams.describe_stream, StreamArn=nowhere) == "ResourceNotFoundException"
    for arn, of in ((nowhere, shard), (stream, "shardId-00000000000000000000-00000000")):
        assert refusal(aws.streams.get_shard_iterator, StreamArn=arn, ShardId=of, **trim) == "ResourceNotFoundException"


@pytest.mark.source("DynamoDB Developer Guide, Enabling a stream: on a table that has items; ValidationException twice")
def test_a_stream_that_is_enabled_later_tells_later_changes_only(aws: Aws) -> None:
    table = aws.table(view=None)
    mark(aws, table, "before")
    enabled = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    aws.dynamodb.update_table(TableName=table, StreamSpecification=enabled)
    mark(aws, table, "after")
    assert [key(record) for record in read(aws, stream_of(aws, table))] == ["after"]
    again = refusal(aws.dynamodb.update_table, TableName=table, StreamSpecification=enabled)
    assert again in {"ValidationException", "ResourceInUseException"}


@pytest.mark.source(
    "DynamoDB Developer Guide, Enabling a stream: a disabled one is readable for 24 hours; a new one has a new ARN"
)
def test_a_disabled_stream_keeps_its_records_and_gets_no_more(aws: Aws) -> None:
    table = aws.table()
    mark(aws, table, "told")
    first = stream_of(aws, table)
    aws.dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    mark(aws, table, "untold")
    again = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    aws.dynamodb.update_table(TableName=table, StreamSpecification=again)
    mark(aws, table, "anew")
    second = stream_of(aws, table)
    assert first != second
    assert [key(record) for record in read(aws, first)] == ["told"]
    assert [key(record) for record in read(aws, second)] == ["anew"]
    assert aws.streams.describe_stream(StreamArn=first)["StreamDescription"]["StreamStatus"] == "DISABLED"


@pytest.mark.source("DynamoDB Developer Guide, Streams: a table's stream has the changes of that table")
def test_each_stream_has_the_changes_of_its_own_table(aws: Aws) -> None:
    tables = [aws.table() for _ in range(3)]
    for table in tables:
        aws.dynamodb.put_item(TableName=table, Item=item(id=table))
    assert [[key(record) for record in read(aws, stream_of(aws, table))] for table in tables] == [
        [table] for table in tables
    ]
