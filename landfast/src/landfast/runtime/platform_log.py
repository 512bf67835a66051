"""The lines that Lambda itself writes into a function's log, as text and as JSON.

Sources: AWS Lambda Developer Guide, "Setting your function's log format" and "Log-level filtering" (its table of
system events and their levels); "Lambda Telemetry API Event schema reference".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from landfast.runtime.model import counts_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from landfast.runtime.failures import InvocationFailed
    from landfast.runtime.model import FunctionSpec, LogLevel, Report

_Kind = Literal["START", "OUTPUT", "END", "REPORT"]
Line = tuple[_Kind, str]


class PlatformLog(Protocol):
    """Makes the lines of one invocation."""

    def start(self) -> Iterator[Line]:
        """The function is given the event."""
        ...

    def init_timed_out(self, limit: float) -> Iterator[Line]:
        """The initialisation took longer than `limit` seconds (S-139)."""
        ...

    def end(self, report: Report, failure: InvocationFailed | None) -> Iterator[Line]:
        """The invocation has ended."""
        ...


def platform_log(spec: FunctionSpec, request_id: str) -> PlatformLog:
    """In the format that the function's LoggingConfig wants."""
    return (_Json if spec.logging.log_format == "JSON" else _Text)(spec, request_id)


class _Text:
    def __init__(self, spec: FunctionSpec, request_id: str) -> None:
        self._spec = spec
        self._request_id = request_id

    def start(self) -> Iterator[Line]:
        yield "START", f"START RequestId: {self._request_id} Version: {self._spec.version}"

    def init_timed_out(self, limit: float) -> Iterator[Line]:
        yield "OUTPUT", f"INIT_REPORT Init Duration: {limit * 1000:.2f} ms\tPhase: init\tStatus: timeout"

    def end(self, report: Report, failure: InvocationFailed | None) -> Iterator[Line]:
        yield from _message(failure)
        yield "END", f"END RequestId: {self._request_id}"
        yield "REPORT", "\t".join(self._report(report, failure))

    def _report(self, report: Report, failure: InvocationFailed | None) -> Iterator[str]:
        yield f"REPORT RequestId: {self._request_id}"
        yield f"Duration: {report.duration_s * 1000:.2f} ms"
        yield f"Billed Duration: {report.billed_duration_ms} ms"
        yield f"Memory Size: {self._spec.memory_mb} MB"
        yield f"Max Memory Used: {report.max_memory_mb} MB"
        if report.init_duration_s is not None:
            yield f"Init Duration: {report.init_duration_s * 1000:.2f} ms"
        if failure is not None and failure.kind == "timeout":
            yield "Status: timeout"
        elif failure is not None and failure.kind != "exception":
            yield f"Status: error\tError Type: {failure.error['errorType']}"


class _Json:
    def __init__(self, spec: FunctionSpec, request_id: str) -> None:
        self._spec = spec
        self._request_id = request_id

    def start(self) -> Iterator[Line]:
        yield from self._event("START", "INFO", "start", {"version": self._spec.version})

    def init_timed_out(self, limit: float) -> Iterator[Line]:
        metrics = {"durationMs": round(limit * 1000, 3)}
        record = {"initializationType": "on-demand", "phase": "init", "status": "timeout", "metrics": metrics}
        yield from self._event("OUTPUT", "WARN", "initReport", record)

    def end(self, report: Report, failure: InvocationFailed | None) -> Iterator[Line]:
        yield from _message(failure)
        outcome: dict[str, object] = {"status": "success"}
        if failure is not None:
            outcome = {"status": "timeout" if failure.kind == "timeout" else "error"}
            outcome["errorType"] = failure.error.get("errorType", "")
        duration = {"durationMs": round(report.duration_s * 1000, 3)}
        metrics: dict[str, float] = {
            **duration,
            "billedDurationMs": report.billed_duration_ms,
            "memorySizeMB": self._spec.memory_mb,
            "maxMemoryUsedMB": report.max_memory_mb,
        }
        if report.init_duration_s is not None:
            metrics["initDurationMs"] = round(report.init_duration_s * 1000, 3)
        levels: tuple[LogLevel, LogLevel] = ("DEBUG", "INFO") if failure is None else ("WARN", "WARN")
        yield from self._event("END", levels[0], "runtimeDone", {**outcome, "metrics": duration})
        yield from self._event("REPORT", levels[1], "report", {"metrics": metrics, **outcome})

    def _event(self, kind: _Kind, level: LogLevel, name: str, record: Mapping[str, object]) -> Iterator[Line]:
        if not counts_at(level, self._spec.logging.system_log_level):
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"time": time, "type": f"platform.{name}", "record": {"requestId": self._request_id, **record}}
        yield kind, json.dumps(event, separators=(",", ":"))


def _message(failure: InvocationFailed | None) -> Iterator[Line]:
    if failure is not None and failure.kind in ("timeout", "exit", "memory", "broken"):
        yield "OUTPUT", failure.error["errorMessage"]
