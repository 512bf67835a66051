"""Order files: whole ones, broken ones, and some twice."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.landing import Landing, landing
from tests.end_to_end.loads import Load as _Load
from tests.end_to_end.loads import Tolerance, Way, once, poisonous, shuffled

_FILE = 25
"""Orders of a good file."""

_BROKEN_FILE = 5
"""Lines of a file of which one is no order."""


@dataclass(frozen=True)
class Upload:
    """An order file. `broken_line` counts from 1; None if it is a good one."""

    key: str
    content: bytes
    orders: tuple[dict[str, Any], ...]
    broken_line: int | None = None


class Load(_Load):
    """The load. `uploads` are what is sent, some of them twice."""

    share = 0.15
    keeps = frozenset({"OrderFiles", "S3Success", "S3Failure"})

    def __init__(self, random: Random, events: int) -> None:
        self.uploads = tuple(_uploads(random, events))
        self.poison = sum(upload.broken_line is not None for upload in self.uploads)

    def send(self) -> None:
        for upload in self.uploads:
            self.shop.upload("OrderFiles", upload.key, upload.content)

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        good = [upload for upload in self.uploads if upload.broken_line is None]
        broken = [upload for upload in self.uploads if upload.broken_line is not None]
        successes, failures = (
            [json.loads(message.body) for message in self.shop.drain(queue)] for queue in ("S3Success", "S3Failure")
        )
        killed = [record for record in failures if _key(record).startswith("good/")] if tolerance.both else []
        orders = {order["orderId"]: order for upload in good for order in upload.orders}
        # A file whose every attempt was killed is kept, and its orders may have been written or not.
        kept = {order["orderId"] for upload in good if upload.key in set(map(_key, killed)) for order in upload.orders}
        table = [(item["orderId"], item["customerId"], item["totalMinor"]) for item in self.shop.items("OrdersTable")]
        written = {name for name, *_ in table}
        due = {name: order for name, order in orders.items() if name not in kept or name in written}
        way.orders["import_orders"] = due
        return [
            landing(
                "order files",
                len(good),
                "good files, some twice",
                place="S3-success, each upload once",
                wanted=[(upload.key, len(upload.orders)) for upload in good],
                found=_successes(good, successes, tolerance)
                + [(_key(one), _orders_of(good, _key(one))) for one in killed],
            ),
            landing(
                "order files",
                len(broken),
                "broken files",
                place="S3-failure, naming the line",
                wanted=[(upload.key, True) for upload in broken],
                found=once(
                    (
                        (_key(one), _names_the_reason(one, _line_of(broken, _key(one)), tolerance))
                        for one in failures
                        if one not in killed
                    ),
                    tolerance.repeats,
                ),
            ),
            landing(
                "order files",
                len(orders),
                "orders",
                place="orders table",
                wanted=[(name, one["customerId"], _total(one)) for name, one in due.items()],
                found=table,
            ),
        ]


def _successes(good: Iterable[Upload], records: Iterable[Any], tolerance: Tolerance) -> list[tuple[str, int]]:
    """What the records of good files tell: that each order was written, or superseded by the same file's second upload.

    Which upload is imported first is open. Where imports are killed or repeated, one may find orders that are written
    already, and a record may be there again.
    """
    bodies = [(_key(one), one["responsePayload"]["body"]) for one in records]
    told = [(key, body["orders"] + body.get("superseded", 0)) for key, body in bodies]
    if not (tolerance.repeats or tolerance.both):
        return told
    sent, found = Counter(upload.key for upload in good), Counter(key for key, _ in told)
    counted = found & sent if (found - sent).total() <= tolerance.repeats else found
    return [(key, _orders_of(good, key)) for key in counted.elements()]


def _uploads(random: Random, events: int) -> list[Upload]:
    broken = poisonous(events)
    files = [_broken_file(random, number) for number in range(broken)]
    good = events - broken * _BROKEN_FILE
    for number, start in enumerate(range(0, good, _FILE)):
        orders = tuple(_order(random, f"A-{one}") for one in range(start, min(start + _FILE, good)))
        files.append(Upload(f"good/{number}.jsonl", _encoded(random, orders), orders))
    return shuffled(random, files, again=[one for one in files if one.broken_line is None])


def _encoded(random: Random, orders: Sequence[dict[str, Any]]) -> bytes:
    """The same orders as shops write them."""
    end = random.choice(["\n", "\r\n", "\n\n"])
    text = end.join(json.dumps(order) for order in orders).encode()
    return random.choice([text, b"\xef\xbb\xbf" + text, gzip.compress(text, mtime=0)])


def _broken_file(random: Random, number: int) -> Upload:
    orders = [_order(random, f"B-{number}-{line}") for line in range(_BROKEN_FILE)]
    line = random.randrange(_BROKEN_FILE)
    lines = [json.dumps(order) for order in orders]
    lines[line] = random.choice(
        [
            lines[line][:-1],
            json.dumps({**orders[line], "currency": "euro"}),
            json.dumps({**orders[line], "lines": []}),
            json.dumps({name: value for name, value in orders[line].items() if name != "customerId"}),
        ]
    )
    return Upload(f"broken/{number}.jsonl", "\n".join(lines).encode(), (), line + 1)


def _order(random: Random, name: str) -> dict[str, Any]:
    return {
        "orderId": name,
        "customerId": f"C-{random.randrange(500)}",
        "placedAt": "2026-01-02T03:04:05Z",
        "currency": random.choice(["EUR", "JPY"]),
        "lines": [
            {"sku": f"SKU-{one}", "quantity": random.randint(1, 30), "unitPriceMinor": random.randrange(10_000)}
            for one in range(random.randint(1, 3))
        ],
    }


def _key(record: Any) -> str:
    key: str = record["requestPayload"]["Records"][0]["s3"]["object"]["key"]
    return key


def _orders_of(uploads: Iterable[Any], key: str) -> int:
    return next(len(upload.orders) for upload in uploads if upload.key == key)


def _line_of(uploads: Iterable[Any], key: str) -> int | None:
    return next((upload.broken_line for upload in uploads if upload.key == key), None)


def _names_the_reason(record: Any, line: int | None, tolerance: Tolerance) -> bool:
    """Whether a failure record names the broken line, or that the last attempt was killed."""
    error = record["responsePayload"]
    return f"line {line}" in error["errorMessage"] or (tolerance.both and error["errorType"] == "Runtime.ExitError")


def _total(order: dict[str, Any]) -> int:
    return sum(line["quantity"] * line["unitPriceMinor"] for line in order["lines"])
