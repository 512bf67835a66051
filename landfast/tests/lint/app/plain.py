"""A handler that succeeds or fails as a whole."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> None:
    """Do nothing."""
    del event, context
