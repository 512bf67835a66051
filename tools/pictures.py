"""Draws the pictures of `docs/`: `python -m tools.pictures`; with `--check` it only says which are out of date.

- the application, from template.yaml, to `docs/pictures/application-{light,dark}.svg`
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from landfast.report.files import SCHEMES, svg
from landfast.template import graph_of, picture, read

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path("docs/pictures")


def pictures(root: Path = ROOT) -> Mapping[Path, str]:
    """Return every picture by its path in the repository."""
    return dict(_application(root))


def _application(root: Path) -> Iterator[tuple[Path, str]]:
    drawn = picture(graph_of(read(root / "template.yaml", stack_name="shop")), "The application")
    yield from ((FOLDER / f"application-{scheme}.svg", svg(drawn, scheme)) for scheme in SCHEMES)


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
        sys.stderr.write("".join(f"{path} is out of date: make pictures\n" for path in old))
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
