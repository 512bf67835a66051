import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import SourceGoneError
from landfast.dataplane.streams import (
    Change,
    KinesisRecord,
    KinesisStream,
    Reader,
    TableStream,
)
from landfast.delivery.starting_positions import After, AtTimestamp, Position


@pytest.fixture
def stream(clients: Clients) -> KinesisStream:
    name = f"s-{uuid.uuid4()}"
    clients.kinesis.create_stream(StreamName=name, ShardCount=2)
    clients.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    arn = clients.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    return KinesisStream(clients, arn)


@pytest.fixture
def table(clients: Clients) -> str:
    name = f"t-{uuid.uuid4()}"
    clients.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return name


@pytest.fixture
def changes(clients: Clients, table: str) -> TableStream:
    return TableStream(clients, clients.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"])


def _put(clients: Clients, stream: KinesisStream, data: list[bytes], key: str = "one") -> None:
    entries: list[Any] = [{"Data": one, "PartitionKey": key} for one in data]
    assert clients.kinesis.put_records(StreamName=stream.name, Records=entries)["FailedRecordCount"] == 0


def _holding(stream: KinesisStream) -> str:
    """The shard that has the records of the one key."""
    [found] = [one.id for one in stream.shards() if stream.reader(one.id, "TRIM_HORIZON").read(1).records]
    return found


def _all(stream: KinesisStream, shard: str, position: Position) -> list[bytes]:
    reader = stream.reader(shard, position)
    pages = [reader.read(100) for _ in range(2)]
    return [record.data for page in pages for record in page.records]


def test_a_shard_is_read_page_by_page_in_order(clients: Clients, stream: KinesisStream) -> None:
    before = time.time()
    _put(clients, stream, [b"%d" % n for n in range(12)])
    shard = _holding(stream)
    reader = stream.reader(shard, "TRIM_HORIZON")
    pages = [reader.read(5).records for _ in range(4)]
    assert [len(page) for page in pages] == [5, 5, 2, 0]
    records = [record for page in pages for record in page]
    assert [record.data for record in records] == [b"%d" % n for n in range(12)]
    assert {record.key for record in records} == {"one"}
    sequences = [int(record.sequence) for record in records]
    assert sequences == sorted(set(sequences))
    assert all(abs(record.arrived - before) < 5 for record in records)


def test_s_050_reading_begins_at_each_position(clients: Clients, stream: KinesisStream) -> None:
    _put(clients, stream, [b"old"])
    shard = _holding(stream)
    latest = stream.reader(shard, "LATEST")
    assert latest.read(10).records == ()
    time.sleep(1.1)
    between = time.time()
    _put(clients, stream, [b"new", b"newer"])
    assert [record.data for record in latest.read(10).records] == [b"new", b"newer"]
    assert _all(stream, shard, "TRIM_HORIZON") == [b"old", b"new", b"newer"]
    assert _all(stream, shard, AtTimestamp(between)) == [b"new", b"newer"]
    first = stream.reader(shard, "TRIM_HORIZON").read(1).records[0]
    assert _all(stream, shard, After(first.sequence)) == [b"new", b"newer"]


def test_s_051_a_split_shard_is_read_to_its_end_and_is_its_childrens_parent(
    clients: Clients, stream: KinesisStream
) -> None:
    parent = stream.shards()[0]
    reader = stream.reader(parent.id, "TRIM_HORIZON")
    assert not reader.read(10).ended
    clients.kinesis.split_shard(StreamName=stream.name, ShardToSplit=parent.id, NewStartingHashKey=str(2**126))
    stream.shards()
    children = [one for one in stream.shards() if parent.id in one.parents]
    assert len(children) == 2
    assert not any(one.closed for one in children)
    if not any(one.id == parent.id for one in stream.shards()):
        with pytest.raises(SourceGoneError):
            reader.read(10)
        return
    assert stream.is_closed(parent.id)
    assert [reader.read(10).ended for _ in range(2)] == [True, True]
    assert not stream.reader(children[0].id, "TRIM_HORIZON").read(10).ended


def test_a_stream_that_is_gone_is_told_apart(clients: Clients, stream: KinesisStream) -> None:
    reader = stream.reader(stream.shards()[0].id, "TRIM_HORIZON")
    clients.kinesis.delete_stream(StreamName=stream.name)
    assert _raises_eventually(SourceGoneError, lambda: reader.read(10))


def _raises_eventually(kind: type[Exception], call: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            call()
        except kind:
            return True
        time.sleep(0.1)
    return False


def test_s_084_a_change_is_as_dynamodb_writes_it(clients: Clients, table: str, changes: TableStream) -> None:
    item: dict[str, Any] = {"id": {"S": "k1"}, "raw": {"B": b"\x00\xff"}, "list": {"L": [{"M": {"n": {"N": "42"}}}]}}
    clients.dynamodb.put_item(TableName=table, Item=item)
    clients.dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": "k1"}},
        UpdateExpression="REMOVE #r, #l",
        ExpressionAttributeNames={"#r": "raw", "#l": "list"},
    )
    clients.dynamodb.delete_item(TableName=table, Key={"id": {"S": "k1"}})
    [shard] = changes.shards()
    inserted, modified, removed = changes.reader(shard.id, "TRIM_HORIZON").read(10).records
    image = {"id": {"S": "k1"}, "raw": {"B": "AP8="}, "list": {"L": [{"M": {"n": {"N": "42"}}}]}}
    assert (inserted.event_name, inserted.change["NewImage"]) == ("INSERT", image)
    assert "OldImage" not in inserted.change
    assert (modified.event_name, modified.change["OldImage"]) == ("MODIFY", image)
    assert modified.change["NewImage"] == {"id": {"S": "k1"}}
    assert (removed.event_name, removed.change["OldImage"]) == ("REMOVE", {"id": {"S": "k1"}})
    assert "NewImage" not in removed.change
    for record in (inserted, modified, removed):
        assert record.change["Keys"] == {"id": {"S": "k1"}}
        assert record.change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        assert record.change["SequenceNumber"] == record.sequence
        assert record.change["ApproximateCreationDateTime"] == record.arrived == int(record.arrived)
        assert record.key == '{"id":{"S":"k1"}}'
        assert len(record.event_id) == 32
    assert removed.change["SizeBytes"] == 8
    assert int(inserted.sequence) < int(modified.sequence) < int(removed.sequence)


def test_s_084_an_item_written_as_it_was_gives_no_change(clients: Clients, table: str, changes: TableStream) -> None:
    for _ in range(3):
        clients.dynamodb.put_item(TableName=table, Item={"id": {"S": "same"}, "n": {"N": "1"}})
    [shard] = changes.shards()
    reader = changes.reader(shard.id, "TRIM_HORIZON")
    assert [record.event_name for record in reader.read(10).records] == ["INSERT"]
    assert reader.read(10).records == ()


def test_s_050_changes_are_read_from_each_position(clients: Clients, table: str, changes: TableStream) -> None:
    clients.dynamodb.put_item(TableName=table, Item={"id": {"S": "old"}})
    [shard] = changes.shards()
    latest = changes.reader(shard.id, "LATEST")
    assert latest.read(10).records == ()
    time.sleep(1.1)
    between = time.time()
    for name in ("new", "newer"):
        clients.dynamodb.put_item(TableName=table, Item={"id": {"S": name}})

    def keys(reader: Reader[Change]) -> list[str]:
        return [record.change["Keys"]["id"]["S"] for record in reader.read(10).records]

    assert keys(latest) == ["new", "newer"]
    assert keys(changes.reader(shard.id, "TRIM_HORIZON")) == ["old", "new", "newer"]
    assert keys(changes.reader(shard.id, AtTimestamp(between))) == ["new", "newer"]
    first = changes.reader(shard.id, "TRIM_HORIZON").read(1).records[0]
    assert keys(changes.reader(shard.id, After(first.sequence))) == ["new", "newer"]


class _Scripted(Reader[KinesisRecord]):
    """A reader whose service answers by a script: error codes, or the number of records to give."""

    def __init__(self, script: list[str | int], position: Position = "TRIM_HORIZON") -> None:
        super().__init__("shard", position)
        self.script = script
        self.asked: list[Position] = []
        self._given = 0

    def _ask_iterator(self, position: Position) -> str:
        self.asked.append(position)
        return "iterator"

    def _ask_records(self, iterator: str, limit: int) -> tuple[tuple[KinesisRecord, ...], str | None, float | None]:
        answer = self.script.pop(0)
        if isinstance(answer, str):
            error: Mapping[str, Any] = {"Error": {"Code": answer, "Message": "told"}}
            raise ClientError(error, "GetRecords")  # type: ignore[arg-type] # the stubs want their own type of dict
        first = self._given + 1
        self._given += min(answer, limit)
        records = tuple(KinesisRecord(str(n), "k", b"", 0.0) for n in range(first, self._given + 1))
        return records, f"{iterator}+" if self.script else None, 0.0


def test_an_expired_iterator_is_asked_for_after_the_last_record_read() -> None:
    reader = _Scripted([2, "ExpiredIteratorException", 1, 0])
    assert [record.sequence for record in reader.read(10).records] == ["1", "2"]
    assert [record.sequence for record in reader.read(10).records] == ["3"]
    assert reader.asked == ["TRIM_HORIZON", After("2")]


def test_s_054_what_left_the_stream_unread_is_said() -> None:
    reader = _Scripted(["TrimmedDataAccessException", 1, 0], After("7"))
    page = reader.read(10)
    assert page.trimmed
    assert len(page.records) == 1
    assert reader.asked == [After("7"), "TRIM_HORIZON"]
    assert not reader.read(10).trimmed


def test_a_shard_ends_once_and_is_not_asked_again() -> None:
    reader = _Scripted([1])
    assert reader.read(10).ended
    assert reader.read(10).ended
    assert reader.script == []


def test_other_errors_are_passed_on_and_the_place_is_kept() -> None:
    reader = _Scripted([1, "ProvisionedThroughputExceededException", 1, 0])
    reader.read(10)
    with pytest.raises(ClientError):
        reader.read(10)
    assert [record.sequence for record in reader.read(10).records] == ["2"]
