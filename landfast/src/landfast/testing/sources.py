"""What a test can send to and look into, by kind: each is named by its logical id in the template."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from landfast.service import local_client
from landfast.service.state import Resource
from landfast.testing.errors import StackError
from landfast.testing.sent import Sent, tracing
from landfast.testing.values import plain, with_decimals

if TYPE_CHECKING:
    from landfast.testing.stack import Stack

__tracebackhide__ = True

_MOST: Final = 10_000
"""Messages of a queue that are looked at."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A resource of the stack.

    Attributes:
        stack: The stack.
        resource: The resource, with its physical name and ARN.
    """

    stack: "Stack"
    resource: Resource

    @property
    def name(self) -> str:
        """The physical name."""
        return self.resource.name

    @property
    def arn(self) -> str:
        """The ARN."""
        return self.resource.arn

    def _send(self, service: str, operation: str, what: str, **params: Any) -> Sent:  # noqa: ANN401 - AWS's own
        with tracing() as root:
            answer = getattr(self.stack.client(service), operation)(**params)
        sent = Sent(f"{what} {self.resource.logical_id}", root, answer)
        self.stack.sent.append(sent)
        return sent


class Bucket(_Part):
    """A bucket."""

    __slots__ = ()

    def put(self, key: str, body: bytes | str, **params: Any) -> Sent:  # noqa: ANN401 - AWS's own
        """Put an object; further arguments are those of `PutObject`."""
        return self._send("s3", "put_object", f"object {key} put into", Bucket=self.name, Key=key, Body=body, **params)

    def delete(self, key: str) -> Sent:
        """Delete an object."""
        return self._send("s3", "delete_object", f"object {key} deleted from", Bucket=self.name, Key=key)

    def get(self, key: str) -> bytes:
        """The content of an object.

        Raises:
            StackError: There is none.
        """
        client = self.stack.client("s3")
        try:
            content: bytes = client.get_object(Bucket=self.name, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            raise StackError(
                f"{self.resource.logical_id} has no object {key}; there is: {', '.join(self.keys()) or 'none'}"
            ) from None
        return content

    def keys(self) -> list[str]:
        """The keys of its objects."""
        pages = self.stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def objects(self) -> dict[str, bytes]:
        """Its objects, by their keys."""
        return {key: self.get(key) for key in self.keys()}


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a queue, looked at without being received.

    Attributes:
        id: The message id.
        body: The text.
        attributes: The message attributes that its sender gave, as text.
        state: ``visible``, ``in flight`` or ``delayed``.
        receive_count: The number of receives.
        raw: All of it, as `ReceiveMessage` would answer.
    """

    id: str
    body: str
    attributes: Mapping[str, str]
    state: Literal["visible", "in flight", "delayed"]
    receive_count: int
    raw: Mapping[str, Any]

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body, read as JSON."""
        return json.loads(self.body)


class Queue(_Part):
    """A queue; it is the sequence of its messages, in the order of sending. Looking changes nothing."""

    __slots__ = ()

    @property
    def url(self) -> str:
        """The URL at the endpoint."""
        return self.resource.url

    def send(
        self,
        body: object,
        *,
        group: str | None = None,
        deduplication: str | None = None,
        delay: int | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sent:
        """Send a message.

        Args:
            body: The text; anything else is written as JSON.
            group: The message group.
            deduplication: The deduplication id.
            delay: Seconds until it is visible.
            attributes: Message attributes of the type ``String``.
        """
        given = {
            "MessageGroupId": group,
            "MessageDeduplicationId": deduplication,
            "DelaySeconds": delay,
            "MessageAttributes": _attributes(attributes),
        }
        params = {name: value for name, value in given.items() if value is not None}
        return self._send(
            "sqs", "send_message", "message sent to", QueueUrl=self.url, MessageBody=_text(body), **params
        )

    def messages(self) -> list[Message]:
        """The messages, those in flight and the delayed ones, too."""
        peeked = local_client.peek(self.stack.service.endpoint, self.name, _MOST)
        return [
            Message(
                id=each.id,
                body=each.body,
                attributes={
                    name: str(value.get("StringValue", ""))
                    for name, value in each.raw.get("MessageAttributes", {}).items()
                },
                state=each.state,
                receive_count=each.receive_count,
                raw=each.raw,
            )
            for each in peeked
        ]

    @property
    def visible(self) -> list[Message]:
        """The messages that can be received now."""
        return [each for each in self.messages() if each.state == "visible"]

    @property
    def in_flight(self) -> list[Message]:
        """The messages that were received and not deleted yet."""
        return [each for each in self.messages() if each.state == "in flight"]

    @property
    def delayed(self) -> list[Message]:
        """The messages that cannot be received yet."""
        return [each for each in self.messages() if each.state == "delayed"]

    def __len__(self) -> int:
        """Count the messages, in whatever state."""
        return len(self.messages())

    def __iter__(self) -> Iterator[Message]:
        """Yield the messages."""
        return iter(self.messages())


class Topic(_Part):
    """A topic."""

    __slots__ = ()

    def publish(
        self,
        message: object,
        *,
        subject: str | None = None,
        group: str | None = None,
        deduplication: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Sent:
        """Publish a message.

        Args:
            message: The text; anything else is written as JSON.
            subject: The subject.
            group: The message group.
            deduplication: The deduplication id.
            attributes: Message attributes of the type ``String``.
        """
        given = {
            "Subject": subject,
            "MessageGroupId": group,
            "MessageDeduplicationId": deduplication,
            "MessageAttributes": _attributes(attributes),
        }
        params = {name: value for name, value in given.items() if value is not None}
        return self._send("sns", "publish", "message published to", TopicArn=self.arn, Message=_text(message), **params)

    def listen(self) -> "Mailbox":
        """Get what is published to it from now on, until the test ends."""
        mailbox = Mailbox(self.stack, self.resource)
        self.stack.client("sns").subscribe(
            TopicArn=self.arn, Protocol="sqs", Endpoint=mailbox.arn, Attributes={"RawMessageDelivery": "true"}
        )
        return mailbox


class Bus(_Part):
    """An event bus."""

    __slots__ = ()

    def put(self, detail: Mapping[str, Any], *, source: str, detail_type: str, **entry: Any) -> Sent:  # noqa: ANN401 - AWS's own
        """Put an event; further arguments are those of an entry of `PutEvents`.

        Raises:
            StackError: The bus has not taken it.
        """
        put = {"EventBusName": self.name, "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}
        sent = self._send("events", "put_events", f"event {detail_type} put on", Entries=[{**put, **entry}])
        [result] = sent.answer["Entries"]
        if "ErrorCode" in result:
            raise StackError(f"{self.resource.logical_id}: {result['ErrorCode']}: {result['ErrorMessage']}")
        return sent

    def listen(self, pattern: Mapping[str, Any] | None = None) -> "Mailbox":
        """Get the events that match a pattern, or all, from now on, until the test ends."""
        mailbox, events = Mailbox(self.stack, self.resource), self.stack.client("events")
        every = {"source": [{"prefix": ""}]}
        events.put_rule(Name=mailbox.name, EventBusName=self.name, EventPattern=json.dumps(pattern or every))
        events.put_targets(
            Rule=mailbox.name, EventBusName=self.name, Targets=[{"Id": mailbox.name, "Arn": mailbox.arn}]
        )
        return mailbox


class Mailbox(Queue):
    """A queue beside the template's, which gets what a topic or a bus sends."""

    __slots__ = ()

    def __init__(self, stack: "Stack", of: Resource) -> None:
        sqs, name = stack.client("sqs"), f"listens-to-{of.logical_id}"
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        super().__init__(stack, Resource(logical_id=name, kind="queue", name=name, arn=arn, url=url))


