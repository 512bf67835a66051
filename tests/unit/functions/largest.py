# --- order files or parcel scans or payments or receipts ---
"""The largest of everything: what AWS takes, and what the shop's own rules accept."""

import json
from typing import Any

ITEM = 400 * 1024
"""DynamoDB: bytes of an item (developer guide, constraints)."""

MESSAGE = 256 * 1024
"""SNS (and Lambda's asynchronous event, SQS and EventBridge before 2025): bytes of a message (S-23)."""

WIDEST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"[-64:]
ARTICLES, LINES, PRICE = 10_000, 500, 10**12
LATEST = "9999-12-31T23:59:59.999999-23:59"


def order(order_id: str, quantities: list[int], *, sku: str = WIDEST, price: int = PRICE) -> bytes:
    lines = [{"sku": sku, "quantity": quantity, "unitPriceMinor": price} for quantity in quantities]
    whole = {"orderId": order_id, "customerId": WIDEST, "placedAt": LATEST, "currency": "EUR", "lines": lines}
    return json.dumps(whole).encode()


def size(value: object) -> int:
    """Bytes of a value as JSON, as the runtime writes it: with spaces, and in ASCII."""
    return len(json.dumps(value))


def item_size(value: dict[str, Any]) -> int:
    """Bytes of an item in DynamoDB's own values, at most (developer guide, item sizes and formats)."""
    return sum(len(name.encode()) + _value_size(attribute) for name, attribute in value.items())


def _value_size(attribute: dict[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value) // 2 + 3
        case "L":
            return 3 + sum(1 + _value_size(element) for element in value)
        case "M":
            return 3 + item_size(value) + len(value)
        case _:
            return 1
