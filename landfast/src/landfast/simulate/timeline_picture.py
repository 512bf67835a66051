"""The timeline of a simulation as SVG."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Final

from landfast.simulate import words
from landfast.simulate.drawing import (
    BAR,
    CHARACTER,
    LETTERS,
    ROW,
    MarkKind,
    element,
    opened,
    outcome_bar,
    shape,
    titled,
)
from landfast.simulate.history import History, Repeats, Try
from landfast.simulate.scenario import Queue, Source

ROWS: Final = 40
"""Rows, at most."""

_SLOT = 17.0
_GAP = 14.0
_GAP_PER_DECADE = 12.0
_MARK = 16.0
_LABELS = 150.0
_WIDTH = 1150.0
_TOP = 30.0
_TICK = 74.0
_LABEL_CHARACTERS = 17

_HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="3" height="6" fill="var(--fg)" opacity="0.25"/></pattern></defs>'
)


@dataclass(slots=True)
class _Axis:
    """Where each moment is, in pixels: spans of time are drawn by their logarithm, so that seconds and days both show.

    What takes no time at all has a place of its own at its moment, one after the other in each row.
    """

    begins: dict[float, float] = field(default_factory=dict)
    marks: dict[float, float] = field(default_factory=dict)
    ends: dict[float, float] = field(default_factory=dict)
    width: float = 0.0

    @classmethod
    def of(cls, moments: Iterable[float], slots: Mapping[float, int], marked: frozenset[float]) -> "_Axis":
        times = sorted(set(moments))
        fixed = _LABELS + _TICK + sum(slots.values()) * _SLOT + len(marked) * _MARK
        spans = {after: _GAP + _GAP_PER_DECADE * math.log10(1 + after - before) for before, after in pairwise(times)}
        stretch = max(1.0, (_WIDTH - fixed) / sum(spans.values())) if spans else 1.0
        axis, x = cls(), _LABELS
        for moment in times:
            x += spans.get(moment, 0.0) * stretch
            axis.begins[moment] = x
            x += slots.get(moment, 0) * _SLOT
            axis.marks[moment] = x + _MARK / 2
            x += _MARK if moment in marked else 0.0
            axis.ends[moment] = x
        axis.width = x + _TICK
        return axis


@dataclass(slots=True)
class _Chart:
    """What is on the timeline.

    Attributes:
        items: The tries, of which many alike are one.
        rows: Which row numbers each record's tries are in.
        labels: The rows' names.
        marks: What happened to records: moment, row, kind, and words.
        end: The end of the simulation.
    """

    items: Sequence[Try | Repeats]
    rows: Mapping[str, int]
    labels: Sequence[str]
    marks: Sequence[tuple[float, int, MarkKind, str]]
    end: float

    def rows_of(self, item: Try | Repeats) -> list[int]:
        """The rows an item is in, among those that are drawn."""
        found = {self.rows[record] for record in item.records if record in self.rows}
        return sorted(row for row in found if row < len(self.labels))

    def axis(self) -> _Axis:
        slots: Counter[tuple[float, int]] = Counter()
        moments = {0.0, self.end, *(moment for moment, *_ in self.marks)}
        for item in self.items:
            moments |= {item.at, item.until}
            if item.due is not None:
                moments.add(min(item.due, self.end))
            if item.at == item.until:
                slots.update((item.at, row) for row in self.rows_of(item))
        most: dict[float, int] = {}
        for (moment, _), count in slots.items():
            most[moment] = max(count, most.get(moment, 0))
        return _Axis.of(moments, most, frozenset(moment for moment, *_ in self.marks))


def timeline(source: Source, history: History, items: Sequence[Try | Repeats], end: float) -> tuple[str, int]:
    """The timeline as SVG, and how many rows are left out of it.

    Args:
        source: Where the records come from; it decides what the rows are.
        history: What happened.
        items: What is drawn.
        end: When the simulation ended, in seconds.
    """
    rows, labels = _rows(source, history, items)
    left_out = max(0, len(labels) - ROWS)
    labels = labels[:ROWS]
    drawn = {record for item in items for record in item.records}
    chart = _Chart(items, rows, labels, _marks(history, rows, len(labels), drawn), end)
    axis = chart.axis()
    height = _TOP + len(labels) * ROW + 8
    title = f"Timeline of {words.several(len(history.tries), 'try')} in {words.several(len(labels), 'row')}"
    parts = [
        opened(
            "timeline",
            axis.width,
            height,
            title,
            f"From 0s to {words.duration(end)}. The table below says it in words.",
        ),
        _HATCH,
        *_grid(axis, labels, height),
        *_waits(chart, axis),
        *_bars(chart, axis),
        *(_mark(axis.marks[moment], row, kind, text) for moment, row, kind, text in chart.marks),
        "</svg>",
    ]
    return "\n".join(parts), left_out


def _rows(source: Source, history: History, items: Sequence[Try | Repeats]) -> tuple[dict[str, int], list[str]]:
    """Each record's row, and the rows' names: lanes, message groups, events or messages; those with failures first."""
    names = _names(source, history)
    failing = {names[record] for attempt in history.tries if attempt.again for record in attempt.again}
    failing |= {names[record] for record, end in history.ends.items() if end.state != "processed"}
    seen = {names[record] for item in items for record in item.records}
    order = [name for name in dict.fromkeys(names.values()) if name in seen]
    if len(order) > ROWS:
        order.sort(key=lambda name: name not in failing)
    number = {name: index for index, name in enumerate(order)}
    return {record: number[name] for record, name in names.items() if name in number}, order


def _names(source: Source, history: History) -> dict[str, str]:
    names: dict[str, str] = {}
    if source.type in {"kinesis", "dynamodb"}:
        lanes = any(attempt.lane for attempt in history.tries)
        names = {record.id: f"shard {record.shard}" for record in source.all()}
        for attempt in history.tries:
            if not attempt.throttled:
                names |= dict.fromkeys(attempt.records, words.where(attempt, lanes=lanes))
        return dict(sorted(names.items(), key=lambda item: _natural(item[1])))
    fifo = isinstance(source.queue, Queue) and source.queue.FifoQueue
    return {record.id: f"group {record.key or '(none)'}" if fifo else record.id for record in source.all()}


def _natural(text: str) -> list[tuple[bool, int, str]]:
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in text.replace(",", "").split()]


def _marks(
    history: History, rows: Mapping[str, int], count: int, drawn: set[str]
) -> list[tuple[float, int, MarkKind, str]]:
    found: dict[tuple[float, int], tuple[MarkKind, str]] = {}
    for record, end in history.ends.items():
        if record in drawn and rows[record] < count and end.state in {"dead_lettered", "dropped"}:
            kind: MarkKind = "dropped" if end.state == "dropped" else "dead_lettered"
            text = f"{words.short(end.records)}: {words.state(end.state)}, {words.rule(end.rule)}"
            found[end.at, rows[record]] = (kind, text)
    for delivery in history.deliveries:
        for record in delivery.records:
            if record in drawn and rows[record] < count:
                text = (
                    f"{words.short(delivery.records)} to {delivery.kind} {delivery.target}: {words.delivered(delivery)}"
                )
                found[delivery.at, rows[record]] = ("delivery", text)
    return [(moment, row, kind, text) for (moment, row), (kind, text) in sorted(found.items())]


def _grid(axis: _Axis, labels: Sequence[str], height: float) -> Iterator[str]:
    for index, label in enumerate(map(words.printable, labels)):
        y = _TOP + index * ROW
        if index % 2 == 0:
            yield element("rect", "band", x=0, y=y, width=axis.width, height=ROW)
        text = escape(words.cut(label, _LABEL_CHARACTERS))
        yield titled(label, element("text", "label", text, x=8, y=y + ROW / 2 + 5))
    free = -math.inf
    for moment, x in axis.begins.items():
        text = words.duration(moment)
        if x >= free:
            free = x + max(_TICK, len(text) * CHARACTER + 8)
            yield element("line", "tick", x1=x, y1=_TOP - 6, x2=x, y2=height - 4)
            yield element("text", "time", text, x=x + 2, y=_TOP - 10)


def _waits(chart: _Chart, axis: _Axis) -> Iterator[str]:
    """From the end of a try to the time of the next one; below the bars, which cover their beginnings."""
    for item in chart.items:
        if item.due is None or not item.again:
            continue
        begin, end = axis.begins[item.until], axis.begins[min(item.due, chart.end)]
        again = {chart.rows[record] for record in item.again if record in chart.rows}
        for row in sorted(row for row in again if row < len(chart.labels)):
            y = _TOP + row * ROW + ROW / 2
            last = item.tries[-1] if isinstance(item, Repeats) else item
            text = f"{words.short(item.again)} wait {words.duration(item.due - item.until)}: {words.then(last)}"
            yield titled(text, element("line", "wait", x1=begin, y1=y, x2=end, y2=y))


def _bars(chart: _Chart, axis: _Axis) -> Iterator[str]:
    used: defaultdict[tuple[float, int], int] = defaultdict(int)
    for item in chart.items:
        for row in chart.rows_of(item):
            if item.at == item.until:
                x = axis.begins[item.at] + used[item.at, row] * _SLOT + 1
                width = _SLOT - 2
                used[item.at, row] += 1
            else:
                x = axis.ends[item.at] + 1
                width = max(4.0, axis.begins[item.until] - x - 1)
            yield _bar(item, x, _TOP + row * ROW + (ROW - BAR) / 2, width)


def _bar(item: Try | Repeats, x: float, y: float, width: float) -> str:
    outcome = item.outcome or "running"
    if isinstance(item, Repeats):
        count, until = len(item.tries), words.duration(item.until)
        bar = outcome_bar(outcome, f"x{count}", x, y, width)
        hatch = element("rect", "repeats", x=x, y=y - 3, width=width, height=BAR + 6, rx=3)
        return titled(f"{count} more tries of {words.short(item.records)}, all {outcome}, until {until}", hatch + bar)
    number = f"try {item.number}, " if item.number else ""
    text = f"{words.duration(item.at)}: {words.short(item.records)}, {number}{outcome}"
    then = f". {words.then(item)}" if words.then(item) else ""
    return titled(text + then, outcome_bar(outcome, LETTERS[outcome], x, y, width))


def _mark(x: float, row: int, kind: MarkKind, text: str) -> str:
    return titled(text, shape(kind, x, _TOP + row * ROW + ROW / 2))
