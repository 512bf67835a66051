"""The process that tests a broken package: it ends, whatever is broken, and says what came of it."""

from pathlib import Path

import pytest

from tests.mutants import run as mutants
from tests.mutants.run import Broken, run

SHARDS = "landfast.delivery.shards"


@pytest.fixture
def tried(tmp_path: Path) -> list[str]:
    """A test that passes as long as a tree without shards has none to begin."""
    path = tmp_path / "test_tried.py"
    path.write_text(f"from {SHARDS} import ShardTree\n\n\ndef test_tried():\n    assert not ShardTree().begin()\n")
    return [str(path)]


@pytest.mark.parametrize(
    ("body", "caught", "problem"),
    [
        ("return []", False, ""),
        ("return ['shard']", True, ""),
        ("raise KeyError", True, ""),
        ("while True: pass", False, "more than 2 s of work or 2 GiB in one test"),
        ("return bytes(1 << 40)", False, "more than 2 s of work or 2 GiB in one test"),
        ("import signal; signal.pause()", False, "no end after 6 s"),
        ("import os; os._exit(3)", False, "exit status 3"),
    ],
)
def test_what_is_broken_is_caught_or_survives_or_is_unknown(
    tried: list[str], monkeypatch: pytest.MonkeyPatch, body: str, problem: str, *, caught: bool
) -> None:
    monkeypatch.setattr(mutants, "_PATIENCE", 3 if "no end" in problem else 60)
    broken = Broken(SHARDS, f"class ShardTree:\n    def begin(self):\n        {body}\n")
    ran = run(tried, broken, limit=2.0)
    assert (bool(ran.failed), ran.problem) == (caught, problem)


def test_a_module_that_cannot_be_imported_is_unknown(tried: list[str]) -> None:
    assert run(tried, Broken(SHARDS, "raise ImportError"), limit=20.0).problem == "pytest: interrupted"


def test_the_package_as_it_is_passes(tried: list[str]) -> None:
    ran = run(tried, None, limit=20.0)
    assert (list(ran.failed), ran.problem) == ([], "")
    assert ran.seconds < 20
