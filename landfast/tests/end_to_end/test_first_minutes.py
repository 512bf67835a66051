"""What goes wrong in the first minutes with the tool ends in one line that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from landfast.cli.stale_build import warning


def test_on_windows_it_names_wsl() -> None:
    code = "import sys; sys.platform = 'win32'; from landfast.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "landfast: it runs on Linux and macOS: on Windows, install and run it in WSL (wsl --install)"
    ]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A template that ``sam build`` made a minute after its sources were written."""
    template = tmp_path / ".aws-sam" / "build" / "template.yaml"
    for path in (tmp_path / "template.yaml", tmp_path / "src" / "app.py", template):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1_000_000_000, 1_000_000_000))
    os.utime(template, (1_000_000_060, 1_000_000_060))
    return template


def test_a_build_that_is_newer_than_its_sources_needs_no_word(built: Path) -> None:
    assert warning(built) is None


@pytest.mark.parametrize("changed", ["template.yaml", "src/app.py"])
def test_a_build_that_is_older_than_a_source_is_told(built: Path, changed: str) -> None:
    os.utime(built.parents[2] / changed, (1_000_000_120, 1_000_000_120))
    said = warning(built)
    assert said is not None
    assert said.endswith(f"{changed}: what runs is the last build; `sam build` makes it anew")


@pytest.mark.parametrize("made", [".venv/lib/x.py", "node_modules/x.js", "src/__pycache__/x.py"])
def test_what_package_managers_made_is_no_source(built: Path, made: str) -> None:
    path = built.parents[2] / made
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert warning(built) is None


def test_a_template_that_is_no_build_is_never_stale(built: Path) -> None:
    assert warning(built.parents[2] / "template.yaml") is None
