"""Each function on the Python that its Runtime names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from landfast.runtime import pythons
from landfast.runtime.pythons import OWN, NoPythonError, Python, Pythons, last_line
from tests.runtime.conftest import Lab, answer, failure, invoke

if TYPE_CHECKING:
    from pathlib import Path

TELLS = """
import os, sys
try:
    import here
    layer = here.WHO
except ImportError:
    layer = None
def handler(event, context):
    if event == "raise":
        raise ValueError("as asked")
    import boto3
    from importlib.util import find_spec
    version = "%d.%d" % sys.version_info[:2]
    own = [name for name in ("landfast", "msgspec", "model", "launch") if find_spec(name)]
    return [version, os.environ["AWS_EXECUTION_ENV"], layer, own, boto3.client("sqs").meta.region_name]
"""


@pytest.fixture
def without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be installed."""
    monkeypatch.setattr(pythons, "uv_command", lambda: None)


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("without_uv")
@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_a_function_runs_on_its_python_with_the_layers_packages_for_it(lab: Lab, version: str) -> None:
    try:
        python = Pythons(pytest.fail).find(f"python{version}")
    except NoPythonError as error:
        pytest.skip(str(error))
    for each in ("3.9", version):
        packages = lab.root / "layer" / f"python/lib/python{each}/site-packages"
        packages.mkdir(parents=True)
        (packages / "here.py").write_text(f"WHO = {each!r}\n")
    spec = lab.function(TELLS, timeout=20, memory_mb=512, layers=(lab.root / "layer",), python=python)
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime)) == [version, f"AWS_Lambda_python{version}", version, [], "eu-west-1"]
    raised = failure(invoke(runtime, "raise")).error
    assert (raised["errorType"], raised["errorMessage"]) == ("ValueError", "as asked")


def test_the_programs_own_python_needs_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "_candidates", pytest.fail)
    assert Pythons(pytest.fail).find(OWN.runtime) == Python(OWN.version, sys.executable)


@pytest.mark.parametrize("runtime", ["python3.9", "python3.15", "python3", "python2.7"])
def test_a_python_that_lambda_does_not_run_is_not_looked_for(runtime: str) -> None:
    with pytest.raises(NoPythonError, match=r"^Lambda runs python3\.10 to python3\.14$"):
        Pythons(pytest.fail).find(runtime)


@pytest.mark.usefixtures("without_uv")
def test_a_program_of_that_name_that_is_another_python_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = program(tmp_path / "bin", "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    real = tmp_path / "pyenv" / "versions" / "3.12.4" / "bin"
    real.mkdir(parents=True)
    program(real, "python3.12", "printf 'cpython\\n3.12\\n/the/real/one\\n'")
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert Pythons(pytest.fail).find("python3.12") == Python("3.12", "/the/real/one")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(NoPythonError, match=r"^Python 3\.12 is not on this machine, and there is no uv to install it$"):
        Pythons(pytest.fail).find("python3.12")


def test_a_python_that_is_missing_is_installed_by_uv_once_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = program(tmp_path / "managed", "python", "printf 'cpython\\n3.14\\n/the/new/one\\n'")
    installed = tmp_path / "installed"
    uv = program(
        tmp_path / "bin",
        "uv",
        f'[ "$2" = install ] && {{ echo "$@" >> {installed}; exit 0; }}; [ -e {installed} ] && echo {python} || exit 2',
    )
    monkeypatch.setattr(pythons, "uv_command", lambda: str(uv))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    told: list[str] = []
    search = Pythons(told.append)
    assert search.find("python3.14") == search.find("python3.14") == Python("3.14", "/the/new/one")
    assert told == ["installing Python 3.14"]
    assert installed.read_text() == "python install --no-bin 3.14\n"


def test_a_python_that_cannot_be_had_is_told_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = program(tmp_path / "bin", "uv", "echo 'error: no way out' >&2; echo '  Caused by: no network' >&2; exit 1")
    monkeypatch.setattr(pythons, "uv_command", lambda: str(uv))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    search = Pythons(list[str]().append)
    for _ in range(2):
        with pytest.raises(NoPythonError, match="uv cannot install it: Caused by: no network"):
            search.find("python3.14")


def test_the_last_line_is_told_without_its_marks() -> None:
    assert (
        last_line("  \u00d7 No solution found:\n  \u2570\u2500\u25b6 Because it is not there\n\n")
        == "Because it is not there"
    )
    assert not last_line("\n \n")


def test_a_function_that_cannot_be_run_fails_each_call_with_the_reason_and_no_other(lab: Lab) -> None:
    source = "def handler(event, context): return 1"
    broken = lab.function(source, name="broken", broken="its packages cannot be installed: no network")
    runtime = lab.runtime(broken, lab.function(source))
    error = failure(invoke(runtime, name="broken"))
    assert error.kind == "broken"
    assert error.error["errorType"] == "Landfast.FunctionNotBuilt"
    assert error.error["errorMessage"].endswith("Error: its packages cannot be installed: no network")
    assert [record.text for record in lab.logs if record.kind == "OUTPUT"] == [error.error["errorMessage"]]
    assert answer(invoke(runtime)) == 1
