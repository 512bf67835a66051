"""An account for the terminal; only this module needs rich."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from landfast.report import wording
from landfast.report.account import Account, Limits, Listed, Node, sections

LIMITS: Final = Limits(tries=60, rows=0, nodes=120, batches=120, groups=30, lines=30, records=0)

_STYLES: Final[Mapping[str, str]] = {
    "succeed": "green",
    "return": "green",
    "report": "yellow",
    "throttle": "cyan",
    "system error": "cyan",
    "raise": "red",
    "timeout": "magenta",
    "exit": "red",
    "good": "green",
    "kept": "yellow",
    "worst": "bold red",
    "note": "dim",
}


def write(account: Account, console: Console | None = None) -> None:
    """Print an account: timeline, batch trees, where every record landed and why, deliveries, hold-ups, counts.

    Args:
        account: The account to tell, best within `LIMITS`.
        console: The console to print to; by default standard output.
    """
    console = console or Console(emoji=False, markup=False, highlight=False)
    _heading(console, wording.printable(account.title) or "What happens")
    table = _table("", "", header=False)
    for row in account.setting:
        table.add_row(_text(row.name, "dim"), _text((" " if row.settings else "\n").join(row.texts)))
    console.print(table)
    _timeline(console, account)
    _trees(console, account)
    _landings(console, account)
    _deliveries(console, account)
    for title, lines in sections(account):
        _heading(console, title)
        for line, _ in lines.shown:
            console.print(_text(line))
        _left_out(console, lines.left_out, "line")
    _heading(console, "Summary")
    console.print(_text(account.words.summary(account)))


def _heading(console: Console, title: str) -> None:
    console.print()
    console.print(_text(title, "bold"))


def _text(text: str, style: str = "") -> Text:
    """Text as it is: what a record is called is no markup."""
    return Text(text, style=_STYLES.get(style, style))


def _table(*columns: str, header: bool = True) -> Table:
    table = Table(box=None, show_header=header, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _left_out(console: Console, count: int, noun: str) -> None:
    if count > 0:
        console.print(_text(f"... and {wording.several(count, f'more {noun}')}, left out here; --json has all.", "dim"))


def _timeline(console: Console, account: Account) -> None:
    lines = account.timeline.lines
    streams = any(line.where for line in lines)
    _heading(console, "Timeline")
    table = _table("at", *(["where"] if streams else []), "records", "try", "outcome", "then")
    table.columns[0].no_wrap = True
    for line in lines:
        at, where, records, number, outcome, then = account.words.cells(line)
        dim = "dim" if len(line.tries) > 1 else ""
        texts = [_text(at, dim), *([_text(where)] if streams else []), _text(records, dim), _text(number)]
        table.add_row(*texts, _text(outcome, line.outcome), _text(then, dim))
    console.print(table if lines else _text("The function is never invoked."))
    _left_out(console, account.timeline.left_out, "try")


def _trees(console: Console, account: Account) -> None:
    if not account.split.shown:
        return
    _heading(console, "Batches that were split")
    for tree in account.split.shown:
        console.print(_tree(account, tree))
    _left_out(console, account.split.left_out, "split batch")


def _tree(account: Account, nodes: Listed[Node]) -> Tree:
    path: list[Tree] = []
    for node in nodes.shown:
        text = _node(account, node)
        tree = path[node.depth - 1].add(text) if node.depth else Tree(text, guide_style="dim")
        path[node.depth :] = [tree]
    if nodes.left_out:
        path[-2].add(_text("... (--json has all)", "dim"))
    return path[0]


def _node(account: Account, node: Node) -> Text:
    text = _text(account.words.short(node.records), "bold")
    for outcome, count in node.outcomes:
        text.append("  ").append_text(_text(outcome + (f" x{count}" if count > 1 else ""), outcome))
    for note in account.words.notes(node, wording.rule if node.why else wording.rule_id):
        text.append(f"  {note}", style="dim")
    return text


def _landings(console: Console, account: Account) -> None:
    words, landings = account.words, account.landings
    _heading(console, "Where every record landed, and why")
    table = _table("records", "state", "when", "invoked", "rule")
    for each in landings.shown:
        records, state, when, invoked, rule = words.landing(each)
        table.add_row(_text(records), _text(state, wording.STATES[each.state]), *map(_text, (when, invoked, rule)))
    console.print(table if landings.shown else _text("There are no records."))
    _left_out(console, landings.left_out, "group")


def _deliveries(console: Console, account: Account) -> None:
    if not account.deliveries.shown:
        return
    _heading(console, "Deliveries")
    table = _table("at", "to", "records", "why")
    for each in account.deliveries.shown:
        table.add_row(*map(_text, account.words.delivery(each)))
    console.print(table)
    _left_out(console, account.deliveries.left_out, "delivery")
