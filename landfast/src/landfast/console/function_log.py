"""What the log of a function tells: its newest lines, each with its invocation, and how its invocations went.

Lambda writes START, END and REPORT lines into every log (`landfast.runtime.platform_log`), as text or as JSON; whatever
a function with another system log level leaves out of them is not known here.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from landfast.service.logs import LogEvent

Kind: TypeAlias = Literal["start", "output", "error", "end", "report"]

_MOST_LINES: Final = 2_000
_MOST_RUNS: Final = 1_000
_LONGEST: Final = 16 * 1024
"""Characters of a line that are kept."""

_PLATFORM: Final = re.compile(r"(START|END|REPORT|INIT_REPORT)\b(?: RequestId: (\S+))?")
_FIELD: Final = re.compile(r"([A-Z][\w ]*): ([^\t]+)")
_RAISED: Final = re.compile(r"\[ERROR\] ([\w.]+(?:: .*)?)")
"""How Lambda's runtime client for Python logs what a handler has raised."""

_OF_WORDS: Final[Mapping[str, Kind]] = {"START": "start", "END": "end", "REPORT": "report", "INIT_REPORT": "output"}
_OF_EVENTS: Final[Mapping[str, Kind]] = {
    "platform.start": "start",
    "platform.runtimeDone": "end",
    "platform.report": "report",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a function's log.

    Attributes:
        number: By which it is known, while the service runs.
        at: When it was written by the machine's clock, which is the one that functions see, in Unix seconds.
        stream: The name of its log stream.
        request_id: The invocation's id; empty for what an initialisation has written.
        kind: Who has written it: Lambda, or the function; ``error`` is what a handler has raised.
        text: Its text; the beginning of it if it is very long.
    """

    number: int
    at: float
    stream: str
    request_id: str
    kind: Kind
    text: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation that has ended.

    Attributes:
        at: When it ended, by the machine's clock.
        request_id: The invocation's id.
        duration: In seconds.
        init: The duration of the initialisation before it, in seconds; None for a warm start.
        memory: The most memory that its worker has held so far, in MB.
        error: What it raised, or how it ended; empty if it succeeded.
    """

    at: float
    request_id: str
    duration: float
    init: float | None
    memory: int
    error: str


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How a function's latest invocations went.

    Attributes:
        runs: The number of them.
        cold: The number of those that began with an initialisation.
        p50: Half of them took no longer than that, in seconds; None if there are none.
        p95: So did 95 of a hundred.
        longest: The longest of them.
        init: Half of the initialisations took no longer than that.
        memory: The most memory that a worker has held, in MB.
        last_error: The newest of them that failed.
        latest: The newest ones, the oldest first.
    """

    runs: int
    cold: int
    p50: float | None
    p95: float | None
    longest: float | None
    init: float | None
    memory: int | None
    last_error: Run | None
    latest: tuple[Run, ...]


class FunctionLog:
    """Takes a function's log in, and keeps its newest lines and invocations.

    Args:
        most_lines: The most lines that are kept.
    """

    def __init__(self, most_lines: int = _MOST_LINES) -> None:
        self._lines: deque[Line] = deque(maxlen=most_lines)
        self._runs: deque[Run] = deque(maxlen=_MOST_RUNS)
        self._requests: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        self._last_error: Run | None = None
        self._taken = 0

    @property
    def newest(self) -> int:
        """The number of the newest line; 0 without one."""
        return self._taken

    def lines(self, *, after: int, request_id: str = "") -> list[Line]:
        """The lines that are kept and newer than one, the oldest first; of one invocation, if one is given."""
        return [line for line in self._lines if line.number > after and request_id in {"", line.request_id}]

    def figures(self, latest: int) -> Figures:
        """How the latest invocations went, with so many of them."""
        durations = sorted(run.duration for run in self._runs)
        inits = sorted(run.init for run in self._runs if run.init is not None)
        return Figures(
            runs=len(durations),
            cold=len(inits),
            p50=_percentile(durations, 0.5),
            p95=_percentile(durations, 0.95),
            longest=durations[-1] if durations else None,
            init=_percentile(inits, 0.5),
            memory=max((run.memory for run in self._runs), default=None),
            last_error=self._last_error,
            latest=tuple(self._runs)[-latest:],
        )

    def take(self, events: Iterable[LogEvent]) -> None:
        """Take in what was logged since."""
        for event in events:
            self._take(event)

    def _take(self, event: LogEvent) -> None:
        read = _read(event.text)
        if read.kind == "start":
            self._requests[event.stream] = read.request_id
            self._errors.pop(event.stream, None)
        request_id = read.request_id or self._requests.get(event.stream, "")
        self._taken += 1
        self._lines.append(
            Line(
                number=self._taken,
                at=event.time,
                stream=event.stream,
                request_id=request_id,
                kind=read.kind,
                text=event.text[:_LONGEST],
            )
        )
        if read.kind == "error":
            self._errors[event.stream] = read.error
        elif read.kind == "report":
            self._requests.pop(event.stream, None)  # whatever follows on this stream belongs to the next one
            self._ended(event, request_id, read)

    def _ended(self, event: LogEvent, request_id: str, read: "_Read") -> None:
        run = Run(
            at=event.time,
            request_id=request_id,
            duration=read.duration,
            init=read.init,
            memory=read.memory,
            error=self._errors.pop(event.stream, read.error),
        )
        self._runs.append(run)
        if run.error:
            self._last_error = run


def _percentile(sorted_values: Sequence[float], part: float) -> float | None:
    """The value that so many are no larger than (nearest rank)."""
    return sorted_values[math.ceil(part * len(sorted_values)) - 1] if sorted_values else None


class _Read(msgspec.Struct, frozen=True):
    """What a line says: durations in seconds, and what it tells of a failure."""

    kind: Kind
    request_id: str = ""
    error: str = ""
    duration: float = 0.0
    init: float | None = None
    memory: int = 0


class _Metrics(msgspec.Struct, frozen=True):
    duration: float = msgspec.field(name="durationMs", default=0.0)
    init: float | None = msgspec.field(name="initDurationMs", default=None)
    memory: int = msgspec.field(name="maxMemoryUsedMB", default=0)


class _Record(msgspec.Struct, frozen=True, rename="camel"):
    request_id: str = ""
    status: str = "success"
    error_type: str = ""
    metrics: _Metrics = _Metrics()


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a line that is a JSON object: an event of Lambda's, or an error that a handler has raised."""

    type: str = ""
    record: _Record | None = None
    level: str = ""
    error_type: str = ""
    error_message: str = ""
    request_id: str = ""


_OBJECT: Final = msgspec.json.Decoder(_Object)


def _read(text: str) -> _Read:
    if text.startswith("{"):
        return _read_object(text)
    if platform := _PLATFORM.match(text):
        kind, request_id = _OF_WORDS[platform[1]], platform[2] or ""
        return _report(text, request_id) if kind == "report" else _Read(kind, request_id)
    if raised := _RAISED.match(text):
        return _Read("error", error=raised[1])
    return _Read("output")


def _report(text: str, request_id: str) -> _Read:
    fields = dict(_FIELD.findall(text))
    return _Read(
        "report",
        request_id,
        _failure(fields.get("Status", "success"), fields.get("Error Type", "")),
        _number(fields.get("Duration", "")) / 1000,
        _number(fields["Init Duration"]) / 1000 if "Init Duration" in fields else None,
        int(_number(fields.get("Max Memory Used", ""))),
    )


def _read_object(text: str) -> _Read:
    try:
        line = _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _Read("output")  # it only looks like one of these
    kind, record = _OF_EVENTS.get(line.type), line.record
    if kind and record:
        metrics = record.metrics
        init = None if metrics.init is None else metrics.init / 1000
        failure = _failure(record.status, record.error_type)
        return _Read(kind, record.request_id, failure, metrics.duration / 1000, init, metrics.memory)
    if line.level == "ERROR" and line.error_type:
        return _Read("error", line.request_id, f"{line.error_type}: {line.error_message}")
    return _Read("output")


def _failure(status: str, error_type: str) -> str:
    return "" if status == "success" else error_type or status


def _number(text: str) -> float:
    """The number with which a text begins; 0 without one, as a function can write such lines as well."""
    found = re.match(r"\d+(?:\.\d+)?", text)
    return float(found[0]) if found else 0.0
