"""``landfast down``: stop what runs."""

import os
import signal
import time
from typing import TYPE_CHECKING

import typer

from landfast.cli.options import STATE, State

if TYPE_CHECKING:
    from landfast.service.state import StateDirectory

_PATIENCE = 15.0
_POLL = 0.05


def down(*, state: State = STATE) -> None:
    """Stop the service of a state directory, and the engine that a killed one has left behind.

    Example: landfast down
    """
    from landfast.dataplane import engine
    from landfast.service.state import StateDirectory

    directory = StateDirectory(state)
    ended = _end(directory)
    stopped = engine.stop(state.absolute())
    typer.echo(ended or ("stopped" if stopped else "nothing was running"))


def _end(directory: "StateDirectory") -> str | None:
    """End the service that runs there, by force if it does not end by itself; what was done, if there was one."""
    holder = directory.holder()
    if holder is None:
        return None
    pid = holder or directory.running().pid
    _signal(directory, pid, signal.SIGTERM)
    if _has_ended(directory, _PATIENCE):
        return "stopped"
    # What it has accepted is on disk, and a reaper of their own ends the workers.
    _signal(directory, pid, signal.SIGKILL)
    if _has_ended(directory, _PATIENCE):
        return f"killed: the service (pid {pid}) did not stop within {_PATIENCE:.0f} s"
    raise _error(directory, pid, "does not end")


def _has_ended(directory: "StateDirectory", seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while directory.holder() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _signal(directory: "StateDirectory", pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has just ended
    except PermissionError:
        raise _error(directory, pid, "belongs to another user, who has to stop it") from None


def _error(directory: "StateDirectory", pid: int, problem: str) -> Exception:
    from landfast.service.state import ServiceError

    return ServiceError(f"{directory.path}: the service (pid {pid}) {problem}")
