"""Order changes: each change of the orders table is an event on the bus, in the order of each order's changes."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.idempotency import idempotent_function
from botocore.exceptions import BotoCoreError, ClientError

from backoffice import clients
from backoffice.batches import EventType, ordered_batch
from backoffice.correlation import correlated
from backoffice.dynamodb import client
from backoffice.errors import ShopError
from backoffice.gathering import Gatherer
from backoffice.idempotency import ClaimingLayer, idempotency_config
from backoffice.observability import count, logger
from backoffice.settings import from_environment
from publish_order_changes.change import Change, change_in

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

THREADS = 20
"""Two calls' worth: while one call is under way, the next one gathers."""
MOST_ENTRIES = 10
HEAVIEST_BYTES = 262_144
"""PutEvents takes 10 entries (API reference); their bytes are kept to what it took together before it took 1 MB."""


class Settings(msgspec.Struct, frozen=True):
    """Names of the table and the bus."""

    idempotency_table: str
    event_bus: str


class EventNotTakenError(ShopError):
    """The bus did not take the event: the call failed, or answered 200 and still refused it."""


settings = from_environment(Settings)
events = clients.client("events", connections=THREADS)


def put_events(changes: Sequence[Change]) -> list[Exception | None]:
    """Put changes on the bus by one call, and say of each whether it was taken.

    PutEvents reports a refused entry in its answer, not as an error. A call that fails fails for each of them.
    """
    entries: list[PutEventsRequestEntryTypeDef] = [
        {
            "EventBusName": settings.event_bus,
            "Source": "shop.orders",
            "DetailType": change.detail_type,
            "Detail": change.detail,
        }
        for change in changes
    ]
    try:
        answer = events.put_events(Entries=entries)
    except ClientError as error:
        return [EventNotTakenError(f"EventBridge: {error.response['Error'].get('Code')}") for _ in changes]
    except BotoCoreError as error:
        return [EventNotTakenError(f"EventBridge: {type(error).__name__}") for _ in changes]
    if not answer["FailedEntryCount"]:
        return [None] * len(changes)
    told = [*answer["Entries"], *({"ErrorCode": "NoAnswer"} for _ in changes)]
    codes = [entry.get("ErrorCode") for entry in told[: len(changes)]]
    return [EventNotTakenError(f"EventBridge: {code}") if code else None for code in codes]


def size(change: Change) -> int:
    """Return an entry's size as EventBridge counts it: source, detail-type and detail in UTF-8 (its user guide)."""
    return len("shop.orders") + len(change.detail_type) + len(change.detail.encode())


bus = Gatherer(put_events, most=MOST_ENTRIES, heaviest=HEAVIEST_BYTES, weigh=size)


def publish(change: dict[str, Any]) -> None:
    """Put one change on the bus. Consumers know a repeat, after a crash just here, by its `changeId`."""
    told = change_in(change)
    if told is None:
        count("UnchangedOrders")
        return
    with correlated(told.correlation_id):
        bus.give(told)
        logger.info("published", extra={"change": change["eventID"], "event": told.detail_type})
    count(f"{told.detail_type}Events")


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
    with bus.expecting():
        publish_once(change=record.raw_event)


handler = ordered_batch(EventType.DynamoDBStreams, handle, threads=THREADS)
