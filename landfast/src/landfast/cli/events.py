"""``landfast events``: the journal."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from landfast.journal import Entry


def events(
    source: Annotated[str | None, typer.Option(help="Only this function or mapping.", metavar="NAME")] = None,
    record: Annotated[str | None, typer.Option(help="Only the records whose id begins so.", metavar="ID")] = None,
    last: Annotated[int, typer.Option(help="Only the newest entries; 0 for all.", min=0)] = 100,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen, until Ctrl-C.")] = False,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Show what happened to each event, attempt by attempt.

    Example: landfast events --source my_function --follow
    """
    from collections import deque

    from landfast.service.state import ServiceError, StateDirectory
    from landfast.service.store import read_journal

    journal = StateDirectory(state).journal
    if not journal.exists():
        raise ServiceError(f"{journal}: there is no journal here: start a service with `landfast up`")
    seen = 0
    newest: deque[Entry] = deque(maxlen=last or None)
    for number, entry in read_journal(journal):
        seen = number
        if _wanted(entry, source, record):
            newest.append(entry)
    for entry in newest:
        _print(entry, json=json)
    while follow:
        for number, entry in read_journal(journal, after=seen):
            seen = number
            if _wanted(entry, source, record):
                _print(entry, json=json)
        time.sleep(0.2)


def _wanted(entry: "Entry", source: str | None, record: str | None) -> bool:
    return (source is None or source in entry.source) and (
        record is None or any(name.startswith(record) for name in entry.records)
    )


def _print(entry: "Entry", *, json: bool) -> None:
    from landfast.cli.account import clock_time, names, sentence

    if json:
        import msgspec

        typer.echo(msgspec.json.encode(entry))
    else:
        typer.echo(f"{clock_time(entry.at)}  {entry.source:<28} {names(entry.records):<9} {sentence(entry)}")
