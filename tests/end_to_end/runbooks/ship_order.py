"""Orders that met a fault, and orders that their rule could not deliver."""

from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, not_delivered, replay
from tests.samples import event


def place(stack: Stack) -> None:
    placed = event("ship_order")
    stack.bus("ShopBus").put(placed["detail"], source=placed["source"], detail_type=placed["detail-type"])
    stack.settle()


def shipments(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("ShipOrder", times=3)
    place(stack)
    assert len(stack.queue("ShipmentsFailed")) == len(stack.queue("ShipmentsDead")) == 1
    replay(stack, "Shipments that failed")
    assert len(stack.queue("ShipmentsFailed")) == len(stack.queue("ShipmentsDead")) == 0
    assert len(stack.table("ShipmentsTable").items()) == 1


def orders_not_delivered(stack: Stack, _: pytest.MonkeyPatch) -> None:
    not_delivered(stack, "OrdersNotDelivered", f"{stack.function('ShipOrder').arn}:live", event("ship_order"))
    replay(stack, "Orders that were not delivered")
    assert len(stack.queue("OrdersNotDelivered")) == 0
    assert len(stack.table("ShipmentsTable").items()) == 1


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Shipments that failed": shipments,
    "Orders that were not delivered": orders_not_delivered,
}
