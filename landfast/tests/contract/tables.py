"""The streams of tables, as the tests read them."""

from collections.abc import Iterator, Mapping
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from tests.contract.aws import Aws, eventually

type Item = dict[str, Any]
type Change = tuple[str, Item | None, Item | None]
"""What happened to an item: the event's name, the old image, the new one."""

_SERIALIZE = TypeSerializer().serialize


def item(**values: Any) -> Item:
    """An item as the API takes it."""
    return {name: _SERIALIZE(value) for name, value in values.items()}


def insert(new: Item) -> Change:
    """An item was made."""
    return "INSERT", None, new


def modify(old: Item, new: Item) -> Change:
    """An item was changed."""
    return "MODIFY", old, new


def remove(old: Item) -> Change:
    """An item was deleted."""
    return "REMOVE", old, None


def stream_of(aws: Aws, table: str) -> str:
    """The ARN of a table's stream."""
    arn: str = aws.dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    return arn


def shards(aws: Aws, stream: str) -> list[str]:
    """The ids of a stream's shards."""
    described = aws.streams.describe_stream(StreamArn=stream)["StreamDescription"]
    return [shard["ShardId"] for shard in described["Shards"]]


def read(aws: Aws, stream: str, limit: int = 1000) -> list[Any]:
    """Every record of a stream, oldest first."""
    return [record for shard in shards(aws, stream) for record in _of_shard(aws, stream, shard, limit)]


def _of_shard(aws: Aws, stream: str, shard: str, limit: int) -> Iterator[Any]:
    iterator = aws.streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    while iterator:
        got = aws.streams.get_records(ShardIterator=iterator, Limit=limit)
        yield from got["Records"]
        iterator = got.get("NextShardIterator")
        if not got["Records"]:
            return


def mark(aws: Aws, table: str, name: str) -> None:
    """Write an item that shows where in its stream other writes begin or end."""
    aws.dynamodb.put_item(TableName=table, Item=item(id=name))


def between_marks(aws: Aws, table: str, first: str = "begin", last: str = "end") -> list[Any]:
    """The records between two marks, the last of which is waited for."""
    stream = stream_of(aws, table)
    seen = eventually(lambda: read(aws, stream), lambda records: last in map(key, records))
    keys = [key(record) for record in seen]
    assert keys.count(first) == keys.count(last) == 1, keys
    return seen[keys.index(first) + 1 : keys.index(last)]


def key(record: Any) -> str:
    """The key of the item that a record is about."""
    name: str = record["dynamodb"]["Keys"]["id"]["S"]
    return name


def change(record: Any) -> Change:
    """What a record tells of its item."""
    images: Mapping[str, Any] = record["dynamodb"]
    return record["eventName"], _in_order(images.get("OldImage")), _in_order(images.get("NewImage"))


def _in_order(image: Mapping[str, Any] | None) -> Item | None:
    """The image with its sets sorted, for sets have no order."""
    if image is None:
        return None
    return {
        name: {kind: sorted(held) if kind in {"SS", "NS", "BS"} else held for kind, held in value.items()}
        for name, value in image.items()
    }
