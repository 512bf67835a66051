"""Receipts: some are asked for twice, and none is sent twice."""

import json
from pathlib import Path

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.shop import Mailbox
from demo.tour import Tour

PIPELINE = "receipts"

_ORDERS = 8
_TWICE = 3


class Scene(_Scene):
    """The scene."""

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._published = Mailbox(self._shop, "demo-receipts")
        self._published.subscribe("ReceiptsTopic")
        self._asked = [
            {"orderId": f"R-{number}", "customerId": "C-17", "totalMinor": 100 * number, "currency": "EUR"}
            for number in range(1, _ORDERS + 1)
        ]

    def play(self) -> None:
        """Ask for them."""
        tour = self._tour
        tour.heading(f"{_ORDERS} receipts are asked for, {_TWICE} of them twice")
        self._shop.send("Receipts", map(json.dumps, [*self._asked, *self._asked[:_TWICE]]))
        tour.until_settled()
        tour.say(f"all {_ORDERS + _TWICE} requests are done; {len(self._published.read())} were published")

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        published = [(one["orderId"], one["totalMinor"]) for one in self._published.read()]
        wanted = [(one["orderId"], one["totalMinor"]) for one in self._asked]
        return [
            landing(
                PIPELINE,
                _ORDERS + _TWICE,
                f"requests, {_TWICE} twice",
                place="receipts' topic, once an order",
                wanted=wanted,
                found=published,
            )
        ]
