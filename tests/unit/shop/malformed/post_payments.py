"""Payments: each in a group, and for an account, of its own."""

from typing import Any

from tests.unit.shop.malformed import Event, Queue
from tests.unit.shop.mutations import CANARY


class Subject(Queue):
    stores = ("idempotency", "accounts", "entries")

    def payload(self, name: str) -> dict[str, Any]:
        return {"paymentId": name, "account": name, "amountMinor": 5, "currency": "EUR", "note": CANARY}

    def identify(self, record: Event, name: str) -> None:
        super().identify(record, name)
        record["attributes"]["MessageGroupId"] = name
