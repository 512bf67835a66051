"""`python -m demo`: a guided run that checks what it claims."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.landing import Landing
from demo.scenes import Scene, found, kept_elsewhere
from demo.shop import Shop
from demo.tour import Tour
from landfast.testing import Console as Page
from landfast.testing import (
    Interrupted,
    Interrupts,
    LandfastError,
    Options,
    Service,
    in_one_line,
    keep_threads_quiet,
    report_failure,
)

_LAYERS = Path(".landfast/layers")
"""Built layers are kept where `landfast up` keeps them."""

_FASTEST = 100_000
_LOOK = 0.25
"""Seconds between two looks for a signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 if every event landed where it must, 1 if one did not, 128 and its number after a signal."""
    interrupts = Interrupts()
    interrupts.install()
    keep_threads_quiet()
    asked = _asked(arguments)
    try:
        return _run(asked, interrupts)
    except Interrupted as signal:
        return signal.status
    except Exception as error:
        line = in_one_line(error)
        if line is None:
            raise
        sys.stderr.write(f"demo: {line}\n")
        return 1


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Send events through the shop's pipelines and check where each one lands. It runs a service of its "
        "own in a temporary directory and leaves nothing behind.",
    )
    parser.add_argument("--template", "-t", type=Path, default=Path("template.yaml"), help="the shop's template")
    parser.add_argument(
        "--speed", type=_speed, help="let waits pass so many times faster, to watch; they are skipped without it"
    )
    parser.add_argument("--engine", choices=["moto", "ministack"], default="moto", help="the emulator behind it")
    parser.add_argument(
        "--console",
        action="store_true",
        help="show it all on a page, whose URL is printed, and keep the shop running until Ctrl-C",
    )
    parser.add_argument("--json", action="store_true", help="print the checks as JSON; the rest goes to standard error")
    return parser.parse_args(arguments)


def _speed(text: str) -> float:
    speed = float(text)
    if not 1 <= speed <= _FASTEST:
        raise argparse.ArgumentTypeError(f"give a number from 1 to {_FASTEST}")
    return speed


def _run(asked: argparse.Namespace, interrupts: Interrupts) -> int:
    began = time.monotonic()
    console = Console(highlight=False, stderr=asked.json)
    with tempfile.TemporaryDirectory(prefix="landfast-demo-") as folder:
        options = Options(
            template=asked.template,
            state=Path(folder) / "state",
            layers=_LAYERS,
            speed=asked.speed or 1.0,
            skip_waits=asked.speed is None,
            follow=asked.console,
            engine=asked.engine,
        )
        with ExitStack() as running:
            with console.status("starting"):  # whose end fails where the terminal is gone meanwhile
                service = running.enter_context(Service.start(options, interrupts))
            with interrupts.allowed():
                time_passes = f"runs {asked.speed:g} times faster" if asked.speed else "skips waits"
                console.print(f"A service of its own at {service.endpoint}; its time {time_passes}.")
                page = Page.attach(service) if asked.console else None
                if page is not None:
                    console.print(f"Its console: {page.url}", markup=False, soft_wrap=True)
                landings = _played(Tour(console, service, Shop(service.running)), asked.template.absolute().parent)
                if asked.json:
                    told = [{**msgspec.structs.asdict(one), "holds": one.holds} for one in landings]
                    sys.stdout.write(f"{json.dumps(told)}\n")
                tell(console, landings, time.monotonic() - began)
                if page is not None:
                    console.print(f"The shop runs on until Ctrl-C: {page.url}", markup=False, soft_wrap=True)
            if page is not None:
                _stay(service, interrupts)
    return 0 if all(one.holds for one in landings) else 1


def _stay(service: Service, interrupts: Interrupts) -> None:
    """Let the shop run until a signal comes.

    Raises:
        LandfastError: The service has failed.
    """
    try:
        while not service.failed.wait(_LOOK):
            interrupts.check()
    except Interrupted:
        return
    report_failure(service)


def _played(tour: Tour, project: Path) -> list[Landing]:
    """Send everything, wait until nothing is under way, and count."""
    scenes: list[Scene] = [scene(tour, project / "events") for scene in found(tour.shop.running)]
    if not scenes:
        raise LandfastError(f"{project}: the template has none of the functions that demo/scenes has a scene of")
    for scene in scenes:
        scene.play()
    for scene in scenes:
        scene.again()
    tour.heading("Everything is counted, where it is")
    tour.until_settled()
    return [*(landing for scene in scenes for landing in scene.landings()), kept_elsewhere(tour.shop, scenes)]


def tell(console: Console, landings: Sequence[Landing], seconds: float) -> None:
    """Print where everything is, and what is wrong with it."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("sent", "what", "where it must be", "is"):
        table.add_column(name, justify="right" if name in {"sent", "is"} else "left")
    table.add_column("")
    pipeline = ""
    for one in landings:
        if one.pipeline != pipeline:
            pipeline = one.pipeline
            table.add_row("", Text(pipeline, style="bold"))
        mark = Text("ok", style="green") if one.holds else Text("WRONG", style="bold red")
        table.add_row(str(one.sent or ""), one.events, one.place, f"{one.found}/{one.expected}", mark)
    console.print(table)
    wrong = [one for one in landings if not one.holds]
    for one in wrong:
        for what, which in (("missing", one.missing), ("not expected", one.foreign)):
            if which:
                console.print(
                    f"{one.pipeline}, {one.events}, {one.place}: {what}: {'; '.join(which[:3])}",
                    style="red",
                    markup=False,
                )
    console.print()
    if wrong:
        console.print(f"{len(wrong)} of {len(landings)} checks failed: events landed wrong", style="bold red")
    else:
        told = f"every event landed: {len(landings)} checks passed in {seconds:.0f} s"
        console.print(told, style="bold green")


if __name__ == "__main__":
    sys.exit(main())
