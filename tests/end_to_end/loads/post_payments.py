"""Payments: in the order of their accounts, some twice, some malformed."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from demo.landing import Landing, landing
from demo.shop import Message, Payment
from tests.end_to_end.loads import DUPLICATES, Tolerance, Way, original_id, poisonous
from tests.end_to_end.loads import Load as _Load

_PAYMENTS_AN_ACCOUNT = 40


class Load(_Load):
    """The load. `payments` are what is sent, some twice; `bad` are the bodies that are no payments."""

    share = 0.3
    keeps = frozenset({"PaymentsFailed"})

    def __init__(self, random: Random, events: int) -> None:
        self.payments, self.bad = _payments(random, events)
        self.poison = len(self.bad)

    def send(self) -> None:
        self._ids = self.shop.pay("Payments", self.payments)

    def landings(self, tolerance: Tolerance, way: Way) -> Sequence[Landing]:
        """In the ledger, or in the dead-letter queue; results and balances are those of the former in their order."""
        del way
        sent = dict(zip(self._ids, self.payments, strict=True))
        dead = {original_id(message): message for message in self.shop.drain("PaymentsFailed")}
        entries = self.shop.items("EntriesTable")
        accounts = [(one["account"], one["balanceMinor"]) for one in self.shop.items("AccountsTable")]
        found = {one["paymentId"]: one["result"] for one in entries}
        beside = [name for name in dead if name in sent and sent[name].body not in self.bad]
        applied = {name for name in beside if tolerance.both and json.loads(sent[name].body)["paymentId"] in found}
        done = [json.loads(one.body) for name, one in sent.items() if name not in dead or name in applied]
        results, balances = ledger(done)
        bad = self.bad
        return [
            landing(
                "payments",
                len(sent),
                "payments, some twice",
                place="entries table, in order",
                wanted=results.items(),
                found=found.items(),
            ),
            landing(
                "payments",
                len(done),
                "payments",
                place="accounts table, exact sums",
                wanted=balances.items(),
                found=accounts,
            ),
            landing(
                "payments",
                len(done),
                "payments",
                place="accounts, sums of own entries",
                wanted=_sums(entries).items(),
                found=accounts,
            ),
            landing(
                "payments",
                len(bad),
                "malformed payments",
                place="payments-failed.fifo, as sent",
                wanted=[(body, True) for body in bad],
                found=[(one.body, tolerance.both or _has_reason(one)) for one in dead.values() if one.body in bad],
            ),
            landing(
                "payments",
                len(beside),
                "payments that failed",
                place="only with their function",
                wanted=[],
                found=[] if tolerance.both else beside,
            ),
        ]


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


def _payments(random: Random, events: int) -> tuple[list[Payment], set[str]]:
    """Accounts with poison have no duplicates: of those it would not be known which of two landed beside it."""
    accounts = max(4, events // _PAYMENTS_AN_ACCOUNT)
    poisoned = [f"ACC-{number}" for number in range(0, accounts, 2)]
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    poison = poisonous(events)
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


def _has_reason(message: Message) -> bool:
    return all(message.attributes.get(name) for name in ("ErrorCode", "ErrorMessage", "RequestID"))


def _sums(entries: Iterable[dict[str, Any]]) -> Counter[str]:
    """What each account's posted entries add up to."""
    sums: Counter[str] = Counter()
    for entry in entries:
        if entry["result"] == "posted":
            sums[entry["account"]] += entry["amountMinor"]
    return sums
