"""Events for the whole back office, from a seed: good ones, one in a hundred that is poison, duplicates, disorder.

It is pure: what is to be sent, and what must become of it by the shop's own rules.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from landfast.cli.shop import Payment

POISON = 0.01
DUPLICATES = 0.05

_FILE = 25
"""Orders of a good file."""

_BROKEN_FILE = 5
"""Lines of a file of which one is no order."""

_SCANS_A_PARCEL = 20
_PAYMENTS_AN_ACCOUNT = 40


@dataclass(frozen=True)
class Upload:
    """An order file. `broken_line` counts from 1; None if it is a good one."""

    key: str
    content: bytes
    orders: tuple[dict[str, Any], ...]
    broken_line: int | None = None


@dataclass(frozen=True)
class Scan:
    """A record for the stream; `scan` is None if its data is no scan."""

    key: str
    data: bytes
    scan: dict[str, str] | None


@dataclass(frozen=True)
class Workload:
    """What is sent, in this order; files, scans, payments and receipts side by side.

    Attributes:
        uploads: Some of them twice.
        scans: Some twice, in no order.
        payments: Some twice, in the order of their accounts.
        receipts: Bodies, some twice, in no order.
        poison_payments: The bodies that are no payments.
        poison_receipts: The bodies that are no requests.
    """

    uploads: tuple[Upload, ...]
    scans: tuple[Scan, ...]
    payments: tuple[Payment, ...]
    receipts: tuple[str, ...]
    poison_payments: frozenset[str]
    poison_receipts: frozenset[str]

    @property
    def poison(self) -> int:
        """How many events nobody can handle."""
        broken = sum(upload.broken_line is not None for upload in self.uploads)
        scans = sum(scan.scan is None for scan in self.scans)
        return broken + scans + len(self.poison_payments) + len(self.poison_receipts)


def workload(seed: int, events: int) -> Workload:
    """So many different events, and a twentieth again: 15 % orders, 40 % scans, 30 % payments, 15 % receipts."""
    random = Random(seed)  # noqa: S311 - a schedule to repeat, no secret
    orders, scans, payments = (round(events * share) for share in (0.15, 0.4, 0.3))
    receipts = events - orders - scans - payments
    sent_payments, poison_payments = _payments(random, payments)
    sent_receipts, poison_receipts = _receipts(random, receipts)
    return Workload(
        uploads=tuple(_uploads(random, orders)),
        scans=tuple(_scans(random, scans)),
        payments=tuple(sent_payments),
        receipts=tuple(sent_receipts),
        poison_payments=frozenset(poison_payments),
        poison_receipts=frozenset(poison_receipts),
    )


def ledger(payments: Iterable[dict[str, Any]]) -> tuple[dict[str, str], dict[str, int]]:
    """What becomes of payments, handled in this order: each one's result by its id, and each account's balance."""
    results: dict[str, str] = {}
    balances: dict[str, int] = {}
    currencies: dict[str, str] = {}
    for payment in payments:
        name, account, amount = payment["paymentId"], payment["account"], payment["amountMinor"]
        if name in results:
            continue
        opened = account in balances
        if opened and currencies[account] != payment["currency"]:
            results[name] = "currency_differs"
        elif amount < 0 and balances.get(account, 0) < -amount:
            results[name] = "overdraft"
        else:
            results[name] = "posted"
            balances[account] = balances.get(account, 0) + amount
            currencies.setdefault(account, payment["currency"])
    return results, balances


def _uploads(random: Random, events: int) -> list[Upload]:
    broken = max(1, round(events * POISON))
    files = [_broken_file(random, number) for number in range(broken)]
    good = events - broken * _BROKEN_FILE
    for number, start in enumerate(range(0, good, _FILE)):
        orders = tuple(_order(random, f"A-{one}") for one in range(start, min(start + _FILE, good)))
        files.append(Upload(f"good/{number}.jsonl", _encoded(random, orders), orders))
    return _shuffled(random, files, again=[one for one in files if one.broken_line is None])


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


def _scans(random: Random, events: int) -> list[Scan]:
    poison = max(1, round(events * POISON))
    parcels = max(1, events // _SCANS_A_PARCEL)
    good = []
    for number in range(events - poison):
        second = random.randrange(3600)
        scan = {
            "scanId": f"S-{number}",
            "parcelId": f"P-{number % parcels}",
            "status": random.choice(["accepted", "in_transit", "delivered"]),
            "place": f"Depot {random.randrange(100)}",
            "scannedAt": f"2026-01-02T03:{second // 60:02}:{second % 60:02}Z",
        }
        good.append(Scan(scan["parcelId"], json.dumps(scan).encode(), scan))
    bad = [_poison_scan(random, number, random.choice(good)) for number in range(poison)]
    return _shuffled(random, [*good, *bad], again=good)


def _poison_scan(random: Random, number: int, like: Scan) -> Scan:
    assert like.scan is not None
    scan = {**like.scan, "scanId": f"X-{number}"}
    data = random.choice(
        [
            json.dumps({**scan, "scannedAt": "yesterday"}).encode(),
            json.dumps({**scan, "status": "lost"}).encode(),
            json.dumps({name: value for name, value in scan.items() if name != "place"}).encode(),
            json.dumps(scan).encode()[:-1],
            json.dumps(scan).encode() + b"\xff",
        ]
    )
    return Scan(like.key, data, None)


def _payments(random: Random, events: int) -> tuple[list[Payment], set[str]]:
    """Accounts with poison have no duplicates: of those it would not be known which of two landed beside it."""
    accounts = max(4, events // _PAYMENTS_AN_ACCOUNT)
    poisoned = [f"ACC-{number}" for number in range(0, accounts, 2)]
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    poison = max(1, round(events * POISON))
    for number in range(events - poison):
        account = f"ACC-{number % accounts}"
        amount = random.randint(1, 5_000) if not groups[account] or random.random() < 0.6 else -random.randint(1, 5_000)
        currency = "EUR" if random.random() < 0.98 else "USD"
        groups[account].append(
            {"paymentId": f"PAY-{number}", "account": account, "amountMinor": amount, "currency": currency}
        )
    for account, group in groups.items():
        if account not in poisoned:
            for one in random.sample(group, round(len(group) * DUPLICATES)):
                group.insert(random.randint(group.index(one) + 1, len(group)), one)
    bodies = {account: [json.dumps(one) for one in group] for account, group in groups.items()}
    bad = set()
    for number in range(poison):
        account = poisoned[number % len(poisoned)]
        body = _poison_payment(random, number, account)
        bodies[account].insert(random.randint(0, len(bodies[account])), body)
        bad.add(body)
    return _interleaved(random, bodies), bad


def _poison_payment(random: Random, number: int, account: str) -> str:
    payment = {"paymentId": f"BAD-{number}", "account": account, "amountMinor": 100, "currency": "EUR"}
    return random.choice(
        [
            json.dumps({**payment, "currency": "EURO"}),
            json.dumps({**payment, "amountMinor": 0}),
            json.dumps({**payment, "amountMinor": "1.00"}),
            json.dumps({**payment, "account": "ACC-of-someone-else"}),
            json.dumps(payment)[:-1],
        ]
    )


def _interleaved(random: Random, groups: dict[str, list[str]]) -> list[Payment]:
    """One list that keeps the order of each group, every message with a deduplication id of its own."""
    turns = [group for group, bodies in groups.items() for _ in bodies]
    random.shuffle(turns)
    left = {group: iter(bodies) for group, bodies in groups.items()}
    return [Payment(next(left[group]), group, str(number)) for number, group in enumerate(turns)]


def _receipts(random: Random, events: int) -> tuple[list[str], set[str]]:
    poison = max(1, round(events * POISON))
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
    return _shuffled(random, [*good, *bad], again=good), set(bad)


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


def _shuffled[T](random: Random, events: Sequence[T], *, again: Sequence[T]) -> list[T]:
    """All of them and some of `again` a second time, in no order."""
    sent = [*events, *random.sample(again, round(len(again) * DUPLICATES))]
    random.shuffle(sent)
    return sent
