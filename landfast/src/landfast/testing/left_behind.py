"""What runs leave behind in a stack: items, objects and messages, and what was sent to topics, buses and streams."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from landfast.testing.comparison import Left, Place, parsed

if TYPE_CHECKING:
    from landfast.testing.sources import Mailbox, Queue
    from landfast.testing.stack import Stack


class LeftBehind:
    """Sees what a run leaves behind, from `begin` on.

    Args:
        stack: The stack.
    """

    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._resources = stack.service.running.resources
        self._began = 0.0
        self._heard: dict[str, Mailbox] = {}

    def begin(self) -> None:
        """Begin to hear what is sent to topics, buses and streams, which keep nothing."""
        self._began = self._stack.now
        for topic in self._named("topic"):
            self._heard[topic] = self._stack.topic(topic).listen()
        for bus in self._named("bus"):
            self._heard[bus] = self._stack.bus(bus).listen()

    def seen(self) -> Left:
        """What is there now, and what was heard."""
        return {str(place): place for place in self._places()}

    @cached_property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The key attributes of each table."""
        describe = self._stack.client("dynamodb").describe_table
        tables = {name: describe(TableName=self._stack.table(name).name)["Table"] for name in self._named("table")}
        return {name: tuple(key["AttributeName"] for key in table["KeySchema"]) for name, table in tables.items()}

    def _named(self, kind: str) -> list[str]:
        return [each.logical_id for each in self._resources if each.kind == kind]

    def _places(self) -> Iterator[Place]:
        stack = self._stack
        for name in self._named("table"):
            yield Place("table", name, [_json(item) for item in stack.table(name).items()], self.keys[name])
        for name in self._named("bucket"):
            objects = stack.s3(name).objects().items()
            yield Place("bucket", name, [{"key": key, "content": _json(content)} for key, content in objects], ("key",))
        for name in self._named("queue"):
            yield Place("queue", name, [*_messages(stack.queue(name))])
        for name in self._named("stream"):
            yield Place("stream", name, [*self._records(stack.stream(name).arn)])
        for kind in ("topic", "bus"):
            for name in self._named(kind):
                yield Place(kind, name, [*_messages(self._heard[name])])

    def _records(self, arn: str) -> Iterator[dict[str, Any]]:
        kinesis = self._stack.client("kinesis")
        for shard in kinesis.list_shards(StreamARN=arn)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="AT_TIMESTAMP", Timestamp=self._began
            )["ShardIterator"]
            while iterator:
                page = kinesis.get_records(ShardIterator=iterator)
                yield from ({"key": each["PartitionKey"], "data": _json(each["Data"])} for each in page["Records"])
                iterator = page.get("NextShardIterator") if page["Records"] else None


def _messages(queue: "Queue") -> Iterator[dict[str, Any]]:
    """What was sent to a queue; an alarm's notice is left out, since time makes it, and no function."""
    for each in queue.messages():
        told = parsed(each.body)
        if isinstance(told, dict) and ("AlarmName" in told or told.get("source") == "aws.cloudwatch"):
            continue
        group = each.raw["Attributes"].get("MessageGroupId")
        beside = {"attributes": dict(each.attributes), "group": group}
        yield {"body": each.body, **{name: value for name, value in beside.items() if value}}


def _json(value: Any) -> Any:  # noqa: ANN401 - any value of DynamoDB
    """The value as JSON has it."""
    match value:
        case dict():
            return {name: _json(part) for name, part in value.items()}
        case list():
            return [_json(part) for part in value]
        case set() | frozenset():
            return sorted((_json(part) for part in value), key=str)
        case bytes():
            return value.decode(errors="backslashreplace")
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case _:
            return value
