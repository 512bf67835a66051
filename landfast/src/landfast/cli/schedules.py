"""``landfast schedules`` and ``landfast fire``: when schedules are due, and firing one before its time."""

from typing import Annotated

import typer

from landfast.cli.options import STATE, Json, State


def schedules(*, json: Json = False, state: State = STATE) -> None:
    """Show every schedule, the one that is due first first.

    Example: landfast schedules
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from landfast.cli.connection import running
    from landfast.delivery.times import iso_seconds
    from landfast.service.local_client import schedules

    service = running(state)
    listed = schedules(service.endpoint)
    if json:
        typer.echo(msgspec.json.encode(listed))
        return
    names = {resource.arn: resource.logical_id for resource in service.of_kind("schedule")}
    table = Table("schedule", "when", "next", box=None, header_style="bold")
    for each in listed:
        following = iso_seconds(each.due) if each.due is not None else "never" if each.enabled else "disabled"
        table.add_row(names.get(each.arn, each.name), each.expression, following)
    Console().print(table)


def fire(
    schedule: Annotated[str, typer.Argument(help="Its logical id, name or ARN.", metavar="SCHEDULE")],
    *,
    json: Json = False,
    state: State = STATE,
) -> None:
    """Fire a schedule before its time, a disabled one, too.

    With --skip-waits, time jumps to when it is due, and all that is due before happens first; otherwise it fires now.

    Example: landfast fire Nightly && landfast settle
    """
    import msgspec

    from landfast.cli.connection import find, running
    from landfast.delivery.times import iso_seconds
    from landfast.service.local_client import fire

    service = running(state)
    target = find(service, "schedule", schedule)
    due = fire(service.endpoint, target.arn)
    told = {"schedule": target.name, "time": iso_seconds(due)}
    typer.echo(msgspec.json.encode(told) if json else f"{target.logical_id} fires for {iso_seconds(due)}")
