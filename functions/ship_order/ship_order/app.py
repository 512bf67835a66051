"""Fulfilment: an `OrderPlaced` event becomes a shipment, once per order; its result goes to `notify_customer`."""

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from backoffice.correlation import correlated
from backoffice.exactly_once import Condition, ExactlyOnceStore, Table, UnitOfWork, exactly_once
from backoffice.observability import count, logger, observed
from backoffice.settings import from_environment
from ship_order.shipment import PlacedOrder, Shipment, detail_in, placed_order, shipment_of


class Settings(msgspec.Struct, frozen=True):
    """Names of the tables."""

    shipments_table: str
    idempotency_table: str


settings = from_environment(Settings)
shipments = Table(settings.shipments_table, partition_key="orderId")

# Markers expire, shipments do not: what has left the house is never another shipment afterwards.
NOT_SHIPPED_OTHERWISE = Condition(
    "not_shipped_otherwise",
    "attribute_not_exists(orderId) OR (customerId = :customerId AND parcelIds = :parcelIds)",
)


@exactly_once(
    ExactlyOnceStore(settings.idempotency_table),
    key_prefix="shipment",
    key="orderId",
    payload_validation="[customerId, lines]",
)
def ship(order: PlacedOrder, unit: UnitOfWork) -> Shipment:
    """Record the shipment of an order."""
    shipment = shipment_of(order)
    unit.put(
        shipments,
        msgspec.to_builtins(shipment),
        condition=NOT_SHIPPED_OTHERWISE,
        values={":customerId": shipment.customer_id, ":parcelIds": shipment.parcel_ids},
    )
    return shipment


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ship the order of one event."""
    order = placed_order(detail_in(event))
    with correlated(order.correlation_id or context.aws_request_id):
        shipment = ship(order)
        count("OrdersShipped")
        logger.info("shipped", extra={"order": shipment.order_id, "parcels": len(shipment.parcel_ids)})
    answer: dict[str, Any] = msgspec.to_builtins(shipment)
    return answer
