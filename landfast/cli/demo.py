"""``landfast demo``: a guided run that checks what it claims."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from landfast.cli.options import STATE

if TYPE_CHECKING:
    from landfast.cli.tour import Claim, Tour


def demo(
    template: Annotated[Path, typer.Option("--template", "-t", help="The shop's template.", metavar="FILE")] = Path(
        "template.yaml"
    ),
    speed: Annotated[float, typer.Option(help="How many times faster waits pass.", min=1)] = 60.0,
    engine: Annotated[str, typer.Option(help="The emulator behind it: moto or ministack.")] = "moto",
) -> None:
    """Send events through the shop's back office and check where each one lands; exit status 1 if one landed wrong.

    It runs a service of its own in a temporary directory and leaves nothing behind.

    Example: landfast demo
    """
    import tempfile
    from dataclasses import replace

    from rich.console import Console

    from landfast.cli.tour import Tour, order_files
    from landfast.cli.up import options
    from landfast.service.service import Service

    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="landfast-demo-") as folder:
        chosen = options(template, "landfast", None, "us-east-1", speed, engine, 0, None, Path(folder) / "state")
        with console.status("starting"):
            service = Service.start(replace(chosen, layers=STATE / "layers"))
        with service:
            console.print(f"A service of its own at {service.endpoint}; its time runs {speed:g} times faster.\n")
            tour = Tour(console, service)
            claims = order_files(tour, template.parent / "events")
    if not _verdict(tour, claims):
        raise typer.Exit(1)


def _verdict(tour: "Tour", claims: list["Claim"]) -> bool:
    from rich.table import Table

    table = Table("", "what was checked", "found", box=None, header_style="bold", pad_edge=False)
    for claim in claims:
        mark = "[green]yes[/green]" if claim.holds else "[red]NO[/red]"
        table.add_row(mark, claim.text, claim.found)
    tour.console.print(table)
    wrong = sum(not claim.holds for claim in claims)
    tour.console.print(
        f"\n[bold red]{wrong} of {len(claims)} checks failed[/bold red]"
        if wrong
        else f"\n[bold green]every event landed: {len(claims)} checks passed[/bold green]"
    )
    return not wrong
