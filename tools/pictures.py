"""Draws the pictures of `docs/`: `python -m tools.pictures`; with `--check` it only says which are out of date.

Each is there in two colour schemes, `docs/pictures/NAME-{light,dark}.svg`:

- the application, from template.yaml
- timelines and trees of scenarios, as `landfast simulate --html` draws them
- how the concurrency of a queue's mapping grows, from the rule that the tool keeps (S-103)
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from landfast.delivery.scaling import Scale, Scaling, on_demand, provisioned
from landfast.report import page
from landfast.report.drawing import element, opened, px
from landfast.report.files import SCHEMES, Scheme, svg, timeline_svg, tree_svg
from landfast.simulate.account import account
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read as read_scenario
from landfast.template import graph_of, picture, read

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path("docs/pictures")
SCENARIOS = Path("docs/scenarios")

TIMELINES: Final[Mapping[str, str]] = {
    "destinations": "examples/async-retries-exhausted",
    "windows": "concepts/windows",
    "bisect": "examples/kinesis-bisect",
    "partial": "examples/kinesis-partial-response",
    "fifo-raises": "fifo-raises",
    "fifo-reports": "fifo-reports",
    "again": "concepts/again",
}
"""Pictures of time, by the scenarios that they show."""

TREES: Final[Mapping[str, str]] = {"bisect-tree": "examples/kinesis-bisect"}
"""Pictures of batches that were split."""

SCALES: Final[Mapping[str, tuple[Scale, str]]] = {
    "until 2023: 60 more a minute, up to 1,000": (Scale(start=5, maximum=1000, per_minute=60), "k-queue"),
    "today: 300 more a minute, up to 1,250": (on_demand(fifo=False, maximum_concurrency=None), "k-stream"),
    "provisioned, 2 to 200 pollers: 1,000 more a minute": (provisioned(2, 200), "k-topic"),
}
"""How a standard queue's mapping has grown and grows (S-103), with the colour of each."""

_WIDTH: Final = 760.0
_MINUTES: Final = 8
_MOST: Final = 2_000
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 722.0, 16.0, 250.0


def pictures(root: Path = ROOT) -> Mapping[Path, str]:
    """Return every picture by its path in the repository."""
    application = picture(graph_of(read(root / "template.yaml", stack_name="shop")), "The application")
    return {
        FOLDER / f"{name}-{scheme}.svg": text
        for scheme in SCHEMES
        for name, text in (
            ("application", svg(application, scheme)),
            *_told(root, scheme),
            ("scaling", svg(_growth(), scheme)),
        )
    }


def _told(root: Path, scheme: Scheme) -> Iterator[tuple[str, str]]:
    for name, scenario in (*TIMELINES.items(), *TREES.items()):
        what = read_scenario((root / SCENARIOS / f"{scenario}.json").read_bytes())
        told = account(what, simulate(what)[1], page.LIMITS)
        yield name, tree_svg(told, scheme) if name in TREES else timeline_svg(told, scheme, width=_WIDTH)


def _growth() -> str:
    """Concurrent batches over time, as long as all are in use."""
    height = _BOTTOM + 30 + 24 * len(SCALES)
    told = "Concurrent batches of a standard queue's mapping, minute by minute, while all are in use."
    parts = [opened("scaling", _WIDTH, height, "How the concurrency of a queue's mapping grows", told)]
    for minute in range(_MINUTES + 1):
        parts.append(element("line", "tick", x1=_x(minute), y1=_TOP, x2=_x(minute), y2=_BOTTOM))
        parts.append(element("text", "time", f"{minute} min", x=_x(minute) - 14, y=_BOTTOM + 16))
    for batches in range(0, _MOST + 1, 500):
        parts.append(element("line", "tick", x1=_LEFT, y1=_y(batches), x2=_RIGHT, y2=_y(batches)))
        parts.append(element("text", "time", f"{batches:5,}", x=18, y=_y(batches) + 4))
    for number, (name, (scale, colour)) in enumerate(SCALES.items()):
        points = " ".join(f"{px(_x(minute / 4))} {px(_y(batches))}" for minute, batches in enumerate(_grown(scale)))
        y = _BOTTOM + 38 + 24 * number
        parts.append(f'<path class="icon {colour}" d="M{points}"/><path class="icon {colour}" d="M18 {px(y)}h30"/>')
        parts.append(element("text", "note", name, x=58, y=y + 4))
    return "\n".join([*parts, "</svg>"])


def _grown(scale: Scale) -> Iterator[int]:
    """The concurrency at each quarter of a minute while all of it is in use, as the tool's own rule has it."""
    scaling = Scaling(scale)
    for quarter in range(_MINUTES * 4 + 1):
        now = quarter * 15.0
        while (due := scaling.due()) is not None and due <= now:
            scaling.advance(due)
            scaling.observe(used_up=True, now=due)
        scaling.observe(used_up=True, now=now)
        yield scaling.capacity


def _x(minute: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * minute / _MINUTES


def _y(batches: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * batches / _MOST


def outdated(root: Path, drawn: Mapping[Path, str]) -> list[Path]:
    """Return the pictures that are not as they are drawn now, and those that nothing draws any more."""
    changed = [path for path, text in drawn.items() if not _is(root / path, text)]
    left_over = [path.relative_to(root) for path in (root / FOLDER).glob("*.svg")]
    return sorted([*changed, *(path for path in left_over if path not in drawn)])


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description="Draw the pictures of docs/.")
    parser.add_argument("--check", action="store_true", help="only say which are out of date")
    asked, drawn = parser.parse_args(arguments), pictures()
    old = outdated(ROOT, drawn)
    if asked.check:
        sys.stderr.write("".join(f"{path} is out of date: make docs\n" for path in old))
        return 1 if old else 0
    (ROOT / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in old:
        if path in drawn:
            (ROOT / path).write_text(drawn[path], encoding="utf-8")
        else:
            (ROOT / path).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
