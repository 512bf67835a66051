"""Which commands there are, and how their errors end."""

import contextlib
import os
import sys
from typing import Annotated, NoReturn, TextIO

import typer

from landfast.cli import (
    alarms,
    check,
    down,
    events,
    failures,
    invoke,
    lint,
    logs,
    new,
    outputs,
    pipelines,
    queues,
    schedules,
    send,
    settle,
    simulate,
    up,
    whatif,
)
from landfast.cli.mendable import in_one_line

app = typer.Typer(
    name="landfast",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # laying out help in colour would triple the time that --help takes
    context_settings={"max_content_width": 120},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        from importlib.metadata import version

        typer.echo(f"landfast {version('landfast')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run an event-driven SAM application on this machine, with Lambda's own delivery rules."""
    del version


app.command()(up.up)
app.add_typer(send.app, name="send")
app.command()(queues.queues)
app.command()(queues.peek)
app.add_typer(failures.app, name="failures")
app.command()(invoke.invoke)
app.command()(events.events)
app.command()(logs.logs)
app.command()(outputs.outputs)
app.command()(settle.settle)
app.command()(alarms.alarms)
app.command()(schedules.schedules)
app.command()(schedules.fire)
app.command()(down.down)
app.command()(check.check)
app.command()(lint.lint)
app.command()(simulate.simulate)
app.command()(whatif.whatif)
app.command()(new.new)
app.add_typer(pipelines.app, name="pipelines")


def run() -> None:
    """Run the command line; what the user can mend is one line on standard error and exit status 1."""
    try:
        app()
    except SystemExit as ending:
        _leave(ending.code)
    except Exception as error:
        line = in_one_line(error)
        if line is None:
            raise
        _leave(f"landfast: {line}")


def _leave(status: int | str | None) -> NoReturn:
    """Exit; that what was printed reaches nobody any more is no error of ours, but a full disk is."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
        status = status or 1
    except OSError as error:
        _discard(sys.stdout)
        status = f"landfast: standard output: {error.strerror}"
    if isinstance(status, str):
        with contextlib.suppress(OSError):  # the terminal is gone; the exit status still tells
            print(status, file=sys.stderr, flush=True)  # noqa: T201 - the command line's last word
        status = 1
    sys.exit(status)


def _discard(stream: TextIO) -> None:
    """Let the stream's unwritten rest go nowhere, since the interpreter would complain about it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
