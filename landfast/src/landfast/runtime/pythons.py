"""Finds the Python that a function's Runtime names: on this machine, or had by uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from landfast.errors import LandfastError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST, NEWEST = (3, 10), (3, 14)
"""The versions that Lambda runs (AWS Lambda Developer Guide, "Supported runtimes")."""

_ASK = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.executable, sep='\\n')"
_PATIENCE = 20.0
"""Seconds that an interpreter has to say who it is."""

_MARKS = re.compile(r"^[\s\u2500-\u257f\u25b6\u00d7]+")
"""What uv draws before the lines of an error."""

_VERSION = re.compile(r"python3\.(\d+)")


class NoPythonError(LandfastError):
    """There is no such Python here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter of CPython.

    Attributes:
        version: Its version, such as ``3.12``.
        executable: Where it is.
    """

    version: str
    executable: str

    @property
    def runtime(self) -> str:
        """Lambda's name of it, such as ``python3.12``."""
        return f"python{self.version}"


OWN = Python("{}.{}".format(*sys.version_info[:2]), sys.executable)
"""The Python that this program runs on."""


class Pythons:
    """Finds each interpreter once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` is told what takes long."""
        self._tell = tell
        self._found: dict[str, Python | NoPythonError] = {OWN.runtime: OWN}

    def find(self, runtime: str) -> Python:
        """Return the interpreter of a Runtime.

        Args:
            runtime: Its name in the template, such as ``python3.12``.

        Raises:
            NoPythonError: It is not here and cannot be had.
        """
        if runtime not in self._found:
            try:
                self._found[runtime] = self._look_for(runtime)
            except NoPythonError as error:
                self._found[runtime] = error
        found = self._found[runtime]
        if isinstance(found, NoPythonError):
            raise found
        return found

    def _look_for(self, runtime: str) -> Python:
        match = _VERSION.fullmatch(runtime)
        if match is None or not OLDEST <= (3, int(match[1])) <= NEWEST:
            raise NoPythonError(f"Lambda runs python{_dotted(OLDEST)} to python{_dotted(NEWEST)}")
        version = runtime.removeprefix("python")
        found = _first(_candidates(version), version)
        return found or self._install(version)

    def _install(self, version: str) -> Python:
        uv = uv_command()
        if uv is None:
            raise NoPythonError(f"Python {version} is not on this machine, and there is no uv to install it")
        self._tell(f"installing Python {version}")
        ended = _run([uv, "python", "install", "--no-bin", version])
        if ended.returncode != 0:
            reason = last_line(ended.stderr) or f"exit status {ended.returncode}"
            raise NoPythonError(f"Python {version} is not on this machine, and uv cannot install it: {reason}")
        found = _first(_known_to_uv(uv, version), version)
        if found is None:
            raise NoPythonError(
                f"Python {version} is not on this machine: uv says it is installed, but does not find it"
            )
        return found


def uv_command() -> str | None:
    """Return where uv is: on the search path, or where a starter's Makefile keeps its own."""
    local = Path(".tools/bin/uv")
    return shutil.which("uv") or (str(local.absolute()) if local.exists() else None)


def last_line(text: str) -> str:
    """Return the last line that says something, without the names and marks that programs put before it."""
    lines = [_MARKS.sub("", line).rstrip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "").rstrip(".")


def _candidates(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True))
    uv = uv_command()
    if uv is not None:
        yield from _known_to_uv(uv, version)


def _known_to_uv(uv: str, version: str) -> Iterator[str]:
    ended = _run([uv, "python", "find", "--no-project", "--no-python-downloads", f"cpython@{version}"])
    if ended.returncode == 0:
        yield ended.stdout.strip()


def _first(candidates: Iterator[str], version: str) -> Python | None:
    """Return the first that says that it is this version."""
    for candidate in candidates:
        match _answer(candidate):
            case ["cpython", told, executable] if told == version:
                return Python(version, executable)
    return None


def _answer(executable: str) -> list[str]:
    """Ask it who it is: pyenv puts programs of these names on the search path, for Pythons that it may not have."""
    try:
        ended = subprocess.run(  # noqa: S603 - an interpreter of the user's own
            [executable, "-I", "-S", "-c", _ASK],
            capture_output=True, text=True, check=False, timeout=_PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ended.stdout.splitlines()


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - uv


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
