"""A change of an order that met a fault."""

from collections.abc import Mapping
from typing import Final

import pytest

from landfast.testing import Stack
from tests.end_to_end.runbooks import Rehearsal, replay
from tests.samples import event


def order_changes(stack: Stack, _: pytest.MonkeyPatch) -> None:
    stack.fail("PublishOrderChanges", times=6)
    [first, *_] = event("publish_order_changes")["Records"]
    stack.client("dynamodb").put_item(TableName=stack.table("OrdersTable").name, Item=first["dynamodb"]["NewImage"])
    stack.settle()
    assert len(stack.s3("OrderChangesFailed").keys()) == 1
    replay(stack, "Order changes that failed")
    assert stack.s3("OrderChangesFailed").keys() == []


REHEARSALS: Final[Mapping[str, Rehearsal]] = {
    "Order changes that failed": order_changes,
}
