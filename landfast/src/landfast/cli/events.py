"""``landfast events``: the journal."""

import select
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.options import STATE, State

if TYPE_CHECKING:
    from landfast.journal import Entry

_LAST = 100
_TICK = 0.2
_STANDARD_OUTPUT = 1


def events(
    source: Annotated[str | None, typer.Option(help="Only this function or mapping.", metavar="NAME")] = None,
    record: Annotated[str | None, typer.Option(help="Only the records whose id begins so.", metavar="ID")] = None,
    last: Annotated[
        int | None,
        typer.Option(help=f"Only the newest entries; 0 for all.  [default: {_LAST}, or all in an account]", min=0),
    ] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen, until Ctrl-C.")] = False,
    tree: Annotated[
        bool, typer.Option("--tree", help="An account of each source: tries, split batches, where each record landed.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the accounts as one self-contained page.", metavar="FILE")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, one entry (or account) a line.")] = False,
    state: State = STATE,
) -> None:
    """Show what happened to each event, attempt by attempt.

    Example: landfast events --source my_function --follow, or: landfast events --tree
    """
    from landfast.service.state import ServiceError, StateDirectory

    journal = StateDirectory(state).journal
    if not journal.exists():
        raise ServiceError(f"{journal}: there is no journal here: start a service with `landfast up`")
    accounts = tree or html is not None
    if accounts and (follow or record is not None):
        option = "--follow" if follow else "--record"
        raise typer.BadParameter(f"{option} is about single entries: leave it out with --tree and --html")
    number = (0 if accounts else _LAST) if last is None else last
    entries = _entries(journal, source, record, last=number, follow=follow)
    if accounts:
        found = list(entries)
        if not found:
            raise ServiceError(f"{journal}: there is no entry{f' of {source}' if source else ''} to tell of")
        _tell(found, html, tree=tree, json=json)
    else:
        for entry in entries:
            _print(entry, json=json)


def _entries(journal: Path, source: str | None, record: str | None, *, last: int, follow: bool) -> Iterator["Entry"]:
    """The newest entries that are wanted and, if they are followed, what comes after them."""
    from collections import deque

    from landfast.service.store import read_journal

    seen = 0
    newest: deque[Entry] = deque(maxlen=last or None)
    for number, entry in read_journal(journal):
        seen = number
        if _wanted(entry, source, record):
            newest.append(entry)
    yield from newest
    while follow and not _reader_has_gone():
        for number, entry in read_journal(journal, after=seen):
            seen = number
            if _wanted(entry, source, record):
                yield entry
        time.sleep(_TICK)


def _reader_has_gone() -> bool:
    """Whether nobody reads any more what is printed. No write tells so while there is nothing to write."""
    output = select.poll()
    output.register(_STANDARD_OUTPUT, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in output.poll(0))


def _wanted(entry: "Entry", source: str | None, record: str | None) -> bool:
    from landfast.report.sentences import is_told

    return (
        is_told(entry)
        and (source is None or source in entry.source)
        and (record is None or any(name.startswith(record) for name in entry.records))
    )


def _tell(entries: Sequence["Entry"], html: Path | None, *, tree: bool, json: bool) -> None:
    from landfast.report import page, text
    from landfast.report.account import Limits
    from landfast.report.live import accounts

    if html is not None:
        from landfast.console.report_file import Chapter, report_file

        chapter = Chapter(accounts=accounts(entries, page.LIMITS), entries=entries)
        html.write_text(report_file([chapter], html.stem), encoding="utf-8")
    if not tree:
        return
    if json:
        import msgspec

        for account in accounts(entries, Limits()):
            typer.echo(msgspec.json.encode(account))
    else:
        for account in accounts(entries, text.LIMITS):
            text.write(account)


def _print(entry: "Entry", *, json: bool) -> None:
    from landfast.report.sentences import line

    if json:
        import msgspec

        typer.echo(msgspec.json.encode(entry))
    else:
        typer.echo(line(entry, width=28))
