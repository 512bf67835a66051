"""``landfast down``: stop what runs."""

import os
import signal
import time

import typer

from landfast.cli.options import STATE, State

_PATIENCE = 15.0


def down(*, state: State = STATE) -> None:
    """Stop the service of a state directory, and the engine that a killed one has left behind.

    Example: landfast down
    """
    from landfast.dataplane import engine
    from landfast.service.state import ServiceError, StateDirectory

    directory = StateDirectory(state)
    holder = directory.holder()
    if holder:
        os.kill(holder, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while directory.holder() == holder:
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{state}: the service (pid {holder}) does not stop: kill -9 {holder}, then try again"
                )
            time.sleep(0.05)
    stopped = engine.stop(state.absolute()) if state.exists() else False
    typer.echo("stopped" if holder or stopped else "nothing was running")
