"""How an order becomes parcels."""

from typing import Annotated, Any

import msgspec

PARCEL_HOLDS = 20
"""Articles in one parcel: the warehouse's standard box."""


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One article of an order."""

    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1)]


class PlacedOrder(msgspec.Struct, frozen=True, rename="camel"):
    """What of an `OrderPlaced` event's detail matters for shipping."""

    order_id: str
    customer_id: str
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1)]


class Shipment(msgspec.Struct, frozen=True, rename="camel"):
    """The parcels of an order; the same order always gets the same parcel ids."""

    order_id: str
    customer_id: str
    parcel_ids: list[str]


def placed_order(detail: dict[str, Any]) -> PlacedOrder:
    """Read an event's detail.

    Raises:
        msgspec.ValidationError: naming the field.
    """
    return msgspec.convert(detail, PlacedOrder)


def shipment_of(order: PlacedOrder) -> Shipment:
    """Pack an order into as few standard boxes as hold its articles."""
    articles = sum(line.quantity for line in order.lines)
    boxes = -(-articles // PARCEL_HOLDS)
    parcel_ids = [f"{order.order_id}-{number}" for number in range(1, boxes + 1)]
    return Shipment(order_id=order.order_id, customer_id=order.customer_id, parcel_ids=parcel_ids)
