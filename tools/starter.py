"""Builds the starter and the wheel that brings it: `python -m tools.starter`.

The starter is the application alone, as a zip that `landfast new` and `sam init --location` both make a project of.

Its layout is cookiecutter's, which `sam init` uses: in one folder are `cookiecutter.json` and the project, in whose
files cookiecutter's variable stands for its name. `landfast new` finds the description in the project, and no more.

The starter holds the wheel of the tool, so that its lock names one, and the wheel that people install holds the
starter. The circle is broken by building the tool twice: the wheel in the starter has no starter inside.
"""

import json
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from landfast.starter import TEMPLATE, Removal, StarterError, describe, files, renamed

ROOT = Path(__file__).resolve().parents[1]
NAME = "landfast-shop"
VARIABLE = "{{cookiecutter.project_name}}"
THE_TOOL = "the tool"
"""The mark of what belongs to the tool, and to this repository, and not to the application."""

PARTS = (
    ".devcontainer",
    ".editorconfig",
    ".gitattributes",
    ".github/dependabot.yml",
    ".github/workflows/check.yml",
    ".github/workflows/deploy.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".python-version",
    ".vscode",
    "LICENSE",
    "Makefile",
    "demo",
    "deployment",
    "docs/application.md",
    "docs/ci.md",
    "docs/cost.md",
    "docs/deploy.md",
    "docs/rules.md",
    "docs/runbooks.md",
    "events",
    "functions",
    "layers",
    "pyproject.toml",
    "samconfig.toml",
    "starter.toml",
    TEMPLATE,
    "tests/__init__.py",
    "tests/architecture",
    "tests/clone.py",
    "tests/conftest.py",
    "tests/crashes",  # --- payments ---
    "tests/end_to_end",
    "tests/local_invoke",
    "tests/samples.py",
    "tests/template",
    "tests/unit",
    "tools/setup.sh",
    "uv.lock",
)
"""What of this repository is the application. `starter/` has what a project has instead or besides."""

_MOMENT = (2020, 2, 2, 0, 0, 0)
_SOURCE = "landfast = { workspace = true }"
_JINJA = re.compile(r"\{\{|\{%|\{#")


class BuildError(Exception):
    """Something that keeps the starter from being built; the message is one line."""


def build(root: Path, dist: Path) -> list[Path]:
    """Build the starter, and the wheel that brings it.

    Args:
        root: This repository.
        dist: The folder that gets both.

    Returns:
        The zip and the wheel.

    Raises:
        BuildError: They cannot be built.
    """
    dist.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="landfast-starter-") as scratch:
        project = Path(scratch) / "project"
        copy(root, project)
        _bring(project, _wheel(root / "landfast", Path(scratch) / "lean"))
        _lock(project, root)
        starter = dist / f"{NAME}.zip"
        pack(project, starter)
        return [starter, _wheel_with(starter, root / "landfast", Path(scratch) / "tool", dist)]


def copy(root: Path, project: Path) -> None:
    """Copy the application, without what is marked as the tool's."""
    parts = [Path(part) for part in PARTS]
    for path in files(root):
        if any(path.is_relative_to(part) for part in parts):
            _copy(root / path, project / path)
    for part in parts:
        if not (project / part).exists():
            raise BuildError(f"{part}: the starter shall have it, and there is no such file")
    Removal.of(project, [THE_TOOL]).carry_out(project)
    own = root / "starter"
    for path in files(own):
        _copy(own / path, project / path)


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, to)


def _bring(project: Path, wheel: Path) -> None:
    """Put the tool's wheel into the project, and let the project depend on it."""
    _copy(wheel, project / "vendor" / wheel.name)
    path = project / "pyproject.toml"
    text = path.read_text()
    if text.count(_SOURCE) != 1:
        raise BuildError(f"pyproject.toml: it should have the line {_SOURCE}")
    path.write_text(text.replace(_SOURCE, f'landfast = {{ path = "vendor/{wheel.name}" }}'))


