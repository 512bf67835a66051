"""A copy of the project as a clone has it: what git keeps, with what is new and not ignored."""

import shutil
import sys
from pathlib import Path

from landfast.starter import files

ROOT = Path(__file__).parents[1]


def clone(folder: Path) -> Path:
    """Copy the project; return where the copy is."""
    for path in files(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    return folder


def share_bytecode(place: Path, copy: Path) -> dict[str, str]:
    """Let programs find what is compiled already, and keep elsewhere what they compile of a copy.

    A copy's files are as old as the project's, so that the bytecode of these is valid for those.

    Args:
        place: The folder for the bytecode, which must not exist.
        copy: Where a copy of the project is, the project itself, or a folder without one.

    Returns:
        What the environment of the programs must say; nothing if bytecode is beside the sources.
    """
    if sys.pycache_prefix is None:
        return {}
    ours = Path(sys.pycache_prefix)
    for shared in (ROOT, Path(sys.base_prefix)):
        link = place / shared.relative_to("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ours / shared.relative_to("/"))
    if copy != ROOT and (copy / "template.yaml").exists():
        compiled = place / copy.relative_to("/")
        shutil.copytree(ours / ROOT.relative_to("/"), compiled, ignore=shutil.ignore_patterns(".tools", ".landfast"))
    return {"PYTHONPYCACHEPREFIX": str(place)}
