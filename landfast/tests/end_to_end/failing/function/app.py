"""Fails for every event that says so, until the file that its variable names is there."""

import base64
import json
import os
from pathlib import Path
from typing import Any


class NotYetError(Exception):
    """The event cannot be handled now."""


def handler(event: Any, context: object) -> Any:
    del context
    mended = Path(os.environ["MENDED"]).exists()
    for record in event.get("Records", [event]):
        content = _content(record)
        print(f"asked to handle {json.dumps(content)}")  # noqa: T201 - its log shows what it got
        if content.get("fail") and not mended:
            raise NotYetError(f"{content['name']} cannot be handled")
        print(f"done with {content.get('name')}")  # noqa: T201 - and what it has done
    return {"handled": len(event.get("Records", [event]))}


def _content(record: dict[str, Any]) -> Any:
    if "kinesis" in record:
        return json.loads(base64.b64decode(record["kinesis"]["data"]))
    if "dynamodb" in record:
        image = record["dynamodb"]["NewImage"]
        return {"name": image["id"]["S"], "fail": image["fail"]["BOOL"]}
    if "Sns" in record:
        return json.loads(record["Sns"]["Message"])
    if "body" in record:
        return json.loads(record["body"])
    return record.get("detail", record)
