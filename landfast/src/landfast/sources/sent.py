"""A thing that one service sends to another: a destination's record, a notification, a rule's event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One thing that is sent to a target's ARN.

    Attributes:
        body: The text: a message's body, a topic's message, a function's event as JSON text, a record's data.
        attributes: Message attributes in SQS's form: ``{"DataType": ..., "StringValue": ... or "BinaryValue": bytes}``.
        subject: The subject of a topic's message.
        group: The message group id.
        deduplication_id: The message deduplication id.
        data: The bytes of a stream's record, where they are no text.
        partition_key: The partition key of a stream's record.
        entry: The entry for an event bus, as ``PutEvents`` takes it, or the whole event from another bus.
        trace: The trace header that goes with it (S-34); empty for none.
        origin: The origin, for people, as in the journal's `Accepted.origin`.
        request_id: The request id of a function's event; a new one without it.
    """

    body: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    subject: str | None = None
    group: str | None = None
    deduplication_id: str | None = None
    data: bytes | None = None
    partition_key: str | None = None
    entry: Mapping[str, Any] | None = None
    trace: str = ""
    origin: str = ""
    request_id: str = ""
