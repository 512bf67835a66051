"""A handler that tells what failed."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Report nothing as failed."""
    del event, context
    return {"batchItemFailures": []}
