"""A simulation as one HTML page that needs nothing else: what `account` tells, with pictures."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from landfast.journal import Delivered, Entry
from landfast.simulate import drawing, words
from landfast.simulate.history import History, Repeats, Try, chosen, handled_again, hold_ups, tell
from landfast.simulate.scenario import Scenario
from landfast.simulate.timeline_picture import timeline
from landfast.simulate.tree_picture import tree

TIMELINE: Final = 200
"""Tries in the timeline, at most."""

TREES: Final = 12
"""Trees, at most."""

NODES: Final = 150
"""Batches in one tree, at most."""

RECORDS: Final = 500
"""Lines in the table of records, at most."""

LINES: Final = 60
"""Deliveries and hold-ups, each at most."""

_BODY: Final = 6_000
_CARDS: Final = (
    "invocations",
    "throttles",
    "processed",
    "to_destination",
    "dead_lettered",
    "dropped",
    "filtered",
    "pending",
)
_TONES: Final[Mapping[str, str]] = {
    "processed": "good",
    "to_destination": "kept",
    "dead_lettered": "kept",
    "dropped": "worst",
    "pending": "worst",
    "filtered": "note",
}


def page(scenario: Scenario, result: Mapping[str, Any], entries: Iterable[Entry]) -> str:
    """The page; of a large scenario it holds what matters most and says what it leaves out.

    Args:
        scenario: What was run.
        result: Its whole result.
        entries: Its journal.
    """
    history = tell(entries)
    title = escape(words.printable(scenario.name) or "What happens")
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>",
        _setting(scenario),
        _cards(result["summary"]),
        *_timeline(scenario, history, result["summary"]["ended"]),
        *_trees(history),
        *_landings(result["records"], history),
        *_lines("Handled again after it went well", words.again(handled_again(history))),
        *_lines("Held up by failures", list(map(words.held_up, hold_ups(scenario.source, history)))),
        *_deliveries(history.deliveries),
        *_records(result["records"], history),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _setting(scenario: Scenario) -> str:
    rows = [
        ("source", f"<span>{escape(words.source(scenario))}</span>"),
        ("set", _codes(words.settings(scenario))),
        ("left at its default", _codes(words.defaults(scenario))),
        ("function", "".join(f"<span>{escape(line)}</span>" for line in words.function(scenario.function))),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value) + "</dl>"


def _codes(texts: Iterable[str]) -> str:
    return " ".join(f"<code>{escape(text)}</code>" for text in texts)


def _cards(summary: Mapping[str, float]) -> str:
    shown = [(f"{summary[name]:,}", words.state(name)) for name in _CARDS if summary[name] or name == "invocations"]
    shown.append((words.duration(summary["ended"]), "ended at"))
    return (
        '<ul class="cards">' + "".join(f"<li><b>{count}</b><span>{name}</span></li>" for count, name in shown) + "</ul>"
    )


def _left_out(count: int, noun: str) -> Iterator[str]:
    if count > 0:
        text = f"{words.several(count, f'more {noun}')}, left out here; <code>--json</code> has all."
        yield f'<p class="note">And {text}</p>'


def _timeline(scenario: Scenario, history: History, end: float) -> Iterator[str]:
    yield "<h2>Timeline</h2>"
    items, left_out = chosen(history, TIMELINE)
    if not items:
        yield "<p>The function is never invoked.</p>"
        return
    picture, rows_left_out = timeline(scenario.source, history, items, end)
    yield '<p class="note">Spans of time are drawn by their logarithm; a dashed line is a wait.</p>'
    yield _legend(items, history)
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="Timeline">{picture}</div>'
    yield from _left_out(left_out, "try")
    yield from _left_out(rows_left_out, "row")
    lanes = any(attempt.lane for attempt in history.tries)
    lines = [_repeats(item) if isinstance(item, Repeats) else _try(item, lanes=lanes) for item in items]
    yield "<details><summary>The timeline as a table</summary>"
    yield from _table(["at", "where", "records", "try", "outcome", "then"], lines)
    yield "</details>"


def _legend(items: Sequence[Try | Repeats], history: History) -> str:
    outcomes = {item.outcome or "running" for item in items}
    states = {end.state for end in history.ends.values()}
    entries = [
        f'<svg width="18" height="18" aria-hidden="true"><rect class="o-{name}" width="18" height="18" rx="3"/>'
        f'<text class="letter" x="9" y="13">{drawing.LETTERS[name]}</text></svg>{drawing.MEANINGS[name]}'
        for name in drawing.LETTERS
        if name in outcomes
    ]
    entries += [
        f'<svg width="18" height="18" aria-hidden="true">{drawing.shape(kind, 9, 9)}</svg>{escape(meaning)}'
        for kind, meaning in drawing.MARKS.items()
        if kind in states or (kind == "delivery" and history.deliveries)
    ]
    if any(isinstance(item, Repeats) for item in items):
        repeats = drawing.element("rect", "repeats", width=18, height=18, rx=3)
        entries.append(f'<svg width="18" height="18" aria-hidden="true">{repeats}</svg>many tries alike, as one')
    return '<ul class="legend">' + "".join(f"<li>{entry}</li>" for entry in entries) + "</ul>"


def _try(attempt: Try, *, lanes: bool) -> list[str]:
    took = f" in {words.duration(attempt.until - attempt.at)}" if attempt.until > attempt.at else ""
    return [
        words.duration(attempt.at),
        words.where(attempt, lanes=lanes),
        words.short(attempt.records),
        f"{attempt.number or '-'}",
        (attempt.outcome or "running") + took,
        words.then(attempt),
    ]


def _repeats(repeats: Repeats) -> list[str]:
    count = f"{len(repeats.tries)} more like it"
    return [words.duration(repeats.at), "", count, "", repeats.outcome, f"until {words.duration(repeats.until)}"]


def _table(columns: Sequence[str], lines: Iterable[Sequence[str]], tones: Sequence[str] = ()) -> Iterator[str]:
    """A table of plain texts; `tones` are the classes of the cells below ``state``."""
    yield "<table><thead><tr>" + "".join(f'<th scope="col">{name}</th>' for name in columns) + "</tr></thead><tbody>"
    for index, line in enumerate(lines):
        cells: list[str] = []
        for name, text in zip(columns, line, strict=True):
            kind = {"records": "id", "record": "id", "at": "time"}.get(name, "")
            kind = tones[index] if name == "state" and tones else kind
            cells.append(f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>")
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _trees(history: History) -> Iterator[str]:
    split = [batch for batch in history.batches if batch.parts]
    if not split:
        return
    yield "<h2>Batches that were split</h2>"
    for number, root in enumerate(split[:TREES], start=1):
        picture = tree(root, number, NODES)
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="Batch tree {number}">{picture}</div>'
    yield from _left_out(len(split) - TREES, "split batch")


def _landings(records: Mapping[str, Mapping[str, Any]], history: History) -> Iterator[str]:
    found = words.landings(records, history.ends)
    yield "<h2>Where every record landed, and why</h2>"
    lines: list[list[str]] = []
    for state, why, ids in found[:RECORDS]:
        times = [records[record]["at"] for record in ids if records[record]["at"] is not None]
        invoked = words.spread(records[record]["invocations"] for record in ids)
        when = words.spread(times, time=True) if times else "-"
        lines.append([words.short(ids), words.state(state), when, f"{invoked}x", why])
    yield from _table(["records", "state", "when", "invoked", "rule"], lines, [_TONES[state] for state, _, _ in found])
    yield from _left_out(len(found) - RECORDS, "group")


def _lines(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h2>{title}</h2>"
        yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines[:LINES]) + "</ul>"
        yield from _left_out(len(lines) - LINES, "line")


def _deliveries(found: Sequence[Delivered]) -> Iterator[str]:
    if not found:
        return
    yield "<h2>Deliveries</h2>"
    for each in found[:LINES]:
        target = f"{each.kind} {words.cut(words.printable(words.resource(each.target)))}"
        text = f"{words.duration(each.at)}: {words.short(each.records)} to {target} ({words.delivered(each)})"
        body = json.dumps(each.body, indent=2, ensure_ascii=False)
        yield f"<details><summary>{escape(text)}</summary><pre>{escape(words.cut(body, _BODY))}</pre></details>"
    yield from _left_out(len(found) - LINES, "delivery")


def _records(records: Mapping[str, Mapping[str, Any]], history: History) -> Iterator[str]:
    """Every record, those first that were not simply processed."""
    rough = [record for record, told in records.items() if told["state"] != "processed" or told["invocations"] > 1]
    order = list(dict.fromkeys([*rough, *records] if len(records) > RECORDS else records))[:RECORDS]
    lines: list[list[str]] = []
    for record in order:
        told, end = records[record], history.ends.get(record)
        at = "-" if told["at"] is None else words.duration(told["at"])
        why = "undecided by the end" if end is None else words.rule(end.rule)
        name = words.cut(words.printable(record))
        lines.append([name, words.state(told["state"]), at, f"{told['invocations']}x", why])
    yield f"<h2>Records</h2>\n<details{' open' if len(order) <= TREES else ''}>"
    yield f"<summary>{words.several(len(order), 'record')}</summary>"
    tones = [_TONES[records[record]["state"]] for record in order]
    yield from _table(["record", "state", "at", "invoked", "rule"], lines, tones)
    yield "</details>"
    yield from _left_out(len(records) - len(order), "record")
