"""What the pages of `docs/` have the reader do works, and prints what they show."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from landfast.starter import TEMPLATE, describe, pipelines
from tests.clone import clone
from tests.docs.page import ROOT, Command, File, differs, place, steps
from tests.docs.session import BYTECODE, Session

README = ROOT / "README.md"
FOLDERS = [ROOT / "docs" / name for name in ("tutorial", "concepts", "howto")]
PAGES = [
    path
    for path in [README, *sorted(page for folder in FOLDERS for page in folder.glob("*.md"))]
    if [*steps(path.read_text(encoding="utf-8"))]
]
HOW_TOS = [path for path in PAGES if path.parent.name == "howto"]
"""Each takes a clone apart or adds to one, for many seconds: one is followed, or all of them (`make pages`)."""

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(time.time_ns()))
"""All workers of a run choose the same page, and the next run perhaps another one; the test's name tells which."""

CHOSEN = HOW_TOS if os.environ.get("LANDFAST_PAGES") == "all" else Random(RUN).sample(HOW_TOS, k=1)  # noqa: S311
FOLLOWED = [path for path in PAGES if path not in HOW_TOS or path in CHOSEN]
DEMONSTRATION = next(step for step in steps(README.read_text(encoding="utf-8")) if isinstance(step, Command))
"""The README begins with it; tests/end_to_end/test_demo.py gives it, and compares what it prints."""

AUTHOR = ("-c", "user.name=Reader", "-c", "user.email=reader@localhost")
ALL_ARE_THERE = tuple(pipelines((ROOT / TEMPLATE).read_text())) == tuple(describe(ROOT).pipelines)


def begin(where: str, folder: Path, apart: Path) -> Path:
    """The folder where a page begins, as the page says; `apart` is a folder for what the reader does not see."""
    match where:
        case "the repository":  # only for commands that change nothing
            return ROOT
        case "an empty folder":
            return folder
        case "a clone called landfast":  # in which the first command has been given
            ready = clone(folder / "landfast", bytecode=apart / BYTECODE)
            (ready / ".venv").symlink_to(ROOT / ".venv")
            return ready
        case "a clone":  # in which nothing has been done but to get uv
            fresh = clone(folder / "shop", bytecode=apart / BYTECODE)
            share_tools(fresh / ".tools", bytecode=apart / BYTECODE)
            for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Clone")):
                subprocess.run(["git", *AUTHOR, *command], cwd=fresh, check=True)  # noqa: S607 - git itself
            return fresh
        case "docs/howto/cdk":
            shutil.copytree(ROOT / where, folder / "cdk")
            return folder / "cdk"
        case "the lab":
            shutil.copytree(ROOT / "docs" / "tutorial", folder / "lab", ignore=shutil.ignore_patterns("*.md"))
            return folder / "lab"
    raise AssertionError(f"nobody knows where this is: {where}")


def share_tools(folder: Path, *, bytecode: Path) -> None:
    folder.mkdir()
    for tool in (ROOT / ".tools").iterdir():
        (folder / tool.name).symlink_to(bytecode if tool.name == "pycache" else tool)


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_command_of_a_page_works_and_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if place(text) == "a clone" and not ALL_ARE_THERE:
        pytest.skip("the page is about the application with all the pipelines that it came with, and some are gone")
    (tmp_path / "place").mkdir()
    (tmp_path / "apart").mkdir()
    with Session(begin(place(text), tmp_path / "place", tmp_path / "apart"), tmp_path / "apart") as session:
        for step in steps(text):
            if step != DEMONSTRATION:
                session.do(step)


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (["a", "b", "c", "d"], None),
        (["...", "d"], None),
        (["a", "...", "c", "..."], None),
        (["a", "b", "c"], "a\nb\nc"),
        (["b", "..."], "b"),
        (["...", "c"], "c"),
        (["a", "...", "c", "...", "b", "..."], "b"),
        (["a", "...", "d", "...", "d"], "d"),
    ],
)
def test_what_a_page_shows_is_compared_line_by_line(shown: list[str], missing: str | None) -> None:
    assert differs(["a", "b", "c", "d"], shown) == missing


def test_lines_are_put_where_a_page_says() -> None:
    there = "one:\n  two\nthree:\n"
    [whole, before, end] = steps(
        '```yaml title="a.yaml"\nnew\n```\n```yaml title="a.yaml, before three:"\n  new\n```\n'
        '```yaml title="a.yaml, at its end"\nnew\n```\n'
    )
    assert isinstance(whole, File)
    assert isinstance(before, File)
    assert isinstance(end, File)
    assert whole.text(there) == "new\n"
    assert before.text(there) == "one:\n  two\n  new\nthree:\n"
    assert end.text(there) == f"{there}new\n"


def test_ids_times_and_ports_may_differ_and_nothing_else() -> None:
    printed = ["10:23:05.563  Greet  3f005843  attempt 1, http://127.0.0.1:34945, 2026-11-26T10:23:05.704Z, in 0.14s"]
    assert (
        differs(printed, ["11:00:00.001  Greet  abcdef01  attempt 1, http://127.0.0.1:1, 2026-01-01T00:00:00Z, in 2s"])
        is None
    )
    assert differs(printed, [printed[0].replace("attempt 1", "attempt 2")]) is not None


def test_only_pages_that_change_nothing_run_in_the_repository_itself() -> None:
    for page in PAGES:
        lines = [step for step in steps(page.read_text()) if not isinstance(step, Command)]
        assert lines == [] or place(page.read_text()) != "the repository", page


def test_a_page_shows_something_of_its_commands() -> None:
    shown = [step for page in PAGES for step in steps(page.read_text()) if isinstance(step, Command) and step.shown]
    assert len(shown) >= len(PAGES)
