"""Dead letters with a reason: messages that can never be handled, sent to their queue's own dead-letter queue at once.

SQS itself moves a message there after its last receive only, without a word about why, and until then it holds its
group back and costs its neighbours receives.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from backoffice import clients
from backoffice.errors import ShopError
from backoffice.observability import describe
from backoffice.sharing import Shared, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, SendMessageBatchRequestEntryTypeDef

    from backoffice.records import RawRecord

ENTRIES = 10
"""Messages of one SendMessageBatch (SQS quotas)."""
BYTES = 1_048_576
"""Of one message and of all messages of one SendMessageBatch, attributes included (SQS quotas)."""
ATTRIBUTES = 10
"""Attributes of one message (SQS quotas)."""
REASON_BYTES = 1_024
"""As much as Lambda gives a reason in the dead letters of functions (S-24)."""

_NOT_TEXT = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""What SQS does not take in a message (SendMessage in its API reference)."""


class DeadLetterNotSentError(ShopError):
    """SQS did not take a dead letter, so the message stays in its queue."""


class DeadLetterQueue:
    """The dead-letter queue of the function's source queue.

    A dead letter has the body, the message attributes, the group and the trace header of the message, and these
    attributes:

    =====================  ======  ==================================================================
    ``ErrorCode``          String  the error's type, ``MalformedPaymentError`` (Lambda's own dead letters say 200, S-24)
    ``ErrorMessage``       String  its reason, at most 1 KB; never anything of the body
    ``OriginalMessageId``  String  the id of the message; the letter has one of its own
    ``RequestID``          String  the invocation's, to find it in the log
    =====================  ======  ==================================================================

    They replace attributes of the same names, which an earlier dead letter had that was moved back and failed again.
    Where SQS's 10 attributes or 1 MiB leave no room for all of them, the message's own stay and the later ones of
    this table give way; the log has all of it.

    A function killed between sending and reporting sends the same letter again with the next delivery. A FIFO queue
    drops it, within 5 minutes, by the message's deduplication id; in a standard queue it lies twice, with the same
    ``OriginalMessageId``. A letter that was moved back and fails again is no such repeat, although it has the
    message's deduplication id still (S-140): it gets another one, made of the id and of its earlier failure.

    Letters that threads send at about the same time share a call. Those of one group are sent one after the other,
    since one thread at a time handles a group.

    Args:
        url: The queue's URL.
        sqs: A low-level client; by default one made for it.
        sleep: Waits for company.
    """

    def __init__(self, url: str, *, sqs: SQSClient | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._url = url
        self._sqs = sqs or clients.client("sqs")
        self._shared = Shared(self._send_all, sleep)

    def send(self, record: RawRecord, error: Exception, request_id: str) -> None:
        """Send the message of a raw SQS record (S-105), and return when the queue has it.

        Raises:
            DeadLetterNotSentError: SQS refused this one.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the call failed; the queue may have it.
        """
        self._shared.ask(letter_of(record, error, request_id, fifo=self._url.endswith(".fifo")))

    def _send_all(self, gathered: list[Waiting[Letter]]) -> None:
        for group in _calls(gathered):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {**letter.entry, "Id": str(number)} for number, (letter, _) in enumerate(group)
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            refused = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
            for number, (_, done) in enumerate(group):
                if (code := refused.get(str(number))) is None:
                    done.set_result(None)
                else:
                    done.set_exception(DeadLetterNotSentError(f"SQS: {code}"))


class Letter(msgspec.Struct, frozen=True):
    """A message to send: an entry of SendMessageBatch, whose ``Id`` each call gives anew, and how many bytes it has."""

    entry: SendMessageBatchRequestEntryTypeDef
    size: int


def letter_of(record: RawRecord, error: Exception, request_id: str, *, fifo: bool) -> Letter:
    """The dead letter of a raw SQS record that failed for good."""
    system: Mapping[str, str] = record["attributes"]
    earlier = {name: _attribute(told) for name, told in record.get("messageAttributes", {}).items()}
    attributes, size = _reasons(record, earlier, error, request_id)
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": "",
        "MessageBody": record["body"],
        "MessageAttributes": attributes,
    }
    if "MessageGroupId" in system:
        entry["MessageGroupId"] = system["MessageGroupId"]
    if fifo and "MessageDeduplicationId" in system:
        entry["MessageDeduplicationId"] = _deduplication_id(system["MessageDeduplicationId"], earlier)
    if "AWSTraceHeader" in system:
        header = system["AWSTraceHeader"]
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": header}}
    return Letter(entry, size)


def _reasons(
    record: RawRecord, earlier: Mapping[str, MessageAttributeValueTypeDef], error: Exception, request_id: str
) -> tuple[dict[str, MessageAttributeValueTypeDef], int]:
    """The message's attributes and as many of ours as fit; and the bytes of all of it."""
    told = describe(error)
    ours = {
        "ErrorCode": told["error"],
        "ErrorMessage": _text(told.get("reason") or told["error"]),
        "OriginalMessageId": record["messageId"],
        "RequestID": request_id,
    }
    attributes = {name: attribute for name, attribute in earlier.items() if name not in ours}
    size = len(record["body"].encode()) + sum(_size(name, each) for name, each in attributes.items())
    for name, value in ours.items():
        attribute: MessageAttributeValueTypeDef = {"DataType": "String", "StringValue": value}
        if len(attributes) == ATTRIBUTES or size + _size(name, attribute) > BYTES:
            break
        attributes[name] = attribute
        size += _size(name, attribute)
    return attributes, size


def _attribute(told: Mapping[str, Any]) -> MessageAttributeValueTypeDef:
    """An attribute as Lambda tells it (S-105), as SQS takes it."""
    attribute: MessageAttributeValueTypeDef = {"DataType": told["dataType"]}
    if told.get("stringValue") is not None:
        attribute["StringValue"] = told["stringValue"]
    if told.get("binaryValue") is not None:
        attribute["BinaryValue"] = base64.b64decode(told["binaryValue"])
    return attribute


def _size(name: str, attribute: MessageAttributeValueTypeDef) -> int:
    """What counts of an attribute: its name, its type and its value (SQS guide, message metadata)."""
    value: Any = attribute.get("BinaryValue", b"")
    return sum(
        map(len, (name.encode(), attribute["DataType"].encode(), attribute.get("StringValue", "").encode(), value))
    )


def _text(reason: str) -> str:
    return _NOT_TEXT.sub("\ufffd", reason).encode()[:REASON_BYTES].decode(errors="ignore")


def _deduplication_id(own: str, attributes: Mapping[str, MessageAttributeValueTypeDef]) -> str:
    earlier = [attributes[name].get("StringValue") for name in ("OriginalMessageId", "RequestID") if name in attributes]
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{own} {earlier}")) if earlier else own


def _calls(gathered: list[Waiting[Letter]]) -> Iterator[list[Waiting[Letter]]]:
    """Split into what one call takes each, in their order."""
    call: list[Waiting[Letter]] = []
    size = 0
    for waiting in gathered:
        if call and (len(call) == ENTRIES or size + waiting[0].size > BYTES):
            yield call
            call, size = [], 0
        call.append(waiting)
        size += waiting[0].size
    if call:
        yield call
