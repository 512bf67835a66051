"""Order changes: every new order of the table is an event on the bus."""

import json
from collections.abc import Sequence
from pathlib import Path

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.shop import Mailbox
from demo.tour import Tour

PIPELINE = "order changes"

_OWN = ("D-1", "D-2", "D-3")


class Scene(_Scene):
    """The scene."""

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._orders: Sequence[str] = ()
        self._bus = Mailbox(self._shop, "demo-bus")
        self._bus.listen("ShopBus", "shop.orders")

    def play(self) -> None:
        """Follow the orders of the files, or put some into the table."""
        tour = self._tour
        tour.heading("Each new order in the orders table is published on the bus")
        self._orders = tour.handed_on.get("OrdersTable") or self._put()
        tour.until_settled()
        tour.say(f"{len(self._placed())} OrderPlaced events are on the bus")
        tour.handed_on["ShopBus"] = [*self._orders]

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        sent = len(self._orders)
        place = "bus, as OrderPlaced, once"
        return [landing(PIPELINE, sent, "orders", place=place, wanted=self._orders, found=self._placed())]

    def _put(self) -> Sequence[str]:
        sample = json.loads((self._samples / "publish_order_changes.json").read_text())
        image = sample["Records"][0]["dynamodb"]["NewImage"]
        for order in _OWN:
            self._shop.put_item("OrdersTable", {**image, "orderId": {"S": order}})
        return _OWN

    def _placed(self) -> list[str]:
        return [one["detail"]["orderId"] for one in self._bus.read() if one["detail-type"] == "OrderPlaced"]
