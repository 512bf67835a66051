"""The shop as its users see it: what can be sent to it, and where to look for what became of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import batched
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from landfast.dataplane import inspect
from landfast.dataplane.clients import Clients
from landfast.dataplane.queues import Message, Queue
from landfast.dataplane.world import INTERNAL_PREFIX, World
from landfast.errors import LandfastError

_RECORDS = 500
"""Most records of one PutRecords call (Kinesis API reference)."""

_ENTRIES = 10
"""Most messages of one SendMessageBatch call (SQS API reference)."""

_PEEKED = 1_000


class NotTakenError(LandfastError):
    """A batch call answered 200 and refused some of its entries."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A message for a FIFO queue: its body, its group and its deduplication id."""

    body: str
    group: str
    deduplication: str


class Mailbox:
    """A queue of our own that gets what a topic or a bus sends, each event as JSON.

    Its name keeps it out of the lists of the template's queues.
    """

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        url = clients.sqs.create_queue(QueueName=f"{INTERNAL_PREFIX}{name}")["QueueUrl"]
        self._arn = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self._name = name
        self._queue = Queue(clients, url)
        self._got: list[Any] = []

    def subscribe(self, topic: str) -> None:
        """Get what is published to the topic of this ARN from now on."""
        self._clients.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=self._arn, Attributes={"RawMessageDelivery": "true"}
        )

    def listen(self, bus: str, source: str) -> None:
        """Get the events that `source` puts on the bus of this name from now on."""
        self._clients.events.put_rule(Name=self._name, EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
        self._clients.events.put_targets(
            Rule=self._name, EventBusName=bus, Targets=[{"Id": self._name, "Arn": self._arn}]
        )

    def read(self) -> Sequence[Any]:
        """All that has come so far, oldest first."""
        while messages := self._queue.receive(wait=0):
            self._got += [json.loads(message.body) for message in messages]
            self._queue.delete(messages)
        return self._got


@dataclass(frozen=True, slots=True)
class Shop:
    """Calls to the engine, with the template's logical ids for names."""

    clients: Clients
    world: World

    def upload(self, bucket: str, key: str, content: bytes) -> str:
        """Put an object; its URL."""
        name = self.world.buckets[bucket]
        self.clients.s3.put_object(Bucket=name, Key=key, Body=content)
        return f"s3://{name}/{key}"

    def put_records(self, stream: str, records: Iterable[tuple[str, bytes]]) -> list[str]:
        """Put records, each a partition key and data, in order; their event ids.

        Raises:
            NotTakenError: The stream refused some.
        """
        found = []
        for batch in batched(records, _RECORDS, strict=False):
            answer = self.clients.kinesis.put_records(
                StreamARN=self.world.streams[stream],
                Records=[{"PartitionKey": key, "Data": data} for key, data in batch],
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

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything in a table, numbers as `int`."""
        read = TypeDeserializer()
        pages = self.clients.dynamodb.get_paginator("scan").paginate(
            TableName=self.world.tables[table].name, ConsistentRead=True
        )
        return [
            {name: _plain(read.deserialize(value)) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]

    def messages(self, queue: str) -> list[Message]:
        """The visible messages of a queue, which stay there."""
        return inspect.peek(self.clients, self.world.queues[queue].url, _PEEKED)

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The objects of a bucket, by key."""
        name = self.world.buckets[bucket]
        found = inspect.objects(self.clients, name)
        return {one.key: self.clients.s3.get_object(Bucket=name, Key=one.key)["Body"].read() for one in found}

    def held(self) -> Mapping[str, int]:
        """How many messages each of the template's queues holds, those in flight included, by logical id."""
        summaries = {one.url: one for one in inspect.queues(self.clients)}
        return {
            logical_id: one.visible + one.in_flight + one.delayed
            for logical_id, queue in self.world.queues.items()
            if (one := summaries.get(queue.url)) is not None
        }

    def _send(self, queue: str, entries: Iterable[dict[str, Any]]) -> list[str]:
        found: list[str] = []
        for batch in batched(entries, _ENTRIES, strict=False):
            answer = self.clients.sqs.send_message_batch(
                QueueUrl=self.world.queues[queue].url,
                Entries=[{"Id": str(number), **entry} for number, entry in enumerate(batch)],  # type: ignore[typeddict-item] # made above
            )
            if refused := answer.get("Failed"):
                raise NotTakenError(f"{queue}: {len(refused)} of {len(batch)} messages, the first: {refused[0]}")
            ids = {one["Id"]: one["MessageId"] for one in answer["Successful"]}
            found += [ids[str(number)] for number in range(len(batch))]
        return found


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
