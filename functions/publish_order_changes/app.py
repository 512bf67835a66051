"""Order changes: each change of the orders table is an event on the bus, in the order of each order's changes."""

from collections.abc import Callable
from typing import Any

import msgspec
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.idempotency import idempotent_function

from backoffice import clients
from backoffice.batches import EventType, ordered_batch
from backoffice.dynamodb import client
from backoffice.errors import ShopError
from backoffice.idempotency import ClaimingLayer, idempotency_config
from backoffice.observability import count
from backoffice.settings import from_environment
from publish_order_changes.change import detail_of

THREADS = 8


class Settings(msgspec.Struct, frozen=True):
    """Names of the table and the bus."""

    idempotency_table: str
    event_bus: str


class EventNotTakenError(ShopError):
    """The bus answered 200 and still did not take the event."""


settings = from_environment(Settings)
events = clients.client("events", connections=THREADS)


def publish(change: dict[str, Any]) -> None:
    """Put one change on the bus. Consumers know a repeat, after a crash just here, by its `changeId`.

    Raises:
        EventNotTakenError: PutEvents reports a refused entry in its answer, not as an error.
    """
    detail_type, detail = detail_of(change)
    answer = events.put_events(
        Entries=[
            {
                "EventBusName": settings.event_bus,
                "Source": "shop.orders",
                "DetailType": detail_type,
                "Detail": msgspec.json.encode(detail).decode(),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise EventNotTakenError(f"EventBridge: {answer['Entries'][0].get('ErrorCode')}")
    count(f"{detail_type}Events")


# No claim: the stream's order lets no second execution near the record, and retries come within seconds.
publish_once: Callable[..., None] = idempotent_function(
    publish,
    data_keyword_argument="change",
    persistence_store=ClaimingLayer(settings.idempotency_table, boto3_client=client()),
    config=idempotency_config(
        event_key_jmespath="eventID", payload_validation_jmespath="[eventName, dynamodb.NewImage]", claims=False
    ),
    key_prefix="order-change",
)


def handle(record: DynamoDBRecord) -> None:
    """Publish the change of one record."""
    publish_once(change=record.raw_event)


handler = ordered_batch(EventType.DynamoDBStreams, handle, threads=THREADS)
