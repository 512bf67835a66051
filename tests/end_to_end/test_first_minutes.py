"""What goes wrong in a newcomer's first minutes ends in one line that says what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ROOT

NOWHERE = "http://127.0.0.1:9"
SETUP = ("Makefile", "uv.lock", "pyproject.toml", ".python-version", "tools/setup.sh", "landfast/pyproject.toml")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A clone before its first command, except that uv is there."""
    for name in SETUP:
        if (ROOT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    if (ROOT / "vendor").exists():
        shutil.copytree(ROOT / "vendor", tmp_path / "vendor")
    (tmp_path / ".tools" / "bin").mkdir(parents=True)
    (tmp_path / ".tools" / "bin" / "uv").symlink_to((ROOT / ".tools" / "bin" / "uv").resolve())
    return tmp_path


def run(folder: Path, *command: str, **environment: str) -> tuple[int, list[str]]:
    """How a command ended, and the lines that it printed to standard error, without those of make itself."""
    done = subprocess.run(
        command, cwd=folder, env={**inherited(), **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("make")]


def inherited() -> Mapping[str, str]:
    mine = ("UV_", "PIP_", "MAKE", "MFLAGS", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)}


def test_without_python_3_13_and_without_a_download_it_says_how_to_get_one(fresh: Path) -> None:
    status, lines = run(
        fresh, "make", ".venv/.ready",
        PATH="/usr/bin:/bin", UV_PYTHON_DOWNLOADS="never", UV_PYTHON_PREFERENCE="only-managed",
        UV_PYTHON_INSTALL_DIR=str(fresh / "none"),
    )  # fmt: skip
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith("set-up: Python 3.13 is neither here nor could it be downloaded: install it")
    assert "No interpreter found" in (fresh / ".tools" / "setup.txt").read_text()
    assert not (fresh / ".venv" / ".ready").exists()


def test_without_a_network_it_says_so(fresh: Path) -> None:
    status, lines = run(
        fresh, "make", ".venv/.ready",
        UV_CACHE_DIR=str(fresh / "cache"), UV_OFFLINE="1", UV_PYTHON=sys.executable,
    )  # fmt: skip
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith("set-up: the package index could not be reached: is there a network")


def test_without_a_network_uv_itself_cannot_be_had_and_it_says_so(fresh: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "uv==0.0.0", "--retries", "0", "--no-cache-dir"]
    status, lines = run(
        fresh, "bash", "tools/setup.sh", *pip, PIP_INDEX_URL=NOWHERE, PIP_RETRIES="0", PIP_NO_CACHE_DIR="1"
    )
    if "No module named pip" in (fresh / ".tools" / "setup.txt").read_text():
        pytest.skip("this environment has no pip, and the test none to ask")
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith("set-up: the package index could not be reached")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("cat uv.lock >/dev/full", "set-up: the disk is full"),
        ("touch /sys/kernel/no", "set-up: this folder cannot be written"),
    ],
)
def test_what_the_system_refuses_is_one_line(fresh: Path, command: str, line: str) -> None:
    if not Path("/dev/full").exists() or not Path("/sys/kernel").exists():
        pytest.skip("the refusals of this test are those of Linux's /dev/full and /sys")
    status, lines = run(fresh, "bash", "tools/setup.sh", "sh", "-c", command)
    assert status != 0
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_a_failure_that_nobody_knows_is_shown_whole(fresh: Path) -> None:
    status, lines = run(fresh, "bash", "tools/setup.sh", "sh", "-c", "echo one; echo two >&2; exit 3")
    assert status == 1
    assert lines[:2] == ["one", "two"]
    assert "failed, see above" in lines[2]


def test_on_windows_it_names_wsl(fresh: Path) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "make", "help"], cwd=fresh, env={**inherited(), "OS": "Windows_NT"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "on Windows, clone it into WSL" in line


def test_a_plain_sam_build_without_python_3_13_names_what_is_missing(tmp_path: Path) -> None:
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy2(ROOT / name, tmp_path / name)
    for name in ("functions", "layers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "bin").mkdir()
    sam = str(Path(sys.executable).parent / "sam")
    done = subprocess.run(
        [sam, "build"], cwd=tmp_path, env={**inherited(), "PATH": str(tmp_path / "bin")},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "for runtime: python3.13" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert 'PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build' in (ROOT / "Makefile").read_text(), "make build finds it"
