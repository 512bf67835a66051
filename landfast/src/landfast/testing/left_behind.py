"""What a running service holds: items, objects and messages, and what was sent to topics, buses and streams meanwhile.

Topics and buses keep nothing, so queues of our own listen to them, as anybody's might.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from landfast.dataplane.clients import Clients
from landfast.service import local_client
from landfast.service.service import Service
from landfast.service.state import Resource
from landfast.testing.comparison import Left, Place, parsed

_MOST = 10_000
_EARS = "landfast-listens-to-"
_EVERYTHING = json.dumps({"source": [{"prefix": ""}]})


class LeftBehind:
    """Sees what runs leave behind in a service.

    Args:
        service: The service.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._running = service.running
        self._began = 0.0
        self._ears: dict[str, str] = {}

    @cached_property
    def stored(self) -> Clients:
        """The engine's own endpoint: what is written there makes no events."""
        service = self._service
        return Clients(service.engine.url, service.options.region, key=service.engine.state.key)

    def listen(self) -> None:
        """Begin to hear what is sent to topics, buses and streams."""
        self._began = self._service.clock.now()
        for topic in self._running.of_kind("topic"):
            self._subscribe(topic)
        for bus in self._running.of_kind("bus"):
            arn = self._ear(bus, fifo=False)
            events = self._service.clients.events
            rule = f"{_EARS}{bus.logical_id}"
            events.put_rule(Name=rule, EventBusName=bus.name, EventPattern=_EVERYTHING)
            events.put_targets(Rule=rule, EventBusName=bus.name, Targets=[{"Id": "ear", "Arn": arn}])

    def seen(self) -> Left:
        """What is there now, and what was heard."""
        return {str(place): place for place in self._places()}

    def _places(self) -> Iterator[Place]:
        for table in self._running.of_kind("table"):
            yield Place("table", table.logical_id, [*self._items(table)], self._keys[table.logical_id])
        for bucket in self._running.of_kind("bucket"):
            yield Place("bucket", bucket.logical_id, [*self._objects(bucket.name)], ("key",))
        for queue in self._running.of_kind("queue"):
            yield Place("queue", queue.logical_id, self._messages(queue.name))
        for stream in self._running.of_kind("stream"):
            yield Place("stream", stream.logical_id, [*self._records(stream.arn)])
        for kind in ("topic", "bus"):
            for source in self._running.of_kind(kind):
                yield Place(kind, source.logical_id, self._messages(self._ears[source.logical_id]))

    @cached_property
    def _keys(self) -> Mapping[str, tuple[str, ...]]:
        describe = self.stored.dynamodb.describe_table
        return {
            table.logical_id: tuple(
                key["AttributeName"] for key in describe(TableName=table.name)["Table"].get("KeySchema", ())
            )
            for table in self._running.of_kind("table")
        }

    def _items(self, table: Resource) -> Iterator[dict[str, Any]]:
        for page in self.stored.dynamodb.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True):
            for item in page["Items"]:
                yield {name: plain(value) for name, value in item.items()}

    def _objects(self, bucket: str) -> Iterator[dict[str, Any]]:
        for page in self.stored.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for one in page.get("Contents", ()):
                content = self.stored.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                yield {"key": one["Key"], "content": _text(content)}

    def _messages(self, queue: str) -> list[dict[str, Any]]:
        peeked = local_client.peek(self._service.endpoint, queue, _MOST)
        return [_message(each.raw) for each in peeked if not _is_of_an_alarm(each.body)]

    def _records(self, arn: str) -> Iterator[dict[str, Any]]:
        kinesis = self._service.clients.kinesis
        for shard in kinesis.list_shards(StreamARN=arn)["Shards"]:
            iterator: str | None = kinesis.get_shard_iterator(
                StreamARN=arn,
                ShardId=shard["ShardId"],
                ShardIteratorType="AT_TIMESTAMP",
                Timestamp=self._began,
            )["ShardIterator"]
            while iterator:
                page = kinesis.get_records(ShardIterator=iterator)
                for record in page["Records"]:
                    yield {"key": record["PartitionKey"], "data": _text(record["Data"])}
                iterator = page.get("NextShardIterator") if page["Records"] else None

    def _subscribe(self, topic: Resource) -> None:
        arn = self._ear(topic, fifo=topic.name.endswith(".fifo"))
        self._service.clients.sns.subscribe(
            TopicArn=topic.arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )

    def _ear(self, source: Resource, *, fifo: bool) -> str:
        """The ARN of a queue that listens to a topic or a bus."""
        name = f"{_EARS}{source.logical_id}"[:75] + (".fifo" if fifo else "")
        self._ears[source.logical_id] = name
        sqs = self._service.clients.sqs
        url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        return attributes["QueueArn"]


def _is_of_an_alarm(body: str) -> bool:
    """Tell whether a message says that an alarm has changed: time makes that, and no function."""
    told = parsed(body)
    return isinstance(told, dict) and (
        {"AlarmName", "NewStateValue"} <= told.keys() or told.get("source") == "aws.cloudwatch"
    )


def plain(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any attribute value
    """A DynamoDB attribute value as JSON has it."""
    [(kind, content)] = value.items()
    match kind:
        case "M":
            return {name: plain(each) for name, each in content.items()}
        case "L":
            return [plain(each) for each in content]
        case "N":
            return _number(content)
        case "NS":
            return sorted(map(_number, content))
        case "SS":
            return sorted(content)
        case "B":
            return _text(content)
        case "BS":
            return sorted(map(_text, content))
        case "NULL":
            return None
        case _:
            return content


def _number(text: str) -> float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.hex()


def _message(raw: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {
        name: each.get("StringValue") or each.get("BinaryValue")
        for name, each in raw.get("MessageAttributes", {}).items()
    }
    group = raw["Attributes"].get("MessageGroupId")
    return {
        "body": raw["Body"],
        **({"attributes": attributes} if attributes else {}),
        **({"group": group} if group else {}),
    }
