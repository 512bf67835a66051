"""A message of an SQS queue: what it is, what has become of it, and both as rows and as SQS's own words."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

Attributes: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Message attributes: ``{"DataType": ..., "StringValue": ... or "BinaryValue": bytes}`` by their names."""

NO_ATTRIBUTES: Final[Attributes] = {}
"""Shared by all messages that have none."""

SENDER: Final = "AIDACKCEVSQ6C2EXAMPLE"
"""The sender of every message, as nobody signs in here."""

_FIRST_SEQUENCE: Final = 18_850_000_000_000_000_000
_BINARY: Final = b"\x02"
_STRING: Final = b"\x01"

_encode = msgspec.msgpack.Encoder().encode
_content_of = msgspec.msgpack.Decoder(
    tuple[str, str, float, float, str, dict[str, dict[str, Any]], str, str, str]
).decode
_state_of = msgspec.msgpack.Decoder(tuple[int, int, float, float, float | None, bool, bool]).decode


class Message(msgspec.Struct, gc=False, eq=False):
    """One message in one queue.

    Attributes:
        number: The message's place in the order of sending.
        id: The message id.
        body: The text.
        sent_at: When it was sent; it stays when the message goes to a dead-letter queue.
        kept_from: From when on its retention counts (S-95): a FIFO queue counts anew for what it gets as dead letter.
        group: The message group id; empty without one.
        attributes: The message attributes.
        trace: The ``AWSTraceHeader``; empty without one.
        deduplication_id: The deduplication id of a message of a FIFO queue.
        source_arn: The queue whose dead letter it is; empty for none.
        receives: The number of receives, in all queues.
        deliveries: The number of deliveries by this queue, which `maxReceiveCount` limits.
        first_received_at: When it was first received.
        received_at: When it was received last.
        hidden_until: Until when nobody receives it; None if anybody may.
        given_back: True if whoever has received it has made it visible again at once.
        outside: True if a client of the API has it in hand, or had it last, and not a mapping.
        awaited: True if somebody waits for it to become visible.
        has_state: True if it has a row for its state.
        receiver: The last receiver, known to the queue's consumers only.
    """

    number: int
    id: str
    body: str
    sent_at: float
    kept_from: float
    group: str = ""
    attributes: Attributes = NO_ATTRIBUTES
    trace: str = ""
    deduplication_id: str = ""
    source_arn: str = ""
    receives: int = 0
    deliveries: int = 0
    first_received_at: float = 0.0
    received_at: float = 0.0
    hidden_until: float | None = None
    given_back: bool = False
    outside: bool = False
    awaited: bool = True
    has_state: bool = False
    receiver: object = None

    @property
    def is_delayed(self) -> bool:
        """True if it waits for its first delivery by this queue."""
        return self.hidden_until is not None and not self.deliveries

    @property
    def sequence_number(self) -> str:
        """The sequence number of a FIFO queue's message."""
        return str(_FIRST_SEQUENCE + self.number)

    def content(self) -> bytes:
        """The row of what it is, which stays the same."""
        return _encode(
            (
                self.id,
                self.body,
                self.sent_at,
                self.kept_from,
                self.group,
                self.attributes,
                self.trace,
                self.deduplication_id,
                self.source_arn,
            )
        )

    def state(self) -> bytes:
        """The row of what has become of it, which changes with every receive."""
        return _encode(
            (
                self.receives,
                self.deliveries,
                self.first_received_at,
                self.received_at,
                self.hidden_until,
                self.given_back,
                self.outside,
            )
        )


def restored(number: int, content: bytes, state: bytes | None) -> Message:
    """The message of two rows; the second is not there before anything has become of it."""
    message = Message(number, *_content_of(content))
    if state is not None:
        message.has_state = True
        (
            message.receives,
            message.deliveries,
            message.first_received_at,
            message.received_at,
            message.hidden_until,
            message.given_back,
            message.outside,
        ) = _state_of(state)
    return message


def system_attributes(message: Message, *, fifo: bool, epoch: float) -> dict[str, str]:
    """All the attributes that SQS itself gives a received message (API reference, ReceiveMessage)."""
    attributes = {
        "ApproximateReceiveCount": str(message.receives),
        "SentTimestamp": milliseconds(message.sent_at, epoch),
        "SenderId": SENDER,
        "ApproximateFirstReceiveTimestamp": milliseconds(message.first_received_at, epoch),
    }
    if fifo:
        attributes |= {
            "SequenceNumber": message.sequence_number,
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        }
    elif message.group:
        attributes["MessageGroupId"] = message.group
    if message.trace:
        attributes["AWSTraceHeader"] = message.trace
    if message.source_arn:
        attributes["DeadLetterQueueSourceArn"] = message.source_arn
    return attributes


def milliseconds(seconds: float, epoch: float = 0.0) -> str:
    """A time of the queue as SQS writes it."""
    return str(round((epoch + seconds) * 1000))


def md5_of_body(body: str) -> str:
    """The ``MD5OfBody``."""
    return hashlib.md5(body.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Attributes) -> str:
    """The ``MD5OfMessageAttributes`` (SQS guide, "Calculating the MD5 message digest for message attributes")."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        for part in (name, value["DataType"]):
            _add(digest.update, part.encode())
        binary = value.get("BinaryValue")
        if binary is None:
            digest.update(_STRING)
            _add(digest.update, value["StringValue"].encode())
        else:
            digest.update(_BINARY)
            _add(digest.update, binary)
    return digest.hexdigest()


def _add(update: Any, content: bytes) -> None:  # noqa: ANN401 - a digest's method
    update(len(content).to_bytes(4))
    update(content)
