"""Pages of what an operation lists."""

import base64
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def page(items: Sequence[T], token: str | None, size: int) -> tuple[list[T], str | None]:
    """One page, and the token of the next; None behind the last.

    Args:
        items: All there are, in an order that lasts.
        token: The token of the page; None for the first.
        size: The most items of a page.

    Raises:
        ValueError: The token is none of ours.
    """
    start = int(base64.urlsafe_b64decode(token.encode())) if token else 0
    end = start + size
    more = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), more
