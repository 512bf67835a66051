"""Accounts as one HTML page that needs nothing else: what `text` tells, with pictures."""

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from landfast.report import drawing, wording
from landfast.report.account import Account, Limits, Row, sections
from landfast.report.timeline_picture import timeline
from landfast.report.tree_picture import tree

LIMITS: Final = Limits(tries=200, rows=40, trees=12, nodes=150, groups=500, lines=60, records=500)

_FEW: Final = 12
"""So many records are shown at once; more are folded."""

_BODY: Final = 6_000


def page(accounts: Sequence[Account], *, title: str = "") -> str:
    """The page, of one account or several, best within `LIMITS`: of a large journal they hold what matters most.

    Args:
        accounts: The accounts.
        title: The title; without one it is the account's, if there is but one.
    """
    title = escape(title) or (_title(accounts[0]) if len(accounts) == 1 else "What happens")
    style = drawing.style("colours", "page", "pictures")
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
        f'<svg width="0" height="0" class="defs" aria-hidden="true">{drawing.HATCH}</svg>',
        *(part for number, account in enumerate(accounts, start=1) for part in _chapter(account, f"{number}")),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def _title(account: Account) -> str:
    return escape(wording.printable(account.title) or "What happens")


def _chapter(account: Account, number: str) -> Iterator[str]:
    """Write the chapter of one account; `number` is in the ids of its pictures."""
    yield f'<article id="account-{number}">\n<h1>{_title(account)}</h1>'
    yield _setting(account.setting)
    yield _cards(account)
    yield from _timeline(account, number)
    yield from _trees(account, number)
    yield from _landings(account)
    for title, lines in sections(account):
        yield f"<h2>{title}</h2>\n<ul>"
        yield from (f"<li>{_folded(text, more) if more else escape(text)}</li>" for text, more in lines.shown)
        yield "</ul>"
        yield from _left_out(lines.left_out, "line")
    yield from _deliveries(account)
    yield from _records(account)
    yield "</article>"


def _setting(rows: Iterable[Row]) -> str:
    lines: list[str] = []
    for row in rows:
        tag, between = ("code", " ") if row.settings else ("span", "")
        texts = between.join(f"<{tag}>{escape(text)}</{tag}>" for text in row.texts)
        lines.append(f"<dt>{row.name}</dt><dd>{texts}</dd>")
    return f"<dl>{''.join(lines)}</dl>"


def _cards(account: Account) -> str:
    counts = account.counts.items()
    shown = [(f"{count:,}", wording.state(name)) for name, count in counts if count or name == "invocations"]
    shown.append((account.words.time(account.ended), "ended at"))
    return f'<ul class="cards">{"".join(f"<li><b>{text}</b><span>{name}</span></li>" for text, name in shown)}</ul>'


def _timeline(account: Account, number: str) -> Iterator[str]:
    found = account.timeline
    yield "<h2>Timeline</h2>"
    if not found.lines:
        yield "<p>The function is never invoked.</p>"
        return
    yield '<p class="note">Spans of time are drawn by their logarithm; a dashed line is a wait.</p>'
    yield drawing.legend(account)
    picture = timeline(account, f"timeline-{number}")
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="Timeline">{picture}</div>'
    yield from _left_out(found.left_out, "try")
    yield from _left_out(found.rows_left_out, "row")
    yield "<details><summary>The timeline as a table</summary>"
    yield from _table(("at", "where", "records", "try", "outcome", "then"), map(account.words.cells, found.lines))
    yield "</details>"


def _trees(account: Account, number: str) -> Iterator[str]:
    if not account.split.shown:
        return
    yield "<h2>Batches that were split</h2>"
    for place, nodes in enumerate(account.split.shown, start=1):
        picture = tree(nodes, account.words, f"tree-{number}-{place}")
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="Batch tree {place}">{picture}</div>'
    yield from _left_out(account.split.left_out, "split batch")


def _landings(account: Account) -> Iterator[str]:
    landings = account.landings
    yield "<h2>Where every record landed, and why</h2>"
    tones = [wording.STATES[each.state] for each in landings.shown]
    yield from _table(
        ("records", "state", "when", "invoked", "rule"), map(account.words.landing, landings.shown), tones
    )
    yield from _left_out(landings.left_out, "group")


def _deliveries(account: Account) -> Iterator[str]:
    deliveries = account.deliveries
    if not deliveries.shown:
        return
    yield "<h2>Deliveries</h2>"
    for each in deliveries.shown:
        at, target, records, why = account.words.delivery(each)
        body = json.dumps(each.body, indent=2, ensure_ascii=False)
        yield _folded(f"{at}: {records} to {target} ({why})", body)
    yield from _left_out(deliveries.left_out, "delivery")


def _records(account: Account) -> Iterator[str]:
    records = account.records
    count = len(records.shown)
    yield f"<h2>Records</h2>\n<details{' open' if count <= _FEW else ''}>"
    yield f"<summary>{wording.several(count, 'record')}</summary>"
    tones = [wording.STATES[each.state] for each in records.shown]
    yield from _table(("record", "state", "at", "invoked", "rule"), map(account.words.landed, records.shown), tones)
    yield "</details>"
    yield from _left_out(records.left_out, "record")


def _folded(text: str, more: str) -> str:
    """A line that opens; what would make a large page is cut."""
    shown = "\n".join(map(wording.printable, wording.cut(more, _BODY).splitlines()))
    return f"<details><summary>{escape(text)}</summary><pre>{escape(shown)}</pre></details>"


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
