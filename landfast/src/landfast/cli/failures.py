"""``landfast failures``: what failed, why, and how it comes back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from landfast.cli import failures_carry, failures_replay
from landfast.cli.failures_access import Aws, Profile, Region, Stack, Where
from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from landfast.failures import Failure, StackFailures, Store
    from landfast.failures.stream_records import ReadBack

app = typer.Typer(invoke_without_command=True)
app.command()(failures_replay.replay)
app.command()(failures_replay.discard)
app.command()(failures_carry.export)
app.command("import")(failures_carry.import_)
app.command()(failures_carry.pull)

_SHOWN = 50
_RECORDS = 10


@app.callback()
def failures(
    context: typer.Context,
    *,
    where: Where = None,
    limit: Annotated[int, typer.Option(help="Name at most so many; all are counted.", min=0)] = _SHOWN,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit status 1 if there is any.")] = False,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    permissions: Annotated[
        bool, typer.Option("--permissions", help="Print the IAM policy that these commands want on AWS.")
    ] = False,
    json: Json = False,
    state: State = STATE,
) -> None:
    """List the failures in every store of the stack: which function, why, how often tried, until when kept.

    Looking changes nothing locally. On AWS, a look at a queue is a receive: it hides its messages for some seconds, and
    counts; queues that a function reads or that have a redrive policy are only counted.

    Example: landfast failures --where 'error~Validation and function=MyFunction'
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    import msgspec

    from landfast.cli.failures_access import chosen, reading
    from landfast.failures import chosen_by
    from landfast.failures.permissions import policy

    if permissions:
        typer.echo(msgspec.json.format(msgspec.json.encode(policy())))
        return
    wanted = chosen_by(where) if where is not None else None
    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with reading(one.ledger) as ledger:
        found = [each for each in one.each(ledger) if wanted is None or wanted(each[1])]
    if json:
        typer.echo(msgspec.json.encode([summary(failure) for _, failure in found]))
    else:
        _tell(one, found, limit)
    if exit_code and found:
        raise typer.Exit(1)


def _refuse_options(context: typer.Context) -> None:
    """Refuse options before a command: without --aws, it would be about another stack than the one that is meant."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = name.replace("_", "-")
            raise typer.BadParameter(f"--{option}: options of a command come after it: failures replay --{option} ...")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The failure's id, or as much of it as names one.", metavar="ID")],
    *,
    logs: Annotated[bool, typer.Option("--logs", help="Also what the function logged in its last attempt.")] = False,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Show one failure: the event, the error with its trace, the rule that ended it, where it would go back to.

    Of a position in a stream the records themselves are read back, as long as the stream has them.

    Example: landfast failures show 3f2a
    """
    import msgspec

    from landfast.cli.failures_access import chosen, reading
    from landfast.failures.stream_records import read_back

    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with reading(one.ledger) as ledger:
        [(store, failure)] = one.named(ledger, [name]).values()
    back = None if failure.position is None else read_back(one.access.clients, failure.position)
    lines = _logged(one, failure) if logs else []
    if json:
        read = {} if back is None else {"records": back.records, "missing": back.missing}
        whole = {**summary(failure), **msgspec.to_builtins(failure), "runbook": store.runbook, **read}
        typer.echo(msgspec.json.encode({**whole, "logs": lines} if logs else whole))
        return
    _show(store, failure)
    if back is not None:
        _show_records(back, one.access.now())
    for line in lines:
        typer.echo(line)


def summary(failure: "Failure") -> dict[str, Any]:
    """What a list tells of a failure."""
    from landfast.failures.replaying import told

    return {
        "id": failure.id,
        "store": failure.store,
        "what": failure.what,
        "function": failure.function,
        "reason": failure.reason,
        "rule": failure.rule,
        "error": {"type": failure.error.type, "message": failure.error.message},
        "attempts": failure.attempts,
        "at": failure.at,
        "expires": failure.expires,
        "requestId": failure.request_id,
        "replayOf": failure.replay_of,
        "replay": told(failure.way),
    }


