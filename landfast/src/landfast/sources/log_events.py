"""What a subscription of a log group sends.

Source: CloudWatch Logs User Guide, "Log group-level subscription filters"; Lambda Developer Guide, "Using Lambda with
CloudWatch Logs".
"""

import base64
import gzip
from collections.abc import Sequence

import msgspec

from landfast.delivery.strict_json import json_text


class LogEvent(msgspec.Struct, frozen=True):
    """One entry of a log.

    Attributes:
        at: When, in Unix seconds.
        message: The text.
    """

    at: float
    message: str


def packed(events: Sequence[LogEvent], *, account: str, group: str, stream: str, name: str) -> bytes:
    """The log events as they are sent, compressed by gzip.

    Args:
        events: At least one, in order.
        account: The account of the log group.
        group: The log group.
        stream: The log stream.
        name: The name of the subscription filter.
    """
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": account,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": [
            {
                "id": f"{int(event.at * 1000):020}{number:036}",
                "timestamp": int(event.at * 1000),
                "message": event.message,
            }
            for number, event in enumerate(events)
        ],
    }
    # Without a time of its own, so that the same events are the same bytes.
    return gzip.compress(json_text(content).encode("utf-8", "replace"), mtime=0)


def function_event(data: bytes) -> str:
    """The event of a function that gets them, as JSON text."""
    return json_text({"awslogs": {"data": base64.b64encode(data).decode()}})
