"""Accounts as one HTML page that needs nothing else: what `text` tells, with pictures."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from landfast.report import drawing, wording
from landfast.report.account import Account, Limits, sections
from landfast.report.timeline_picture import timeline
from landfast.report.tree_picture import tree

LIMITS: Final = Limits(tries=200, rows=40, trees=12, nodes=150, groups=500, lines=60, records=500)

_FEW: Final = 12
"""So many records are shown at once; more are folded."""

_BODY: Final = 6_000
_ID: Final = 100
_CARDS: Final = (
    "invocations",
    "throttles",
    "system_errors",
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


def page(accounts: Sequence[Account], title: str = "") -> str:
    """The page.

    Args:
        accounts: What to tell, best within `LIMITS`: of a large journal they hold what matters most.
        title: Of the page, if it is not that of the only account.
    """
    level = 2 if title else 1
    title = escape(wording.printable(title or accounts[0].title) or "What happens")
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>",
        drawing.HATCH,
        *(
            part
            for number, account in enumerate(accounts, start=1)
            for part in _Chapter(account, number, level).parts()
        ),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


class _Chapter:
    """One account on the page."""

    def __init__(self, account: Account, number: int, level: int) -> None:
        self._account = account
        self._words = account.words
        self._number = number
        self._level = level

    def parts(self) -> Iterator[str]:
        if self._level > 1:
            yield f"<h{self._level}>{escape(wording.printable(self._account.title))}</h{self._level}>"
        yield self._setting()
        yield self._cards()
        yield from self._timeline()
        yield from self._trees()
        yield from self._landings()
        for title, lines in sections(self._account):
            yield self._heading(title)
            yield "<ul>" + "".join(f"<li>{_folded(*line) if line[1] else escape(line[0])}</li>" for line in lines.shown)
            yield "</ul>"
            yield from _left_out(lines.left_out, "line")
        yield from self._deliveries()
        yield from self._records()

    def _heading(self, title: str) -> str:
        return f"<h{self._level + 1}>{title}</h{self._level + 1}>"

    def _setting(self) -> str:
        found: list[str] = []
        for row in self._account.setting:
            tag, between = ("code", " ") if row.settings else ("span", "")
            texts = between.join(f"<{tag}>{escape(text)}</{tag}>" for text in row.texts)
            found.append(f"<dt>{row.name}</dt><dd>{texts}</dd>")
        return f"<dl>{''.join(found)}</dl>"

    def _cards(self) -> str:
        counts = self._account.counts
        shown = [(f"{counts[name]:,}", wording.state(name)) for name in _CARDS if counts[name] or name == "invocations"]
        shown.append((self._words.time(self._account.ended), "ended at"))
        return f'<ul class="cards">{"".join(f"<li><b>{text}</b><span>{name}</span></li>" for text, name in shown)}</ul>'

    def _timeline(self) -> Iterator[str]:
        found = self._account.timeline
        yield self._heading("Timeline")
        if not found.lines:
            yield "<p>The function is never invoked.</p>"
            return
        yield '<p class="note">Spans of time are drawn by their logarithm; a dashed line is a wait.</p>'
        yield drawing.legend(self._account)
        picture = timeline(self._account, f"timeline-{self._number}")
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="Timeline">{picture}</div>'
        yield from _left_out(found.left_out, "try")
        yield from _left_out(found.rows_left_out, "row")
        yield "<details><summary>The timeline as a table</summary>"
        yield from _table(("at", "where", "records", "try", "outcome", "then"), map(self._words.cells, found.lines))
        yield "</details>"

    def _trees(self) -> Iterator[str]:
        if not self._account.split.shown:
            return
        yield self._heading("Batches that were split")
        for number, nodes in enumerate(self._account.split.shown, start=1):
            picture = tree(nodes, self._words, f"tree-{self._number}-{number}")
            yield f'<div class="scroll" tabindex="0" role="region" aria-label="Batch tree {number}">{picture}</div>'
        yield from _left_out(self._account.split.left_out, "split batch")

    def _landings(self) -> Iterator[str]:
        found = self._account.landings
        yield self._heading("Where every record landed, and why")
        tones = [_TONES[each.state] for each in found.shown]
        columns = ("records", "state", "when", "invoked", "rule")
        yield from _table(columns, map(self._words.landing, found.shown), tones)
        yield from _left_out(found.left_out, "group")

    def _deliveries(self) -> Iterator[str]:
        found = self._account.deliveries
        if not found.shown:
            return
        yield self._heading("Deliveries")
        for each in found.shown:
            at, target, records, why = self._words.delivery(each)
            body = json.dumps(each.body, indent=2, ensure_ascii=False)
            yield _folded(f"{at}: {records} to {target} ({why})", body)
        yield from _left_out(found.left_out, "delivery")

    def _records(self) -> Iterator[str]:
        found = self._account.records
        lines = [
            (
                wording.cut(wording.printable(each.record), _ID),
                wording.state(each.state),
                "-" if each.at is None else self._words.time(each.at),
                f"{each.invocations}x",
                each.rule,
            )
            for each in found.shown
        ]
        yield f"{self._heading('Records')}\n<details{' open' if len(lines) <= _FEW else ''}>"
        yield f"<summary>{wording.several(len(lines), 'record')}</summary>"
        tones = [_TONES[each.state] for each in found.shown]
        yield from _table(("record", "state", "at", "invoked", "rule"), lines, tones)
        yield "</details>"
        yield from _left_out(found.left_out, "record")


def _folded(text: str, details: str) -> str:
    """A line that opens; what would make a large page is cut."""
    return f"<details><summary>{escape(text)}</summary><pre>{escape(wording.cut(details, _BODY))}</pre></details>"


def _left_out(count: int, noun: str) -> Iterator[str]:
    if count > 0:
        text = f"{wording.several(count, f'more {noun}')}, left out here; <code>--json</code> has all."
        yield f'<p class="note">And {text}</p>'


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
