"""Runs real Lambda handlers in worker processes, each under its own Lambda Runtime API."""

from landfast.runtime.model import (
    ASYNC_REQUEST_LIMIT,
    REQUEST_LIMIT,
    RESPONSE_LIMIT,
    Answered,
    Errored,
    ErrorKind,
    FunctionSpec,
    InvalidFunctionError,
    LoggingConfig,
    LogRecord,
    Report,
    RequestTooLargeError,
    Result,
    RuntimeClosedError,
    Throttled,
    UnknownFunctionError,
)
from landfast.runtime.runtime import Runtime

__all__ = [
    "ASYNC_REQUEST_LIMIT",
    "REQUEST_LIMIT",
    "RESPONSE_LIMIT",
    "Answered",
    "ErrorKind",
    "Errored",
    "FunctionSpec",
    "InvalidFunctionError",
    "LogRecord",
    "LoggingConfig",
    "Report",
    "RequestTooLargeError",
    "Result",
    "Runtime",
    "RuntimeClosedError",
    "Throttled",
    "UnknownFunctionError",
]
