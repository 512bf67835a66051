"""Runs an emulator, and ends it when nobody wants it any more.

``python -m landfast.dataplane.engine_watchdog DIRECTORY LOCK_FD PATIENCE COMMAND...``

The emulator outlives a killed service, so that the next start finds its data again. It must not outlive the state
directory, nor a service that never comes back: the watchdog ends it when ``engine.json`` no longer names it, and when
no service has held the lease for PATIENCE seconds. It also keeps the log short, and what the emulator writes to files
unreadable for other users.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = "engine.json"
LEASE = "lease.lock"
LOG = "engine.log"
LONGEST_LOG = 8 * 1024 * 1024
"""Bytes of the log, after which it begins anew; what it held is kept once more, as ``engine.log.1``."""

INTERVAL = 2.0
GRACE = 2.0
_LOOKS = 4


def main(directory: Path, lock: int, patience: float, command: list[str]) -> int:
    """Run `command` until it ends or is no longer wanted; its exit code is ours."""
    with subprocess.Popen(command, pass_fds=(lock,)) as engine:  # noqa: S603 - the command is our own engine's
        attended = time.monotonic()
        interval = min(INTERVAL, patience / _LOOKS)
        while True:
            try:
                return engine.wait(timeout=interval)
            except subprocess.TimeoutExpired:
                _shorten(directory / LOG)
                now = time.monotonic()
                if _is_leased(directory):
                    attended = now
                if not _is_named(directory) or now - attended > patience:
                    _end(engine)


def _is_named(directory: Path) -> bool:
    try:
        state = (directory / STATE).read_text()
    except FileNotFoundError:
        return False
    return re.search(rf'"pid":\s*{os.getpid()}\b', state) is not None


def _is_leased(directory: Path) -> bool:
    try:
        with (directory / LEASE).open() as lease:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _shorten(log: Path) -> None:
    """Begin the log anew when it is long; whoever writes to it appends, and so goes on at its new beginning."""
    try:
        if log.stat().st_size > LONGEST_LOG:
            shutil.copyfile(log, log.with_name(f"{LOG}.1"))
            os.truncate(log, 0)
    except OSError as error:
        print(f"{log} cannot be shortened: {error}", file=sys.stderr)  # noqa: T201 - it goes to that log


def _end(engine: subprocess.Popen[bytes]) -> None:
    engine.terminate()
    try:
        engine.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
