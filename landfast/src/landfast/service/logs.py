"""Keeps the newest of what the functions print, one file each in the state directory, and finds it again."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from landfast import private
from landfast.runtime.model import LogRecord

LONGEST = 8 * 1024 * 1024
"""Bytes of a file, after which it becomes ``<function>.log.1`` in place of the one before."""

_NO_STREAM = "-"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One record, as it was kept.

    Attributes:
        function: The function's name.
        time: When it was written, in Unix seconds.
        stream: The name of the log stream.
        place: Where it begins in its file; with the time, no other record of the function has it.
        text: Without the final newline.
    """

    function: str
    time: float
    stream: str
    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """How far the records of a function were read.

    Attributes:
        first: The first line of the index that was read, by which it is known after it was put aside.
        offset: The bytes of it that were read.
    """

    first: bytes
    offset: int


class LogFiles:
    """Appends the records of each function to its own file; safe to share between threads.

    Beside the text, which people read, an index tells when each record was written, and in which log stream. A
    function's logs and their index each take twice `longest` on the disk, however much it prints. A record that the
    disk does not take is lost: an invocation is not worth less because nobody could note what it printed.

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
        self._files: dict[Path, BinaryIO] = {}
        self._losing: set[str] = set()
        self._lock = threading.Lock()

    def write(self, record: LogRecord) -> None:
        """Keep one record."""
        line = record.text.replace("\r", "\n").encode("utf-8", "replace") + b"\n"
        try:
            with self._lock:
                self._append(record, line[-self._longest :])
                self._losing.discard(record.function)
        except OSError as error:
            self._tell(record.function, error)

    def events(self, function: str, wanted: Callable[[float, str], bool]) -> Iterator[LogEvent]:
        """The records of a function that are still kept, the oldest first, also while others are written.

        Args:
            function: The function's name.
            wanted: Tells of a record's time and stream whether it is wanted.
        """
        for is_older in (True, False):
            yield from self._read(function, wanted, is_older=is_older)

    def since(self, function: str, read: Read | None) -> tuple[list[LogEvent], Read | None]:
        """The records of a function that came after those that were read, the oldest first.

        Args:
            function: The function's name.
            read: As this answered before; None for all that are kept.

        Returns:
            The records, and how far they are read now. What was put away meanwhile is left out.
        """
        with ExitStack() as opened:
            with self._lock:  # a file and its index are replaced together, and written one after the other
                both = [self._open(function, opened, is_older=is_older) for is_older in (True, False)]
                files = [(texts, index, os.fstat(index.fileno()).st_size) for texts, index in filter(None, both)]
            firsts = [index.readline() for _, index, _ in files]
            begin = firsts.index(read.first) if read and read.first in firsts else 0
            events: list[LogEvent] = []
            for (texts, index, end), first in list(zip(files, firsts, strict=True))[begin:]:
                index.seek(read.offset if read and first == read.first else 0)
                events += _records(function, texts, index.read(end - index.tell()).splitlines())
                read = Read(first, end) if first else read
        return events, read

    def close(self) -> None:
        """Close all files; records that come later open them again."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def clear(self) -> None:
        """Forget every record."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()
            for path in self._folder.iterdir():
                path.unlink()

    def _append(self, record: LogRecord, line: bytes) -> None:
        path, index = log_file(self._folder, record.function), _index(self._folder, record.function)
        file, indexed = self._opened(path), self._opened(index)
        full = file.tell() + len(line) > self._longest or indexed.tell() > self._longest
        if file.tell() and full:
            for each in (path, index):
                self._files.pop(each).close()
                each.replace(older(each))
            file, indexed = self._opened(path), self._opened(index)
        place = file.tell()
        _write(file, line)
        _write(indexed, f"{record.time:.6f} {place} {len(line)} {record.stream or _NO_STREAM}\n".encode())

    def _read(self, function: str, wanted: Callable[[float, str], bool], *, is_older: bool) -> Iterator[LogEvent]:
        with ExitStack() as opened:
            with self._lock:  # a file and its index are replaced together
                both = self._open(function, opened, is_older=is_older)
            if both:
                yield from _records(function, *both, wanted)

    def _open(self, function: str, opened: ExitStack, *, is_older: bool) -> tuple[BinaryIO, BinaryIO] | None:
        """Open the texts of a function and their index, for as long as `opened` is; None if there are none."""
        paths = [log_file(self._folder, function), _index(self._folder, function)]
        try:
            texts, index = (opened.enter_context((older(path) if is_older else path).open("rb")) for path in paths)
        except FileNotFoundError:
            return None
        return texts, index

    def _opened(self, path: Path) -> BinaryIO:
        if path not in self._files:
            descriptor = private.opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            self._files[path] = open(descriptor, "ab", buffering=0)  # noqa: SIM115, PTH123 - a descriptor, which stays open
        return self._files[path]

    def _tell(self, function: str, error: OSError) -> None:
        with self._lock:
            known = function in self._losing
            self._losing.add(function)
        if not known:
            self._lost(function, error)


def _records(
    function: str,
    texts: BinaryIO,
    index: Iterable[bytes],
    wanted: Callable[[float, str], bool] = lambda *_: True,
) -> Iterator[LogEvent]:
    for line in index:
        try:
            time, place, length, stream = line.decode().split()
        except ValueError:
            continue  # a service that was killed has written a part of it
        if wanted(float(time), stream):
            texts.seek(int(place))
            text = texts.read(int(length)).decode("utf-8", "replace").removesuffix("\n")
            yield LogEvent(function, float(time), stream, int(place), text)


def log_file(folder: Path, function: str) -> Path:
    """The file with the newest of what a function has logged."""
    return folder / f"{function}.log"


def _index(folder: Path, function: str) -> Path:
    return folder / f"{function}.index"


def older(path: Path) -> Path:
    """The file that was in its place before."""
    return path.with_name(f"{path.name}.1")


def _write(file: BinaryIO, line: bytes) -> None:
    while line:
        line = line[file.write(line) :]