def _tell(one: "StackFailures", found: "list[tuple[Store, Failure]]", limit: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from landfast.failures import untouchable
    from landfast.report.wording import cut, printable, several

    console = Console()
    for line in one.found.untold:
        console.print(f"not asked about: {line}", markup=False, style="dim")
    for store in one.found.stores:
        if (reason := untouchable(one.access, store)) and store.count:
            console.print(f"{store.name}: {several(store.count, 'failure')} not looked into: {reason}", markup=False)
    if not found:
        console.print(f"no failure in {several(len(one.looked_into), 'store')}", markup=False)
        return
    console.print(_groups(found))
    console.print()
    table = Table("id", "since (UTC)", "function", "error", "tries", "store", box=None, header_style="bold")
    for _, failure in found[:limit]:
        error = ": ".join(filter(None, (failure.error.type, failure.error.message))) or failure.reason
        again = f" (replay of {failure.replay_of} failed again)" if failure.replay_of else ""
        tries = "" if failure.attempts is None else str(failure.attempts)
        row = (failure.id, _time(failure.at), failure.function, cut(error, 80) + again, tries, failure.store)
        table.add_row(*map(_plain, map(printable, row)))
    console.print(table)
    if len(found) > limit:
        console.print(f"and {len(found) - limit:,} more: --limit shows more of them, --json all", markup=False)


def _groups(found: "list[tuple[Store, Failure]]") -> Any:  # noqa: ANN401 - rich's table
    """How many of each kind there are."""
    from rich.table import Table

    from landfast.failures.grouping import groups
    from landfast.report.wording import printable

    table = Table(
        "failures",
        "function",
        "error",
        "reason",
        "store",
        "oldest (UTC)",
        "first expires",
        box=None,
        header_style="bold",
    )
    for each in groups(failure for _, failure in found):
        first = "never" if each.expires is None else _time(each.expires)
        words = (each.function, each.error, each.reason, ", ".join(each.stores))
        table.add_row(f"{each.count:,}", *map(_plain, map(printable, words)), _time(each.oldest), first)
    return table


def _show(store: "Store", failure: "Failure") -> None:
    from rich.console import Console
    from rich.table import Table

    from landfast.cli.queues import show_body
    from landfast.failures.replaying import told
    from landfast.report.wording import printable

    console = Console()
    expires = "never" if failure.expires is None else f"{_time(failure.expires)} UTC"
    position = failure.position
    where = (
        f"{position.count} of {position.stream}, {position.shard}, {position.first} to {position.last}"
        if position
        else ""
    )
    rows = {
        "failure": f"{failure.id}, {failure.what} in {store.name}",
        "function": failure.function,
        "since": f"{_time(failure.at)} UTC, kept until: {expires}",
        "why": failure.rule or failure.reason,
        "condition": failure.reason,
        "tries": "" if failure.attempts is None else str(failure.attempts),
        "request": failure.request_id,
        "error": ": ".join(filter(None, (failure.error.type, failure.error.message))),
        "records": where,
        "replay": told(failure.way),
        "replay of": failure.replay_of,
        "runbook": store.runbook,
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, text in rows.items():
        if text:
            table.add_row(name, _plain(printable(text)))
    console.print(table)
    for line in failure.error.trace:
        for part in line.split("\n"):
            console.print(_plain(f"  {printable(part)}"))
    if failure.event is not None:
        show_body("event", failure.event)


def _show_records(back: "ReadBack", now: float) -> None:
    from landfast.cli.queues import show_body
    from landfast.failures.stream_records import content_of, sequence_of
    from landfast.report.wording import duration, several

    left = back.left(now)
    kept = "" if left is None else f", which forgets the first in {duration(round(left))}"
    gone = f"; {several(back.missing, 'record')} must be sent again" if back.missing else ""
    typer.echo(f"the stream has {several(len(back.records), 'record')} of them{kept}{gone}")
    for record in back.records[:_RECORDS]:
        show_body(f"record {sequence_of(record)}", content_of(record))
    if len(back.records) > _RECORDS:
        typer.echo(f"and {len(back.records) - _RECORDS} more: --json shows them")


def _logged(one: "StackFailures", failure: "Failure") -> list[str]:
    """What the function logged in its last attempt, by the request id."""
    from landfast.failures.access import logged

    return logged(one.access, failure)


def _time(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M:%S")


def _plain(text: str) -> Any:  # noqa: ANN401 - rich's text
    """Text as it is: an event's error may hold what rich takes for markup."""
    from rich.text import Text

    return Text(text)