def _lock(project: Path, root: Path) -> None:
    """Lock the project as this repository is locked, but for the tool, which is a wheel there."""
    _uv("lock", "--quiet", "--python", sys.executable, "--project", str(project))
    if others := _locked(project) - _locked(root):
        told = ", ".join(f"{name} {version}" for name, version in sorted(others))
        raise BuildError(f"uv.lock: the starter would lock what was not tested here: {told}")


def _locked(folder: Path) -> set[tuple[str, str]]:
    """Return name and version of each locked package, but for those that are made here."""
    lock: dict[str, Any] = tomllib.loads((folder / "uv.lock").read_text())
    return {(each["name"], each["version"]) for each in lock["package"] if each["name"] not in {NAME, "landfast"}}


def pack(project: Path, path: Path) -> None:
    """Write a project as the zip of a starter, the same bytes whenever it is done.

    Raises:
        BuildError: A file that names the project has what cookiecutter would take for its own.
    """
    described = describe(project)
    paths = sorted(files(project))
    named = {each for each in paths if any(each.full_match(pattern) for pattern in described.named)}
    context = {
        "project_name": "my-shop",
        "_copy_without_render": [each.as_posix() for each in paths if each not in named],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _write(archive, f"{described.name}/", b"")  # cookiecutter wants the folder to come first
        _write(archive, f"{described.name}/cookiecutter.json", f"{json.dumps(context, indent=1)}\n".encode())
        for each in paths:
            content = (project / each).read_bytes()
            if each in named:
                content = _with_variable(each, content.decode(), described.name).encode()
            _write(
                archive, f"{described.name}/{VARIABLE}/{each.as_posix()}", content, mode=(project / each).stat().st_mode
            )


def _with_variable(path: Path, text: str, name: str) -> str:
    if found := _JINJA.search(text):
        line = text[: found.start()].count("\n") + 1
        raise BuildError(f"{path}:{line}: {found[0]} would be cookiecutter's in a file that names the project")
    return renamed(text, name, VARIABLE)


def _write(archive: zipfile.ZipFile, name: str, content: bytes, mode: int = 0) -> None:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.create_system = 3  # Unix, wherever it is built
    kind = stat.S_IFDIR if info.is_dir() else stat.S_IFREG
    info.external_attr = (kind | (0o755 if info.is_dir() or mode & stat.S_IXUSR else 0o644)) << 16
    archive.writestr(info, content, zipfile.ZIP_DEFLATED, 9)


def _wheel_with(starter: Path, tool: Path, scratch: Path, dist: Path) -> Path:
    """Build the wheel that brings the starter, from a copy of the sources that has it."""
    for path in _sources(tool):
        _copy(tool / path, scratch / path)
    _copy(starter, scratch / "src" / "landfast" / "starter" / "starter.zip")
    return _wheel(scratch, dist)


def _sources(tool: Path) -> Iterator[Path]:
    parts: Iterable[Path] = (Path("pyproject.toml"), Path("README.md"), Path("src"))
    return (path for path in files(tool) if any(path.is_relative_to(part) for part in parts))


def _wheel(tool: Path, into: Path) -> Path:
    into.mkdir(exist_ok=True)
    for old in into.glob("landfast-*.whl"):
        old.unlink()
    _uv("build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", str(into), str(tool))
    [wheel] = into.glob("landfast-*.whl")
    return wheel


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv") or str(Path(sys.prefix).parent / ".tools" / "bin" / "uv")
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - its arguments are ours
    if done.returncode != 0:
        raise BuildError(f"uv {arguments[0]}: {' '.join(done.stderr.split()) or f'exit status {done.returncode}'}")


def main() -> int:
    """Build both into dist, and tell what they are."""
    try:
        for path in build(ROOT, ROOT / "dist"):
            sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1_048_576:.1f} MiB\n")
    except (BuildError, StarterError, OSError) as error:
        sys.stderr.write(f"starter: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
