"""Messages of SQS as clients see them: received, with the attributes that they ask for, or only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from landfast.driver.polled_queue import delivery
from landfast.eventplane.plane import Result
from landfast.eventplane.sqs_queues import Queue
from landfast.sources.sqs_message import Message, md5_of_attributes

SYSTEM: Final = frozenset(
    {
        "All",
        "AWSTraceHeader",
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "DeadLetterQueueSourceArn",
        "MessageDeduplicationId",
        "MessageGroupId",
        "SenderId",
        "SentTimestamp",
        "SequenceNumber",
    }
)
"""The system attributes that a receive may ask for."""

_EVERY: Final = frozenset({"All", ".*"})


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message of a queue, looked at without being received.

    Attributes:
        message: In SQS's own words, with all its attributes; the receipt handle is that of its last receive.
        state: The state of the message.
        due: When it becomes visible, in Unix seconds; None if it is.
    """

    message: Mapping[str, Any]
    state: Literal["visible", "in flight", "delayed"]
    due: float | None


def system_names(params: Mapping[str, Any]) -> frozenset[str]:
    """The names of the system attributes that a receive asks for."""
    return frozenset([*(params.get("AttributeNames") or ()), *(params.get("MessageSystemAttributeNames") or ())])


def shown(queue: Queue, messages: Sequence[Message], params: Mapping[str, Any]) -> Result:
    """Answer a receive: of each message, the attributes that were asked for."""
    if not messages:
        return {}
    system = system_names(params)
    wanted = frozenset(params.get("MessageAttributeNames") or ())
    return {"Messages": [_selected(delivery(message, queue.messages), system, wanted) for message in messages]}


def _selected(message: dict[str, Any], system: frozenset[str], wanted: frozenset[str]) -> Mapping[str, Any]:
    if "All" not in system:
        shown = {name: value for name, value in message.pop("Attributes").items() if name in system}
        if shown:
            message["Attributes"] = shown
    attributes = message.pop("MessageAttributes", None)
    if attributes and not wanted & _EVERY:
        prefixes = tuple(name.removesuffix(".*") for name in wanted if name.endswith(".*"))
        attributes = {name: value for name, value in attributes.items() if name in wanted or name.startswith(prefixes)}
        message.pop("MD5OfMessageAttributes")
        if attributes:
            message["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
    if attributes:
        message["MessageAttributes"] = attributes
    return message


def peeked(queue: Queue, message: Message, now: float) -> Peeked:
    """A message as it is seen without being received."""
    hidden = message.hidden_until is not None and message.hidden_until > now
    state: Literal["visible", "in flight", "delayed"] = "visible"
    if hidden:
        state = "delayed" if message.is_delayed else "in flight"
    return Peeked(delivery(message, queue.messages), state, message.hidden_until if hidden else None)
