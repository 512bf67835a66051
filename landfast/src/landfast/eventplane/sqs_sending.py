"""Checks what is sent to an SQS queue, and refuses what AWS refuses, in its words.

Sources: SQS API reference, SendMessage and SendMessageBatch; SQS guide, quotas related to messages; the errors' texts
as AWS has answered them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import text_size
from landfast.eventplane.sqs_attributes import LARGEST_MESSAGE, Settings
from landfast.eventplane.sqs_errors import invalid, invalid_value, missing, not_for_this_type
from landfast.sources.sqs_message import Attributes

BATCH: Final = 10
_MOST_ATTRIBUTES: Final = 10
_LONGEST_DELAY: Final = 900
_MOST_DIGITS: Final = 38
_NOT_ALLOWED: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_ENTRY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_NAME: Final = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_RESERVED: Final = ("aws.", "amazon.")
_TYPE: Final = re.compile(r"(String|Number|Binary)(\..*)?")
_NUMERIC: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def check_batch(entries: Sequence[Mapping[str, Any]], operation: str) -> None:
    """Tell whether a batch request can be taken apart.

    Raises:
        AwsError: It cannot.
    """
    if not entries:
        raise AwsError("EmptyBatchRequest", f"There should be at least one {operation}RequestEntry in the request.")
    if len(entries) > BATCH:
        raise AwsError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {BATCH}. You have sent {len(entries)}.",
        )
    seen: set[str] = set()
    for entry in entries:
        if not _ENTRY_ID.fullmatch(entry["Id"]):
            raise AwsError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
                "80 letters long.",
            )
        if entry["Id"] in seen:
            raise AwsError("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        seen.add(entry["Id"])


def check_batch_size(entries: Sequence[Mapping[str, Any]]) -> None:
    """Tell whether the messages of a batch are small enough together.

    Raises:
        AwsError: They are not.
    """
    size = sum(_size(entry) for entry in entries)
    if size > LARGEST_MESSAGE:
        raise AwsError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {LARGEST_MESSAGE} bytes. You have sent {size} bytes.",
        )


def check_message(message: Mapping[str, Any], settings: Settings) -> None:
    """Tell whether a message, as ``SendMessage`` takes it, can be sent.

    Raises:
        AwsError: It cannot.
    """
    body = message.get("MessageBody", "")
    if not body:
        raise missing("MessageBody")
    check_content(body)
    for parameter in ("MessageAttributes", "MessageSystemAttributes"):
        if attributes := message.get(parameter):
            _check_attributes(attributes, system=parameter == "MessageSystemAttributes")
    most = settings.largest_message
    if _size(message) > most:
        raise invalid(f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")
    _check_identifiers(message, settings)
    _check_delay(message.get("DelaySeconds"), fifo=settings.fifo)


def check_fifo_entries(entries: Sequence[Mapping[str, Any]], settings: Settings) -> None:
    """Tell whether all messages of a batch have what a FIFO queue needs; if not, the whole batch is refused.

    Raises:
        AwsError: One has not.
    """
    for entry in entries if settings.fifo else ():
        deduplication_id(entry, settings)
        if entry.get("MessageGroupId") is None:
            raise invalid("The request must contain the parameter MessageGroupId.")


def deduplication_id(message: Mapping[str, Any], settings: Settings) -> str:
    """Return the id by which repeats of a FIFO queue's message are known (S-140).

    Raises:
        AwsError: The message has none, and the queue takes none from its content.
    """
    given: str | None = message.get("MessageDeduplicationId")
    if given is not None:
        return given
    if settings.given.get("ContentBasedDeduplication") != "true":
        raise invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    return hashlib.sha256(message["MessageBody"].encode()).hexdigest()


def check_content(text: str) -> None:
    """Tell whether a text has only characters that a message may have.

    Raises:
        AwsError: It has others.
    """
    if _NOT_ALLOWED.search(text):
        raise AwsError(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "
            "#xFFFD | #x10000 to #x10FFFF",
        )


def _size(message: Mapping[str, Any]) -> int:
    """Bytes of body and attributes: names, types and values."""
    size = text_size(message.get("MessageBody", ""))
    for name, value in (message.get("MessageAttributes") or {}).items():
        size += text_size(name) + text_size(value.get("DataType", ""))
        size += text_size(value.get("StringValue", "")) + len(value.get("BinaryValue", b""))
    return size


def _check_identifiers(message: Mapping[str, Any], settings: Settings) -> None:
    for parameter in ("MessageGroupId", "MessageDeduplicationId"):
        value = message.get(parameter)
        if value is not None and not _TOKEN.fullmatch(value):
            raise invalid_value(
                value,
                parameter,
                f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
            )
    if settings.fifo:
        if message.get("MessageGroupId") is None:
            raise missing("MessageGroupId")
        deduplication_id(message, settings)
    elif message.get("MessageDeduplicationId") is not None:
        raise not_for_this_type(message["MessageDeduplicationId"], "MessageDeduplicationId")


def _check_delay(delay: int | None, *, fifo: bool) -> None:
    if delay is None:
        return
    if not 0 <= delay <= _LONGEST_DELAY:
        raise invalid_value(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
    if fifo and delay:
        raise not_for_this_type(delay, "DelaySeconds")


def _check_attributes(attributes: Attributes, *, system: bool) -> None:
    if len(attributes) > _MOST_ATTRIBUTES:
        raise invalid(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        )
    for name, value in attributes.items():
        if system:
            if name != "AWSTraceHeader":
                raise invalid(f"Message system attribute name '{name}' is invalid.")
            if value.get("DataType") != "String":
                raise invalid("Message system attribute 'AWSTraceHeader' must be of type 'String'.")
        elif not _NAME.fullmatch(name) or name.lower().startswith(_RESERVED):
            raise invalid(
                f"Message (user) attribute name '{name}' is invalid. It can contain the characters A-Z, a-z, 0-9, '_', "
                "'-' and '.', must not begin or end with a period, must not have periods in succession, and must not "
                "begin with 'AWS.' or 'Amazon.'."
            )
        _check_value(name, value, kind="system" if system else "user")


def _check_value(name: str, value: Mapping[str, Any], *, kind: str) -> None:
    data_type = value.get("DataType", "")
    if not data_type:
        raise invalid(f"Message ({kind}) attribute '{name}' must contain a non-empty attribute type.")
    match = _TYPE.fullmatch(data_type)
    if match is None:
        raise invalid(
            f"The type of message ({kind}) attribute '{name}' is invalid. You must use only the following supported "
            "type prefixes: Binary, Number, String."
        )
    if value.get("StringListValues") or value.get("BinaryListValues"):
        raise AwsError(
            "UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported."
        )
    base = match[1]
    text, binary = value.get("StringValue"), value.get("BinaryValue")
    used, unused = (binary, text) if base == "Binary" else (text, binary)
    if not used:
        raise invalid(f"Message ({kind}) attribute '{name}' must contain a non-empty value of type '{base}'.")
    if unused is not None:
        other = "String" if base == "Binary" else "Binary"
        raise invalid(f"Message ({kind}) attribute '{name}' has a value of type '{other}', but its type is '{base}'.")
    if text is not None:
        check_content(text)
    if base == "Number" and not _is_number(text or ""):
        raise invalid(f"Can't cast the value of message ({kind}) attribute '{name}' to a number.")


def _is_number(text: str) -> bool:
    """Tell whether it is a number with as many digits as SQS keeps."""
    digits = re.split("[eE]", text)[0].strip(" +-").replace(".", "").lstrip("0")
    return _NUMERIC.fullmatch(text) is not None and len(digits) <= _MOST_DIGITS
