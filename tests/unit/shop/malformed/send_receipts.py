"""Requests for receipts; what is published is kept."""

from typing import Any, cast

from tests.unit.shop.malformed import Queue
from tests.unit.shop.mutations import CANARY


class Subject(Queue):
    def prepare(self) -> None:
        cast("Any", self.app.sns).publish = lambda **request: self.published.append(request)
        super().prepare()

    def payload(self, name: str) -> dict[str, Any]:
        return {"orderId": name, "customerId": "C-1", "totalMinor": 5, "currency": "EUR", "note": CANARY}
