"""Scans of parcels, each in a Kinesis record."""

import base64
from typing import Any

from tests.unit.shop.malformed import Batch, Event
from tests.unit.shop.mutations import CANARY


def scan(name: str) -> dict[str, Any]:
    return {
        "scanId": name,
        "parcelId": name,
        "status": "accepted",
        "place": CANARY,
        "scannedAt": "2026-01-02T03:04:05Z",
    }


class Subject(Batch):
    stores = ("idempotency", "parcels", "history")

    def payload(self, name: str) -> dict[str, Any]:
        return scan(name)

    def put(self, record: Event, payload: bytes) -> None:
        record["kinesis"]["data"] = base64.b64encode(payload).decode()

    def identify(self, record: Event, name: str) -> None:
        number = str(int(name.rpartition("-")[2]) + (10**9 if name.startswith("neighbour") else 0))
        record["kinesis"] |= {"sequenceNumber": number, "partitionKey": name}
