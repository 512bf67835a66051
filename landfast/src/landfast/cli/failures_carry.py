"""``landfast failures export``, ``import`` and ``pull``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.failures_access import Aws, Profile, Region, Stack, Where
from landfast.cli.failures_replay import All, Names
from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from landfast.failures import Carried, StackFailures

Redact = Annotated[
    list[str] | None,
    typer.Option("--redact", help="Put *** where this path leads in an event: $.customer.email.", metavar="PATH"),
]


def export(
    names: Names = None,
    *,
    everything: All = False,
    where: Where = None,
    redact: Redact = None,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    state: State = STATE,
) -> None:
    """Print failures as JSON Lines, one a line, with everything that is needed to import them; nothing is removed.

    Of positions in a stream the records are read back and go with them.

    Example: landfast failures export --all --redact '$.customer' > failures.jsonl
    """
    import msgspec

    from landfast.cli.failures_access import chosen

    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    for line in _exported(one, names, where, redact, everything=everything):
        typer.echo(msgspec.json.encode(line))


def import_(
    file: Annotated[Path, typer.Argument(help="What was exported; - for standard input.", metavar="FILE")],
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Put exported failures into the running service, each into the store of the same logical id.

    A line is imported once, however often the command is given. ARNs of functions, queues and streams become those of
    the local stack.

    Example: landfast failures import failures.jsonl
    """
    from landfast.failures import FailuresError, read_lines

    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FailuresError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    _import(read_lines(text, str(file)), state, json=json)


def pull(
    names: Names = None,
    *,
    everything: All = False,
    where: Where = None,
    redact: Redact = None,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Take failures of a stack on AWS into the running service, where the same code can be debugged with them.

    They stay on AWS as they are. What is taken is in the state directory, which is its owner's alone; --redact leaves
    values out.

    Example: landfast failures pull --all --aws --stack my-stack --redact '$.customer'
    """
    from landfast.cli.failures_access import chosen

    if not aws:
        raise typer.BadParameter("pull takes failures from AWS: give --aws --stack NAME")
    there = chosen(state, aws=True, stack=stack, profile=profile, region=region)
    _import([*_exported(there, names, where, redact, everything=everything)], state, json=json)


def _exported(
    one: "StackFailures", names: list[str] | None, where: str | None, redact: list[str] | None, *, everything: bool
) -> "list[Carried]":
    from landfast.cli.failures_access import reading
    from landfast.cli.failures_replay import selected
    from landfast.failures import exported
    from landfast.failures.redaction import path

    paths = [path(each) for each in redact or ()]
    with reading(one.ledger) as ledger:
        found = selected(one, ledger, names or [], where, everything=everything)
    return [*exported(one.access, one.found, found.values(), paths)]


def _import(lines: "list[Carried]", state: Path, *, json: bool) -> None:
    import msgspec

    from landfast.cli.failures_access import chosen
    from landfast.failures import imported
    from landfast.report.wording import several

    one = chosen(state, aws=False, stack=None, profile=None, region=None)
    done = [{"store": each.store, "was": each.id} for each in imported(one.access, one.found, lines)]
    typer.echo(msgspec.json.encode(done) if json else f"{several(len(done), 'failure')} imported")
