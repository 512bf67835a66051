"""A service that is killed while events come in and are handled: none is lost, and none has its effect twice."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Self

from demo.shop import Shop
from landfast.testing import Running, ServiceError, running, settle
from tests.end_to_end.audit import Audit, engine, poison, report, say
from tests.end_to_end.conftest import ROOT
from tests.end_to_end.loads import Tolerance, workload

EVENTS = {"ministack": 300, "moto": 150}
KILLS = int(os.environ.get("LANDFAST_KILLS", "4"))
SEED = int(os.environ.get("LANDFAST_SEED", str(time.time_ns() % 1_000_000)))

PAUSES = (0.3, 1.5)
PATIENCE = 240.0
ATTEMPTS = 40
"""Of a call whose service has gone and comes back."""

THREADS = 8
"""Calls elsewhere that one invocation has under way (`THREADS` of `send_receipts` and `publish_order_changes`)."""


class MortalService:
    """`landfast up` on one port, started again as soon as it was killed.

    It skips waits, which is steady however busy the machine is. Claims of killed executions lapse in real time, so that
    what they had claimed may be kept and not be processed.

    Args:
        state: Its state directory.
        layers: Where built layers are kept.
        name: The engine behind it.
    """

    def __init__(self, state: Path, layers: Path, name: str) -> None:
        self._state = state
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (state / "layers").parent.mkdir(parents=True, exist_ok=True)
        (state / "layers").symlink_to(layers)
        command = [sys.executable, "-c", "from landfast.cli import main; main()", "up", "--state", str(state)]
        command += ["--template", str(ROOT / "template.yaml"), "--engine", name]
        self._command = [*command, "--skip-waits", "--port", str(port)]
        self._process = self._started()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        down = [sys.executable, "-c", "from landfast.cli import main; main()", "down", "--state", str(self._state)]
        subprocess.run(down, check=True, capture_output=True)

    def ready(self) -> Running:
        """The service, as soon as it takes calls."""
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest:
            assert self._process.poll() is None, f"it has ended with {self._process.returncode}"
            try:
                found = running(self._state)
            except ServiceError:
                found = None  # it is not ready yet
            if found is not None and found.pid == self._process.pid:
                return found
            time.sleep(0.02)
        raise AssertionError(f"it was not ready within {PATIENCE} s")

    def kill(self) -> None:
        """Kill it at once, and start the next one."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.DEVNULL, cwd=ROOT)


def test_whatever_moments_the_service_is_killed_at_every_event_is_processed_once_or_kept(
    tmp_path: Path, layers: Path
) -> None:
    chosen = engine()
    events = int(os.environ.get("LANDFAST_EVENTS", EVENTS[chosen]))
    work = workload(SEED, events)
    say(f"seed {SEED}, {events} events, {poison(work)} of them poison, {KILLS} kills, on {chosen}")
    pauses = Random(f"{SEED} kills")  # noqa: S311 - a schedule to repeat, no secret
    with MortalService(tmp_path / "state", layers, chosen) as service:
        shop = Shop(service.ready(), attempts=ATTEMPTS)
        audit = Audit(shop, work)
        began = time.monotonic()
        sending = threading.Thread(target=audit.send)
        sending.start()
        for _ in range(KILLS):
            service.ready()
            time.sleep(pauses.uniform(*PAUSES))
            service.kill()
        service.ready()
        sending.join()
        sent = time.monotonic()
        settle(shop.running.endpoint, PATIENCE)
        done = time.monotonic()
        landings = audit.landings(Tolerance(repeats=THREADS * KILLS, both=True))
    say(f"sent in {sent - began:.1f} s, done in {done - began:.1f} s")
    say(report(landings))
    assert all(one.holds for one in landings), report([one for one in landings if not one.holds])
