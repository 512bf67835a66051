"""What the functions print, one file each in the state directory."""

import threading
from pathlib import Path
from typing import TextIO

from landfast.runtime.model import LogRecord


class LogFiles:
    """Appends the records of each function to its own file; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._lock = threading.Lock()

    def write(self, record: LogRecord) -> None:
        """Keep one record."""
        with self._lock:
            file = self._files.get(record.function)
            if file is None:
                file = (self._folder / f"{record.function}.log").open("a", encoding="utf-8", buffering=1)
                self._files[record.function] = file
            file.write(record.text.replace("\r", "\n") + "\n")

    def close(self) -> None:
        """Close all files; records that come later open them again."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()
