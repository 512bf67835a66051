"""``landfast logs``: what a function logs."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from landfast.cli.options import STATE, State

_LAST = 100
_TICK = 0.2


def logs(
    function: Annotated[str, typer.Argument(help="Its logical id, name or ARN.", metavar="FUNCTION")],
    last: Annotated[int, typer.Option(help="Only the newest lines; 0 for all.", min=0)] = _LAST,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as things happen, until Ctrl-C.")] = False,
    state: State = STATE,
) -> None:
    """Show what a function logs, Lambda's own lines included; also after its service has stopped.

    Example: landfast logs my_function --follow
    """
    from landfast.service.logs import older

    path = _file(state, function)
    lines = [line for each in (older(path), path) if each.exists() for line in _lines(each.read_bytes())]
    if not lines and not follow:
        typer.echo(f"{function} has logged nothing", err=True)
    for line in lines[-last:]:
        typer.echo(line)
    if follow:
        begin = path.stat().st_size if path.exists() else 0
        for line in followed(path, begin, lambda: time.sleep(_TICK)):
            typer.echo(line)


def followed(path: Path, begin: int, wait: Callable[[], None]) -> Iterator[str]:
    """The lines that are written to a log from a place on, for ever, also when a new file takes its place.

    Args:
        path: The file; it need not be there yet.
        begin: The place, in bytes.
        wait: Lets some time pass.
    """
    from landfast.service.logs import older

    place, known = begin, path.stat().st_ino if path.exists() else 0
    while True:
        if path.exists():
            with path.open("rb") as file:
                identity = os.fstat(file.fileno()).st_ino
                if known not in {0, identity} and older(path).exists():
                    yield from _lines(older(path).read_bytes()[place:])
                    place = 0
                known = identity
                file.seek(place)
                written, _, _ = file.read().rpartition(b"\n")
            if written:
                place += len(written) + 1
                yield from _lines(written)
        wait()


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").splitlines()


def _file(state: Path, function: str) -> Path:
    """The file of a function's log: the running service tells which one it is, or else the files themselves."""
    from landfast.cli.connection import physical
    from landfast.service.logs import log_file
    from landfast.service.state import ServiceError, StateDirectory

    directory, folder = StateDirectory(state), state / "logs"
    if directory.holder() is not None:
        return log_file(folder, physical(directory.running(), "function", function).partition(":")[0])
    names = [path.stem for path in sorted(folder.glob("*.log"))]
    wanted = function.replace("_", "").lower()
    alike = [name for name in names if function == name or wanted in name.lower().split("-")]
    if len(alike) != 1:
        found = ", ".join(names) or "none"
        raise ServiceError(f"{folder}: there is no log of a function {function}; there is: {found}")
    return log_file(folder, alike[0])
