"""What the demonstration says of events that landed, and of those that landed wrong."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence  # --- the tool ---
from pathlib import Path

import pytest
from rich.console import Console

from demo.__main__ import tell
from demo.landing import landing
from tests.docs.page import Command, differs, steps  # --- the tool ---
from tests.end_to_end.conftest import ROOT

_PLACE = "history table, once"


def told(*, wanted: list[str], found: list[str]) -> str:
    console = Console(file=io.StringIO(), width=80)
    tell(console, [landing("a pipeline", 2, "good scans", place=_PLACE, wanted=wanted, found=found)], 1.0)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_landed_once_is_ok_in_any_order() -> None:
    text = told(wanted=["S-1", "S-2"], found=["S-2", "S-1"])
    assert "2/2" in text
    assert "every event landed: 1 checks passed" in text


def test_what_is_missing_is_wrong_and_named() -> None:
    text = told(wanted=["S-1", "S-2"], found=["S-1"])
    assert "1/2" in text
    assert "WRONG" in text
    assert "missing: S-2" in text
    assert "1 of 1 checks failed" in text


def test_what_landed_twice_is_wrong() -> None:
    assert "not expected: S-1" in told(wanted=["S-1"], found=["S-1", "S-1"])


def test_another_one_in_the_same_number_is_wrong() -> None:
    one = landing("another", 1, "good", place=_PLACE, wanted=["P-1"], found=["P-2"])
    assert (one.expected, one.found, one.holds) == (1, 1, False)
    assert (one.missing, one.foreign) == (("P-1",), ("P-2",))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


# --- the tool ---
def squeezed(lines: Sequence[str]) -> list[str]:
    """Return lines of a table whatever the width of its columns, which is another where pipelines have gone."""
    return [" ".join(line.split()) for line in lines]


# --- shared ---
def test_the_demonstration_checks_what_it_claims() -> None:
    ended = run("--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "every event landed" in ended.stderr
    assert "attempt 1 of " in ended.stderr  # --- order files ---
    # --- the tool ---
    first = next(step for step in steps((ROOT / "README.md").read_text()) if isinstance(step, Command))
    assert first.line == "make demo"
    assert differs(squeezed(ended.stderr.splitlines()), squeezed(first.shown)) is None
    # --- shared ---
    assert {one["holds"] for one in json.loads(ended.stdout)} == {True}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--speed", "0"], "give a number from 1"),
        (["--engine", "other"], "invalid choice"),
        (["--template", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_users_mistake_is_named_without_a_traceback(arguments: list[str], problem: str) -> None:
    ended = run(*arguments)
    assert ended.returncode != 0
    assert problem in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_template_without_a_scene_is_named(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {Queue: {Type: 'AWS::SQS::Queue'}}")
    ended = run("--template", str(tmp_path / "template.yaml"))
    assert ended.returncode == 1
    assert "has none of the functions" in ended.stderr
    assert "Traceback" not in ended.stderr
