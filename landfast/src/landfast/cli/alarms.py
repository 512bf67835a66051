"""``landfast alarms``: which alarms have fired, and why."""

import typer

from landfast.cli.options import STATE, Json, State


def alarms(*, json: Json = False, state: State = STATE) -> None:
    """Show every alarm with its state, those that have fired first.

    Example: landfast settle && landfast alarms
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from landfast.cli.connection import running
    from landfast.delivery.times import iso_seconds
    from landfast.service.local_client import alarms

    service = running(state)
    names = {resource.arn: resource.logical_id for resource in service.of_kind("alarm")}
    listed = sorted(alarms(service.endpoint), key=lambda each: (each.state != "ALARM", each.state == "OK"))
    if json:
        typer.echo(msgspec.json.encode(listed))
        return
    table = Table("alarm", "state", "since", "why", box=None, header_style="bold")
    for each in listed:
        told = ("", "") if each.state == "OK" else (iso_seconds(each.since), each.reason)
        table.add_row(names.get(each.arn, each.name), each.state, *told)
    Console().print(table)
