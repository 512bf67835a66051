"""Folders and files that only the user who runs Landfast can read: they hold the users' events.

Modes are given where a file is made, not by the process's umask: the functions inherit that one, and it is the user's.
"""

import errno
import os
import stat
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
    """Write the file as a whole: readers see the old content or the new one, never a part."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(opened(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(content)
    draft.replace(path)


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
