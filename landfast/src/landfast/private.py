"""Folders and files that only the user who runs Landfast can read: they hold the users' events.

Modes are given where a file is made, not by the process's umask: the functions inherit that one, and it is the user's.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = 0o700
FILE = 0o600
OTHERS = 0o077
"""The permissions that neither the group nor anybody else has."""


def folder(path: Path) -> Path:
    """The folder, made if it is missing, and whatever is missing above it."""
    for missing in (*reversed(path.parents), path):
        if not missing.is_dir():
            _make(missing)
    return path


def _make(path: Path) -> None:
    try:
        path.mkdir(mode=FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None


def opened(path: Path, flags: int) -> int:
    """A descriptor of the file, which is made or tightened if `flags` let it be written; closed on exec.

    Raises:
        OSError: It cannot be opened, or it is a symbolic link: nobody makes one here to do good.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, FILE)
    try:
        _tighten(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def replace(path: Path, content: bytes) -> None:
    """Write the file as a whole: readers see the old content or a new one, never a part, whoever else writes it."""
    with _draft_beside(path) as draft:
        with open(opened(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(content)
        draft.replace(path)


def link(path: Path, target: Path) -> None:
    """Make the path a symbolic link to `target`, in the place of any other link, whoever else does the same."""
    if path.is_symlink() and path.readlink() == target:
        return
    with _draft_beside(path) as draft:
        draft.symlink_to(target)
        draft.replace(path)


def made_once(path: Path, fill: Callable[[Path], None]) -> Path:
    """The folder, which `fill` fills if there is none yet; whoever wants it meanwhile, in any process, waits.

    Nobody sees it before it is whole: a `fill` that raises, or whose process is killed, leaves none.
    """
    if path.is_dir():
        return path
    folder(path.parent)
    with open(opened(path.with_name(f"{path.name}.lock"), os.O_WRONLY | os.O_CREAT), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_dir():
            draft = path.with_name(f"{path.name}.new")
            shutil.rmtree(draft, ignore_errors=True)
            fill(folder(draft))
            draft.rename(path)
    return path


@contextmanager
def _draft_beside(path: Path) -> Iterator[Path]:
    """A name that nobody else has, for what takes the place of `path` when it is whole."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as own:
        yield Path(own, path.name)


def tighten(path: Path) -> None:
    """Take all rights of others from a folder and from what is in it; symbolic links are left alone and not followed.

    A folder below it that is tight already is not looked into: nobody else can reach what it holds.
    """
    if path.stat().st_mode & OTHERS:
        path.chmod(FOLDER)
    for parent, folders, files in os.walk(path):
        for name in files:
            _take_rights(Path(parent, name))
        folders[:] = [name for name in folders if _take_rights(Path(parent, name))]


def _take_rights(path: Path) -> bool:
    """Tell whether there were any to take."""
    mode = path.lstat().st_mode
    loose = not stat.S_ISLNK(mode) and bool(mode & OTHERS)
    if loose:
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    return loose


def _tighten(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) and mode & OTHERS:
        os.fchmod(descriptor, FILE)
