"""Notices that what ``sam build`` made is older than what it was made from."""

import os
from collections.abc import Iterator
from pathlib import Path

from landfast.cli.template_file import NAMES

_BUILD = (".aws-sam", "build")
_SOURCES = {".py", ".txt", ".toml", ".js", ".mjs", ".ts"}
_INSTALLED = {"node_modules", "site-packages", "__pycache__"}
"""Folders of what package managers made; folders that begin with a dot are passed over as well."""


def warning(template: Path) -> str | None:
    """The line that a user needs who runs a built template and has changed its sources since; otherwise None.

    Args:
        template: The template that is to run. One outside ``.aws-sam/build`` is never stale.
    """
    folder = template.absolute().parent
    if folder.parts[-2:] != _BUILD:
        return None
    built = template.stat().st_mtime
    newer = next((path for path in _sources(folder.parents[1]) if path.stat().st_mtime > built), None)
    if newer is None:
        return None
    return f"{template} is older than {os.path.relpath(newer)}: what runs is the last build; `sam build` makes it anew"


def _sources(project: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(project):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _INSTALLED]
        yield from (Path(folder, name) for name in files if name in NAMES or Path(name).suffix in _SOURCES)
