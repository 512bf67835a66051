"""Sends one event to wherever events enter a stack, by the calls that any program would make."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, assert_never

import msgspec
from botocore.exceptions import ClientError, ParamValidationError

from landfast.delivery.event_sources.dynamodb_items import plain_image, typed
from landfast.delivery.strict_json import NotJsonError, json_or_text, read_json
from landfast.errors import LandfastError
from landfast.service.state import Running
from landfast.template.graph import DEFAULT_BUS

Clients: TypeAlias = Callable[[str], Any]
"""Returns boto3's client for a service."""


class SendingError(LandfastError):
    """AWS has refused what was sent, or it is nothing that could be sent; the message is AWS's own where it has one."""


class Attribute(msgspec.Struct, frozen=True):
    """A message attribute.

    Attributes:
        type: ``String``, ``Number`` or ``Binary``, perhaps with a label behind a dot.
        value: The value; of a binary one in base64.
    """

    type: str
    value: str


class _To(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Something to be sent.

    Attributes:
        name: The logical id of what it is sent to, or ``default`` for the default event bus.
    """

    name: str


class ToFunction(_To, frozen=True, kw_only=True, tag="function"):
    """An invocation.

    Attributes:
        payload: The event, JSON text.
        qualifier: The version or alias that is called; empty for the function itself.
        asynchronous: True if the event is only accepted, and the function called later.
    """

    payload: str
    qualifier: str = ""
    asynchronous: bool = True


class ToQueue(_To, frozen=True, kw_only=True, tag="queue"):
    """A message for a queue.

    Attributes:
        body: The message's text.
        attributes: Message attributes, by name.
        group: The message group id; empty for none.
        deduplication_id: The message deduplication id; empty for none.
        delay: Seconds until it becomes visible; None for the queue's own.
    """

    body: str
    attributes: Mapping[str, Attribute] = {}
    group: str = ""
    deduplication_id: str = ""
    delay: int | None = None


class ToTopic(_To, frozen=True, kw_only=True, tag="topic"):
    """A message for a topic.

    Attributes:
        message: The message's text.
        subject: The subject; empty for none.
        attributes: Message attributes, by name.
        group: The message group id; empty for none.
        deduplication_id: The message deduplication id; empty for none.
    """

    message: str
    subject: str = ""
    attributes: Mapping[str, Attribute] = {}
    group: str = ""
    deduplication_id: str = ""


class ToBus(_To, frozen=True, kw_only=True, tag="bus"):
    """An event for an event bus.

    Attributes:
        source: Who reports it.
        detail_type: What kind of event it is.
        detail: The detail, JSON text.
    """

    source: str
    detail_type: str
    detail: str


class ToStream(_To, frozen=True, kw_only=True, tag="stream"):
    """A record for a Kinesis stream.

    Attributes:
        partition_key: The partition key.
        data: The record's text.
    """

    partition_key: str
    data: str


class ToBucket(_To, frozen=True, kw_only=True, tag="bucket"):
    """An object for a bucket.

    Attributes:
        key: The object's key.
        content: The object's text.
    """

    key: str
    content: str


class ToTable(_To, frozen=True, kw_only=True, tag="table"):
    """An item for a table.

    Attributes:
        item: The item as JSON text: plain, or in DynamoDB's own JSON if each of its attributes is.
    """

    item: str


Sending: TypeAlias = ToFunction | ToQueue | ToTopic | ToBus | ToStream | ToBucket | ToTable


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What AWS has answered.

    Attributes:
        id: The id that it has given to what it took; empty for none.
        event: The id by which the journal knows it; empty where what comes of it has ids of its own.
        answer: The answer.
        function_error: The function error of a synchronous invocation; empty for none.
        log: The end of what such an invocation has logged.
    """

    id: str = ""
    event: str = ""
    answer: Any = None
    function_error: str = ""
    log: str = ""


def send(sending: Sending, service: Running, clients: Clients) -> Sent:
    """Send one event.

    Raises:
        ServiceError: The stack has nothing of that name.
        SendingError: It is refused.
    """
    try:
        return _sent(sending, service, clients)
    except ClientError as error:
        told = error.response["Error"]
        raise SendingError(f"{told.get('Code')}: {told.get('Message')}") from None
    except ParamValidationError as error:
        raise SendingError(" ".join(str(error).split())) from None


def _sent(sending: Sending, service: Running, clients: Clients) -> Sent:
    match sending:
        case ToFunction():
            return _invoked(sending, service, clients("lambda"))
        case ToQueue() | ToTopic():
            return _message(sending, service, clients)
        case ToBus():
            return _event(sending, service, clients("events"))
        case ToStream() | ToBucket() | ToTable():
            return _stored(sending, service, clients)
        case never:
            assert_never(never)


def _invoked(sending: ToFunction, service: Running, client: Any) -> Sent:  # noqa: ANN401 - boto3's clients
    function = service.resource("function", sending.name).name
    called = {"FunctionName": function, "Payload": sending.payload.encode(), **_given(Qualifier=sending.qualifier)}
    if sending.asynchronous:
        answer = client.invoke(**called, InvocationType="Event")
        answer["Payload"].read()  # it is empty; read, it leaves its connection to the next call
        request_id = answer["ResponseMetadata"]["RequestId"]
        return Sent(id=request_id, event=request_id, answer={"StatusCode": answer["StatusCode"]})
    answer = client.invoke(**called, LogType="Tail")
    return Sent(
        id=answer["ResponseMetadata"]["RequestId"],
        answer=json_or_text(answer["Payload"].read()),
        function_error=answer.get("FunctionError", ""),
        log=base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"),
    )


def _message(sending: ToQueue | ToTopic, service: Running, clients: Clients) -> Sent:
    attributes = {name: _attribute(name, one) for name, one in sending.attributes.items()}
    given = _given(
        MessageAttributes=attributes, MessageGroupId=sending.group, MessageDeduplicationId=sending.deduplication_id
    )
    if isinstance(sending, ToTopic):
        topic = service.resource("topic", sending.name).arn
        answer = clients("sns").publish(
            TopicArn=topic, Message=sending.message, **given, **_given(Subject=sending.subject)
        )
        return Sent(id=answer["MessageId"], answer=_shown(answer))
    if sending.delay is not None:
        given["DelaySeconds"] = sending.delay
    queue = service.resource("queue", sending.name).url
    answer = clients("sqs").send_message(QueueUrl=queue, MessageBody=sending.body, **given)
    return Sent(id=answer["MessageId"], event=answer["MessageId"], answer=_shown(answer))


def _event(sending: ToBus, service: Running, client: Any) -> Sent:  # noqa: ANN401 - boto3's clients
    entry = {
        "EventBusName": sending.name if sending.name == DEFAULT_BUS else service.resource("bus", sending.name).name,
        "Source": sending.source,
        "DetailType": sending.detail_type,
        "Detail": sending.detail,
    }
    [result] = client.put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in result:
        raise SendingError(f"{result['ErrorCode']}: {result.get('ErrorMessage')}")
    return Sent(id=result["EventId"], answer=result)


def _stored(sending: ToStream | ToBucket | ToTable, service: Running, clients: Clients) -> Sent:
    match sending:
        case ToStream():
            stream, data = service.resource("stream", sending.name).name, sending.data.encode()
            answer = clients("kinesis").put_record(StreamName=stream, PartitionKey=sending.partition_key, Data=data)
            number = answer["SequenceNumber"]
            return Sent(id=number, event=f"{answer['ShardId']}:{number}", answer=_shown(answer))
        case ToBucket():
            bucket, content = service.resource("bucket", sending.name).name, sending.content.encode()
            answer = clients("s3").put_object(Bucket=bucket, Key=sending.key, Body=content)
            return Sent(id=f"s3://{bucket}/{sending.key}", answer=_shown(answer))
        case ToTable():
            table, item = service.resource("table", sending.name).name, item_of(sending.item)
            return Sent(answer=_shown(clients("dynamodb").put_item(TableName=table, Item=item)))
        case never:
            assert_never(never)


def item_of(text: str) -> dict[str, Any]:
    """An item as boto3 takes it, from plain JSON or from DynamoDB's.

    Raises:
        SendingError: It is no JSON object, or holds what DynamoDB has no type for.
    """
    try:
        item = read_json(text)
    except NotJsonError as error:
        raise SendingError(f"the item is not JSON: {error}") from None
    if not isinstance(item, dict):
        raise SendingError("the item is no JSON object")
    try:
        image = item if typed(item) else plain_image(item)
        return {name: _binary(value) for name, value in image.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise SendingError(f"the item: {error}") from None


def _binary(value: Any) -> dict[str, Any]:  # noqa: ANN401 - what stands in the text
    """A value of DynamoDB's JSON with bytes in place of base64, as boto3 takes it."""
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: base64.b64decode(content, validate=True)}
        case "BS":
            return {kind: [base64.b64decode(one, validate=True) for one in content]}
        case "L":
            return {kind: [_binary(one) for one in content]}
        case "M":
            return {kind: {name: _binary(one) for name, one in content.items()}}
        case _:
            return {kind: content}


def _attribute(name: str, attribute: Attribute) -> dict[str, Any]:
    if not attribute.type.startswith("Binary"):
        return {"DataType": attribute.type, "StringValue": attribute.value}
    try:
        return {"DataType": attribute.type, "BinaryValue": base64.b64decode(attribute.value, validate=True)}
    except ValueError:
        raise SendingError(f"attribute {name}: a binary value is written in base64") from None


def _given(**parts: object) -> dict[str, Any]:
    """The parts of a call that are not empty."""
    return {name: value for name, value in parts.items() if value}


def _shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
