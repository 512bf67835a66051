"""A shop's smallest parts: each takes what it is sent, and fails where the data say so."""

import base64
import json
import logging
from typing import Any

LOG = logging.getLogger()


def charge(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Charge a card; the amount must be a number."""
    LOG.warning("charging %s", event.get("order"))
    if not isinstance(event.get("amount"), int | float):
        raise TypeError(f"order {event.get('order')}: the amount {event.get('amount')!r} is no number")
    return {"charged": event["amount"]}


def pack(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Pack orders, and report those that have no items."""
    failures = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        LOG.warning("packing %s", order["order"])
        if not order.get("items"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def move(event: dict[str, Any], _: object) -> None:
    """Move parcels, each after the one before it."""
    for record in event["Records"]:
        if json.loads(record["body"]).get("to") is None:
            raise ValueError("a parcel needs a place to go to")


def count(event: dict[str, Any], _: object) -> None:
    """Count clicks; one that is no JSON fails its batch."""
    for record in event["Records"]:
        json.loads(base64.b64decode(record["kinesis"]["data"]))
