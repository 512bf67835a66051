"""The timeline of an account as SVG."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import pairwise

from msgspec import Struct, field

from landfast.report import wording
from landfast.report.account import Account
from landfast.report.drawing import BAR, CHARACTER, ROW, element, look, opened, outcome_bar, shape, titled
from landfast.report.timeline import Line
from landfast.report.wording import Wording

_SLOT = 17.0
_GAP = 14.0
_GAP_PER_DECADE = 12.0
_MARK = 16.0
_LABELS = 150.0
WIDTH = 1150.0
"""The width of a page, in pixels."""

_TOP = 30.0
_TICK = 74.0
_LABEL_CHARACTERS = 17


class _Axis(Struct):
    """The axis of time, in pixels: spans are drawn by their logarithm, so that seconds and days both show.

    What takes no time at all has a place of its own at its moment, one after the other in each row.
    """

    begins: dict[float, float] = field(default_factory=dict)
    marks: dict[float, float] = field(default_factory=dict)
    ends: dict[float, float] = field(default_factory=dict)
    width: float = 0.0

    @classmethod
    def of(
        cls,
        moments: Iterable[float],
        slots: Mapping[float, int],
        marked: frozenset[float],
        tick: float,
        width: float,
    ) -> "_Axis":
        times = sorted(set(moments))
        fixed = _LABELS + tick + sum(slots.values()) * _SLOT + len(marked) * _MARK
        spans = {after: _GAP + _GAP_PER_DECADE * math.log10(1 + after - before) for before, after in pairwise(times)}
        stretch = max(1.0, (width - fixed) / sum(spans.values())) if spans else 1.0
        axis, x = cls(), _LABELS
        for moment in times:
            x += spans.get(moment, 0.0) * stretch
            axis.begins[moment] = x
            x += slots.get(moment, 0) * _SLOT
            axis.marks[moment] = x + _MARK / 2
            x += _MARK if moment in marked else 0.0
            axis.ends[moment] = x
        axis.width = x + tick
        return axis


def timeline(account: Account, name: str, *, width: float = WIDTH) -> str:
    """The timeline as SVG, at least so many pixels wide; `name` begins its ids on the page."""
    found, words = account.timeline, account.words
    axis = _axis(account, width)
    height = _TOP + len(found.rows) * ROW + 8
    tries = sum(len(line.tries) for line in found.lines) + found.left_out
    title = f"Timeline of {wording.several(tries, 'try')} in {wording.several(len(found.rows), 'row')}"
    span = f"From {words.time(account.begun)} to {words.time(account.ended)}"
    parts = [
        opened(name, axis.width, height, title, f"{span}. The table below says it in words."),
        *_grid(axis, words, found.rows, height),
        *_waits(account, axis),
        *_bars(account, axis),
        *(
            titled(mark.text, shape(mark.kind, axis.marks[mark.at], _TOP + mark.row * ROW + ROW / 2))
            for mark in found.marks
        ),
        "</svg>",
    ]
    return "\n".join(parts)


def _axis(account: Account, width: float) -> _Axis:
    slots: Counter[tuple[float, int]] = Counter()
    marked = frozenset(mark.at for mark in account.timeline.marks)
    moments = {account.begun, account.ended, *marked}
    for line in account.timeline.lines:
        at, until, due = line.first.at, line.last.until, line.last.due
        moments |= {at, until, min(until if due is None else due, account.ended)}
        if at == until:
            slots.update((at, row) for row in line.rows)
    most: dict[float, int] = {}
    for (moment, _), count in slots.items():
        most[moment] = max(count, most.get(moment, 0))
    tick = max(_TICK, len(account.words.time(account.ended)) * CHARACTER + 8) if account.words.live else _TICK
    return _Axis.of(moments, most, marked, tick, width)


def _grid(axis: _Axis, words: Wording, labels: Iterable[str], height: float) -> Iterator[str]:
    for index, label in enumerate(map(wording.printable, labels)):
        y = _TOP + index * ROW
        if index % 2 == 0:
            yield element("rect", "band", x=0, y=y, width=axis.width, height=ROW)
        text = escape(wording.cut(label, _LABEL_CHARACTERS))
        yield titled(label, element("text", "label", text, x=8, y=y + ROW / 2 + 5))
    free = -math.inf
    for moment, x in axis.begins.items():
        text = words.time(moment)
        if x >= free:
            free = x + max(_TICK, len(text) * CHARACTER + 8)
            yield element("line", "tick", x1=x, y1=_TOP - 6, x2=x, y2=height - 4)
            yield element("text", "time", text, x=x + 2, y=_TOP - 10)


def _waits(account: Account, axis: _Axis) -> Iterator[str]:
    """From the end of a try to the time of the next one; below the bars, which cover their beginnings."""
    words = account.words
    for line in account.timeline.lines:
        last = line.last
        if last.due is None:
            continue
        begin, end = axis.begins[last.until], axis.begins[min(last.due, account.ended)]
        text = f"{words.short(last.again)} wait {wording.duration(last.due - last.until)}: {words.then(last)}"
        for row in line.waiting:
            y = _TOP + row * ROW + ROW / 2
            yield titled(text, element("line", "wait", x1=begin, y1=y, x2=end, y2=y))


def _bars(account: Account, axis: _Axis) -> Iterator[str]:
    used: defaultdict[tuple[float, int], int] = defaultdict(int)
    for line in account.timeline.lines:
        at, until = line.first.at, line.last.until
        for row in line.rows:
            if at == until:
                x = axis.begins[at] + used[at, row] * _SLOT + 1
                width = _SLOT - 2
                used[at, row] += 1
            else:
                x = axis.ends[at] + 1
                width = max(4.0, axis.begins[until] - x - 1)
            yield _bar(line, account.words, x, _TOP + row * ROW + (ROW - BAR) / 2, width)


def _bar(line: Line, words: Wording, x: float, y: float, width: float) -> str:
    first, count = line.first, len(line.tries)
    records, outcome = words.short(first.records), line.outcome
    if count > 1:
        hatch = element("rect", "repeats", x=x, y=y - 3, width=width, height=BAR + 6, rx=3)
        text = f"{count} more tries of {records}, all {outcome}, until {words.time(line.last.until)}"
        return titled(text, hatch + outcome_bar(outcome, f"x{count}", x, y, width))
    number = f"try {first.number}, " if first.number else ""
    then = f". {words.then(first)}" if words.then(first) else ""
    text = f"{words.time(first.at)}: {records}, {number}{outcome}{then}"
    return titled(text, outcome_bar(outcome, look(outcome).letter, x, y, width))
