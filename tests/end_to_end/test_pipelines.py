"""A pipeline can go, or be lifted out: what is left passes the demonstration and the shop's own tests."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.end_to_end.audit import say
from tests.end_to_end.conftest import ROOT
from tools.pipelines import TEMPLATE, named_after, pipelines

SEED = int(os.environ.get("LANDFAST_SEED", str(time.time_ns() % 1_000_000)))
PATIENCE = 300.0

PIPELINES = pipelines((ROOT / TEMPLATE).read_text())
OWN_TESTS = ("tests/architecture", "tests/unit/functions", "tests/template")
SLOW_ONES = "tests/template/test_removal.py"
"""They take out every pipeline of what is left once more."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, as one has it who has just cloned it; it is run by this interpreter."""
    made = shutil.ignore_patterns(".*", "__pycache__", "uv.lock", "dist")
    shutil.copytree(ROOT, tmp_path / "shop", ignore=made)
    shutil.copy(ROOT / "uv.lock", tmp_path / "shop")
    return tmp_path / "shop"


def run(project: Path, *arguments: str) -> str:
    """Run a module in the project, to its end; what it has printed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE, env=environment(project),
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{arguments} ended with {done.returncode}:\n{done.stdout[-8_000:]}\n{done.stderr[-4_000:]}"
    )
    return done.stdout


def environment(project: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LANDFAST_"))}
    return {**inherited, "PYTHONPATH": str(project)}


@pytest.mark.skipif(len(PIPELINES) < 2, reason="one pipeline is left, and none can be taken out")
@pytest.mark.parametrize("what", ["remove", "keep"])
def test_without_a_pipeline_and_with_one_alone_the_demonstration_and_the_shops_tests_pass(
    project: Path, what: str
) -> None:
    chosen = Random(f"{SEED} {what}").choice([*PIPELINES])  # noqa: S311 - a choice to repeat, no secret
    say(f"LANDFAST_SEED={SEED}: {what} {chosen}")
    run(project, "tools.pipelines", what, chosen.replace(" ", "-"))
    left = [name for name in PIPELINES if (name == chosen) == (what == "keep")]
    assert [*pipelines((project / TEMPLATE).read_text())] == left
    gone = [function for name, functions in PIPELINES.items() if name not in left for function in functions]
    assert [path for path in project.rglob("*") if named_after(path.relative_to(project), gone)] == []
    assert "every event landed" in run(project, "demo", "--speed", "120")
    run(project, "ruff", "check", "--quiet", "demo", "functions", "layers", "tests", "tools")
    run(project, "ruff", "format", "--check", "--quiet", "demo", "functions", "layers", "tests", "tools")
    told = run(project, "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", *OWN_TESTS, "--ignore", SLOW_ONES)
    assert " passed" in told
