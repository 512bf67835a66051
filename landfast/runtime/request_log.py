"""The log of one invocation: entries to the sink as they come, the last 4 KB for the caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from landfast.runtime.model import LogRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from landfast.runtime.failures import InvocationFailed
    from landfast.runtime.model import FunctionSpec, Report

TAIL = 4096
"""Bytes of the log that an Invoke call with `LogType=Tail` returns."""

_LONGEST_LINE = 256 * 1024


class RequestLog:
    """Collects what a worker writes while it serves one request."""

    def __init__(self, sink: Callable[[LogRecord], None], spec: FunctionSpec, request_id: str) -> None:
        self._sink = sink
        self._spec = spec
        self._request_id = request_id
        self._line = bytearray()
        self._tail = bytearray()
        self._started = False

    def start(self) -> None:
        """Write Lambda's START line, which follows the output of the initialisation, once."""
        if self._started:
            return
        self._started = True
        self._write("START", f"START RequestId: {self._request_id} Version: {self._spec.version}")

    def init_timed_out(self, limit: float) -> None:
        """Write what Lambda writes of an initialisation that took longer than `limit` seconds (S-139)."""
        self._flush()
        self._write("OUTPUT", f"INIT_REPORT Init Duration: {limit * 1000:.2f} ms\tPhase: init\tStatus: timeout")

    def output(self, chunk: bytes) -> None:
        """Take what the worker wrote; complete lines go to the sink at once."""
        *lines, rest = (bytes(self._line) + chunk).split(b"\n")
        for line in lines:
            self._write("OUTPUT", line.decode(errors="replace"))
        self._line[:] = rest
        if len(rest) > _LONGEST_LINE:
            self._flush()

    def end(self, report: Report, failure: InvocationFailed | None) -> str:
        """Write what is left and Lambda's END and REPORT lines.

        Returns:
            The last 4 KB of the whole log.
        """
        self._flush()
        self.start()
        if failure is not None and failure.kind in ("timeout", "exit", "memory"):
            self._write("OUTPUT", failure.error["errorMessage"])
        self._write("END", f"END RequestId: {self._request_id}")
        self._write("REPORT", self._report(report, failure))
        return self._tail[-TAIL:].decode(errors="replace")

    def _report(self, report: Report, failure: InvocationFailed | None) -> str:
        parts = [
            f"REPORT RequestId: {self._request_id}",
            f"Duration: {report.duration_s * 1000:.2f} ms",
            f"Billed Duration: {report.billed_duration_ms} ms",
            f"Memory Size: {self._spec.memory_mb} MB",
            f"Max Memory Used: {report.max_memory_mb} MB",
        ]
        if report.init_duration_s is not None:
            parts.append(f"Init Duration: {report.init_duration_s * 1000:.2f} ms")
        if failure is not None and failure.kind == "timeout":
            parts.append("Status: timeout")
        elif failure is not None and failure.kind != "exception":
            parts.append(f"Status: error\tError Type: {failure.error['errorType']}")
        return "\t".join(parts)

    def _flush(self) -> None:
        if self._line:
            self._write("OUTPUT", self._line.decode(errors="replace"))
            self._line.clear()

    def _write(self, kind: Literal["START", "OUTPUT", "END", "REPORT"], text: str) -> None:
        self._tail += text.encode(errors="replace")
        self._tail += b"\n"
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]
        self._sink(LogRecord(self._spec.name, self._request_id, kind, time.time(), text))
