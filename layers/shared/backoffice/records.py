"""The pure part of batches: what a record is called, which records keep an order, and what to report.

Records are the raw ones of the event (S-83, S-84, S-105).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import EventType

from backoffice.messages import ForeignEventError

type RawRecord = Mapping[str, Any]

_MEMBER = re.compile(r"[A-Za-z-]{1,40}")
_SOURCES = {
    EventType.SQS: "aws:sqs",
    EventType.KinesisDataStreams: "aws:kinesis",
    EventType.DynamoDBStreams: "aws:dynamodb",
}


class NotABatchError(ForeignEventError):
    """The event is not a batch of the function's source: the wiring is wrong, not a record."""


def batch_of(event: Mapping[str, Any], source: EventType) -> list[dict[str, Any]]:
    """The records of `event`, which may be none.

    Raises:
        NotABatchError: it has no list of records, or one that is not of `source` or has no identity and so could
            never be reported as failed.
    """
    expected = _SOURCES[source]
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        # Only what looks like a member of AWS's: a name is payload as well.
        members = sorted(filter(_MEMBER.fullmatch, event)) if isinstance(event, Mapping) else []
        raise NotABatchError(f"expected a batch of {expected}, got an event with {members or 'no members'}")
    for position, record in enumerate(records):
        if not isinstance(record, dict) or record.get("eventSource") != expected:
            raise NotABatchError(f"expected a batch of {expected}, but record {position} is of another source")
        try:
            identity_of(record, source), order_key_of(record, source)
        except (KeyError, TypeError) as error:
            raise NotABatchError(f"record {position} of {expected} lacks {error}") from error
    return records


def identity_of(record: RawRecord, source: EventType) -> str:
    """The `itemIdentifier` by which Lambda knows the record (S-70, S-97): message id or sequence number."""
    match source:
        case EventType.SQS:
            identity = record["messageId"]
        case EventType.KinesisDataStreams:
            identity = record["kinesis"]["sequenceNumber"]
        case _:
            identity = record["dynamodb"]["SequenceNumber"]
    return str(identity)


def order_key_of(record: RawRecord, source: EventType) -> str:
    """What the record must be handled in order with.

    The partition key of Kinesis and the item key of DynamoDB (S-49), the message group of a FIFO queue (S-99). A
    message of a standard queue has an order with none; its group id, if any, serves fairness only, so the queue's name
    decides.
    """
    match source:
        case EventType.KinesisDataStreams:
            return str(record["kinesis"]["partitionKey"])
        case EventType.DynamoDBStreams:
            return json.dumps(record["dynamodb"]["Keys"], sort_keys=True)
        case _:
            fifo = str(record["eventSourceARN"]).endswith(".fifo")
            return str(record["attributes"]["MessageGroupId"] if fifo else record["messageId"])


def in_order(records: Sequence[RawRecord], source: EventType) -> list[list[int]]:
    """The positions of the records that keep an order, oldest first, one list a key, in order of appearance."""
    positions: dict[str, list[int]] = {}
    for position, record in enumerate(records):
        positions.setdefault(order_key_of(record, source), []).append(position)
    return list(positions.values())
