"""Requests for receipts: in no order, some twice, some malformed."""

import json
from collections.abc import Sequence
from random import Random

from demo.landing import Landing, landing
from demo.shop import Mailbox, Shop
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way, once, original_id, poisonous, shuffled


class Load(_Load):
    """The load. `receipts` are the bodies that are sent, some twice; `bad` are those that are no requests."""

    share = 0.15
    keeps = frozenset({"ReceiptsFailed"})
    repeats = frozenset({"ReceiptsTopic"})

    def __init__(self, random: Random, events: int) -> None:
        self.receipts, self.bad = _receipts(random, events)
        self.poison = len(self.bad)

    def attach(self, shop: Shop) -> None:
        super().attach(shop)
        self._published = Mailbox(shop, "audit-receipts")
        self._published.subscribe("ReceiptsTopic")

    def send(self) -> None:
        self.shop.send("Receipts", self.receipts)

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        del way
        bad = self.bad
        asked = {json.loads(body)["orderId"]: json.loads(body) for body in self.receipts if body not in bad}
        published = [(one["orderId"], one["totalMinor"], one["currency"]) for one in self._published.read()]
        # Killed between sending and reporting, the function sends a dead letter again: the same message, twice.
        dead = [*{original_id(message): message.body for message in self.shop.drain("ReceiptsFailed")}.values()]
        kept = {json.loads(body)["orderId"] for body in dead if body not in bad} if tolerance.both else set()
        done = {name for name, *_ in published}
        return [
            landing(
                "receipts",
                len(self.receipts),
                "requests, some twice",
                place="receipts' topic, once",
                wanted=[
                    (name, one["totalMinor"], one["currency"])
                    for name, one in asked.items()
                    if name not in kept or name in done
                ],
                found=once(published, tolerance.repeats),
            ),
            landing(
                "receipts",
                len(bad),
                "malformed requests",
                place="receipts-failed, as sent",
                wanted=bad,
                found=[body for body in dead if body in bad or not tolerance.both],
            ),
        ]


def _receipts(random: Random, events: int) -> tuple[list[str], set[str]]:
    poison = poisonous(events)
    good = [
        json.dumps(
            {
                "orderId": f"R-{number}",
                "customerId": f"C-{random.randrange(500)}",
                "totalMinor": random.randrange(100_000),
                "currency": random.choice(["EUR", "USD"]),
            }
        )
        for number in range(events - poison)
    ]
    bad = [_poison_receipt(random, number) for number in range(poison)]
    return shuffled(random, [*good, *bad], again=good), set(bad)


def _poison_receipt(random: Random, number: int) -> str:
    request = {"orderId": f"BAD-{number}", "customerId": "C-1", "totalMinor": 1, "currency": "EUR"}
    return random.choice(
        [
            json.dumps({**request, "currency": "eur"}),
            json.dumps({**request, "totalMinor": -1}),
            json.dumps(request)[:-1],
            json.dumps({"orderId": f"BAD-{number}"}),
        ]
    )
