"""Puts together what a release has: `python -m tools.release`, after `make starter site`.

Into `dist/release/files` go the wheel, the starter, the site and their checksums; `dist/release/notes.md` is what
CHANGELOG.md says of the version. In CI, the variable `TAG` has the tag; nothing is released under another version's.
"""

import hashlib
import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"
UNRELEASED = "Unreleased"

_SECTION = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?[^\n]*\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class ReleaseError(Exception):
    """Something that keeps the release from being made; the message is one line."""


def version(root: Path) -> str:
    """Return the version on which all files that name it agree.

    Raises:
        ReleaseError: They do not.
    """
    told: dict[str, str] = {
        path: tomllib.loads((root / path).read_text())["project"]["version"]
        for path in ("pyproject.toml", "landfast/pyproject.toml")
    }
    told["CITATION.cff"] = str(yaml.safe_load((root / "CITATION.cff").read_text())["version"])
    if len(set(told.values())) != 1:
        raise ReleaseError(f"the versions differ: {', '.join(f'{path} has {each}' for path, each in told.items())}")
    return told["pyproject.toml"]


def notes(changelog: str, wanted: str) -> str:
    """Return what a changelog says of a version.

    Raises:
        ReleaseError: It says nothing.
    """
    sections = {found["version"]: found["text"].strip() for found in _SECTION.finditer(changelog)}
    if not sections.get(wanted):
        raise ReleaseError(f"CHANGELOG.md says nothing of {wanted}")
    return f"{sections[wanted]}\n"


def gather(root: Path, tag: str) -> Path:
    """Put together what a release has.

    Args:
        root: This repository, with the starter and the site in its folder dist.
        tag: The tag of the release; without one, it is a rehearsal, with what is not released yet as its notes.

    Returns:
        The folder with the files and the notes.

    Raises:
        ReleaseError: The tag is another version's, or something is missing.
    """
    current = version(root)
    if tag and tag != f"v{current}":
        raise ReleaseError(f"the tag is {tag}, and the version is {current}")
    dist = root / "dist"
    told = notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), current if tag else UNRELEASED)
    made = [dist / f"landfast-{current}-py3-none-any.whl", dist / "landfast-shop.zip", dist / "site" / "index.html"]
    if missing := [path for path in made if not path.is_file()]:
        raise ReleaseError(f"{missing[0].relative_to(root)} is not there: make starter site")
    release = dist / "release"
    shutil.rmtree(release, ignore_errors=True)
    files = release / "files"
    files.mkdir(parents=True)
    for path in made[:2]:
        shutil.copy(path, files)
    shutil.make_archive(str(files / "landfast-site"), "zip", dist, "site")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(files.iterdir())]
    (files / SUMS).write_text("".join(sums))
    (release / "notes.md").write_text(told, encoding="utf-8")
    return release


def main() -> int:
    """Put the release together, and tell what it has."""
    try:
        release = gather(ROOT, os.environ.get("TAG", ""))
    except (ReleaseError, OSError) as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    for path in sorted((release / "files").iterdir()):
        sys.stdout.write(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1_048_576:.1f} MiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
