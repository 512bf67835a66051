"""Messages of the refunds queue, spoilt; what is recorded is taken back."""

from types import ModuleType
from typing import Any

from tests.unit.functions.conftest import make_table
from tests.unit.shop.malformed import Event, Queue
from tests.unit.shop.mutations import CANARY


class Subject(Queue):
    stores = ("idempotency", "refunds")

    def __init__(self, app: ModuleType, sample: Event) -> None:
        make_table("refunds", "refundId")
        super().__init__(app, sample)

    def payload(self, name: str) -> dict[str, Any]:
        return {"refundId": name, "orderId": "A-1", "amountMinor": 5, "note": CANARY}
