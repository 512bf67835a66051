"""One correlation id from an upload to the customer's notice, so that the logs of all functions can be joined.

The id is made once, where something enters, and goes on inside of what is written and published. Lines that are
logged about it carry it as `correlation_id`, in the threads of a batch, too.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec

from backoffice.observability import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATTERN = r"^[0-9a-f]{32}\Z"
CorrelationId = Annotated[str, msgspec.Meta(pattern=_PATTERN)]


def digest(*identity: str) -> str:
    """Return 32 hexadecimal digits that stand for an identity: the same whenever, and by whomever, it is sent again."""
    return hashlib.sha256("\0".join(identity).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def carried(value: object) -> str | None:
    """Return a correlation id that was handed on; None if there is none, or something else in its place."""
    return value if isinstance(value, str) and re.match(_PATTERN, value) else None


def about(error: BaseException) -> dict[str, str]:
    """Return what a log line about an error says besides: the correlation id under which it was raised, if any."""
    identity = getattr(error, "correlation_id", None)
    return {"correlation_id": identity} if isinstance(identity, str) else {}


@contextmanager
def correlated(identity: str | None) -> Iterator[None]:
    """Put `correlation_id` on this thread's log lines meanwhile, and on what is logged about an error raised in it."""
    if identity is None:
        yield
        return
    logger.thread_safe_append_keys(correlation_id=identity)
    try:
        yield
    except Exception as error:
        error.__dict__["correlation_id"] = identity
        raise
    finally:
        logger.thread_safe_remove_keys(["correlation_id"])
