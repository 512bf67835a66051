"""A copy of the project as a clone has it: what git keeps, with what is new and not ignored."""

import shutil
import sys
from pathlib import Path

from landfast.starter import files

ROOT = Path(__file__).parents[1]


def clone(folder: Path, *, bytecode: Path) -> Path:
    """Copy the project; return where the copy is.

    Args:
        folder: For the copy.
        bytecode: For what is compiled of it: the project's own goes there, too, as the files of both are equally old.
    """
    for path in files(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    if sys.pycache_prefix is not None:
        compiled, without = _within(Path(sys.pycache_prefix), ROOT), shutil.ignore_patterns(".tools", ".landfast")
        shutil.copytree(compiled, _within(bytecode, folder), ignore=without)
    return folder


def share_bytecode(place: Path) -> dict[str, str]:
    """Let programs find what is compiled of the project and of Python, and keep in a folder what else they compile.

    Args:
        place: The folder.

    Returns:
        What the environment of the programs must say; nothing if bytecode is beside the sources.
    """
    if sys.pycache_prefix is None:
        return {}
    for shared in (ROOT, Path(sys.base_prefix)):
        link = _within(place, shared)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(_within(Path(sys.pycache_prefix), shared))
    return {"PYTHONPYCACHEPREFIX": str(place)}


def _within(bytecode: Path, folder: Path) -> Path:
    """Where Python keeps the bytecode of a folder (`sys.pycache_prefix`)."""
    return bytecode / folder.relative_to("/")
