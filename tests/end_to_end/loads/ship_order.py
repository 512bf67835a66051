"""Fulfilment: the orders that are published, or some placed on the bus."""

import json
import math
from collections.abc import Sequence
from random import Random

from demo.landing import Landing, landing
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way
from tests.samples import sample

_A_PARCEL = 20
"""Most articles of one parcel (ship_order.shipment)."""


class Load(_Load):
    """The load. `orders` are those that nobody else places."""

    share = 0.15
    fed_by = "publish_order_changes"
    is_pure = True

    def __init__(self, random: Random, events: int) -> None:
        del random
        self._event = json.loads(sample("ship_order").read_text())
        self.orders = [f"D-{number}" for number in range(events)]

    def send(self) -> None:
        details = ({**self._event["detail"], "orderId": order} for order in self.orders)
        self.shop.put_events("ShopBus", self._event["source"], self._event["detail-type"], details)

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        own = {order: {**self._event["detail"], "orderId": order} for order in self.orders}
        orders = way.orders["ship_order"] = way.orders.get("publish_order_changes", own)
        if tolerance.both:
            records = [json.loads(message.body) for message in self.shop.drain("ShipmentsFailed")]
            events = [json.loads(message.body) for message in self.shop.drain("ShipmentsDead")]
            way.kept |= {record["requestPayload"]["detail"]["orderId"] for record in records}
            way.kept |= {event["detail"]["orderId"] for event in events}
        found = [(one["orderId"], len(one["parcelIds"])) for one in self.shop.items("ShipmentsTable")]
        wanted = {
            name: (name, math.ceil(sum(line["quantity"] for line in order["lines"]) / _A_PARCEL))
            for name, order in orders.items()
        }
        return [
            landing(
                "fulfilment",
                len(orders),
                "orders",
                place="shipments table",
                wanted=way.due(dict(found), wanted),
                found=found,
            )
        ]
