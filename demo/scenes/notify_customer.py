"""Notices: the customer of every shipment is told."""

import json
from collections.abc import Sequence
from pathlib import Path

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.shop import Mailbox
from demo.tour import Tour

PIPELINE = "notices"

_OWN = ("F-1", "F-2", "F-3")


class Scene(_Scene):
    """The scene."""

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._orders: Sequence[str] = ()
        self._notices = Mailbox(self._shop, "demo-notices")
        self._notices.subscribe("CustomersTopic")

    def play(self) -> None:
        """Follow what has been shipped, or hand shipments to the function."""
        tour = self._tour
        tour.heading("The customer of each shipment gets a notice")
        self._orders = tour.handed_on.get("ShipOrder") or self._ship()
        tour.until_settled()
        tour.say(f"{len(self._told())} notices were published to the customers' topic")
        for record in self._notices.read()[:1]:
            tour.show("one of the notices", record["responsePayload"])

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        sent = len(self._orders)
        place = "customers' topic, once"
        return [landing(PIPELINE, sent, "shipments", place=place, wanted=self._orders, found=self._told())]

    def _ship(self) -> Sequence[str]:
        record = json.loads((self._samples / "notify_customer.json").read_text())
        for order in _OWN:
            self._shop.invoke(
                "NotifyCustomer", {**record, "responsePayload": record["responsePayload"] | {"orderId": order}}
            )
        return _OWN

    def _told(self) -> list[str]:
        return [one["responsePayload"]["noticeId"].removeprefix("shipped-") for one in self._notices.read()]
