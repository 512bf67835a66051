"""Payments: a malformed one goes to the dead-letter queue at once, and holds nobody back, its own account neither."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from demo.landing import Landing, landing
from demo.scenes import Scene as _Scene
from demo.shop import Payment
from demo.tour import Tour, of_records

PIPELINE = "payments"

_ACCOUNT = "ACC-1"
_OTHERS = ("ACC-2", "ACC-3", "ACC-4")


class Scene(_Scene):
    """The scene."""

    keeps = frozenset({"PaymentsFailed"})

    def __init__(self, tour: Tour, samples: Path) -> None:
        super().__init__(tour, samples)
        self._before = _payment("P-1-1", _ACCOUNT, 10_000)
        self._malformed = {**_payment("P-1-2", _ACCOUNT, 500), "currency": "EURO"}
        self._behind = [_payment("P-1-3", _ACCOUNT, -2_500), _payment("P-1-4", _ACCOUNT, 700)]
        self._others = [
            _payment(f"P-{account[-1]}-{number}", account, amount)
            for account in _OTHERS
            for number, amount in enumerate((5_000, -1_200, 250), start=1)
        ]
        self._uncovered = _payment("P-4-4", "ACC-4", -1_000_000)

    def play(self) -> None:
        """Send them, and look at the ledger and at the dead-letter queue."""
        tour = self._tour
        tour.heading(f"Payments of 4 accounts are sent; one of {_ACCOUNT} is malformed")
        all_others = [self._before, *self._behind, *self._others, self._uncovered]
        ids = self._shop.pay("Payments", map(_message, [self._before, self._malformed, *self._behind]))
        self._shop.pay("Payments", map(_message, [*self._others, self._uncovered]))
        tour.until_settled(of_records([ids[1]]))
        tour.say(f"{len(self._entered(all_others))} of {len(all_others)} payments are entered")
        tour.say(f"{len(self._entered(self._behind))} of the 2 behind the malformed one are among them")
        for body in self._dead():
            tour.show("landed in payments-failed.fifo", json.loads(body))

    def again(self) -> None:
        """Send one of them under another message id."""
        self._tour.heading(f"Payment {self._before['paymentId']} is sent again, under another message id")
        ids = self._shop.pay("Payments", [Payment(json.dumps(self._before), _ACCOUNT, "another")])
        self._tour.until_settled(of_records(ids))

    def landings(self) -> list[Landing]:
        """Where all of them must be."""
        good = [self._before, *self._others]
        entries = {(one["paymentId"], one["result"]): one["amountMinor"] for one in self._shop.items("EntriesTable")}
        of = {one["paymentId"]: one for one in (*good, *self._behind, self._uncovered)}

        def entered(payments: Iterable[dict[str, Any]]) -> list[tuple[str, str, int]]:
            ids = {one["paymentId"] for one in payments}
            return [(payment, result, amount) for (payment, result), amount in entries.items() if payment in ids]

        def posted(payments: Iterable[dict[str, Any]], result: str = "posted") -> list[tuple[str, str, int]]:
            return [(one["paymentId"], result, one["amountMinor"]) for one in payments]

        balances: Counter[str] = Counter()
        for one in (*good, *self._behind):
            balances[one["account"]] += one["amountMinor"]
        accounts = [(one["account"], one["balanceMinor"]) for one in self._shop.items("AccountsTable")]
        rows: list[tuple[int, str, str, Iterable[Any], Iterable[Any]]] = [
            (len(good), "good payments", "entries table, once", posted(good), entered(good)),
            (1, "one of them again", "nowhere: it was entered", [], [key for key in entries if key[0] not in of]),
            (
                1, "uncovered payment", "entries table, as overdraft",
                posted([self._uncovered], "overdraft"), entered([self._uncovered]),
            ),
            (1, "malformed payment", "payments-failed.fifo", [json.dumps(self._malformed)], self._dead()),
            (2, "payments behind it", "entries table", posted(self._behind), entered(self._behind)),
            (len(of) + 2, "all payments", "accounts table, exact sums", balances.items(), accounts),
        ]  # fmt: skip
        return [
            landing(PIPELINE, sent, events, place=place, wanted=wanted, found=found)
            for sent, events, place, wanted, found in rows
        ]

    def _entered(self, payments: Iterable[dict[str, Any]]) -> list[str]:
        wanted = {one["paymentId"] for one in payments}
        return [one["paymentId"] for one in self._shop.items("EntriesTable") if one["paymentId"] in wanted]

    def _dead(self) -> list[str]:
        return [message.body for message in self._shop.messages("PaymentsFailed")]


def _payment(payment: str, account: str, amount: int) -> dict[str, Any]:
    return {"paymentId": payment, "account": account, "amountMinor": amount, "currency": "EUR"}


def _message(payment: dict[str, Any]) -> Payment:
    return Payment(json.dumps(payment), payment["account"], payment["paymentId"])
