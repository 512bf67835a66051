"""Kills the workers when the service is gone, however it went, and removes their scratch folder.

Run as a script: `python guardian.py SCRATCH`. Standard input carries `+PGID` and `-PGID` lines; its end, which the
kernel brings about even after SIGKILL, means that the service is gone. A signal at the parent's death
(PR_SET_PDEATHSIG) would not do: it fires when the *thread* that started the worker ends, and only Linux has it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys


def main(scratch: str) -> None:
    """Wait for the end of standard input, then clear up."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        group = int(line[1:])
        if line.startswith(b"+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
