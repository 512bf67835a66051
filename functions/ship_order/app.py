"""Fulfilment: an `OrderPlaced` event becomes a shipment, once per order; its result goes to `notify_customer`."""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from backoffice.exactly_once import ExactlyOnceStore, Table, UnitOfWork, exactly_once
from backoffice.observability import count, logger, observed
from backoffice.settings import from_environment
from ship_order.shipment import PlacedOrder, Shipment, placed_order, shipment_of


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables."""

    shipments_table: str
    idempotency_table: str


settings = from_environment(Settings)
shipments = Table(settings.shipments_table, partition_key="orderId")


@exactly_once(
    ExactlyOnceStore(settings.idempotency_table),
    key_prefix="shipment",
    key="orderId",
    payload_validation="[customerId, lines]",
)
def ship(order: PlacedOrder, unit: UnitOfWork) -> Shipment:
    """Record the shipment of an order."""
    shipment = shipment_of(order)
    unit.put(shipments, msgspec.to_builtins(shipment))
    return shipment


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Ship the order of one event."""
    shipment = ship(placed_order(event["detail"]))
    count("OrdersShipped")
    logger.info("shipped", extra={"order": shipment.order_id, "parcels": len(shipment.parcel_ids)})
    answer: dict[str, Any] = msgspec.to_builtins(shipment)
    return answer
