"""The runtime's questions and answers about a function: plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from landfast.errors import LandfastError
from landfast.runtime.pythons import OWN, Python

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUEST_LIMIT = 6 * 1024 * 1024
"""Bytes of a synchronous request (semantics.md section F)."""

ASYNC_REQUEST_LIMIT = 1024 * 1024
"""Bytes of an asynchronous request (semantics.md section F)."""

RESPONSE_LIMIT = 6_291_556
"""Bytes of a response, the number that AWS names in its error (S-17)."""

TIMEOUT_LIMIT = 1_800
"""Seconds that a function may run (Lambda quotas)."""

MEMORY_SIZES = (128, 10_240)
EPHEMERAL_STORAGE_SIZES = (512, 10_240)
"""MiB (Lambda quotas)."""

LogFormat = Literal["Text", "JSON"]
LogLevel = Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
_LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "WARNING": 3, "ERROR": 4, "FATAL": 5, "CRITICAL": 5}

ErrorKind = Literal["exception", "init", "timeout", "exit", "memory", "response-too-large", "broken"]
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


def counts_at(level: str, least: LogLevel) -> bool:
    """Tell whether an entry of `level` is logged where `least` is the lowest; an unknown level counts as INFO."""
    return _LEVELS.get(level.upper(), _LEVELS["INFO"]) >= _LEVELS[least]


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """LoggingConfig of a function (S-137).

    Attributes:
        log_format: LogFormat. The levels filter with ``JSON`` only.
        application_log_level: ApplicationLogLevel, of what the function writes.
        system_log_level: SystemLogLevel, of what Lambda writes.
        log_group: LogGroup; empty for ``/aws/lambda/`` and the function's name.
    """

    log_format: LogFormat = "Text"
    application_log_level: LogLevel = "INFO"
    system_log_level: LogLevel = "INFO"
    log_group: str = ""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One function, as `AWS::Lambda::Function` describes it.

    Attributes:
        name: FunctionName.
        handler: `package.module.function`.
        code: the folder that is `/var/task` on AWS.
        layers: folders that hold `python/`, in the template's order; of two copies of a module the later layer's wins.
        environment: the template's variables, and what else the worker shall see, such as `AWS_ENDPOINT_URL`.
        timeout: seconds, at most `TIMEOUT_LIMIT`; on Lambda whole ones.
        memory_mb: MemorySize in MiB, 128 to 10,240; the worker and its children are killed above it.
        ephemeral_storage_mb: EphemeralStorage in MiB, 512 to 10,240; no file that a worker writes may be larger. How
            much all its files hold together is not limited.
        logging: LoggingConfig.
        arn: unqualified.
        role_arn: the execution role; informative, nothing is enforced here.
        reserved_concurrency: ReservedConcurrentExecutions; 0 throttles every call (S-10).
        python: the interpreter of its workers.
        provided: the folder of the runtime's packages and client for `python`. Without it they are those of this
            program, and the client is our own if `python` is of another version.
        broken: why it cannot be run, in one line; every invocation fails with it. Empty if it can.
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
    ephemeral_storage_mb: int = 512
    logging: LoggingConfig = LoggingConfig()
    python: Python = OWN
    provided: Path | None = None
    broken: str = ""

    @property
    def log_group(self) -> str:
        """The name of its log group."""
        return self.logging.log_group or f"/aws/lambda/{self.name}"

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
        if not 0 < self.timeout <= TIMEOUT_LIMIT:
            raise InvalidFunctionError(f"{self.name}: its Timeout is {self.timeout:g}; give 1 to {TIMEOUT_LIMIT:,} s")
        for what, size, (least, most) in (
            ("MemorySize", self.memory_mb, MEMORY_SIZES),
            ("EphemeralStorage", self.ephemeral_storage_mb, EPHEMERAL_STORAGE_SIZES),
        ):
            if not least <= size <= most:
                raise InvalidFunctionError(f"{self.name}: its {what} is {size:,}; give {least} to {most:,} MB")
        return self


@dataclass(frozen=True, slots=True)
class Report:
    """The content of Lambda's REPORT line about one invocation.

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
        payload: what it returned, byte for byte as the runtime client encoded it: JSON as Python writes it, or
            whatever a bytes object holds. Lambda hands it on as it is; see `is_json`.
        log_tail: the last 4 KB of the invocation's log, as `LogResult` has it before base64.
    """

    payload: bytes
    log_tail: str
    report: Report

    @property
    def is_json(self) -> bool:
        """True if `payload` is JSON by RFC 8259, in UTF-8; Python's encoder also makes `NaN` and `Infinity`.

        It is False of an empty payload, and of one that is nested too deeply to be read.
        """
        try:
            json.loads(self.payload.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return False
        return True


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
        stream: the name of the log stream; empty where no worker was reached.
    """

    function: str
    request_id: str
    kind: Literal["START", "OUTPUT", "END", "REPORT"]
    time: float
    text: str
    stream: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation on its way to a worker."""

    request_id: str
    payload: bytes
    invoked_arn: str
    client_context: bytes | None
    trace_id: str


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
