"""Messages of topics: what may be published, and the shapes in which queues and functions get it.

Nothing is signed here: `Signature` is a placeholder, as nobody could fetch a certificate for it.

Sources: Amazon SNS API, `Publish`; Developer Guide, "Amazon SNS message attributes", "Amazon SNS raw message delivery",
"Fanout to Amazon SQS queues"; Lambda Developer Guide, "Using Lambda with Amazon SNS". The texts of refusals were
recorded by LocalStack (``tests/aws/services/sns/test_sns.snapshot.json``).
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from landfast.delivery.strict_json import NotJsonError, json_text, read_json, text_size
from landfast.delivery.times import iso_milliseconds
from landfast.sources.refusal import Refusal

LARGEST: Final = 256 * 1024
"""Bytes of a message with its attributes, and of all messages of a batch."""

LONGEST_SUBJECT: Final = 100
LONGEST_NAME: Final = 256
_LONGEST_TOKEN = 128
_SIGNATURE = "EXAMPLE"
_TYPE = re.compile(r"(String|Number|Binary)(\..+)?")
_TOKEN = re.compile(r"""[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]*""")
_IN_NAME = re.compile(r"[a-zA-Z0-9_.\-]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that a topic has taken.

    Attributes:
        id: The message's id.
        topic: The ARN of its topic.
        time: When it was published, in Unix seconds.
        texts: By protocol; ``default`` for all others (`MessageStructure`).
        subject: None without one.
        attributes: In the form of the API: ``DataType`` with ``StringValue``, or ``BinaryValue`` in bytes.
        group: The message group id; None without one.
        deduplication_id: The deduplication id of a FIFO topic's message, made of its content where none was given.
        sequence: The sequence of a FIFO topic's message.
    """

    id: str
    topic: str
    time: float
    texts: Mapping[str, str]
    subject: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group: str | None = None
    deduplication_id: str | None = None
    sequence: str | None = None

    def text(self, protocol: str) -> str:
        """Return what an endpoint of a protocol gets."""
        return self.texts.get(protocol, self.texts["default"])


def texts(message: str, structure: str | None) -> dict[str, str]:
    """Return what each protocol gets of a message.

    Args:
        message: As it was published.
        structure: ``json`` for an object with a text for each protocol.

    Raises:
        Refusal: It is empty, or no such object.
    """
    if not message:
        raise invalid("Empty message")
    if structure is None:
        return {"default": message}
    if structure != "json":
        raise invalid("MessageStructure")
    try:
        given = read_json(message)
    except NotJsonError:
        raise invalid("Message Structure - JSON message body failed to parse") from None
    found = {key: text for key, text in given.items() if isinstance(text, str)} if isinstance(given, dict) else {}
    if "default" not in found:
        raise invalid("Message Structure - No default entry in JSON message body")
    return found


def check_subject(subject: str | None) -> None:
    """Hold a subject to its rules.

    Raises:
        Refusal: It is empty, too long, or has control characters.
    """
    if subject is not None and (not subject or len(subject) > LONGEST_SUBJECT or _CONTROL.search(subject)):
        raise invalid("Subject")


def check_token(name: str, value: str | None) -> None:
    """Hold a message group id or a deduplication id to its characters and length.

    Raises:
        Refusal: It breaks them.
    """
    if value is not None and not (0 < len(value) <= _LONGEST_TOKEN and _TOKEN.fullmatch(value)):
        raise invalid(
            f"{name} Reason: {name} can only include alphanumeric and punctuation characters. "
            f"1 to {_LONGEST_TOKEN} in length."
        )


def check_attributes(attributes: Mapping[str, Any], place: int | None = None) -> None:
    """Hold message attributes to their rules.

    Args:
        attributes: In the form of the API.
        place: The message's number in its batch, from 1.

    Raises:
        Refusal: One breaks them.
    """
    for name, attribute in attributes.items():
        _check_name(name)
        kind = attribute.get("DataType")
        if kind is None:
            where = "" if place is None else f"publishBatchRequestEntries.{place}.member."
            where += f"messageAttributes.{name}.member.dataType"
            raise Refusal(
                "ValidationError",
                f"1 validation error detected: Value null at '{where}' failed to satisfy constraint: "
                "Member must not be null",
            )
        _check_value(name, kind, attribute)


