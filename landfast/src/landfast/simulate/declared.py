"""What a template declares, as scenarios have it."""

from typing import Any, Final

from landfast.template.model import Queue, Stream

_TABLE_RETENTION: Final = 86_400.0
"""Seconds for which DynamoDB keeps a stream's records (S-54)."""


def queue_settings(queue: Queue) -> dict[str, Any]:
    """A queue as scenarios declare it."""
    redrive = queue.redrive_policy
    settings: dict[str, Any] = {"VisibilityTimeout": queue.visibility_timeout, "FifoQueue": queue.fifo_queue}
    if redrive is not None:
        settings["RedrivePolicy"] = {"maxReceiveCount": redrive.max_receive_count}
    return settings


def retention_of(source: Stream | object) -> float:
    """For how many seconds a stream, or that of a table, keeps its records."""
    return source.retention_period_hours * 3600.0 if isinstance(source, Stream) else _TABLE_RETENTION
