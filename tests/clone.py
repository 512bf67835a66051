"""A copy of the project as a clone has it: what git keeps, with what is new and not ignored."""

import shutil
from pathlib import Path

from landfast.starter import files

ROOT = Path(__file__).parents[1]


def clone(folder: Path) -> Path:
    """Copy the project; return where the copy is."""
    for path in files(ROOT):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    return folder