def size(text: str, attributes: Mapping[str, Any]) -> int:
    """The bytes of a message: of its text and all parts of its attributes."""
    total = text_size(text)
    for name, attribute in attributes.items():
        total += text_size(name) + sum(
            len(part) if isinstance(part, bytes) else text_size(str(part)) for part in attribute.values()
        )
    return total


def envelope(message: Message, subscription: str, protocol: str = "sqs") -> str:
    """The notification as JSON text, as queues get it unless they want it raw.

    Args:
        message: The message that was published.
        subscription: The ARN of the subscription.
        protocol: Whose text it is; a dead-letter queue gets what its subscription's function would have got.
    """
    content: dict[str, object] = {"Type": "Notification", "MessageId": message.id}
    if message.sequence is not None:
        content["SequenceNumber"] = message.sequence
    content["TopicArn"] = message.topic
    if message.subject is not None:
        content["Subject"] = message.subject
    content["Message"] = message.text(protocol)
    content["Timestamp"] = iso_milliseconds(message.time)
    if message.sequence is None:
        content |= {"SignatureVersion": "1", "Signature": _SIGNATURE, "SigningCertURL": _certificate(message.topic)}
    content["UnsubscribeURL"] = _unsubscribe(message.topic, subscription)
    if message.attributes:
        content["MessageAttributes"] = _shown(message.attributes)
    return json_text(content)


def function_event(message: Message, subscription: str) -> str:
    """The event that a function gets, as JSON text."""
    notification = {
        "Type": "Notification",
        "MessageId": message.id,
        "TopicArn": message.topic,
        "Subject": message.subject,
        "Message": message.text("lambda"),
        "Timestamp": iso_milliseconds(message.time),
        "SignatureVersion": "1",
        "Signature": _SIGNATURE,
        "SigningCertUrl": _certificate(message.topic),
        "UnsubscribeUrl": _unsubscribe(message.topic, subscription),
        "MessageAttributes": _shown(message.attributes),
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": notification,
    }
    return json_text({"Records": [record]})


def invalid(reason: str) -> Refusal:
    """SNS's refusal of a parameter."""
    return Refusal("InvalidParameter", f"Invalid parameter: {reason}")


def _shown(attributes: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Attributes as notifications have them; bytes in Base64."""
    return {
        name: {
            "Type": attribute["DataType"],
            "Value": base64.b64encode(attribute["BinaryValue"]).decode()
            if "BinaryValue" in attribute
            else attribute["StringValue"],
        }
        for name, attribute in attributes.items()
    }


def _certificate(topic: str) -> str:
    return f"https://sns.{topic.split(':')[3]}.amazonaws.com/SimpleNotificationService-{'0' * 32}.pem"


def _unsubscribe(topic: str, subscription: str) -> str:
    return f"https://sns.{topic.split(':')[3]}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"


def _check_name(name: str) -> None:
    strange = next((character for character in name if not _IN_NAME.fullmatch(character)), None)
    if text_size(name) > LONGEST_NAME:
        reason = f"Length of message attribute name must be less than {LONGEST_NAME} bytes."
    elif name.startswith("."):
        reason = "Invalid message attribute name starting with character '.' was found."
    elif name.endswith("."):
        reason = "Invalid message attribute name ending with character '.' was found."
    elif strange is not None:
        reason = (
            f"Invalid non-alphanumeric character '#x{ord(strange):X}' was found in the message attribute name. Can "
            "only include alphanumeric characters, hyphens, underscores, or dots."
        )
    elif ".." in name:
        reason = "Message attribute name can not have successive '.' character."
    else:
        return
    raise Refusal("ParameterValueInvalid", reason)


def _check_value(name: str, kind: str, attribute: Mapping[str, Any]) -> None:
    family = kind.partition(".")[0]
    member = "BinaryValue" if family == "Binary" else "StringValue"
    what = f"The message attribute '{name}'"
    if not _TYPE.fullmatch(kind):
        reason = (
            f"{what} has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and "
            "String."
        )
    elif member not in attribute and {"StringValue", "BinaryValue"} & attribute.keys():
        reason = f"{what} with type '{kind}' must use field '{family if family == 'Binary' else 'String'}'."
    elif not attribute.get(member):
        reason = f"{what} must contain non-empty message attribute value for message attribute type '{kind}'."
    elif family == "Number" and not _NUMBER.fullmatch(attribute[member]):
        reason = f"Could not cast message attribute '{name}' value to number."
    else:
        return
    raise Refusal("ParameterValueInvalid", reason)