class Stream(_Part):
    """A Kinesis stream."""

    __slots__ = ()

    def put(self, data: object, *, key: str) -> Sent:
        """Put a record.

        Args:
            data: Bytes, or a text; anything else is written as JSON.
            key: The partition key.
        """
        content = data if isinstance(data, bytes) else _text(data)
        return self._send(
            "kinesis", "put_record", "record put into", StreamName=self.name, Data=content, PartitionKey=key
        )


class Table(_Part):
    """A table; items are Python's own values, numbers included."""

    __slots__ = ()

    def put(self, item: Mapping[str, Any]) -> Sent:
        """Put an item."""
        return self._send("dynamodb", "put_item", "item put into", TableName=self.name, Item=_written(item))

    def update(self, key: Mapping[str, Any], **attributes: Any) -> Sent:  # noqa: ANN401 - any value of DynamoDB
        """Set attributes of an item; one that is not there is made."""
        names = {f"#{number}": name for number, name in enumerate(attributes)}
        values = {f":{number}": value for number, value in enumerate(attributes.values())}
        return self._send(
            "dynamodb",
            "update_item",
            "item updated in",
            TableName=self.name,
            Key=_written(key),
            UpdateExpression="SET " + ", ".join(f"#{number} = :{number}" for number in range(len(names))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_written(values),
        )

    def delete(self, key: Mapping[str, Any]) -> Sent:
        """Delete an item."""
        return self._send("dynamodb", "delete_item", "item deleted from", TableName=self.name, Key=_written(key))

    def get(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The item with this key; None if there is none."""
        answer = self.stack.client("dynamodb").get_item(TableName=self.name, Key=_written(key), ConsistentRead=True)
        return _read(answer["Item"]) if "Item" in answer else None

    def items(self) -> list[dict[str, Any]]:
        """All items."""
        pages = self.stack.client("dynamodb").get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return [_read(item) for page in pages for item in page["Items"]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function that was called and waited for has answered.

    Attributes:
        payload: What it returned, or its error.
        failed: True if it is an error.
        version: The version that ran.
    """

    payload: Any
    failed: bool
    version: str


@dataclass(frozen=True, slots=True)
class Function(_Part):
    """A function.

    Attributes:
        qualifier: The alias or version that is called; None for the function itself.
    """

    qualifier: str | None = None

    def invoke(self, event: object = None) -> Answer:
        """Call it and wait for its answer, as `Invoke` does: it is not tried again."""
        answer = self.stack.client("lambda").invoke(**self._called(event))
        content = answer["Payload"].read()
        payload = json.loads(content) if content else None
        return Answer(payload, "FunctionError" in answer, answer.get("ExecutedVersion", ""))

    def send(self, event: object = None) -> Sent:
        """Hand an event to its asynchronous queue (``InvocationType=Event``), whose retries and destinations hold."""
        sent = self._send("lambda", "invoke", "event sent to", **self._called(event), InvocationType="Event")
        sent.answer["Payload"].read()  # it is empty; read, it leaves its connection to the next call
        return sent

    def _called(self, event: object) -> dict[str, Any]:
        name = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return {"FunctionName": name, "Payload": json.dumps(event).encode()}


class Schedule(_Part):
    """A schedule, or a rule that has one."""

    __slots__ = ()

    def fire(self) -> float:
        """Fire it before its time, to which time jumps: the time with which it fires, in Unix seconds."""
        return self.stack.jumping(lambda: self.stack.service.fire(self.resource.logical_id))


def _text(body: object) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _attributes(given: Mapping[str, str] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {name: {"DataType": "String", "StringValue": text} for name, text in given.items()}


def _written(item: Mapping[str, Any]) -> dict[str, Any]:
    write = TypeSerializer().serialize
    return {name: write(with_decimals(value)) for name, value in item.items()}


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    read = TypeDeserializer().deserialize
    return {name: plain(read(value)) for name, value in item.items()}
