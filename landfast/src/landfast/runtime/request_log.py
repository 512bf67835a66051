"""The log of one invocation: entries to the sink as they come, the last 4 KB for the caller."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Literal

from landfast.runtime.model import LogRecord, counts_at
from landfast.runtime.platform_log import platform_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from landfast.runtime.failures import InvocationFailed
    from landfast.runtime.model import FunctionSpec, Report
    from landfast.runtime.platform_log import Line

TAIL = 4096
"""Bytes of the log that an Invoke call with `LogType=Tail` returns."""

_ALWAYS = "FATAL"
_LONGEST_LINE = 1024 * 1024 - 26
"""Bytes of a log event (CloudWatch Logs quotas: 1 MiB since April 2025, 26 bytes of them its overhead)."""


class RequestLog:
    """Collects what a worker writes while it serves one request; keeps at most one line and the tail in memory.

    With the JSON format, lines below ApplicationLogLevel are dropped as Lambda drops them: an object without a level
    counts as INFO, so metrics in the embedded metric format vanish at WARN and ERROR (S-137). Lines that are no JSON
    object are kept: Lambda's guide only says that it filters objects.
    """

    def __init__(
        self, sink: Callable[[LogRecord], None], spec: FunctionSpec, request_id: str, stream: str = ""
    ) -> None:
        self._sink = sink
        self._stream = stream
        self._spec = spec
        self._request_id = request_id
        self._platform = platform_log(spec, request_id)
        self._filters = spec.logging.log_format == "JSON"
        self._line = bytearray()
        self._tail = bytearray()
        self._started = False

    def start(self) -> None:
        """Write Lambda's START line, which follows the output of the initialisation, once."""
        if self._started:
            return
        self._started = True
        self._write_all(self._platform.start())

    def init_timed_out(self, limit: float) -> None:
        """Write what Lambda writes of an initialisation that took longer than `limit` seconds (S-139)."""
        self._flush()
        self._write_all(self._platform.init_timed_out(limit))

    def output(self, chunk: bytes) -> None:
        """Take what the worker wrote; complete lines go to the sink at once, longer ones than a log event in pieces."""
        first, *others = chunk.split(b"\n")
        self._line += first
        self._cut()
        for line in others:
            self._flush(complete=True)
            self._line += line
            self._cut()

    def end(self, report: Report, failure: InvocationFailed | None) -> str:
        """Write what is left and Lambda's END and REPORT lines.

        Returns:
            The last 4 KB of the whole log.
        """
        self._flush()
        self.start()
        self._write_all(self._platform.end(report, failure))
        return self._tail[-TAIL:].decode(errors="replace")

    def _cut(self) -> None:
        while len(self._line) > _LONGEST_LINE:
            end = _LONGEST_LINE
            while end > _LONGEST_LINE - 4 and self._line[end] & 0xC0 == 0x80:  # noqa: PLR2004 - inside a character of UTF-8
                end -= 1
            self._output(self._line[:end])
            del self._line[:end]

    def _flush(self, *, complete: bool = False) -> None:
        if self._line or complete:
            self._output(self._line)
            self._line.clear()

    def _output(self, line: bytearray) -> None:
        if not self._filters or counts_at(_level(line), self._spec.logging.application_log_level):
            self._write("OUTPUT", line.decode(errors="replace"))

    def _write_all(self, lines: Iterable[Line]) -> None:
        for kind, text in lines:
            self._write(kind, text)

    def _write(self, kind: Literal["START", "OUTPUT", "END", "REPORT"], text: str) -> None:
        self._tail += text[-TAIL:].encode(errors="replace")
        self._tail += b"\n"
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]
        self._sink(LogRecord(self._spec.name, self._request_id, kind, time.time(), text, self._stream))


def _level(line: bytearray) -> str:
    """The level of a line of the function (S-137); its `timestamp`, which the guide wants valid, is not looked at."""
    if not line.lstrip().startswith(b"{"):
        return _ALWAYS
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return _ALWAYS
    level = entry.get("level") if isinstance(entry, dict) else None
    return level if isinstance(level, str) else ""
