"""What a customer is told about a shipment."""

from typing import Annotated

import msgspec

from backoffice.correlation import CorrelationId, carried
from backoffice.messages import ForeignEventError, Identifier, MalformedError, ParcelIdentifier, converted

MOST_PARCELS = 500
"""Parcels of one shipment: the most that ship_order makes, and that a notice can name (see import_orders.order)."""

# What a record of an asynchronous invocation may say besides Success (S-11, S-12).
_FAILURES = frozenset({"RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency"})


class Shipment(msgspec.Struct, frozen=True, rename="camel"):
    """What `ship_order` answered."""

    order_id: Identifier
    customer_id: Identifier
    parcel_ids: Annotated[list[ParcelIdentifier], msgspec.Meta(min_length=1, max_length=MOST_PARCELS)]
    correlation_id: CorrelationId | None = None


class Notice(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is published; `notice_id` is the same whenever this shipment is announced."""

    notice_id: str
    customer_id: str
    text: str
    correlation_id: str | None = None


class MalformedShipmentError(MalformedError):
    """The record of a success whose answer is no shipment."""


class NotASuccessError(ForeignEventError):
    """An event that does not say that a function succeeded."""


def shipment_in(event: object) -> Shipment:
    """Read the shipment from the record of a successful asynchronous invocation (S-13, S-15).

    Raises:
        ForeignEventError: it is no such record.
        MalformedShipmentError: naming the field.
        NotASuccessError: for the record of a failure.
    """
    if not isinstance(event, dict):
        raise ForeignEventError("the event is no object: not the record of an invocation")
    context = event.get("requestContext")
    if not isinstance(context, dict) or not isinstance(context.get("condition"), str):
        raise ForeignEventError("the event has no requestContext.condition: not the record of an invocation")
    condition = context["condition"]
    if condition != "Success":
        told = condition if condition in _FAILURES else "another one than Success"
        raise NotASuccessError(f"the record's condition is {told}")
    if "responsePayload" not in event:
        raise MalformedShipmentError("the record has no responsePayload")
    answer = event["responsePayload"]
    if isinstance(answer, dict):  # a shipment is announced without an id to log, too
        answer = answer | {"correlationId": carried(answer.get("correlationId"))}
    return converted(answer, Shipment, MalformedShipmentError)


def notice_of(shipment: Shipment) -> Notice:
    """Word the notice of a shipment."""
    number = len(shipment.parcel_ids)
    parcels = "parcel" if number == 1 else "parcels"
    return Notice(
        notice_id=f"shipped-{shipment.order_id}",
        customer_id=shipment.customer_id,
        text=f"Your order {shipment.order_id} is on its way in {number} {parcels}: {', '.join(shipment.parcel_ids)}.",
        correlation_id=shipment.correlation_id,
    )
