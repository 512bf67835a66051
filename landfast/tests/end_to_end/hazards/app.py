"""The function of every hazard: the record r1 is bad; it fails the batch, or is reported."""

import base64
import json
import os
from collections.abc import Iterator
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Fail if the bad record is there."""
    del context
    if "r1" in dict(_ids(event)):
        raise ValueError(os.environ.get("WHY", "r1 is bad"))
    return {}


def reporting(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Report the bad record."""
    del context
    return {"batchItemFailures": [{"itemIdentifier": item} for name, item in _ids(event) if name == "r1"]}


def _ids(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for record in event.get("Records", [event]):
        if "kinesis" in record:
            yield json.loads(base64.b64decode(record["kinesis"]["data"]))["id"], record["kinesis"]["sequenceNumber"]
        elif "body" in record:
            yield json.loads(record["body"])["id"], record["messageId"]
        else:
            yield record.get("detail", record)["id"], ""
