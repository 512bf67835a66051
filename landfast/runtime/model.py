"""What the runtime is told about a function, and what it answers: plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from landfast.errors import LandfastError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUEST_LIMIT = 6 * 1024 * 1024
"""Bytes of a synchronous request (semantics.md section F)."""

ASYNC_REQUEST_LIMIT = 1024 * 1024
"""Bytes of an asynchronous request (semantics.md section F)."""

RESPONSE_LIMIT = 6_291_556
"""Bytes of a response, the number that AWS names in its error (S-17)."""

ErrorKind = Literal["exception", "init", "timeout", "exit", "memory", "response-too-large"]
ThrottleReason = Literal["ReservedFunctionConcurrentInvocationLimitExceeded", "ConcurrentInvocationLimitExceeded"]


class InvalidFunctionError(LandfastError, ValueError):
    """A function cannot be run as it is specified."""


class UnknownFunctionError(LookupError):
    """No function of that name has been specified."""


class RuntimeClosedError(RuntimeError):
    """The runtime was closed before or while it was invoked."""


class RequestTooLargeError(ValueError):
    """The payload exceeds `REQUEST_LIMIT`; AWS answers 413 `RequestTooLargeException`."""

    def __init__(self, size: int) -> None:
        super().__init__(f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation")
        self.size = size


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function, as `AWS::Lambda::Function` describes it.

    Attributes:
        name: FunctionName.
        handler: `package.module.function`.
        code: the folder that is `/var/task` on AWS.
        layers: folders that hold `python/`, in the template's order; of two copies of a module the later layer's wins.
        environment: the template's variables, and what else the worker shall see, such as `AWS_ENDPOINT_URL`.
        timeout: seconds.
        memory_mb: MemorySize in MiB; the worker and its children are killed above it.
        arn: unqualified.
        role_arn: the execution role; informative, nothing is enforced here.
        reserved_concurrency: ReservedConcurrentExecutions; 0 throttles every call (S-10).
    """

    name: str
    handler: str
    code: Path
    arn: str
    layers: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3.0
    memory_mb: int = 128
    version: str = "$LATEST"
    region: str = "us-east-1"
    role_arn: str = ""
    reserved_concurrency: int | None = None

    def checked(self) -> FunctionSpec:
        """This, if it can be run.

        Raises:
            InvalidFunctionError: a folder is missing or a number is out of range.
        """
        for what, folder in (("code", self.code), *(("layer", layer) for layer in self.layers)):
            if not folder.is_dir():
                raise InvalidFunctionError(
                    f"{self.name}: its {what} folder {folder} does not exist; build it or correct the template"
                )
        if self.timeout <= 0 or self.memory_mb <= 0:
            raise InvalidFunctionError(f"{self.name}: Timeout and MemorySize must be positive")
        return self


@dataclass(frozen=True, slots=True)
class Report:
    """What Lambda's REPORT line says of one invocation.

    Attributes:
        duration_s: from handing over the event to having the answer.
        init_duration_s: start of the worker until it asked for its first event; None for a warm one.
        max_memory_mb: the most the worker held so far, MiB.
    """

    duration_s: float
    init_duration_s: float | None
    max_memory_mb: int

    @property
    def billed_duration_ms(self) -> int:
        """Whole milliseconds, initialisation included (AWS Lambda pricing, since August 2025)."""
        return max(1, -int(-(self.duration_s + (self.init_duration_s or 0.0)) * 1000 // 1))


@dataclass(frozen=True, slots=True)
class Answered:
    """The handler returned.

    Attributes:
        payload: what it returned, as the runtime client encoded it (JSON, or the bytes of a bytes object).
        log_tail: the last 4 KB of the invocation's log, as `LogResult` has it before base64.
    """

    payload: bytes
    log_tail: str
    report: Report


@dataclass(frozen=True, slots=True)
class Errored:
    """A function error, `FunctionError: Unhandled` for every kind (S-05, S-16).

    Attributes:
        error: the exact object of S-17.
        log_tail: the last 4 KB of the invocation's log.
    """

    error: dict[str, Any]
    kind: ErrorKind
    log_tail: str
    report: Report

    @property
    def payload(self) -> bytes:
        """The error object as the Invoke call returns it."""
        return json.dumps(self.error, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Throttled:
    """Concurrency is used up: 429 `TooManyRequestsException` with this `Reason` (S-10)."""

    reason: ThrottleReason


Result = Answered | Errored | Throttled


@dataclass(frozen=True, slots=True)
class LogRecord:
    r"""One entry of a function's log.

    Attributes:
        kind: START, END and REPORT are Lambda's own lines; OUTPUT is a line of the worker's stdout or stderr.
        time: seconds since the epoch.
        text: without the final newline; one entry of a Python logger may hold `\r` between its lines.
    """

    function: str
    request_id: str
    kind: Literal["START", "OUTPUT", "END", "REPORT"]
    time: float
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation on its way to a worker."""

    request_id: str
    payload: bytes
    invoked_arn: str
    client_context: bytes | None
    trace_id: str
