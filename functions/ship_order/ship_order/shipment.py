"""How an order becomes parcels."""

from typing import Annotated, Any

import msgspec

from backoffice.correlation import CorrelationId, carried
from backoffice.messages import ForeignEventError, Identifier, MalformedError, converted

PARCEL_HOLDS = 20
"""Articles in one parcel: the warehouse's standard box."""
MOST_PARCELS = 500
"""Parcels of one order: those of the most articles that import_orders accepts; see the arithmetic there."""
_MOST_LINES = 500


class MalformedOrderError(MalformedError):
    """An event's detail that is no order to be shipped."""


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One article of an order."""

    sku: Identifier
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST_PARCELS * PARCEL_HOLDS)]


class PlacedOrder(msgspec.Struct, frozen=True, rename="camel"):
    """What of an `OrderPlaced` event's detail matters for shipping."""

    order_id: Identifier
    customer_id: Identifier
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=_MOST_LINES)]
    correlation_id: CorrelationId | None = None


class Shipment(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The parcels of an order; the same order always gets the same parcel ids."""

    order_id: str
    customer_id: str
    parcel_ids: list[str]
    correlation_id: str | None = None


def detail_in(event: object) -> dict[str, Any]:
    """Return the detail of an `OrderPlaced` event.

    Raises:
        ForeignEventError: it is an event of another kind.
    """
    if not isinstance(event, dict) or event.get("detail-type", "OrderPlaced") != "OrderPlaced":
        raise ForeignEventError("the event's detail-type is not OrderPlaced")
    detail = event.get("detail")
    if not isinstance(detail, dict):
        raise ForeignEventError("the event has no detail")
    return detail


def placed_order(detail: dict[str, Any]) -> PlacedOrder:
    """Read an event's detail; what is no correlation id in it is left out, since an order ships without one, too.

    Raises:
        MalformedOrderError: naming the field.
    """
    known = detail | {"correlationId": carried(detail.get("correlationId"))}
    order = converted(known, PlacedOrder, MalformedOrderError)
    if _articles(order) > MOST_PARCELS * PARCEL_HOLDS:
        raise MalformedOrderError(f"the lines have more articles than {MOST_PARCELS} parcels hold - at `$.lines`")
    return order


def shipment_of(order: PlacedOrder) -> Shipment:
    """Pack an order into as few standard boxes as hold its articles."""
    boxes = -(-_articles(order) // PARCEL_HOLDS)
    parcel_ids = [f"{order.order_id}-{number}" for number in range(1, boxes + 1)]
    return Shipment(
        order_id=order.order_id,
        customer_id=order.customer_id,
        parcel_ids=parcel_ids,
        correlation_id=order.correlation_id,
    )


def _articles(order: PlacedOrder) -> int:
    return sum(line.quantity for line in order.lines)
