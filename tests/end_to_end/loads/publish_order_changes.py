"""Order changes: those that imports make, or orders put into the table."""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from demo.landing import Landing, landing
from demo.shop import Mailbox, Shop
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way, once
from tests.samples import sample


class Load(_Load):
    """The load. `orders` are those that nobody else makes."""

    share = 0.15
    fed_by = "import_orders"
    is_pure = True
    keeps = frozenset({"OrderChangesFailed"})
    repeats = frozenset({"ShopBus", "CustomersTopic"})

    def __init__(self, random: Random, events: int) -> None:
        del random
        [record, *_] = json.loads(sample("publish_order_changes").read_text())["Records"]
        self._image: Mapping[str, Any] = record["dynamodb"]["NewImage"]
        read = TypeDeserializer()
        self._told = {name: read.deserialize(value) for name, value in self._image.items() if name != "orderId"}
        self.orders = [f"C-{number}" for number in range(events)]

    def attach(self, shop: Shop) -> None:
        super().attach(shop)
        self._bus = Mailbox(shop, "audit-bus")
        self._bus.listen("ShopBus", "shop.orders")

    def send(self) -> None:
        for order in self.orders:
            self.shop.put_item("OrdersTable", {**self._image, "orderId": {"S": order}})

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        own = {order: {"orderId": order, **self._told} for order in self.orders}
        orders = way.orders["publish_order_changes"] = way.orders.get("import_orders", own)
        kept = self.shop.objects("OrderChangesFailed")
        if tolerance.both:
            batches = [json.loads(content) for content in kept.values()]
            changes = [record for batch in batches for record in json.loads(batch["payload"])["Records"]]
            way.kept |= {change["dynamodb"]["Keys"]["orderId"]["S"] for change in changes}
        placed = [
            (one["detail"]["orderId"], one["detail"]["changeId"])
            for one in self._bus.read()
            if one["detail-type"] == "OrderPlaced"
        ]
        found = [order for order, _ in once(placed, tolerance.repeats)]
        return [
            landing(
                "order changes",
                len(orders),
                "orders",
                place="bus, as OrderPlaced",
                wanted=way.due(found, {name: name for name in orders}),
                found=found,
            ),
            landing(
                "order changes",
                0,
                "changes",
                place="not in the failure bucket",
                wanted=[],
                found=[] if tolerance.both else kept,
            ),
        ]
