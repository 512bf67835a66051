"""The shop as its users see it: what can be sent to it, and where to look for what became of it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import batched
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from landfast.testing import LandfastError, Running, peek

ALIAS = "live"
"""What the template deploys each function as. A call of the function itself has no retries and no destinations."""

_RECORDS = 500
"""Most records of one PutRecords call (Kinesis API reference)."""

_ENTRIES = 10
"""Most entries of one SendMessageBatch or PutEvents call (SQS and EventBridge API references)."""

_PEEKED = 1_000
_VISIBILITY = 30


class NotTakenError(LandfastError):
    """A batch call answered 200 and refused some of its entries."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A message for a FIFO queue: its body, its group and its deduplication id."""

    body: str
    group: str
    deduplication: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a queue, as `ReceiveMessage` answers."""

    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The message id."""
        return str(self.raw["MessageId"])

    @property
    def body(self) -> str:
        """The text."""
        return str(self.raw["Body"])

    @property
    def attributes(self) -> dict[str, str]:
        """The message attributes that the sender gave, as text."""
        return {name: str(value["StringValue"]) for name, value in self.raw.get("MessageAttributes", {}).items()}


class Shop:
    """A running service, with the template's logical ids for names.

    Args:
        running: The service.
        attempts: How often a call is made at most, if the service does not answer.
    """

    def __init__(self, running: Running, *, attempts: int = 1) -> None:
        self.running = running
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=running.region)  # noqa: S106 - no secret: the engine takes any
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            max_pool_connections=32,
            proxies={},
        )
        self.dynamodb = session.client("dynamodb", endpoint_url=running.endpoint, config=config)
        self.events = session.client("events", endpoint_url=running.endpoint, config=config)
        self.kinesis = session.client("kinesis", endpoint_url=running.endpoint, config=config)
        self.functions = session.client("lambda", endpoint_url=running.endpoint, config=config)
        self.s3 = session.client("s3", endpoint_url=running.endpoint, config=config)
        self.sns = session.client("sns", endpoint_url=running.endpoint, config=config)
        self.sqs = session.client("sqs", endpoint_url=running.endpoint, config=config)

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        """Put an object; its URL."""
        name = self.running.resource("bucket", bucket).name
        self.s3.put_object(Bucket=name, Key=key, Body=content)
        return f"s3://{name}/{key}"

    def put_records(self, stream: str, records: Iterable[tuple[str, bytes]]) -> list[str]:
        """Put records, each a partition key and data, in order; their event ids.

        Raises:
            NotTakenError: The stream refused some.
        """
        arn, found = self.running.resource("stream", stream).arn, []
        for batch in batched(records, _RECORDS, strict=False):
            answer = self.kinesis.put_records(
                StreamARN=arn, Records=[{"PartitionKey": key, "Data": data} for key, data in batch]
            )
            if answer["FailedRecordCount"]:
                raise NotTakenError(f"{stream}: {answer['FailedRecordCount']} of {len(batch)} records")
            found += [f"{record['ShardId']}:{record['SequenceNumber']}" for record in answer["Records"]]
        return found

    def send(self, queue: str, bodies: Iterable[str]) -> list[str]:
        """Send messages to a standard queue; their ids."""
        return self._send(queue, ({"MessageBody": body} for body in bodies))

    def pay(self, queue: str, payments: Iterable[Payment]) -> list[str]:
        """Send messages to a FIFO queue, in order; their ids."""
        return self._send(
            queue,
            (
                {
                    "MessageBody": one.body,
                    "MessageGroupId": one.group,
                    "MessageDeduplicationId": one.deduplication,
                }
                for one in payments
            ),
        )

    def put_item(self, table: str, item: Mapping[str, Any]) -> None:
        """Put an item, in DynamoDB's own JSON, into a table."""
        self.dynamodb.put_item(TableName=self.running.resource("table", table).name, Item=item)

    def put_events(self, bus: str, source: str, detail_type: str, details: Iterable[Mapping[str, Any]]) -> None:
        """Put events on a bus.

        Raises:
            NotTakenError: The bus refused some.
        """
        name = self.running.resource("bus", bus).name
        for batch in batched(details, _ENTRIES, strict=False):
            answer = self.events.put_events(
                Entries=[
                    {"EventBusName": name, "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}
                    for detail in batch
                ]
            )
            if answer["FailedEntryCount"]:
                raise NotTakenError(f"{bus}: {answer['FailedEntryCount']} of {len(batch)} events")

    def invoke(self, function: str, event: object) -> None:
        """Hand an event to the asynchronous queue of what is deployed of a function."""
        name = self.running.resource("function", function).name
        answer = self.functions.invoke(
            FunctionName=f"{name}:{ALIAS}", InvocationType="Event", Payload=json.dumps(event).encode()
        )
        answer["Payload"].read()  # it is empty; read, it leaves its connection to the next call

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, numbers as `int`."""
        read = TypeDeserializer()
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.running.resource("table", table).name, ConsistentRead=True
        )
        return [
            {name: _plain(read.deserialize(value)) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def messages(self, queue: str) -> list[Message]:
        """The messages of a queue, which stay there."""
        resource = self.running.resource("queue", queue)
        return [Message(one.raw) for one in peek(self.running.endpoint, resource.name, _PEEKED)]

    def drain(self, queue: str) -> list[Message]:
        """All messages of a queue, taken out of it."""
        return [*self.taken(self.running.resource("queue", queue).url)]

    def taken(self, url: str) -> Iterator[Message]:
        """All messages of the queue of this URL, taken out of it."""
        while messages := self._receive(url, visibility=_VISIBILITY):
            answer = self.sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": one.raw["ReceiptHandle"]}
                    for number, one in enumerate(messages)
                ],
            )
            if refused := answer.get("Failed"):
                raise NotTakenError(f"{url}: {refused[0]}")
            yield from messages

    def keys(self, bucket: str) -> list[str]:
        """The keys of a bucket's objects."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.running.resource("bucket", bucket).name)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The objects of a bucket, by key."""
        name = self.running.resource("bucket", bucket).name
        return {key: self.s3.get_object(Bucket=name, Key=key)["Body"].read() for key in self.keys(bucket)}

    def held(self) -> Mapping[str, int]:
        """How many messages each of the template's queues holds, those in flight included, by logical id."""
        return {queue.logical_id: self._held(queue.url) for queue in self.running.of_kind("queue")}

    def _held(self, url: str) -> int:
        told = self.sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesDelayed",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(map(int, told.values()))

    def _receive(self, url: str, *, visibility: int) -> list[Message]:
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=_ENTRIES,
            WaitTimeSeconds=0,
            VisibilityTimeout=visibility,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [Message(one) for one in answer.get("Messages", [])]

    def _send(self, queue: str, entries: Iterable[dict[str, Any]]) -> list[str]:
        url, found = self.running.resource("queue", queue).url, []
        for batch in batched(entries, _ENTRIES, strict=False):
            answer = self.sqs.send_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(number), **entry} for number, entry in enumerate(batch)],  # type: ignore[typeddict-item] # made above
            )
            if refused := answer.get("Failed"):
                raise NotTakenError(f"{queue}: {len(refused)} of {len(batch)} messages, the first: {refused[0]}")
            ids = {one["Id"]: one["MessageId"] for one in answer["Successful"]}
            found += [ids[str(number)] for number in range(len(batch))]
        return found


