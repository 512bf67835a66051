"""Keeps the newest of what the functions print, one file each in the state directory."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from landfast import private
from landfast.runtime.model import LogRecord

LONGEST = 8 * 1024 * 1024
"""Bytes of a file, after which it becomes ``<function>.log.1`` in place of the one before."""


class LogFiles:
    """Appends the records of each function to its own file; safe to share between threads.

    A function's logs take twice `longest` on the disk, however much it prints. A record that the disk does not take is
    lost: an invocation is not worth less because nobody could note what it printed.

    Args:
        folder: The folder of the files.
        lost: Told of the function and the error when records begin to be lost; once, until one is kept again.
        longest: Bytes of a file.
    """

    def __init__(
        self, folder: Path, *, lost: Callable[[str, OSError], None] = lambda *_: None, longest: int = LONGEST
    ) -> None:
        """Make the folder.

        Raises:
            OSError: It cannot be made.
        """
        self._folder = private.folder(folder)
        self._lost = lost
        self._longest = longest
        self._files: dict[str, BinaryIO] = {}
        self._losing: set[str] = set()
        self._lock = threading.Lock()

    def write(self, record: LogRecord) -> None:
        """Keep one record."""
        line = record.text.replace("\r", "\n").encode("utf-8", "replace") + b"\n"
        try:
            with self._lock:
                self._append(record.function, line[-self._longest :])
                self._losing.discard(record.function)
        except OSError as error:
            self._tell(record.function, error)

    def close(self) -> None:
        """Close all files; records that come later open them again."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _append(self, function: str, line: bytes) -> None:
        file = self._files.get(function) or self._open(function)
        if file.tell() and file.tell() + len(line) > self._longest:
            self._files.pop(function).close()
            path = self._path(function)
            path.replace(path.with_name(f"{path.name}.1"))
            file = self._open(function)
        while line:
            line = line[file.write(line) :]

    def _open(self, function: str) -> BinaryIO:
        descriptor = private.opened(self._path(function), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        file = open(descriptor, "ab", buffering=0)  # noqa: SIM115, PTH123 - a descriptor, which stays open
        self._files[function] = file
        return file

    def _path(self, function: str) -> Path:
        return self._folder / f"{function}.log"

    def _tell(self, function: str, error: OSError) -> None:
        with self._lock:
            known = function in self._losing
            self._losing.add(function)
        if not known:
            self._lost(function, error)
