"""The error objects that Lambda itself makes (S-17)."""

from __future__ import annotations

import json
import signal
from typing import Any

from landfast.runtime.model import RESPONSE_LIMIT, ErrorKind

_DEEPEST = 100
"""Levels of nesting of a reported error that are passed on; json.dumps takes no more than some thousand."""


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


def broken(request_id: str, reason: str) -> InvocationFailed:
    """The function cannot be run here; on AWS it could not even be deployed."""
    message = f"RequestId: {request_id} Error: {reason}"
    return InvocationFailed("broken", {"errorType": "Landfast.FunctionNotBuilt", "errorMessage": message})


def out_of_memory(request_id: str) -> InvocationFailed:
    """The worker was killed because it held more than MemorySize."""
    return InvocationFailed("memory", _exit_error(request_id, -signal.SIGKILL))


def response_too_large() -> InvocationFailed:
    """The handler's answer exceeds `RESPONSE_LIMIT`."""
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return InvocationFailed(
        "response-too-large", {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    )


def reported(body: bytes, error_type: str) -> dict[str, Any]:
    """The error object that a runtime client has sent, made fit for JSON and UTF-8.

    Args:
        body: what it sent. Numbers that JSON has no word for become strings, and halves of surrogate pairs U+FFFD.
        error_type: the type that it named beside it.

    Returns:
        An object of Lambda's own, of type `error_type` or `Function.Unknown`, if the body is not a JSON object.
    """
    try:
        error = _fit(json.loads(body.decode(), parse_constant=str, parse_float=_finite))
    except (ValueError, RecursionError):
        error = None
    if isinstance(error, dict):
        return error
    return {
        "errorType": error_type or "Function.Unknown",
        "errorMessage": "The runtime reported an error that is not a JSON object",
    }


def _finite(number: str) -> float | str:
    value = float(number)
    return number if value in (float("inf"), float("-inf")) else value


def _fit(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_fit(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {_fit(key, depth + 1): _fit(each, depth + 1) for key, each in value.items()}
    return value


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
