"""Reserved concurrency as Lambda's front end sees it: a call is let in or refused, it never waits there."""

from collections.abc import Mapping
from typing import Final

REFUSAL_CODE: Final = "TooManyRequestsException"
REFUSAL_STATUS: Final = 429
REFUSAL: Final[Mapping[str, str]] = {
    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
    "Type": "User",
    "message": "Rate Exceeded.",
}
"""The body of the answer to a synchronous call beyond the reserved concurrency (S-10)."""


class Concurrency:
    """The calls of one function that run at the same time.

    Args:
        limit: The number of calls that may run.
    """

    __slots__ = ("_limit", "_running")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._running = 0

    @property
    def running(self) -> int:
        """The number of calls that run."""
        return self._running

    @property
    def limit(self) -> int | None:
        """The number of calls that may run."""
        return self._limit

    def start(self) -> bool:
        """Let a call in, unless as many run as may; then it is answered with `REFUSAL`."""
        if self._limit is not None and self._running >= self._limit:
            return False
        self._running += 1
        return True

    def end(self) -> None:
        """A call that was let in has ended.

        Raises:
            RuntimeError: None is running.
        """
        if not self._running:
            raise RuntimeError("no call of this function is running")
        self._running -= 1
