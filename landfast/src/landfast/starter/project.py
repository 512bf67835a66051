"""Makes a project of a starter."""

import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from landfast.starter.description import FILE, TEMPLATE, Description, StarterError, name_problem
from landfast.starter.origin import copied, opened
from landfast.starter.pipelines import files, going, pipelines, take_out

_NOBODY = ("-c", "user.name=landfast", "-c", "user.email=landfast@localhost")


@dataclass(frozen=True)
class Made:
    """A project that was made.

    Attributes:
        folder: Where it is.
        pipelines: What it has.
        notes: What the user should know about its repository; mostly nothing.
    """

    folder: Path
    pipelines: list[str]
    notes: list[str]


def make(folder: Path, origin: str | None = None, keep: str | None = None) -> Made:
    """Make a project, or nothing at all.

    Args:
        folder: Where it shall be; its last part is the project's name.
        origin: A folder, a zip or an address of a zip; None for the starter that came with this wheel.
        keep: The pipelines that it shall have, with commas between them; None for all.

    Raises:
        StarterError: It cannot be made.
    """
    name = folder.absolute().name
    _check(folder, name)
    with (
        opened(origin) as (starter, described),
        tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder.absolute().parent) as at,
    ):
        draft = Path(at) / name
        paths = copied(starter, files(starter), draft)
        _check_lock(draft, described, name)
        for path in _named(paths, described):
            _rename(draft / path, described.name, name)
        if keep is not None:
            take_out(draft, going(draft, keep=keep), force=True)
        notes = _begin(draft, folder.absolute().parent, described.name)
        draft.rename(folder)
    return Made(folder, [*pipelines((folder / TEMPLATE).read_text(encoding="utf-8"))], notes)


def renamed(text: str, name: str, new: str) -> str:
    """Return a text in which a project has another name, wherever it is a name of its own or begins one."""
    return re.sub(rf"(?<![\w-]){re.escape(name)}(?!\w)", lambda _: new, text)


def _check(folder: Path, name: str) -> None:
    if problem := name_problem(name):
        raise StarterError(problem)
    if not folder.absolute().parent.is_dir():
        raise StarterError(f"{folder.absolute().parent}: there is no such folder to make the project in")
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise StarterError(f"{folder}: it is there already, and not empty: choose another name, or another folder")


def _check_lock(draft: Path, described: Description, name: str) -> None:
    """Refuse a name that one of the locked packages has: Python's tools could not tell the two apart."""
    lock = draft / "uv.lock"
    if lock.is_file():
        locked = {package["name"] for package in tomllib.loads(lock.read_text(encoding="utf-8")).get("package", [])}
        if name in locked - {described.name}:
            raise StarterError(f"'{name}' is the name of a package that the project needs: choose another name")


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """What `Path.full_match` tells from Python 3.13 on, of the parts of both; `**` are any folders."""
    match pattern:
        case []:
            return not path
        case ["**", *rest]:
            return _matches(path, rest) or (bool(path) and _matches(path[1:], pattern))
        case [first, *rest]:
            return bool(path) and fnmatchcase(path[0], first) and _matches(path[1:], rest)
    raise AssertionError(pattern)


def _named(paths: Collection[Path], described: Description) -> Iterable[Path]:
    """Return the files in which the project is named."""
    found: dict[Path, None] = {}
    for pattern in described.named:
        matching = [path for path in paths if _matches(path.parts, pattern.split("/"))]
        if not matching:
            raise StarterError(f"{FILE}: named: the starter has no file '{pattern}'")
        found |= dict.fromkeys(matching)
    return found


def _rename(path: Path, name: str, new: str) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StarterError(f"{FILE}: named: {path.name} is no text in UTF-8, so it can name nothing") from error
    path.write_text(renamed(text, name, new), encoding="utf-8")


def _begin(draft: Path, parent: Path, starter: str) -> list[str]:
    """Make the first commit; return what the user should know of it."""
    git = shutil.which("git")
    if git is None:
        return ["git is not installed, so the project has no repository yet"]
    if _succeeds(git, parent, "rev-parse", "--is-inside-work-tree"):
        return ["it is inside another repository, so it has none of its own, and nothing was committed"]
    author = () if _succeeds(git, draft, "var", "GIT_AUTHOR_IDENT") else _NOBODY
    for step in (["init", "--quiet", "--initial-branch", "main"], ["add", "--all"]):
        _git(git, draft, *step)
    _git(git, draft, *author, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", f"Start from {starter}")
    told = (
        "git does not know your name, so landfast is the author of the first commit: git config --global user.name ..."
    )
    return [told] if author else []


def _succeeds(git: str, folder: Path, *arguments: str) -> bool:
    return subprocess.run([git, *arguments], cwd=folder, capture_output=True, check=False).returncode == 0  # noqa: S603 - git itself


def _git(git: str, folder: Path, *arguments: str) -> None:
    done = subprocess.run([git, *arguments], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - git itself
    if done.returncode != 0:
        raise StarterError(f"git {' '.join(arguments)}: {done.stderr.strip() or done.returncode}")
