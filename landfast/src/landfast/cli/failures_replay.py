"""``landfast failures replay`` and ``discard``."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from landfast.cli.failures_access import Aws, Profile, Region, Stack, Where
from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from landfast.cli.failures_access import Chosen
    from landfast.failures import Failure, Ledger, Replayed, Store, Way

Names = Annotated[
    list[str] | None, typer.Argument(help="The failures' ids, or as much of each as names one.", metavar="[ID]...")
]
All = Annotated[bool, typer.Option("--all", help="All failures, or all that --where chooses.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]


def replay(
    names: Names = None,
    *,
    everything: All = False,
    where: Where = None,
    edit: Annotated[bool, typer.Option("--edit", help="Change each event first, in $EDITOR.")] = False,
    to: Annotated[str | None, typer.Option("--to", help="To this function instead.", metavar="FUNCTION")] = None,
    rate: Annotated[float | None, typer.Option("--rate", help="At most so many a second.", min=0.001)] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those of which nobody knows whether AWS accepted them already.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Bring failures back the way they came; each is removed from its store once its replay was accepted.

    An asynchronous event is invoked again, a message goes back to its queue, and the records of a stream are handed to
    the function one by one. Kill it at any moment and run it again: nothing is lost, and nothing is sent twice. Exit
    status 1 if one was refused.

    Example: landfast failures replay --all --where 'error~Timeout and function=MyFunction'

    Example: landfast failures replay 3f2a --edit
    """
    from landfast.cli.failures_access import chosen
    from landfast.failures import Ledger, Replays

    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with Ledger(one.ledger) as ledger:
        found = selected(one, ledger, names or [], where, everything=everything)
        ways = _ways(one, found, to, edit=edit)
        if dry_run:
            _tell_ways(found, ways, json=json)
            return
        _ask(one, f"replay {_how_many(found)}", found, yes=yes)
        replays = Replays(one.access, ledger, rate=rate, again=again)
        done = _each(one, ledger, found, lambda store, failure: replays.replay(store, failure, ways[failure.id]))
    _report(done, json=json)


