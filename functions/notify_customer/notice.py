"""What a customer is told about a shipment."""

from typing import Annotated, Any

import msgspec


class Shipment(msgspec.Struct, frozen=True, rename="camel"):
    """What `ship_order` answered."""

    order_id: str
    customer_id: str
    parcel_ids: Annotated[list[str], msgspec.Meta(min_length=1)]


class Notice(msgspec.Struct, frozen=True, rename="camel"):
    """What is published; `notice_id` is the same whenever this shipment is announced."""

    notice_id: str
    customer_id: str
    text: str


class NotASuccessError(ValueError):
    """An event that does not say that a function succeeded."""


class _Invocation(msgspec.Struct, frozen=True, rename="camel"):
    condition: str


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    request_context: _Invocation


class _Success(msgspec.Struct, frozen=True, rename="camel"):
    response_payload: Shipment


def shipment_in(event: dict[str, Any]) -> Shipment:
    """Read the shipment from the record of a successful asynchronous invocation (S-13, S-15).

    Raises:
        msgspec.ValidationError: naming the field.
        NotASuccessError: for the record of a failure.
    """
    condition = msgspec.convert(event, _Record).request_context.condition
    if condition != "Success":
        raise NotASuccessError(f"the record's condition is {condition}")
    return msgspec.convert(event, _Success).response_payload


def notice_of(shipment: Shipment) -> Notice:
    """Word the notice of a shipment."""
    number = len(shipment.parcel_ids)
    parcels = "parcel" if number == 1 else "parcels"
    return Notice(
        notice_id=f"shipped-{shipment.order_id}",
        customer_id=shipment.customer_id,
        text=f"Your order {shipment.order_id} is on its way in {number} {parcels}: {', '.join(shipment.parcel_ids)}.",
    )
