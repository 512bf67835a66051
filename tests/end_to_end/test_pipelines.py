"""A pipeline can go, or be lifted out: what is left passes the demonstration and the shop's own tests."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from landfast.starter import TEMPLATE, named_after, pipelines
from tests.clone import clone, share_bytecode
from tests.end_to_end.audit import say
from tests.end_to_end.conftest import ROOT

SEED = os.environ.get("LANDFAST_SEED") or os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(time.time_ns() % 1_000_000)
"""The same in each of a run's processes, which must agree about what is chosen."""

PATIENCE = 900.0
AT_ONCE = 4
"""Commands on a machine with two processors: the demonstration mostly waits."""

PIPELINES = pipelines((ROOT / TEMPLATE).read_text())
if len(PIPELINES) == 1:
    pytest.skip("one pipeline is left, and none can be taken out", allow_module_level=True)

CASES = [(what, pipeline) for what in ("remove", "keep") for pipeline in PIPELINES]
EVERY = os.environ.get("LANDFAST_PIPELINES") == "all"
CHOSEN = CASES if EVERY else Random(SEED).sample(CASES, k=1)  # noqa: S311 - a choice to repeat, no secret
"""Of what can be taken out or left alone, each run of the tests takes one; `make pipelines` takes all."""

SLOW_ONES = (
    "--ignore=tests/template/test_removal.py",
    "--deselect=tests/template/test_rules.py::test_a_template_that_breaks_a_rule_is_found_by_it",
)
"""The first take out every pipeline of what is left once more, and tell that what is left can break every rule."""

CODE = ("demo", "functions", "layers", "tests")
PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
CHECKS = {
    "demonstration": ("demo",),
    "units": (*PYTEST, "--hypothesis-profile", "few", "tests/architecture", "tests/unit/functions", "tests/unit/shop"),
    "template": (*PYTEST, "tests/template", *SLOW_ONES),
    "types": ("mypy",),
    "format": ("ruff", "format", "--check", "--quiet", *CODE),
    "lint": ("ruff", "check", "--quiet", *CODE),
}
"""What runs in a copy, each the arguments of `python -m`."""

SAID = {"demonstration": "every event landed", "units": " passed", "template": " passed", "types": "Success"}


@dataclass(frozen=True)
class Copy:
    """A copy of the project out of which pipelines have been taken.

    Attributes:
        project: Where it is.
        left: The pipelines that must be left.
        checks: What its checks print; they run side by side with those of the other copies.
    """

    project: Path
    left: Sequence[str]
    checks: dict[str, Future[str]]

    @classmethod
    def of(cls, folder: Path, what: str, pipeline: str, pool: ThreadPoolExecutor) -> "Copy":
        """As one has it who has just cloned it and given this command; it is run by this interpreter."""
        bytecode = folder / "bytecode"
        project = clone(folder / "shop", bytecode=bytecode)
        python = partial(run, project, environment(project) | share_bytecode(bytecode))
        if (ROOT / ".mypy_cache").exists():  # what was checked already, so that only what has changed is checked
            shutil.copytree(ROOT / ".mypy_cache", project / ".mypy_cache")
        python("landfast", "pipelines", what, pipeline.replace(" ", "-"))
        python("tools.pictures")  # --- the tool ---
        python("tools.reference")  # --- the tool ---
        left = [name for name in PIPELINES if (name == pipeline) == (what == "keep")]
        return cls(project, left, {name: pool.submit(python, *check) for name, check in CHECKS.items()})


@pytest.fixture(scope="module", params=CHOSEN, ids=" ".join)
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy without one pipeline, or with one alone."""
    what, pipeline = request.param
    say(f"LANDFAST_SEED={SEED}: {what} {pipeline}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield Copy.of(tmp_path_factory.mktemp(what), what, pipeline, pool)


def run(project: Path, env: Mapping[str, str], *arguments: str) -> str:
    """Run a module in the project, to its end; what it has printed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE, env=env,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{arguments} ended with {done.returncode}:\n{done.stdout[-8_000:]}\n{done.stderr[-4_000:]}"
    )
    return done.stdout


def environment(project: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LANDFAST_"))}
    return {**inherited, "PYTHONPATH": str(project)}


def test_a_pipeline_goes_with_all_that_is_named_after_its_functions(copy: Copy) -> None:
    assert [*pipelines((copy.project / TEMPLATE).read_text())] == copy.left
    gone = [function for name, functions in PIPELINES.items() if name not in copy.left for function in functions]
    found = [path.relative_to(copy.project) for path in copy.project.rglob("*") if ".mypy_cache" not in path.parts]
    assert [path for path in found if named_after(path, gone)] == []


@pytest.mark.parametrize("check", CHECKS)
def test_without_a_pipeline_or_with_one_alone_the_demonstration_and_the_shops_tests_pass(
    copy: Copy, check: str
) -> None:
    assert SAID.get(check, "") in copy.checks[check].result()
