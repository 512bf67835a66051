"""Receipts: each message of the queue publishes its order's receipt, once per order."""

from collections.abc import Callable

import boto3
import msgspec
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, idempotent_function
from botocore.config import Config

from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.dynamodb import client
from backoffice.idempotency import idempotency_config
from backoffice.messages import text_at
from backoffice.observability import count
from backoffice.settings import from_environment
from send_receipts.receipt import Receipt, parse_request, receipt_for

THREADS = 8


class Settings(msgspec.Struct, frozen=True):
    """Names of the table and the topic."""

    idempotency_table: str
    receipts_topic: str


settings = from_environment(Settings)
sns = boto3.client("sns", config=Config(max_pool_connections=THREADS))


def send(*, receipt: Receipt, order_id: str) -> None:  # noqa: ARG001  Powertools keys by it
    """Publish a receipt. Subscribers know a repeat, after a crash just here, by its `receiptId`."""
    sns.publish(TopicArn=settings.receipts_topic, Message=msgspec.json.encode(receipt).decode())
    count("ReceiptsSent")


# No order protects a message of a standard queue, so its execution claims the order first.
send_once: Callable[..., None] = idempotent_function(
    send,
    data_keyword_argument="order_id",
    persistence_store=DynamoDBPersistenceLayer(settings.idempotency_table, boto3_client=client()),
    config=idempotency_config(event_key_jmespath="@"),
    key_prefix="receipt",
)


def handle(message: SQSRecord) -> None:
    """Send the receipt that one message asks for."""
    with correlated(message.message_id):
        receipt = receipt_for(parse_request(text_at(message.raw_event, "body")))
        send_once(receipt=receipt, order_id=receipt.order_id)


handler = ordered_batch(EventType.SQS, handle, threads=THREADS)
