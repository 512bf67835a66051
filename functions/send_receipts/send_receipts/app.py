"""Receipts: each message of the queue publishes its order's receipt, once per order."""

from collections.abc import Callable
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyValidationError

from backoffice import clients
from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.dead_letters import DeadLetterQueue
from backoffice.dynamodb import client
from backoffice.idempotency import ClaimingLayer, idempotency_config
from backoffice.messages import ForeignEventError, text_at
from backoffice.observability import count
from backoffice.settings import from_environment
from send_receipts.receipt import MalformedReceiptRequestError, parse_request, receipt_for

THREADS = 8


class Settings(msgspec.Struct, frozen=True):
    """Names of the table and the topic, and the URL of the queue's dead-letter queue."""

    idempotency_table: str
    receipts_topic: str
    dead_letters_queue: str


PERMANENT = (MalformedReceiptRequestError, ForeignEventError, IdempotencyValidationError)
"""What is wrong with the request itself: no further delivery mends it."""


settings = from_environment(Settings)
sns = clients.client("sns", connections=THREADS)
dead_letters = DeadLetterQueue(settings.dead_letters_queue)


def send(*, receipt: dict[str, Any]) -> None:
    """Publish a receipt. Subscribers know a repeat, after a crash just here, by its `receiptId`."""
    sns.publish(TopicArn=settings.receipts_topic, Message=msgspec.json.encode(receipt).decode())
    count("ReceiptsSent")


# No order protects a message of a standard queue, so its execution claims the order first.
send_once: Callable[..., None] = idempotent_function(
    send,
    data_keyword_argument="receipt",
    persistence_store=ClaimingLayer(settings.idempotency_table, boto3_client=client()),
    config=idempotency_config(event_key_jmespath="orderId", payload_validation_jmespath="@"),
    key_prefix="receipt",
)


def handle(message: SQSRecord) -> None:
    """Send the receipt that one message asks for."""
    with correlated(message.message_id):
        receipt = receipt_for(parse_request(text_at(message.raw_event, "body")))
        send_once(receipt=msgspec.to_builtins(receipt))


handler = ordered_batch(EventType.SQS, handle, permanent=PERMANENT, dead_letters=dead_letters, threads=THREADS)
