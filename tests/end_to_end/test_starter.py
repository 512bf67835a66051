# --- the tool ---
"""A stranger with the files of a release follows docs/starters.md, far from this repository, and every event lands."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from landfast.starter import pipelines
from tests.end_to_end.conftest import ROOT
from tools.starter import build

PATIENCE = 600.0
PAGE = (ROOT / "docs" / "starters.md").read_text()
TEMPLATE = ROOT / "template.yaml"
KEPT = ("payments", "order files")
"""The pipelines that the page has its reader keep."""

UV = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a release has, and nothing else."""
    folder = tmp_path_factory.mktemp("release")
    build(ROOT, folder)
    return folder


def blocks(title: str) -> list[list[str]]:
    """Return the commands of each block of a section of the page."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
    return [[line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")] for block in found]


def follow(commands: list[str], folder: Path) -> str:
    """Type the commands in a folder, in an environment that has nothing but the tools that the page asks for."""
    assert UV is not None
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    tools = [str(Path(UV).parent), str(Path(sys.executable).resolve().parent), "/usr/local/bin", "/usr/bin", "/bin"]
    environment = {"PATH": os.pathsep.join(tools), "HOME": str(home), "UV_CACHE_DIR": cache, "LANG": "C.UTF-8"}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("SSL_CERT", "UV_INDEX"))}
    typed = subprocess.run(
        ["/bin/bash", "-euxc", "\n".join(commands)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert typed.returncode == 0, f"{typed.stdout[-8_000:]}\n{typed.stderr[-4_000:]}"
    return typed.stdout


def new(project: Path, starter: Path) -> None:
    """Make a project with the tool of this environment."""
    command = [sys.executable, "-m", "landfast", "new", str(project), "--from", str(starter)]
    subprocess.run(command, check=True, timeout=PATIENCE)


@pytest.mark.skipif(not {*KEPT} <= {*pipelines(TEMPLATE.read_text())}, reason="the page keeps what was taken out here")
def test_of_the_wheel_alone_comes_a_project_whose_events_land(release: Path, tmp_path: Path) -> None:
    with_the_wheel = blocks("From a release")[0]
    assert with_the_wheel[0].endswith(" --pipelines payments,order-files")
    [wheel] = release.glob("*.whl")
    shutil.copy(wheel, tmp_path)
    told = follow([*with_the_wheel, "make format-check lint", "git status --porcelain"], tmp_path)
    assert told.startswith("made my-shop with order files, payments\n")
    assert re.search(r"^every event landed: \d+ checks passed in \d+ s\Z", told.rstrip(), re.MULTILINE)


def test_the_lock_of_a_project_agrees_with_it_and_so_does_that_of_a_project_made_of_it(
    release: Path, tmp_path: Path
) -> None:
    assert UV is not None
    for name, starter in (("my-shop", release / "landfast-shop.zip"), ("next-shop", tmp_path / "my-shop")):
        new(tmp_path / name, starter)
        subprocess.run([UV, "lock", "--check"], cwd=tmp_path / name, check=True, timeout=PATIENCE)


def test_sam_init_makes_the_same_project(release: Path, tmp_path: Path) -> None:
    init, *_ = blocks("From a release")[1]
    assert init.startswith("sam init ")
    shutil.copy(release / "landfast-shop.zip", tmp_path)
    sam = [str(Path(sys.executable).parent / "sam"), *init.split()[1:]]
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "SAM_CLI_TELEMETRY": "0"}
    subprocess.run(sam, cwd=tmp_path, check=True, timeout=PATIENCE, env=environment, stdin=subprocess.DEVNULL)
    (tmp_path / "other").mkdir()
    new(tmp_path / "other" / "my-shop", release / "landfast-shop.zip")
    assert differences(tmp_path / "my-shop", tmp_path / "other" / "my-shop") == []
    assert not (tmp_path / "my-shop" / ".git").exists()


def differences(one: Path, other: Path) -> list[str]:
    """Return the names of what is in one folder only, or is not the same in both, but for git's own."""
    compared = filecmp.dircmp(one, other, ignore=[".git"], shallow=False)
    found = [*compared.left_only, *compared.right_only, *compared.diff_files, *compared.funny_files]
    return [*found, *(name for each in compared.common_dirs for name in differences(one / each, other / each))]
