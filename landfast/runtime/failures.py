"""The error objects that Lambda itself makes (S-17)."""

from __future__ import annotations

import signal
from typing import Any

from landfast.runtime.model import RESPONSE_LIMIT, ErrorKind


class InvocationFailed(Exception):  # noqa: N818 - Lambda calls it a failed invocation; it's an outcome, not a fault of ours
    """An invocation ended without an answer of the handler.

    Attributes:
        kind: why.
        error: the object for the caller.
    """

    def __init__(self, kind: ErrorKind, error: dict[str, Any]) -> None:
        super().__init__(kind)
        self.kind = kind
        self.error = error


def timed_out(request_id: str, timeout: float) -> InvocationFailed:
    """The function ran longer than `timeout` seconds."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
    return InvocationFailed("timeout", {"errorType": "Sandbox.Timedout", "errorMessage": message})


def exited(request_id: str, returncode: int) -> InvocationFailed:
    """The worker ended by itself, or by a signal (negative, as in `subprocess`)."""
    return InvocationFailed("exit", _exit_error(request_id, returncode))


def out_of_memory(request_id: str) -> InvocationFailed:
    """The worker was killed because it held more than MemorySize."""
    return InvocationFailed("memory", _exit_error(request_id, -signal.SIGKILL))


def response_too_large() -> InvocationFailed:
    """The handler's answer exceeds `RESPONSE_LIMIT`."""
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return InvocationFailed(
        "response-too-large", {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    )


def _exit_error(request_id: str, returncode: int) -> dict[str, Any]:
    return {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited {_reason(returncode)}",
    }


def _reason(returncode: int) -> str:
    if returncode == 0:
        return "without providing a reason"
    if returncode > 0:
        return f"with error: exit status {returncode}"
    name = signal.strsignal(-returncode) or f"signal {-returncode}"
    return f"with error: signal: {name.partition(':')[0].lower()}"