class Mailbox:
    """A queue of our own that gets what a topic or a bus sends, each event as JSON.

    It is none of the template's queues, so that `Shop.held` does not count it.
    """

    def __init__(self, shop: Shop, name: str) -> None:
        self._shop = shop
        self._name = name
        self._url = shop.sqs.create_queue(QueueName=name)["QueueUrl"]
        self._arn = shop.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self._got: list[Any] = []

    def subscribe(self, topic: str) -> None:
        """Get what is published to the topic of this logical id from now on."""
        self._shop.sns.subscribe(
            TopicArn=self._shop.running.resource("topic", topic).arn,
            Protocol="sqs",
            Endpoint=self._arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def listen(self, bus: str, source: str) -> None:
        """Get the events that `source` puts on the bus of this logical id from now on."""
        name, events = self._shop.running.resource("bus", bus).name, self._shop.events
        events.put_rule(Name=self._name, EventBusName=name, EventPattern=json.dumps({"source": [source]}))
        events.put_targets(Rule=self._name, EventBusName=name, Targets=[{"Id": self._name, "Arn": self._arn}])

    def read(self) -> Sequence[Any]:
        """All that has come so far, oldest first."""
        self._got += [json.loads(message.body) for message in self._shop.taken(self._url)]
        return self._got


def _plain(value: Any) -> Any:  # noqa: ANN401 - any DynamoDB value
    """The same with `int` for whole `Decimal`s."""
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case Decimal() if value == int(value):
            return int(value)
        case _:
            return value
