"""Parcel scans that Lambda gave up: read back from the stream, handled one by one, parked if they still fail."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from backoffice import clients
from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import about, correlated
from backoffice.dead_letters import DeadLetterQueue
from backoffice.errors import ShopError
from backoffice.exactly_once import ExactlyOnceStore
from backoffice.messages import ForeignEventError, MalformedError, text_at
from backoffice.observability import count, describe, logger
from backoffice.settings import from_environment
from replay_scans.failed_range import FailureRecord, MalformedFailureError, parse_failure
from replay_scans.parking import park, parked_gap, parked_record
from replay_scans.reading import Missing, StreamRecord, read_range
from scans.scan import parse_scan
from scans.tracking import tracker


class Settings(msgspec.Struct, frozen=True):
    """Names of what it writes to, how often its queue delivers a message, and where the queue gives it up to."""

    parcels_table: str
    history_table: str
    idempotency_table: str
    parked_bucket: str
    max_receive_count: int
    dead_letters_queue: str


class ReplayIncompleteError(ShopError):
    """Some records failed for a reason that may pass; the message comes again."""


HOPELESS = (MalformedError, IdempotencyValidationError)
"""What is wrong with the record itself: no retry mends it."""

settings = from_environment(Settings)
track = tracker(ExactlyOnceStore(settings.idempotency_table), settings.parcels_table, settings.history_table)
kinesis = clients.client("kinesis")
s3 = clients.client("s3")


def handle(message: SQSRecord) -> None:
    """Replay the range of one failure message.

    Raises:
        ReplayIncompleteError: when records failed that another try may save; on the last try they are parked.
    """
    envelope = message.raw_event
    failure = parse_failure(text_at(envelope, "body"))
    last_try = _receives(envelope) >= settings.max_receive_count
    unsaved = 0
    for found in read_range(kinesis, failure.range):
        if isinstance(found, Missing):
            park(s3, settings.parked_bucket, parked_gap(failure, found))
            count("ScansMissing")
            logger.error("scans have left the stream", extra={"range": msgspec.to_builtins(failure.range)})
        elif not _replayed(failure, found, park_anyway=last_try):
            unsaved += 1
    if unsaved:
        raise ReplayIncompleteError(f"{unsaved} records of {failure.range.shard_id} failed, maybe not for good")


def _receives(envelope: Mapping[str, Any]) -> int:
    receives = text_at(envelope, "attributes", "ApproximateReceiveCount")
    if not re.fullmatch("[0-9]{1,9}", receives):
        raise ForeignEventError("attributes.ApproximateReceiveCount is no number")
    return int(receives)


def _replayed(failure: FailureRecord, record: StreamRecord, *, park_anyway: bool) -> bool:
    """Say whether the record is done with: handled or parked."""
    try:
        with correlated(f"{failure.range.shard_id}:{record.sequence_number}"):
            track(parse_scan(record.data))
    except Exception as error:  # noqa: BLE001  whatever a record raises is its own failure, and is kept
        reason = describe(error)
        logger.warning("scan failed again", extra={"record": record.sequence_number, **reason, **about(error)})
        if not (park_anyway or isinstance(error, HOPELESS)):
            return False
        park(s3, settings.parked_bucket, parked_record(failure, record, reason))
        count("ScansParked")
    else:
        count("ScansReplayed")
    return True


handler = ordered_batch(
    EventType.SQS,
    handle,
    permanent=(
        MalformedFailureError,
        ForeignEventError,
    ),  # of the message; what is wrong with a scan is handled where it is found
    dead_letters=DeadLetterQueue(settings.dead_letters_queue),
)
