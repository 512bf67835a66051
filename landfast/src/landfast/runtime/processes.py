"""The processes of one worker: who they are, and how they are frozen between invocations.

On Linux the leader is the worker's supervisor (see `launch`), which all of them descend from whatever they do.
Elsewhere it is the worker itself, and its process group stands for all of them: what leaves that group is not found.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINKS_OF_A_FOLDER = 2  # itself and its entry above; `task` has one more for each thread
_SHORT = 64  # bytes: more than one process id
_LINUX = sys.platform == "linux"
_TELLS_CHILDREN = Path(f"/proc/self/task/{threading.get_native_id()}/children").exists()


class ProcessTree:
    """The processes that descend from one worker."""

    def __init__(self, leader: int, *, waiting_threads: int) -> None:
        """`waiting_threads`: how many threads a worker has that does nothing but wait for its next event."""
        self._leader = leader
        self._waiting_threads = waiting_threads
        self._worker: int | None = None if _LINUX else leader
        self._stopped: list[int] = []
        self._files: list[int] = []

    def close(self) -> None:
        """Give back the file descriptors."""
        for file in self._files:
            os.close(file)
        self._files = []

    @property
    def worker(self) -> int | None:
        """The process that runs the handler; None as long as it has not been started."""
        if self._worker is None:
            # The first child is the oldest: those that the supervisor adopts come behind it.
            self._worker = next(iter(_children(self._leader)), None)
        return self._worker

    def freeze(self) -> None:
        """Stop every process, as Lambda freezes an execution environment that waits for its next event (S-138).

        Those that their own parents have stopped are left alone, also by `thaw`.
        """
        worker = self.worker
        if worker is None:
            return
        if not _LINUX:
            _signal_group(worker, signal.SIGSTOP)
            return
        _signal(worker, signal.SIGSTOP)
        self._stopped = [worker]
        if self._is_alone(worker):
            return
        seen = {worker}
        # A process may fork while we look, so we look until there is nobody new.
        again = True
        while again:
            again = False
            for process in descendants(self._leader):
                if process not in seen:
                    again = True
                    seen.add(process)
                    if not _is_stopped(process):
                        _signal(process, signal.SIGSTOP)
                        self._stopped.append(process)

    def _is_alone(self, worker: int) -> bool:
        """Tell whether the worker has no child and its supervisor has adopted none: the usual case, and quick.

        Only files that stay open are read: to look into the folder of a thread makes that thread's end costly, and
        awslambdaric waits for each event in a new one. What a thread has started is the first thread's child once
        that thread has ended; as long as there are more threads than wait for the event, this cannot be told.
        """
        if not _TELLS_CHILDREN:
            return False
        with suppress(OSError):
            if not self._files:
                for process in (self._leader, worker):
                    self._files.append(os.open(f"/proc/{process}/task/{process}/children", os.O_RDONLY))
                self._files.append(os.open(f"/proc/{worker}/task", os.O_RDONLY))
            adopted, own, threads = self._files
            return (
                os.fstat(threads).st_nlink == _LINKS_OF_A_FOLDER + self._waiting_threads
                and not os.pread(own, 1, 0)
                and os.pread(adopted, _SHORT, 0).split() == [b"%d" % worker]
            )
        return False

    def thaw(self) -> None:
        """Let all go on that `freeze` has stopped."""
        if not _LINUX and self.worker is not None:
            _signal_group(self.worker, signal.SIGCONT)
        for process in reversed(self._stopped):
            _signal(process, signal.SIGCONT)
        self._stopped = []

    def end(self) -> None:
        """Have every process killed, frozen or not. On Linux the supervisor does it, and is the last to end."""
        if _LINUX:
            _signal(self._leader, signal.SIGTERM)
        else:
            _signal_group(self._leader, signal.SIGKILL)

    def force_end(self) -> None:
        """Kill what is left when the supervisor has been kept from its work."""
        _signal(self._leader, signal.SIGKILL)
        if self._worker is not None:
            _signal_group(self._worker, signal.SIGKILL)


def descendants(process: int) -> Iterator[int]:
    """The children of `process`, their children and so on, as far as they exist; Linux only."""
    waiting = _children(process)
    while waiting:
        child = waiting.pop()
        yield child
        waiting += _children(child)


def _children(process: int) -> list[int]:
    if not _TELLS_CHILDREN:  # a kernel without CONFIG_PROC_CHILDREN
        return [child for child, parent in _parents() if parent == process]
    pids: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):  # noqa: PTH208 - three times as fast
            with open(f"/proc/{process}/task/{thread}/children", "rb", buffering=0) as children:  # noqa: PTH123 - as above
                pids += map(int, children.read().split())
    return pids


def _parents() -> Iterator[tuple[int, int]]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                yield int(process.name), int(_status(int(process.name))[1])


def _is_stopped(process: int) -> bool:
    with suppress(OSError):
        return _status(process)[0] == b"T"
    return True


def _status(process: int) -> list[bytes]:
    """The fields of `/proc/PID/stat` from the third on: state, parent, ... (proc_pid_stat(5))."""
    return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(group, number)
