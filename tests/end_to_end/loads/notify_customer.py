"""Notices: of the orders that are shipped, or of some shipments handed to the function."""

import json
from collections.abc import Sequence
from random import Random

from demo.landing import Landing, landing
from demo.shop import Mailbox, Shop
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way, once
from tests.samples import sample


class Load(_Load):
    """The load. `orders` are those that nobody else ships."""

    share = 0.15
    fed_by = "ship_order"
    is_pure = True

    def __init__(self, random: Random, events: int) -> None:
        del random
        self._record = json.loads(sample("notify_customer").read_text())
        self.orders = [f"N-{number}" for number in range(events)]

    def attach(self, shop: Shop) -> None:
        super().attach(shop)
        self._notices = Mailbox(shop, "audit-notices")
        self._notices.subscribe("CustomersTopic")

    def send(self) -> None:
        for order in self.orders:
            shipment = self._record["responsePayload"] | {"orderId": order}
            self.shop.invoke("NotifyCustomer", {**self._record, "responsePayload": shipment})

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        orders = way.orders.get("ship_order", {order: {"orderId": order} for order in self.orders})
        if tolerance.both:
            details = [json.loads(message.body)["detail"] for message in self.shop.drain("NoticesFailed")]
            way.kept |= {detail["requestPayload"]["responsePayload"]["orderId"] for detail in details}
        notices = [one["responsePayload"]["noticeId"] for one in self._notices.read()]
        wanted = {name: f"shipped-{name}" for name in orders}
        return [
            landing(
                "notices",
                len(orders),
                "orders",
                place="customers' topic",
                wanted=way.due((notice.removeprefix("shipped-") for notice in notices), wanted),
                found=once(notices, tolerance.repeats),
            )
        ]
