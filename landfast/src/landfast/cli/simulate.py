"""``landfast simulate``: what would happen if ..."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from landfast.journal import Entry
    from landfast.simulate.scenario import Scenario

_INVALID = 2
_GARBAGE = 50_000
"""New objects between two looks for garbage: a simulation makes millions, and hardly any in cycles."""


def simulate(
    scenario: Annotated[
        Path, typer.Argument(help="A JSON or YAML file; - for standard input.", allow_dash=True, metavar="SCENARIO")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Only count: for large scenarios.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write one self-contained page.", metavar="FILE")
    ] = None,
) -> None:
    """Tell what Lambda does with every record of a scenario, on a virtual clock.

    The exit status is 2 if the scenario is invalid.

    Example: landfast simulate scenario.json --html what-if.html
    """
    import gc

    import msgspec

    from landfast.simulate import run
    from landfast.simulate.scenario import ScenarioError

    gc.freeze()  # what was imported stays, and need not be looked through again and again
    gc.set_threshold(_GARBAGE)
    try:
        parsed = _read(scenario)
        if summary and html is None:
            whole: dict[str, Any] = {"summary": run.summarise(parsed)}
            entries: list[Entry] = []
        else:
            whole, entries = run.simulate(parsed)
    except ScenarioError as error:
        typer.echo(f"landfast simulate: {scenario}: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(_INVALID) from None
    if html is not None:
        from landfast.console.report_file import Chapter, report_file, since
        from landfast.report import page
        from landfast.simulate.account import account
        from landfast.simulate.world import START

        chapter = Chapter(accounts=[account(parsed, entries, page.LIMITS)], entries=since(START, entries))
        _write(html, report_file([chapter], parsed.name or scenario.stem))
    if as_json:
        shown = {"summary": whole["summary"]} if summary else whole
        typer.echo(msgspec.json.encode(shown).decode())
    elif summary:
        typer.echo("\n".join(f"{name}: {count:g}" for name, count in whole["summary"].items()))
    else:
        from landfast.report import text
        from landfast.simulate.account import account

        text.write(account(parsed, entries, text.LIMITS))


def _read(path: Path) -> "Scenario":
    from landfast.simulate.scenario import ScenarioError, read

    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise ScenarioError("", f"cannot be read: {error.strerror}") from error
    yaml = path.suffix in {".yaml", ".yml"} or (path.suffix != ".json" and not text.lstrip().startswith(b"{"))
    return read(text, yaml=yaml)


def _write(path: Path, text: str) -> None:
    from landfast.simulate.scenario import ScenarioError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScenarioError("--html", f"{path} cannot be written: {error.strerror}") from error
