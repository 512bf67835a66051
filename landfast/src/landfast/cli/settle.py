"""``landfast settle``: wait until everything has landed."""

from typing import Annotated

import typer

from landfast.cli.options import STATE, State


def settle(
    timeout: Annotated[float, typer.Option(help="Real seconds to wait at most.", min=0)] = 60.0,
    *,
    state: State = STATE,
) -> None:
    """Wait until nothing is under way and nothing is planned; with --skip-waits, waits cost no time.

    Exit status 1 tells that something has not come to rest, and what.

    Example: landfast settle && landfast events
    """
    from landfast.cli.connection import running
    from landfast.service.local_client import settle as wait

    wait(running(state).endpoint, timeout)
    typer.echo("everything has landed")
