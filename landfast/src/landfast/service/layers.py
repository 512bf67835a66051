"""Installs for this machine the packages that `sam build` installs for Lambda; the user's own code is used in place."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from landfast import private
from landfast.errors import LandfastError
from landfast.runtime.environment import provided_requirements
from landfast.runtime.pythons import Python, last_line, uv_command

REQUIREMENTS = "requirements.txt"
_SAM_BUILD = (".aws-sam", "build")


class NotInstalledError(LandfastError):
    """Packages cannot be installed; the message is one line: for what, and why."""


class Packages:
    """Installs the packages of functions and layers, once for each content of a requirements file and each Python."""

    def __init__(self, cache: Path, tell: Callable[[str], None]) -> None:
        """Keep them in the folder `cache`; `tell` is told what is being installed."""
        self._cache = cache
        self._tell = tell
        self._failed: dict[Path, NotInstalledError] = {}

    def of(self, folder: Path, python: Python) -> tuple[Path, ...]:
        """Return the folders that hold, under ``python/``, what a layer or a function requires.

        Args:
            folder: The folder that may hold a ``requirements.txt``; what `sam build` has made holds its packages, too.
            python: The interpreter that imports them.

        Raises:
            NotInstalledError: They cannot be installed.
        """
        requirements = folder / REQUIREMENTS
        if not requirements.is_file() or folder.parts[-3:-1] == _SAM_BUILD:
            return ()
        return (self._installed(requirements.read_bytes(), str(requirements), requirements, python),)

    def provided(self, python: Python) -> Path:
        """Return the folder of what Lambda's runtime provides to functions on a Python other than this program's.

        Raises:
            NotInstalledError: It cannot be installed.
        """
        content = provided_requirements().encode()
        requirements = private.folder(self._cache) / "provided.txt"
        private.replace(requirements, content)
        return self._installed(content, "Lambda's runtime", requirements, python) / "python"

    def _installed(self, content: bytes, what: str, requirements: Path, python: Python) -> Path:
        digest = hashlib.sha256(content + python.version.encode()).hexdigest()[:16]
        built = self._cache / digest
        if built in self._failed:
            raise self._failed[built]
        if not built.is_dir():
            self._tell(f"installing the packages of {what} for Python {python.version}")
            try:
                private.made_once(built, lambda folder: _install(requirements, folder, python))
            except _InstallError as error:
                self._failed[built] = NotInstalledError(f"the packages of {what} cannot be installed: {error}")
                raise self._failed[built] from None
        return built

    def source(self, folder: Path, name: str) -> Path:
        """A folder whose ``python/`` is `folder` itself, so that a change of the user's code is seen at once."""
        live = self._cache / f"{name}-source"
        private.folder(live)
        private.link(live / "python", folder)
        return live


class _InstallError(Exception):
    """An installer has failed; the message is its reason, in one line."""


def _install(requirements: Path, folder: Path, python: Python) -> None:
    command = [*_installer(python), "--target", str(folder / "python"), "--requirement", str(requirements)]
    # Bytecode belongs beside the packages: a worker's environment names no other place for it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    ended = subprocess.run(  # noqa: S603 - the user's own requirements
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    if ended.returncode != 0:
        if ended.stderr.rstrip().endswith("No module named pip"):
            raise _InstallError(f"there is neither uv on the search path nor pip in {python.executable}: install uv")
        raise _InstallError(last_line(ended.stderr) or f"exit status {ended.returncode}")
    private.tighten(folder)


def _installer(python: Python) -> list[str]:
    """Compile as well: a worker cannot write beside what it imports."""
    uv = uv_command()
    if uv is not None:
        options = ["--python", python.executable, "--link-mode", "copy", "--compile-bytecode"]
        return [uv, "pip", "install", "--quiet", *options]
    return [python.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
