"""A simulation, told in the terminal: for people. `page` tells the same as one HTML page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from landfast.journal import Delivered, Entry
from landfast.simulate import words
from landfast.simulate.history import Batch, History, Repeats, Try, chosen, handled_again, hold_ups, tell
from landfast.simulate.scenario import Scenario

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
    from rich.tree import Tree

TIMELINE: Final = 60
"""Lines of the timeline, at most."""

NODES: Final = 120
"""Batches in the trees, at most."""

LINES: Final = 30
"""Deliveries, hold-ups and groups of records, each at most."""

_STYLES: Final[Mapping[str, str]] = {
    "succeed": "green",
    "return": "green",
    "report": "yellow",
    "throttle": "cyan",
    "raise": "red",
    "timeout": "magenta",
    "exit": "red",
    "processed": "green",
    "filtered": "dim",
    "to_destination": "yellow",
    "dead_lettered": "yellow",
    "dropped": "bold red",
    "pending": "bold red",
}


def account(
    scenario: Scenario, result: Mapping[str, Any], entries: Iterable[Entry], console: "Console | None" = None
) -> None:
    """Tell what happened: timeline, batch trees, where every record landed and why, deliveries, hold-ups, counts.

    Args:
        scenario: What was run.
        result: Its whole result.
        entries: Its journal.
        console: Where to print; by default standard output.
    """
    from rich.console import Console  # noqa: PLC0415 - `--json` has no use for it

    console = console or Console(emoji=False, markup=False, highlight=False)
    history = tell(entries)
    _heading(console, words.printable(scenario.name) or "What happens")
    console.print(_scenario(scenario))
    _timeline(console, history)
    _trees(console, history)
    _landings(console, result["records"], history)
    _deliveries(console, history.deliveries)
    _lines(console, "Handled again after it went well", words.again(handled_again(history)))
    _lines(console, "Held up by failures", list(map(words.held_up, hold_ups(scenario.source, history))))
    _heading(console, "Summary")
    console.print(_text(words.summary(result["summary"])))


def _heading(console: "Console", title: str) -> None:
    console.print()
    console.print(_text(title, "bold"))


def _text(text: str, style: str = "") -> "Text":
    """Text as it is: what a scenario calls its records is no markup."""
    from rich.text import Text  # noqa: PLC0415 - as above

    return Text(text, style=_STYLES.get(style, style))


def _table(*columns: str, header: bool = True) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=None, show_header=header, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _left_out(console: "Console", count: int, noun: str) -> None:
    if count > 0:
        console.print(_text(f"... and {words.several(count, f'more {noun}')}, left out here; --json has all.", "dim"))


def _scenario(scenario: Scenario) -> "Table":
    table = _table("", "", header=False)
    rows = [("source", [words.source(scenario)]), ("set", [" ".join(words.settings(scenario))])]
    rows += [("default", [" ".join(words.defaults(scenario))]), ("function", words.function(scenario.function))]
    for name, lines in rows:
        shown = [line for line in lines if line]
        if shown:
            table.add_row(_text(name, "dim"), _text("\n".join(shown)))
    return table


def _timeline(console: "Console", history: History) -> None:
    items, left_out = chosen(history, TIMELINE)
    lanes = any(attempt.lane for attempt in history.tries)
    streams = any(attempt.shard is not None for attempt in history.tries)
    _heading(console, "Timeline")
    table = _table("at", *(["where"] if streams else []), "records", "try", "outcome", "then")
    table.columns[0].no_wrap = True
    for item in items:
        table.add_row(*(_repeats(item, streams=streams) if isinstance(item, Repeats) else _try(item, streams, lanes)))
    console.print(table if items else _text("The function is never invoked."))
    _left_out(console, left_out, "try")


def _try(attempt: Try, streams: bool, lanes: bool) -> list["Text"]:  # noqa: FBT001 - two columns
    outcome = attempt.outcome or "running"
    took = f" in {words.duration(attempt.until - attempt.at)}" if attempt.until > attempt.at else ""
    return [
        _text(words.duration(attempt.at)),
        *([_text(words.where(attempt, lanes=lanes))] if streams else []),
        _text(words.short(attempt.records)),
        _text(f"{attempt.number or '-'}"),
        _text(outcome + took, outcome),
        _text(words.then(attempt)),
    ]


def _repeats(repeats: Repeats, *, streams: bool) -> list["Text"]:
    return [
        _text(words.duration(repeats.at), "dim"),
        *([_text("")] if streams else []),
        _text(f"... {len(repeats.tries)} more like it", "dim"),
        _text(""),
        _text(repeats.outcome, repeats.outcome),
        _text(f"until {words.duration(repeats.until)}", "dim"),
    ]


def _trees(console: "Console", history: History) -> None:
    from rich.tree import Tree  # noqa: PLC0415 - as above

    split = [batch for batch in history.batches if batch.parts]
    if not split:
        return
    _heading(console, "Batches that were split")
    room = NODES
    shown = 0
    for root in split:
        size = sum(1 for _ in root.walk())
        if shown and size > room:
            break
        tree = Tree(_node(root), guide_style="dim")
        _grow(tree, root, room)
        console.print(tree)
        room -= size
        shown += 1
    _left_out(console, len(split) - shown, "split batch")


def _grow(tree: "Tree", root: Batch, room: int) -> None:
    """Hang the parts of a batch below it, as many as there is room for."""
    branches = {id(root): tree}
    for batch in root.walk():
        for part in batch.parts:
            if room > 1:
                room -= 1
                branches[id(part)] = branches[id(batch)].add(_node(part))
            elif id(batch) in branches:
                branches[id(batch)].add(_text("... (--json has all)", "dim"))
                return


def _node(batch: Batch) -> "Text":
    text = _text(words.short(batch.records), "bold")
    for outcome, count in words.outcomes(batch.tries):
        text.append("  ").append_text(_text(outcome + (f" x{count}" if count > 1 else ""), outcome))
    for note in words.notes(batch, words.rule if batch.parts else words.rule_id):
        text.append(f"  {note}", style="dim")
    return text


def _landings(console: "Console", records: Mapping[str, Mapping[str, Any]], history: History) -> None:
    _heading(console, "Where every record landed, and why")
    table = _table("records", "state", "when", "invoked", "rule")
    found = words.landings(records, history.ends)
    for state, why, ids in found[:LINES]:
        times = [records[record]["at"] for record in ids if records[record]["at"] is not None]
        table.add_row(
            _text(words.short(ids)),
            _text(words.state(state), state),
            _text(words.spread(times, time=True) if times else "-"),
            _text(words.spread(records[record]["invocations"] for record in ids) + "x"),
            _text(why),
        )
    console.print(table if found else _text("There are no records."))
    _left_out(console, len(found) - LINES, "group")


def _deliveries(console: "Console", deliveries: Sequence[Delivered]) -> None:
    if not deliveries:
        return
    _heading(console, "Deliveries")
    table = _table("at", "to", "records", "why")
    for each in deliveries[:LINES]:
        table.add_row(
            _text(words.duration(each.at)),
            _text(f"{each.kind} {words.resource(words.printable(each.target))}"),
            _text(words.short(each.records)),
            _text(words.delivered(each)),
        )
    console.print(table)
    _left_out(console, len(deliveries) - LINES, "delivery")


def _lines(console: "Console", title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    _heading(console, title)
    for line in lines[:LINES]:
        console.print(_text(line))
    _left_out(console, len(lines) - LINES, "line")
