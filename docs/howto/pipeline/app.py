"""Refunds: each message of the queue records that a customer gets money back, once."""

import msgspec
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.dead_letters import DeadLetterQueue
from backoffice.exactly_once import ExactlyOnceStore, Table, UnitOfWork, exactly_once
from backoffice.messages import ForeignEventError, text_at
from backoffice.settings import from_environment
from record_refunds.refund import MalformedRefundError, Refund, parse


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables, and the URL of the queue's dead-letter queue."""

    refunds_table: str
    idempotency_table: str
    dead_letters_queue: str


PERMANENT = (MalformedRefundError, ForeignEventError, IdempotencyValidationError)
"""What is wrong with the message itself: no further delivery mends it."""

settings = from_environment(Settings)
refunds = Table(settings.refunds_table, partition_key="refundId")
dead_letters = DeadLetterQueue(settings.dead_letters_queue)


@exactly_once(
    ExactlyOnceStore(settings.idempotency_table),
    key_prefix="refund",
    key="refundId",
    payload_validation="[orderId, amountMinor]",
)
def record(refund: Refund, unit: UnitOfWork) -> str:
    """Record a refund; its item and its marker are one transaction."""
    unit.put(refunds, msgspec.to_builtins(refund))
    return refund.refund_id


def handle(message: SQSRecord) -> None:
    """Record the refund that one message tells of."""
    with correlated(message.message_id):
        record(parse(text_at(message.raw_event, "body")))


handler = ordered_batch(EventType.SQS, handle, permanent=PERMANENT, dead_letters=dead_letters)
