"""The ledger of replays: a line for each step, on disk before the next one begins.

A replay that was accepted and not yet removed from its store is only removed when it is run again; one of which nobody
knows whether it was accepted is told. The ledger holds no event: ids, steps, times.
"""

import errno
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

import msgspec

from landfast import private
from landfast.failures.errors import FailuresError

Step: TypeAlias = Literal["sending", "record", "refused", "accepted", "removed"]


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of a replay.

    Attributes:
        id: The failure.
        step: What has happened: it is about to be sent, one record of it was handled, it was refused, it was accepted,
            it was removed from its store.
        at: When, in Unix seconds.
        mark: What the replay is called where it went: a request id or a message id; of a record, its sequence number.
    """

    id: str
    step: Step
    at: float
    mark: str = ""


class Ledger:
    """The ledger of one stack; one process writes it at a time.

    Args:
        path: The file. It is made when something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._steps: dict[str, Step] = {}
        self._records: dict[str, set[str]] = {}
        self._marks: dict[str, str] = {}
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Read it, and keep others out.

        Raises:
            FailuresError: Another process writes it.
        """
        private.folder(self.path.parent)
        self._file = private.opened(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            raise FailuresError(f"{self.path}: another replay of this stack is running: wait for it") from None
        self._mend()
        self.read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def read(self) -> Self:
        """Read what is there; nothing if there is no file."""
        if self.path.exists():
            for line in _lines(self.path.read_bytes()):
                self._take(line)
        return self

    def step(self, failure: str) -> Step | None:
        """The last step of a failure's replay; None if there was none."""
        return self._steps.get(failure)

    def records(self, failure: str) -> set[str]:
        """The sequence numbers of the records that were handled already."""
        return self._records.get(failure, set())

    def origin(self, marks: Iterable[str]) -> str:
        """The failure whose replay is called so; empty if there is none."""
        return next((self._marks[mark] for mark in marks if mark and mark in self._marks), "")

    def note(self, failure: str, step: Step, at: float, mark: str = "") -> None:
        """Write a step; when this returns, it is on disk."""
        if self._file is None:
            raise ValueError("the ledger is not open for writing")
        line = Line(id=failure, step=step, at=at, mark=mark)
        os.write(self._file, msgspec.json.encode(line) + b"\n")
        os.fdatasync(self._file)
        self._take(line)

    def _take(self, line: Line) -> None:
        if line.step == "record":
            self._records.setdefault(line.id, set()).add(line.mark)
        else:
            self._steps[line.id] = line.step
        if line.step == "accepted" and line.mark:
            self._marks[line.mark] = line.id

    def _mend(self) -> None:
        """End a line that a killed process has not written to its end."""
        if self._file is None:
            return
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")


def _lines(content: bytes) -> Iterable[Line]:
    for text in content.splitlines():
        try:
            yield msgspec.json.decode(text, type=Line)
        except msgspec.DecodeError:
            continue  # the half of a line that a killed process has left: its step was not done yet