def discard(
    names: Names = None,
    *,
    everything: All = False,
    where: Where = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Remove failures from their stores for good; `landfast failures export` keeps a copy first.

    Example: landfast failures discard 3f2a
    """
    from landfast.cli.failures_access import chosen
    from landfast.failures import Ledger, Replayed, remove

    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with Ledger(one.ledger) as ledger:
        found = selected(one, ledger, names or [], where, everything=everything)
        if not dry_run:
            _ask(one, f"discard {_how_many(found)} for good", found, yes=yes)

        def drop(store: "Store", failure: "Failure") -> "Replayed":
            if not dry_run:
                remove(one.access, store, failure.kept)
            return Replayed(id=failure.id, outcome="removed")

        done = _each(one, ledger, found, drop)
    _report(done, json=json)


def selected(
    one: "Chosen", ledger: "Ledger", names: Sequence[str], where: str | None, *, everything: bool
) -> "dict[str, tuple[Store, Failure]]":
    """The failures that are meant, by their ids."""
    from landfast.cli.failures_access import all_of, only
    from landfast.failures import FailuresError, chosen_by

    if bool(names) == (everything or where is not None):
        raise typer.BadParameter("say which failures: their ids, or --all, or --where CONDITION")
    wanted = chosen_by(where) if where is not None else None
    every = [*all_of(one, ledger)]
    if not names:  # what a function reads is its work, unless somebody names it
        free = [each for each in every if not each[0].reader]
        return {each[1].id: each for each in free if wanted is None or wanted(each[1])}
    meant = only((name, each) for name in dict.fromkeys(names) for each in every if each[1].id.startswith(name))
    if missing := [name for name in names if name not in meant]:
        raise FailuresError(f"{', '.join(missing)}: there is no such failure: `landfast failures` lists them")
    return {each[1].id: each for each in meant.values()}


def _ways(one: "Chosen", found: "dict[str, tuple[Store, Failure]]", to: str | None, *, edit: bool) -> "dict[str, Way]":
    from landfast.failures.replaying import editable, edited, sent_to

    function = None if to is None else _function(one, to)
    ways = {}
    for key, (_, failure) in found.items():
        way = failure.way
        if edit:
            way = edited(way, _in_editor(editable(one.access, failure, way), key))
        ways[key] = way if function is None else sent_to(way, function, failure)
    return ways


def _function(one: "Chosen", name: str) -> str:
    """The ARN of a function; of one in the stack its logical id is enough.

    Raises:
        FailuresError: There is none.
    """
    from botocore.exceptions import ClientError

    from landfast.failures import FailuresError
    from landfast.failures.discovery import physical_function

    called, colon, qualifier = name.partition(":") if not name.startswith("arn:") else (name, "", "")
    reference = physical_function(one.access.clients, one.access.stack, called) + colon + qualifier
    try:
        answer = one.access.clients("lambda").get_function_configuration(FunctionName=reference)
    except ClientError as error:
        raise FailuresError(f"--to {name}: {error.response['Error'].get('Message') or error}") from None
    return str(answer["FunctionArn"])


def _in_editor(event: Any, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """The event as it was changed.

    Raises:
        FailuresError: There is no editor, or what was written is not JSON.
    """
    import shlex
    import subprocess
    import tempfile
    from pathlib import Path

    import msgspec

    from landfast.failures import FailuresError

    text = event if isinstance(event, str) else msgspec.json.format(msgspec.json.encode(event)).decode()
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="landfast-") as folder:  # its owner's alone, as the event is
        file = Path(folder) / f"{name}.json"
        file.write_text(text + "\n", encoding="utf-8")
        try:
            status = subprocess.run([*command, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
        except OSError as error:
            raise FailuresError(f"{command[0]}: {error.strerror}: set $EDITOR to your editor") from None
        written = file.read_text(encoding="utf-8").rstrip("\n")
    if status:
        raise FailuresError(f"{command[0]} ended with exit status {status}: nothing was replayed")
    if isinstance(event, str):
        return written
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError as error:
        raise FailuresError(f"{name}: what you wrote is not JSON: {error}; nothing was replayed") from None


def _ask(one: "Chosen", what: str, found: Sequence[Any] | dict[str, Any], *, yes: bool) -> None:
    """Ask before anything is changed on AWS."""
    from landfast.failures import AwsAccess

    if found and not yes and isinstance(one.access, AwsAccess):
        typer.confirm(f"{one.access.place}, stack {one.access.stack}: {what}?", abort=True, err=True)


def _each(
    one: "Chosen",
    ledger: "Ledger",
    found: "dict[str, tuple[Store, Failure]]",
    work: "Callable[[Store, Failure], Replayed]",
) -> "list[Replayed]":
    """Do the work for each failure while its store is looked at, since only then it can be removed."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeRemainingColumn

    from landfast.failures import failures_in

    done: list[Replayed] = []
    stores = {store.arn: store for store, _ in found.values()}
    columns = (SpinnerColumn(), *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=len(found) == 1) as progress:
        task = progress.add_task("failures", total=len(found))
        for store in stores.values():
            for failure in failures_in(one.access, store, one.found.routes, ledger):
                if failure.id in found:
                    done.append(work(store, failure))
                    progress.advance(task)
    return done


def _tell_ways(found: "dict[str, tuple[Store, Failure]]", ways: "dict[str, Way]", *, json: bool) -> None:
    import msgspec

    from landfast.failures.replaying import told

    if json:
        typer.echo(msgspec.json.encode([{"id": key, "way": ways[key]} for key in found]))
        return
    for key in found:
        typer.echo(f"{key}  {told(ways[key])}")
    typer.echo(f"{_how_many(found)} would be replayed; nothing was done")


def _report(done: "list[Replayed]", *, json: bool) -> None:
    import msgspec

    from landfast.report.wording import several

    if json:
        typer.echo(msgspec.json.encode(done))
    else:
        for each in done:
            if each.reason:
                typer.echo(f"{each.id}  {each.outcome}: {each.reason}", err=True)
        counts = {
            name: sum(each.outcome == name for each in done) for name in ("replayed", "removed", "refused", "held")
        }
        words = [f"{several(count, 'failure')} {name}" for name, count in counts.items() if count]
        typer.echo(", ".join(words) or "there is no such failure")
    if any(each.outcome in {"refused", "held"} for each in done):
        raise typer.Exit(1)


def _how_many(found: "dict[str, tuple[Store, Failure]]") -> str:
    from landfast.report.wording import several

    return several(len(found), "failure")
