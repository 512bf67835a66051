"""A stranger with the wheel alone follows docs/testing.md, in a project that has nothing else of ours."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.page import ROOT, Command, File, differs, steps

PAGE = ROOT / "docs" / "testing.md"
PATIENCE = 300.0
UV = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing but the wheel."""
    assert UV is not None
    command = [UV, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(tmp_path)]
    subprocess.run([*command, str(ROOT / "landfast")], check=True, timeout=PATIENCE)
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    """An environment that has nothing but uv and a Python."""
    assert UV is not None
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    tools = [str(Path(UV).parent), str(Path(sys.executable).resolve().parent), "/usr/local/bin", "/usr/bin", "/bin"]
    kept = {name: value for name, value in os.environ.items() if name.startswith(("SSL_CERT", "UV_INDEX"))}
    return {**kept, "PATH": os.pathsep.join(tools), "HOME": str(home), "UV_CACHE_DIR": cache, "LANG": "C.UTF-8"}


def test_of_the_wheel_alone_comes_a_project_whose_tests_pass_and_whose_failures_are_told(folder: Path) -> None:
    variables, project = environment(folder), folder
    for step in steps(PAGE.read_text(encoding="utf-8")):
        match step:
            case File(path, content):
                (project / path).write_text(content, encoding="utf-8")
            case Command(line) if line.startswith("cd "):
                project /= line.removeprefix("cd ")
            case Command(line, shown):
                done = subprocess.run(
                    ["/bin/bash", "-c", line],
                    cwd=project, env=variables, capture_output=True, text=True, check=False, timeout=PATIENCE,
                )  # fmt: skip
                printed = done.stdout.splitlines()
                assert differs(printed, shown) is None, f"$ {line}\n{done.stdout}{done.stderr}"
                assert done.returncode == int(bool(shown) and shown[-1].startswith("1 failed")), done.stderr
    assert re.search(r"landfast-.*\.whl", (project / "pyproject.toml").read_text())
