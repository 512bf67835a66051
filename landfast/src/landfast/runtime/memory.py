"""Measures the memory of a worker and its children. Linux reads /proc; elsewhere `ps` is asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from landfast.runtime.processes import descendants

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")
_GONE = (FileNotFoundError, ProcessLookupError)


class MemoryGauge:
    """Measures the process `leader` and its descendants, in bytes; `highest` is the most seen so far."""

    def __init__(self, leader: int, *, root: int | None = None) -> None:
        """On Linux, all descendants of `root`, its supervisor, count where there is one; `root` itself does not."""
        self._leader = leader
        self._root = root
        self.highest = 0
        self._status: int | None = None

    def close(self) -> None:
        """Give back the file descriptor."""
        if self._status is not None:
            os.close(self._status)
            self._status = None

    def peak(self) -> int:
        """The most seen so far; on Linux the kernel's own high-water mark of the leader, missing nothing in between."""
        if sys.platform == "linux":
            with suppress(*_GONE):
                if self._status is None:
                    self._status = os.open(f"/proc/{self._leader}/status", os.O_RDONLY)
                match = _PEAK.search(os.pread(self._status, 4096, 0))
                if match:
                    self.highest = max(self.highest, int(match[1]) * 1024)
        return self.highest

    def sample(self) -> int:
        """Measure now, children included, and answer the most seen so far."""
        now = _linux_tree(self._leader, self._root) if sys.platform == "linux" else _ps_group(self._leader)
        self.highest = max(self.highest, now)
        return self.peak()


def _linux_tree(leader: int, root: int | None = None) -> int:
    total = 0
    for process in (leader, *descendants(leader)) if root is None else descendants(root):
        with suppress(*_GONE):
            total += int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * _PAGE
    return total


def _ps_group(group: int) -> int:
    listed = subprocess.run(  # noqa: S603 - our own process id is the only argument
        ["/bin/ps", "-o", "rss=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return sum(int(line) for line in listed.stdout.split()) * 1024
