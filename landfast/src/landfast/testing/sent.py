"""What a test has sent, and how it is recognised wherever it comes."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_HEADER = "X-Amzn-Trace-Id"
_current: ContextVar[str] = ContextVar("trace", default="")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that was sent; `Stack.where` tells where it landed.

    Attributes:
        what: What was sent, for people.
        root: The root of its trace header, which goes on with everything that comes of it.
        answer: What AWS's call has answered.
    """

    what: str
    root: str
    answer: Any = None

    def __str__(self) -> str:
        """Say what was sent."""
        return self.what


@contextmanager
def tracing() -> Iterator[str]:
    """Let the calls in this block carry a trace header of their own; its root."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    token = _current.set(f"Root={root};Parent={secrets.token_hex(8)};Sampled=0")
    try:
        yield root
    finally:
        _current.reset(token)


def carry(client: Any) -> None:  # noqa: ANN401 - boto3's clients have no common type
    """Let a client's calls carry the trace header of the block that they are made in."""

    def add(params: dict[str, Any], **_: object) -> None:
        if trace := _current.get():
            params["headers"][_HEADER] = trace

    client.meta.events.register("before-call", add)
