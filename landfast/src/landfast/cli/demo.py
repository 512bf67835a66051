"""``landfast demo``: a guided run that checks what it claims."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.options import STATE, Json

if TYPE_CHECKING:
    from rich.console import Console

    from landfast.cli.landing import Landing
    from landfast.cli.tour import Tour


def demo(
    template: Annotated[Path, typer.Option("--template", "-t", help="The shop's template.", metavar="FILE")] = Path(
        "template.yaml"
    ),
    speed: Annotated[float, typer.Option(help="How many times faster waits pass.", min=1)] = 60.0,
    engine: Annotated[str, typer.Option(help="The emulator behind it: moto or ministack.")] = "moto",
    *,
    json: Json = False,
) -> None:
    """Send events through the shop's back office and check where each one lands; exit status 1 if one landed wrong.

    It runs a service of its own in a temporary directory and leaves nothing behind.

    Example: landfast demo
    """
    from landfast.service.interrupts import Interrupted, Interrupts

    interrupts = Interrupts()
    interrupts.install()

    import tempfile
    import time
    from dataclasses import replace

    import msgspec
    from rich.console import Console

    from landfast.cli.failures import keep_threads_quiet
    from landfast.cli.shop import Shop
    from landfast.cli.tour import Tour
    from landfast.cli.up import options, report_failure
    from landfast.service.service import Service
    from landfast.service.state import ServiceError

    keep_threads_quiet()
    began = time.monotonic()
    console = Console(highlight=False, stderr=json)
    try:
        with tempfile.TemporaryDirectory(prefix="landfast-demo-") as folder:
            chosen = options(template, "landfast", None, "us-east-1", speed, engine, 0, None, Path(folder) / "state")
            with console.status("starting"):
                service = Service.start(replace(chosen, layers=STATE / "layers"), interrupts)
            with service, interrupts.allowed():
                console.print(f"A service of its own at {service.endpoint}; its time runs {speed:g} times faster.")
                try:
                    landings = _tour(
                        Tour(console, service, Shop(service.clients, service.world)), template.parent / "events"
                    )
                except ServiceError:
                    report_failure(service)
                    raise
    except Interrupted as signal:
        raise typer.Exit(signal.status) from None
    if json:
        typer.echo(msgspec.json.encode([{**msgspec.structs.asdict(one), "holds": one.holds} for one in landings]))
    _tell(console, landings, time.monotonic() - began)
    if not all(one.holds for one in landings):
        raise typer.Exit(1)


def _tour(tour: "Tour", samples: Path) -> list["Landing"]:
    """Send everything, wait until nothing is under way, and count."""
    from landfast.cli.scenes.order_files import OrderFiles
    from landfast.cli.scenes.parcel_scans import ParcelScans
    from landfast.cli.scenes.payments import Payments
    from landfast.cli.scenes.receipts import Receipts

    files, scans, payments, receipts = OrderFiles(tour, samples), ParcelScans(tour), Payments(tour), Receipts(tour)
    files.good()
    files.broken()
    scans.play()
    payments.play()
    receipts.play()
    files.again()
    payments.again()
    tour.heading("Everything is counted, where it is")
    tour.until_quiet()
    return [*files.landings(), *scans.landings(), *payments.landings(), *receipts.landings(), _nowhere_else(tour)]


def _nowhere_else(tour: "Tour") -> "Landing":
    """What must be in none of the other queues and failure stores."""
    from landfast.cli.landing import landing

    taken = {"S3Success", "S3Failure", "PaymentsFailed"}
    left = [queue for queue, held in tour.shop.held().items() if queue not in taken for _ in range(held)]
    found = [*left, *tour.shop.objects("OrderChangesFailed")]
    return landing("all", 0, "everything", place="no other queue or failure store", wanted=[], found=found)


def _tell(console: "Console", landings: Sequence["Landing"], seconds: float) -> None:
    from rich.table import Table
    from rich.text import Text

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
