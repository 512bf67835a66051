"""A queue's messages: what the machine knows of them, and what the function gets (S-105, S-106)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landfast.delivery.strict_json import json_bytes


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """One delivery of a message, reduced to what the rules need.

    Attributes:
        id: The message id, the same in every delivery.
        group: The message group of a FIFO queue; None in a standard queue, whose groups have no order.
        receive_count: Deliveries so far, this one included.
        received_at: When it was received, in seconds; its visibility timeout runs from then.
        size: Bytes of `event` as JSON.
        event: The record as the function gets it.
        text: The same as JSON; empty where it was not made yet.
    """

    id: str
    group: str | None
    receive_count: int
    received_at: float
    size: int
    event: Mapping[str, Any]
    text: bytes = b""

    @property
    def trace(self) -> str:
        """The trace header that it came with (S-34); empty without one."""
        attributes: Mapping[str, str] = self.event.get("attributes", {})
        return attributes.get("AWSTraceHeader", "")


def queue_message(
    message: Mapping[str, Any], *, queue_arn: str, received_at: float, has_window: bool = False
) -> QueueMessage:
    """A delivery, from a message of `ReceiveMessage`'s answer that was asked for with all its attributes.

    Args:
        message: The message in SQS's own words (``MessageId``, ``Body``, ``Attributes``, ...).
        queue_arn: The queue's ARN; its name tells a FIFO queue.
        received_at: When `ReceiveMessage` was called, in seconds.
        has_window: True if the mapping has a batching window, which shows in the record (S-106).
    """
    event = event_record(message, queue_arn=queue_arn, has_window=has_window)
    attributes = message["Attributes"]
    text = json_bytes(event)
    return QueueMessage(
        id=message["MessageId"],
        group=attributes["MessageGroupId"] if queue_arn.endswith(".fifo") else None,
        receive_count=int(attributes["ApproximateReceiveCount"]),
        received_at=received_at,
        size=len(text),
        event=event,
        text=text,
    )


def event_record(message: Mapping[str, Any], *, queue_arn: str, has_window: bool = False) -> dict[str, Any]:
    """The record of a message in the function's event (S-105); see `queue_message`."""
    attributes = message.get("MessageAttributes") or {}
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
    }
    if attributes:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    elif has_window:
        record["md5OfMessageAttributes"] = None
    return record | {
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    if "StringValue" in value:
        record["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        record["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return record | {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
