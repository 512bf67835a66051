"""What functions and layers require, installed for their Python; no installer runs but the made-up one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from landfast.runtime.pythons import OWN, NoPythonError, Python, Pythons
from landfast.service import layers
from landfast.service.layers import NotInstalledError, Packages
from landfast.service.specs import Builder
from landfast.template import read

OTHER = Python("3.12", "/a/python3.12")
TEMPLATE = """
Resources:
  Good: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: good/}}
  Same: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: good/}}
  Bad: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.12, Handler: app.handler, CodeUri: bad/}}
  Next: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.14, Handler: app.handler, CodeUri: none/}}
"""


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installer that notes for which Python it is asked for what; `impossible` cannot be had.

    Returns:
        Its notes.
    """
    notes = tmp_path / "notes"
    notes.touch()
    uv = tmp_path / "uv"
    uv.write_text(
        f"""#!/bin/sh
while [ $# -gt 1 ]; do
    case "$1" in --python) python=$2;; --target) target=$2;; --requirement) requirements=$2;; esac
    shift
done
echo "$python $(head -1 "$requirements")" >> {notes}
if grep -q impossible "$requirements"; then
    printf 'x No solution:\n  because impossible is not there.\n' >&2
    exit 1
fi
mkdir -p "$target"; cp "$1" "$target/"
echo "$PYTHONPYCACHEPREFIX" > "$target/bytecode"
"""
    )
    uv.chmod(0o755)
    monkeypatch.setattr(layers, "uv_command", lambda: str(uv))
    return notes


class KnownPythons(Pythons):
    """Has Python 3.12 beside this program's own."""

    def find(self, runtime: str) -> Python:
        if runtime == OTHER.runtime:
            return OTHER
        raise NoPythonError(f"{runtime} is not on this machine")


def requirements(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(content)
    return folder


def test_packages_are_installed_once_for_each_content_and_python_and_told(tmp_path: Path, installer: Path) -> None:
    code = requirements(tmp_path / "code", "isodate")
    same = requirements(tmp_path / "same", "isodate")
    told: list[str] = []
    packages = Packages(tmp_path / "cache", told.append)
    (built,) = packages.of(code, OTHER)
    assert (built / "python" / "requirements.txt").read_text() == "isodate"
    assert packages.of(same, OTHER) == (built,)
    assert packages.of(code, OWN) != (built,)
    assert Packages(tmp_path / "cache", pytest.fail).of(code, OTHER) == (built,)
    assert installer.read_text().splitlines() == [f"{OTHER.executable} isodate", f"{OWN.executable} isodate"]
    assert told == [
        f"installing the packages of {code}/requirements.txt for Python 3.12",
        f"installing the packages of {code}/requirements.txt for Python {OWN.version}",
    ]


def test_packages_that_several_want_at_once_are_installed_once(tmp_path: Path, installer: Path) -> None:
    code = requirements(tmp_path / "code", "isodate")

    def installed(_: int) -> list[Path]:
        packages = Packages(tmp_path / "cache", list[str]().append)
        return [*packages.of(code, OTHER), packages.source(code, "code")]

    with ThreadPoolExecutor(8) as all_at_once:
        first, *others = all_at_once.map(installed, range(8))
    assert others == [first] * 7
    assert installer.read_text().splitlines() == [f"{OTHER.executable} isodate"]


@pytest.mark.usefixtures("installer")
def test_bytecode_is_kept_beside_the_packages_wherever_this_programs_own_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    (built,) = Packages(tmp_path / "cache", list[str]().append).of(requirements(tmp_path / "code", "isodate"), OTHER)
    assert (built / "python" / "bytecode").read_text() == "\n"


def test_nothing_is_installed_without_requirements_or_for_what_sam_build_has_made(tmp_path: Path) -> None:
    built = requirements(tmp_path / ".aws-sam" / "build" / "Worker", "isodate")
    packages = Packages(tmp_path / "cache", pytest.fail)
    assert packages.of(built, OTHER) == packages.of(tmp_path, OTHER) == ()


def test_what_cannot_be_installed_is_tried_once_and_leaves_nothing_that_a_later_start_takes_for_it(
    tmp_path: Path, installer: Path
) -> None:
    code = requirements(tmp_path / "code", "impossible")
    packages = Packages(tmp_path / "cache", list[str]().append)
    message = f"the packages of {code}/requirements.txt cannot be installed: because impossible is not there"
    for _ in range(2):
        with pytest.raises(NotInstalledError, match=f"^{message}$"):
            packages.of(code, OTHER)
    assert len(installer.read_text().splitlines()) == 1
    with pytest.raises(NotInstalledError):
        Packages(tmp_path / "cache", list[str]().append).of(code, OTHER)


def test_one_function_whose_packages_cannot_be_had_stops_that_one_only(tmp_path: Path, installer: Path) -> None:
    requirements(tmp_path / "good", "isodate")
    requirements(tmp_path / "bad", "impossible")
    (tmp_path / "none").mkdir()
    (tmp_path / "template.yaml").write_text(f"Transform: AWS::Serverless-2016-10-31\n{TEMPLATE}")
    template = read(tmp_path / "template.yaml", stack_name="stack")
    builder = Builder(KnownPythons(pytest.fail), Packages(tmp_path / "cache", list[str]().append), {"EXTRA": "1"})
    made = builder.specs(template)
    specs = {function.logical_id: made[function.name] for function in template.functions.values()}
    reason = f"the packages of {tmp_path}/bad/requirements.txt cannot be installed: because impossible is not there"
    assert {name: spec.broken for name, spec in specs.items()} == {"Good": "", "Same": "", "Bad": reason, "Next": ""}
    assert [spec.python for spec in specs.values()] == [OTHER, OTHER, OTHER, OWN]
    assert specs["Good"].layers == specs["Same"].layers != ()
    assert specs["Good"].provided is not None
    assert specs["Good"].provided == specs["Bad"].provided
    assert specs["Next"].provided is None
    assert specs["Good"].environment["EXTRA"] == "1"
    assert builder.notices == [
        f"Bad: every call of it fails until this is mended: {reason}",
        f"Next: runs on Python {OWN.version}, not python3.14: python3.14 is not on this machine",
    ]
    assert len(installer.read_text().splitlines()) == 3
