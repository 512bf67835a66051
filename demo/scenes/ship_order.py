"""Fulfilment: every placed order on the bus is shipped."""

import json
from collections.abc import Sequence
from pathlib import Path

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.tour import Tour

PIPELINE = "fulfilment"

_OWN = ("E-1", "E-2", "E-3")


class Scene(_Scene):
    """The scene."""

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._orders: Sequence[str] = ()

    def play(self) -> None:
        """Follow the orders that the bus has got, or place some on it."""
        tour = self._tour
        tour.heading("Each order that is placed is shipped")
        self._orders = tour.handed_on.get("ShopBus") or self._place()
        tour.until_settled()
        tour.say(f"{len(self._shipped())} shipments are in the shipments table")
        tour.handed_on["ShipOrder"] = [*self._orders]

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        sent = len(self._orders)
        place = "shipments table, once"
        return [landing(PIPELINE, sent, "orders", place=place, wanted=self._orders, found=self._shipped())]

    def _place(self) -> Sequence[str]:
        event = json.loads((self._samples / "ship_order.json").read_text())
        details = ({**event["detail"], "orderId": order} for order in _OWN)
        self._shop.put_events("ShopBus", event["source"], event["detail-type"], details)
        return _OWN

    def _shipped(self) -> list[str]:
        return [item["orderId"] for item in self._shop.items("ShipmentsTable")]
