"""Takes pipelines out of a project.

What belongs to a pipeline is found in two ways, and in no list:

- **marks** in the files (`marks.py`). A file of which nothing is left is deleted.
- **names**: files and folders that are named after a function of the pipeline, such as `send_mails/`,
  `send_mails.json` and `test_send_mails_twice.py`, are deleted. The functions are those of its section of the template.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from landfast.starter.description import FILE, TEMPLATE, StarterError, describe
from landfast.starter.marks import SHARED, lines, parts, without

_MADE = {
    "node_modules",
    "dist",
    "__pycache__",
    ".git",
    ".hg",
    ".venv",
    ".tools",
    ".landfast",
    ".aws-sam",
    ".hypothesis",
}
"""What nobody wrote, beside caches: it is made by tools, and can be made again."""

_MARKED = {".py", ".yaml", ".yml", ".toml", ".md", ".cfg"}
_HANDLER = re.compile(r"^ +Handler: (?P<folder>\w+)\.")


def pipelines(template: str) -> dict[str, list[str]]:
    """Return the template's pipelines in their order, each with the folders of its functions."""
    by_pipeline: dict[str, list[str]] = {}
    for line in lines(template, is_template=True):
        if line.key != "Resources" or len(parts(line.section)) > 1 or line.section == SHARED:
            continue
        folders = by_pipeline.setdefault(line.section, [])
        handler = _HANDLER.match(line.text)
        if handler and handler["folder"] not in folders:
            folders.append(handler["folder"])
    return by_pipeline


def named_after(path: Path, functions: Collection[str]) -> str | None:
    """Return the function whose a file is, by its own name or that of a folder it is in; the longest that fits."""
    fitting = [
        function
        for function in functions
        if any(re.fullmatch(rf"(?:test_)?{re.escape(function)}(?:[_.-].*)?", part) for part in path.parts)
    ]
    return max(fitting, key=len, default=None)


def files(root: Path) -> Iterator[Path]:
    """Yield the files that people wrote, relative to the project: what git would keep, if git keeps the project."""
    for path in _kept_by_git(root) if (root / ".git").exists() else _walked(root):
        if (root / path).is_symlink() or (root / path).is_file():
            yield path


def _kept_by_git(root: Path) -> list[Path]:
    git = shutil.which("git")
    if git is None:
        return [*_walked(root)]
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=False)  # noqa: S603 - git itself
    if listed.returncode != 0:
        raise StarterError(f"{root}: git cannot list its files: {listed.stderr.decode(errors='replace').strip()}")
    return sorted(Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name)


def _walked(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _MADE and not name.endswith("_cache"))
        for name in sorted(names):
            if name not in _MADE and not name.endswith(".pyc"):
                yield Path(folder, name).relative_to(root)


@dataclass(frozen=True)
class Removal:
    """What goes: whole files, and the new text of those that lose lines."""

    deleted: list[Path]
    changed: dict[Path, str]

    @classmethod
    def of(cls, root: Path, gone: Collection[str]) -> Self:
        """Find what belongs to these owners and to none of the others."""
        known = pipelines((root / TEMPLATE).read_text(encoding="utf-8"))
        left = [name for name in known if name not in gone]
        every = [function for functions in known.values() for function in functions]
        going = {function for name in gone for function in known.get(name, [])}
        deleted, changed = [], {}
        for path in files(root):
            if named_after(path, every) in going:
                deleted.append(path)
            elif (path.suffix in _MARKED or path.name == "Makefile") and not (root / path).is_symlink():
                text = (root / path).read_text(encoding="utf-8")
                rest = without(text, gone, left, is_template=path == Path(TEMPLATE))
                if rest != text and rest.strip():
                    changed[path] = rest
                elif rest != text:
                    deleted.append(path)
        return cls(deleted, changed)

    def carry_out(self, root: Path) -> None:
        """Delete and write."""
        for path in self.deleted:
            (root / path).unlink()
        for path, text in self.changed.items():
            (root / path).write_text(text, encoding="utf-8")
        for folder in sorted({parent for path in self.deleted for parent in path.parents}, reverse=True):
            _delete_if_empty(root / folder)


def _delete_if_empty(folder: Path) -> None:
    """Delete a folder that holds nothing but compiled modules, or nothing but an empty `__init__.py` beside."""
    left = [path for path in folder.iterdir() if path.name != "__pycache__"]
    if left and not all(path.name == "__init__.py" and not path.read_text().strip() for path in left):
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def known_in(root: Path) -> dict[str, list[str]]:
    """Return the pipelines of a project, each with the folders of its functions.

    Raises:
        StarterError: It has no template.
    """
    template = root / TEMPLATE
    if not template.is_file():
        raise StarterError(f"{template}: there is no such template; name the project's folder by --project")
    return pipelines(template.read_text(encoding="utf-8"))


def going(root: Path, *, remove: str | None = None, keep: str | None = None) -> list[str]:
    """Return the pipelines that go when these are removed, or all but these; dashes stand for blanks in their names.

    Raises:
        StarterError: There is no such pipeline, none is named, or none would be left.
    """
    known = known_in(root)
    gone = _chosen(root, known, remove) if remove is not None else []
    if keep is not None:
        kept = _chosen(root, known, keep)
        gone = [name for name in known if name not in kept]
    if gone and len(gone) == len(known):
        raise StarterError("no pipeline would be left: keep one of them")
    return gone


def take_out(root: Path, gone: Collection[str], *, force: bool = False, only_tell: bool = False) -> Removal:
    """Take pipelines out of a project.

    Args:
        root: The project.
        gone: The pipelines, as marks name them.
        force: True to do it although there are changes that git does not have yet.
        only_tell: True to leave everything as it is.

    Raises:
        StarterError: There are such changes.
    """
    if gone and not (force or only_tell) and _is_changed(root):
        raise StarterError("there are changes that are not committed: commit them first, or add --force")
    removal = Removal.of(root, gone)
    if not only_tell:
        removal.carry_out(root)
    return removal


def _chosen(root: Path, known: Collection[str], names: str) -> list[str]:
    """Return the pipelines that are named and there; one that the project came with may be gone already."""
    came_with = describe(root).pipelines if (root / FILE).is_file() else ()
    wanted = [name.strip().replace("-", " ") for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in {*known, *came_with}]
    if unknown or not wanted:
        there = ", ".join(name.replace(" ", "-") for name in known) or "none"
        raise StarterError(f"there is no pipeline {', '.join(unknown) or 'named'}; there is: {there}")
    return [name for name in wanted if name in known]


def _is_changed(root: Path) -> bool:
    """Say whether the project has changes that git does not have yet; a project without git has none."""
    git = shutil.which("git")
    if git is None:
        return False
    asked = subprocess.run([git, "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - git itself
    return asked.returncode == 0 and bool(asked.stdout.strip())
