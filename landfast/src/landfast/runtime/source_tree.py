"""Notices that a folder of code has changed (S-30)."""

from __future__ import annotations

import os
import threading
import time
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECK_EVERY = 0.5
"""Seconds between two looks at the same folder, however many invocations ask."""

_Stamp = tuple[str, int, int, int]


class SourceTree:
    """A folder, and how often it was seen to change. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._looking = threading.Lock()
        self._files = frozenset(_files(self._root))
        self._looked_at = time.monotonic()
        self._changes = 0

    def changes(self) -> int:
        """The number of changes seen; looks again when the last look is old enough."""
        if time.monotonic() - self._looked_at >= CHECK_EVERY and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._changes

    def _look(self) -> None:
        files = frozenset(_files(self._root))
        if files != self._files:
            _drop_bytecode(files - self._files)
            self._files = files
            self._changes += 1
        self._looked_at = time.monotonic()


def _drop_bytecode(changed: frozenset[_Stamp]) -> None:
    """Bytecode tells its source by second and size only, which two quick edits can share.

    A worker writes it beside the source, wherever this process is told to keep its own (`sys.pycache_prefix`).
    """
    for path, *_ in changed:
        if path.endswith(".py"):
            source = Path(path)
            (source.parent / "__pycache__" / Path(cache_from_source(path)).name).unlink(missing_ok=True)


def _files(folder: str) -> Iterator[_Stamp]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # a build replaces whole folders while we look, and links may form a ring
        return
    for entry in entries:
        if entry.name == "__pycache__" or entry.name.startswith("."):
            continue
        try:
            if entry.is_dir():
                yield from _files(entry.path)
                continue
            status = entry.stat()
        except OSError:
            continue
        yield entry.path, status.st_mtime_ns, status.st_size, status.st_ino
