"""Tells whether this machine's processors have time left."""

from __future__ import annotations

import os
import time

_WINDOW = 0.1
"""Seconds, the shortest time over which it is told: the kernel counts in hundredths of a second."""

_SPARE = 0.5
"""Processors that do nothing; what is less is what a machine at work leaves between two processes."""


class Processors:
    """What they do, as the kernel counts it (proc_stat(5)); where it does not tell, they always have time."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._idle = _idle_seconds()
        self._have_time = True

    def have_time(self) -> bool:
        """Tell whether a further process would find a free processor, and not only slow those that run."""
        now = time.monotonic()
        if now - self._since >= _WINDOW:
            idle = _idle_seconds()
            if idle is None or self._idle is None:
                return True
            self._have_time = idle - self._idle >= _SPARE * (now - self._since)
            self._since, self._idle = now, idle
        return self._have_time


def _idle_seconds() -> float | None:
    """Seconds for which processors did nothing, or waited for a disk, all of them together."""
    try:
        with open("/proc/stat", "rb") as stat:  # noqa: PTH123 - it is asked while others wait for the pool's lock
            _, _, _, _, idle, waiting, *_ = stat.readline().split()
    except OSError:  # no Linux
        return None
    return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")
