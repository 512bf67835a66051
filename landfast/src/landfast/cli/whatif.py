"""``landfast whatif``: would other settings have saved what failed?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from landfast.cli.failures_access import Aws, Profile, Region, Stack, Where
from landfast.cli.failures_replay import All, Names
from landfast.cli.options import STATE, Json, State

if TYPE_CHECKING:
    from landfast.failures.what_if import Answer, Tries

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def whatif(
    names: Names = None,
    *,
    settings: Annotated[
        list[str], typer.Option("--set", help="A setting to change; can be given again.", metavar="NAME=VALUE")
    ],
    lasted: Annotated[
        str | None, typer.Option("--lasted", help="How long the cause lasted: 90s, 10m, 6h, 1d.", metavar="TIME")
    ] = None,
    everything: All = False,
    where: Where = None,
    aws: Aws = False,
    stack: Stack = None,
    profile: Profile = None,
    region: Region = None,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Tell whether other settings would have saved failures: by the simulator, which plays Lambda's own rules.

    A failure is saved if a try comes after its cause has gone. Give with --lasted how long that took, or read when
    the last try would have come. What fails for its own content, no setting saves.

    Example: landfast whatif --all --set MaximumRetryAttempts=2 --lasted 10m
    """
    import msgspec

    from landfast.cli.failures_access import chosen, reading
    from landfast.cli.failures_replay import selected
    from landfast.failures.what_if import answers

    changes = dict(map(_setting, settings))
    seconds = None if lasted is None else _seconds(lasted)
    one = chosen(state, aws=aws, stack=stack, profile=profile, region=region)
    with reading(one.ledger) as ledger:
        found = selected(one, ledger, names or [], where, everything=everything)
    told, others = answers(one.access, one.found, (failure for _, failure in found.values()), changes)
    if json:
        saved = [{} if seconds is None else {"saved": each.saved(seconds)} for each in told]
        typer.echo(
            msgspec.json.encode([msgspec.to_builtins(each) | more for each, more in zip(told, saved, strict=True)])
        )
        return
    for each in told:
        _tell(each, seconds)
    for failure in others:
        typer.echo(f"{failure.id}  {failure.what}: no number of tries decides about it")
    if not found:
        typer.echo("there is no such failure")


def _tell(answer: "Answer", lasted: float | None) -> None:
    from landfast.report.wording import duration, several

    typer.echo(f"{answer.source.name}: {several(len(answer.failures), 'failure')}")
    typer.echo(f"  now   {_tries(answer.now)}")
    if answer.then is None:
        typer.echo(f"  then  AWS refuses it: {answer.refused}")
        return
    typer.echo(f"  then  {_tries(answer.then)}")
    if lasted is not None and lasted <= answer.now.last:
        typer.echo(
            f"  a cause of {duration(lasted)} was over before the last try: it lasted longer, or is the event itself"
        )
    elif lasted is not None:
        typer.echo(f"  {'saved' if answer.saved(lasted) else 'not saved'}, if the cause lasted {duration(lasted)}")
    elif answer.then.last > answer.now.last:
        typer.echo(f"  saved, if the cause lasted less than {duration(answer.then.last)}")
    else:
        typer.echo("  nothing more would have been saved")


def _tries(tries: "Tries") -> str:
    from landfast.report.wording import duration, several

    more = "" if tries.ends else ", and it goes on"
    return f"{several(tries.count, 'try')}, the last {duration(tries.last)} after the first{more}"


def _setting(text: str) -> tuple[str, Any]:
    from landfast.delivery.strict_json import json_or_text

    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"--set {text}: write NAME=VALUE, as in MaximumRetryAttempts=1")
    return name, json_or_text(value)


def _seconds(text: str) -> float:
    from landfast.digits import whole_number

    number, unit = whole_number(text[:-1]), text[-1:]
    if unit not in _UNITS or number is None:
        raise typer.BadParameter(f"--lasted {text}: write a number and s, m, h or d, as in 10m")
    return float(number * _UNITS[unit])
