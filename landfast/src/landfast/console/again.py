"""Sends once more what a function was called with, the way it came: to the function, or to its queue."""

import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from landfast.console.routes import Problem
from landfast.journal import Invoked
from landfast.service.clients import aws
from landfast.service.state import Running


def sent_again(service: Running, begun: Invoked, payload: bytes) -> Iterator[str]:
    """Send the event of a call again; yield the ids of what was sent, by which the journal knows it.

    Args:
        service: The service.
        begun: The call.
        payload: The event.

    Raises:
        Problem: It came from a stream.
        botocore.exceptions.ClientError: It is refused.
        botocore.exceptions.BotoCoreError: The service does not answer.
    """
    if begun.records == (begun.request_id,):
        yield _invoked(service, begun, payload)
        return
    records = msgspec.json.decode(payload)["Records"]
    if any(record.get("eventSource") != "aws:sqs" for record in records):
        raise Problem(HTTPStatus.CONFLICT, "records of a stream are put again one by one, from the Send view")
    for record in records:
        yield _message(service, record)


def _invoked(service: Running, begun: Invoked, payload: bytes) -> str:
    label, _, qualifier = begun.source.partition(":")
    function = service.resource("function", label)
    given = {"Qualifier": qualifier} if qualifier else {}
    answer = aws(service, "lambda").invoke(FunctionName=function.name, InvocationType="Event", Payload=payload, **given)
    return str(answer["ResponseMetadata"]["RequestId"])


def _message(service: Running, record: Mapping[str, Any]) -> str:
    arn, system = record["eventSourceARN"], record["attributes"]
    sqs = aws(service, "sqs")
    url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    given = {"MessageGroupId": system["MessageGroupId"]} if "MessageGroupId" in system else {}
    if "MessageDeduplicationId" in system:
        given["MessageDeduplicationId"] = str(uuid.uuid4())  # with its own it would count as sent already
    attributes = {name: _attribute(value) for name, value in record.get("messageAttributes", {}).items()}
    answer = sqs.send_message(QueueUrl=url, MessageBody=record["body"], MessageAttributes=attributes, **given)
    return str(answer["MessageId"])


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    """A message attribute as SQS takes it; in the event of a function its names begin small."""
    text = {"StringValue": value["stringValue"]} if "stringValue" in value else {}
    binary = {"BinaryValue": msgspec.convert(value["binaryValue"], bytes)} if "binaryValue" in value else {}
    return {"DataType": value["dataType"], **text, **binary}
