"""Order files: a good one, a broken one, and the good one once more."""

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.tour import Tour, from_origin
from landfast.testing import Invoked

if TYPE_CHECKING:
    from collections.abc import Sequence

PIPELINE = "order files"
GOOD = "import_orders.jsonl"
BROKEN = "import_orders-broken.jsonl"

_FIRST_WAIT = 60
"""Seconds before the second attempt; the wait before the third is twice as long (S-04)."""


class Scene(_Scene):
    """The scene."""

    keeps = frozenset({"OrderFiles", "S3Success", "S3Failure"})

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._files = {name: (samples / name).read_bytes() for name in (GOOD, BROKEN)}
        self._orders = [json.loads(line)["orderId"] for line in self._files[GOOD].splitlines()]
        self._attempts: list[float] = []

    def play(self) -> None:
        """Upload both files."""
        self._good()
        self._broken()

    def _good(self) -> None:
        self._tour.heading("An order file is uploaded")
        self._upload(GOOD)
        for record in self._records("S3Success", GOOD)[:1]:
            self._tour.show("landed in S3-success", record)
        self._tour.say(f"{len(self._ids())} orders are in the orders table")
        self._tour.handed_on["OrdersTable"] = self._orders

    def _broken(self) -> None:
        self._tour.heading("An order file with a mistake in its second line is uploaded")
        self._attempts = self._upload(BROKEN)
        for record in self._records("S3Failure", BROKEN)[:1]:
            self._tour.show("landed in S3-failure", record)

    def again(self) -> None:
        """Upload the good file a second time."""
        self._tour.heading("The good order file is uploaded again")
        self._upload(GOOD)

    def landings(self) -> list[Landing]:
        """Where all of it must be."""
        successes = [_verdict(record) for record in self._records("S3Success", GOOD)]
        failures = [
            (*_verdict(record), "line 2" in record["responsePayload"]["errorMessage"], self._waited_longer())
            for record in self._records("S3Failure", BROKEN)
        ]
        uploads = [("Success", 1, ("body", "statusCode"), "Records")] * 2
        failure = (
            "RetriesExhausted",
            3,
            ("errorMessage", "errorType", "requestId", "stackTrace"),
            "Records",
            True,
            True,
        )
        orders = self._orders
        rows: list[tuple[int, str, str, Sequence[Any], Sequence[Any]]] = [
            (2, "good file, twice", "S3-success, 1 attempt each", uploads, successes),
            (1, "broken file", "S3-failure, 3 attempts, stack trace", [failure], failures),
            (len(orders), "orders", "orders table, once", orders, self._ids()),
        ]
        return [
            landing(PIPELINE, sent, events, place=place, wanted=wanted, found=found)
            for sent, events, place, wanted, found in rows
        ]

    def _upload(self, name: str) -> list[float]:
        """Upload a file, and tell what happens until everything rests; when its attempts began."""
        origin = self._shop.upload("OrderFiles", f"in/{name}", self._files[name])
        told = self._tour.until_settled(from_origin(origin))
        return [entry.at for entry in told if isinstance(entry, Invoked)]

    def _waited_longer(self) -> bool:
        waits = [later - earlier for earlier, later in pairwise(self._attempts)]
        return all(wait >= _FIRST_WAIT * number for number, wait in enumerate(waits, start=1))

    def _records(self, queue: str, name: str) -> list[Any]:
        """The records about a file."""
        found = (json.loads(message.body) for message in self._shop.messages(queue))
        return [one for one in found if one["requestPayload"]["Records"][0]["s3"]["object"]["key"] == f"in/{name}"]

    def _ids(self) -> list[str]:
        return [item["orderId"] for item in self._shop.items("OrdersTable")]


def _verdict(record: Any) -> tuple[str, int, tuple[str, ...], str]:  # noqa: ANN401 - any JSON value
    """Condition, attempts, what the response names, and what is kept of the event."""
    context = record["requestContext"]
    return (
        context["condition"],
        context["approximateInvokeCount"],
        tuple(sorted(record["responsePayload"])),
        ", ".join(record["requestPayload"]),
    )
