"""Payments: each message changes its account's balance and is entered in its ledger, once and in order."""

import msgspec
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.dead_letters import DeadLetterQueue
from backoffice.exactly_once import ExactlyOnceStore
from backoffice.messages import ForeignEventError, text_at
from backoffice.observability import count, logger
from backoffice.settings import from_environment
from post_payments.payment import MalformedPaymentError, parse_payment
from post_payments.posting import poster


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables, and the URL of the queue's dead-letter queue."""

    accounts_table: str
    entries_table: str
    idempotency_table: str
    dead_letters_queue: str


PERMANENT = (MalformedPaymentError, ForeignEventError, IdempotencyValidationError)
"""What is wrong with the payment itself: no further delivery mends it."""


settings = from_environment(Settings)
dead_letters = DeadLetterQueue(settings.dead_letters_queue)
post = poster(ExactlyOnceStore(settings.idempotency_table), settings.accounts_table, settings.entries_table)


def handle(message: SQSRecord) -> None:
    """Post the payment of one message; a rejected one is done, too."""
    with correlated(message.message_id):
        record = message.raw_event
        payment = parse_payment(text_at(record, "body"), text_at(record, "attributes", "MessageGroupId"))
        posted = post(payment)
        if posted == "posted":
            count("PaymentsPosted")
        else:
            count("PaymentsRejected")
            logger.warning("payment rejected", extra={"payment": payment.payment_id, "reason": posted})


handler = ordered_batch(EventType.SQS, handle, permanent=PERMANENT, dead_letters=dead_letters)
