"""What a benchmark reports: figures, each with what it is compared with and what is demanded of it."""

import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measurement.

    Attributes:
        name: What was measured, with its unit.
        measured: The figure.
        peer: The same of the peer, measured in the same run.
        ratio: How the two compare, where it is the ratio that counts.
        goal: What is demanded, in words; empty if the figure only informs.
        met: Whether it is.
    """

    name: str
    measured: float
    peer: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool = True


def at_most(name: str, measured: float, limit: float, *, peer: float | None = None) -> Figure:
    """A figure that must not be above a limit, beside its peer's."""
    ratio = None if peer is None else measured / peer
    return Figure(name=name, measured=measured, peer=peer, ratio=ratio, goal=f"≤ {limit:g}", met=measured <= limit)


def ratio_at_least(name: str, measured: float, peer: float, limit: float) -> Figure:
    """A figure that must be some times the peer's."""
    ratio = measured / peer
    return Figure(name=name, measured=measured, peer=peer, ratio=ratio, goal=f"≥ {limit:g} x", met=ratio >= limit)


def median(samples: Iterable[float]) -> float:
    """The median, which one disturbed round does not move."""
    return statistics.median(samples)


def table(title: str, peer: str, figures: Sequence[Figure]) -> Table:
    """The figures for people."""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    shown = Table(title=f"{title} ({load})", title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    shown.add_column("figure")
    for column in ("measured", *((peer,) if peer else ()), "ratio", "goal"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for figure in figures:
        verdict = "" if not figure.goal else "[green]ok[/green]" if figure.met else "[red]short[/red]"
        beside = (_number(figure.peer),) if peer else ()
        shown.add_row(
            figure.name, _number(figure.measured), *beside, _number(figure.ratio), figure.goal or "-", verdict
        )
    return shown


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 - 3 digits
