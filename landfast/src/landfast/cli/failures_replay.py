"""``landfast failures replay`` and ``discard``."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.failures_access import Aws, Profile, Region, Stack, Where
from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from landfast.failures import Ledger, Replayed, StackFailures, Way
    from landfast.failures.stack import Chosen

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
        ways = one.ways(found, to, _edited(one, found) if edit else None)
        if dry_run:
            _tell_ways(found, ways, json=json)
            return
        _ask(one, f"replay {_how_many(found)}", found, yes=yes)
        replays = Replays(one.access, ledger, rate=rate, again=again)
        work = one.worked_off(ledger, found, lambda store, failure: replays.replay(store, failure, ways[failure.id]))
        done = _with_progress(work, len(found))
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
    from landfast.failures import Ledger, Replayed

    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with Ledger(one.ledger) as ledger:
        found = selected(one, ledger, names or [], where, everything=everything)
        if dry_run:
            done = [Replayed(id=key, outcome="removed") for key in found]
        else:
            _ask(one, f"discard {_how_many(found)} for good", found, yes=yes)
            done = _with_progress(one.worked_off(ledger, found, one.discard), len(found))
    _report(done, json=json)


def selected(
    one: "StackFailures", ledger: "Ledger", names: list[str], where: str | None, *, everything: bool
) -> "Chosen":
    """The failures that are meant, by their ids."""
    if bool(names) == (everything or where is not None):
        raise typer.BadParameter("say which failures: their ids, or --all, or --where CONDITION")
    return one.named(ledger, names) if names else one.matching(ledger, where)


def _edited(one: "StackFailures", found: "Chosen") -> "dict[str, Way]":
    """The ways of failures whose events were changed in the editor."""
    from landfast.failures import FailuresError
    from landfast.failures.editing import draft, mended

    ways = {}
    for key, (_, failure) in found.items():
        before = draft(one.access, failure)
        try:
            ways[key] = mended(failure, _in_editor(before.text, key), is_json=before.is_json)
        except FailuresError as error:
            raise FailuresError(f"{key}: {error}; nothing was replayed") from None
    return ways


def _in_editor(text: str, name: str) -> str:
    """The text as it was changed.

    Raises:
        FailuresError: There is no editor.
    """
    import shlex
    import subprocess
    import tempfile
    from pathlib import Path

    from landfast.failures import FailuresError

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
        raise FailuresError(f"{command[0]} ended with exit status {status}")
    return written


def _ask(one: "StackFailures", what: str, found: "Chosen", *, yes: bool) -> None:
    """Ask before anything is changed on AWS."""
    from landfast.failures import AwsAccess

    if found and not yes and isinstance(one.access, AwsAccess):
        typer.confirm(f"{one.access.place}, stack {one.access.stack}: {what}?", abort=True, err=True)


def _with_progress(work: "Iterator[Replayed]", total: int) -> "list[Replayed]":
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TimeRemainingColumn

    columns = (SpinnerColumn(), *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=total == 1) as progress:
        return [*progress.track(work, total, description="failures")]


def _tell_ways(found: "Chosen", ways: "dict[str, Way]", *, json: bool) -> None:
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


def _how_many(found: "Chosen") -> str:
    from landfast.report.wording import several

    return several(len(found), "failure")
