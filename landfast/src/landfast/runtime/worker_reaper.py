"""Ends the workers when the service is gone, however it went, and removes their scratch folder.

Run as a script: `python worker_reaper.py SCRATCH`. Standard input carries `+PID` and `-PID` lines; its end, which the
kernel brings about even after SIGKILL, means that the service is gone. A signal at the parent's death
(PR_SET_PDEATHSIG) would not do: it fires when the *thread* that started the worker ends, and only Linux has it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time

_PATIENCE = 5.0
"""Seconds that the supervisors of the workers have for killing everything below them (see `launch`)."""


def main(scratch: str) -> None:
    """Wait for the end of standard input, then clear up."""
    workers: set[int] = set()
    for line in sys.stdin.buffer:
        worker = int(line[1:])
        if line.startswith(b"+"):
            workers.add(worker)
        else:
            workers.discard(worker)
    if sys.platform == "linux":
        workers = _terminated(workers)
    for worker in workers:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker, signal.SIGKILL)
    shutil.rmtree(scratch, ignore_errors=True)


def _terminated(supervisors: set[int]) -> set[int]:
    """Terminate them and wait for their ends.

    Returns:
        Those that are still there.
    """
    left = {supervisor for supervisor in supervisors if _signal(supervisor, signal.SIGTERM)}
    latest = time.monotonic() + _PATIENCE
    while left and time.monotonic() < latest:
        time.sleep(0.01)
        left = {supervisor for supervisor in left if _signal(supervisor, 0)}
    return left


def _signal(process: int, number: int) -> bool:
    try:
        os.kill(process, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1])
