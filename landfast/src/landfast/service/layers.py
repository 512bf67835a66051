"""Installs for this machine the packages that `sam build` installs for Lambda; the user's own code is used in place."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from landfast import private
from landfast.service.state import ServiceError

REQUIREMENTS = "requirements.txt"


def packages(folder: Path, cache: Path) -> tuple[Path, ...]:
    """Folders that hold the third-party packages of a layer or a function under ``python/``; none without requirements.

    They are installed once for each content of the requirements file.

    Args:
        folder: The folder that may hold a ``requirements.txt``.
        cache: The folder that keeps installed packages.

    Raises:
        ServiceError: They cannot be installed.
    """
    requirements = folder / REQUIREMENTS
    if not requirements.is_file():
        return ()
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    built = cache / digest
    if not built.is_dir():
        _install(requirements, built)
    return (built,)


def source(folder: Path, name: str, cache: Path) -> Path:
    """A folder whose ``python/`` is `folder` itself, so that a change of the user's code is seen at once."""
    live = cache / f"{name}-source"
    private.folder(live)
    link = live / "python"
    if not (link.is_symlink() and link.readlink() == folder):
        link.unlink(missing_ok=True)
        link.symlink_to(folder, target_is_directory=True)
    return live


def _install(requirements: Path, built: Path) -> None:
    draft = built.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    private.folder(draft)
    command = [*_installer(), "--target", str(draft / "python"), "--requirement", str(requirements)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the user's own requirements
    if ended.returncode != 0:
        lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
        reason = lines[-1] if lines else f"exit status {ended.returncode}"
        raise ServiceError(f"{requirements}: its packages cannot be installed: {reason}")
    private.tighten(draft)
    draft.rename(built)


def _installer() -> list[str]:
    local = Path(".tools/bin/uv")
    uv = shutil.which("uv") or (str(local.absolute()) if local.exists() else None)
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable, "--link-mode", "copy"]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
