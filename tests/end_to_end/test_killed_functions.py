"""Functions that are killed while they work: every event is still processed once, or kept."""

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Self

from demo.shop import Shop
from landfast.testing import Finished, Options, Service, read_journal
from tests.end_to_end.audit import Audit, engine, poison, report, say
from tests.end_to_end.conftest import ROOT
from tests.end_to_end.loads import Tolerance, workload
from tests.samples import FUNCTIONS

EVENTS = {"ministack": 600, "moto": 150}
SEED = int(os.environ.get("LANDFAST_SEED", str(time.time_ns() % 1_000_000)))
SPEED = 20.0
"""Slow enough that a killed function's claims lapse before the queue gives its messages up: claims know no speed. With
skipped waits all retries would come while the killing goes on: a good payment that is killed five times is kept, and
what comes behind it in its account is then another one than the load expects."""

KILLING = 8.0
"""Seconds of killing; retries that come later find peace."""

PATIENCE = 240.0
PAUSES = (0.1, 0.6)
THREADS = 8
"""Calls elsewhere that one invocation of `send_receipts` or `publish_order_changes` has under way (their THREADS)."""


class Killer:
    """Kills a worker now and then, by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a schedule to repeat, no secret
        self._stop = threading.Event()
        self.kills = 0
        self._thread = threading.Thread(target=self._run, name="killer")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._random.uniform(*PAUSES)):
            found = workers()
            if found:
                # Idle ones are stopped: where one pipeline is alone, hardly another would be met.
                at_work = [worker for worker in found if not _is_stopped(worker)]
                try:
                    os.kill(self._random.choice(at_work or found), signal.SIGKILL)
                    self.kills += 1
                except ProcessLookupError:
                    continue  # it ended by itself


def workers(parent: int | None = None) -> list[int]:
    """The processes below this one that run a function."""
    tasks = Path(f"/proc/{parent or os.getpid()}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return sorted(filter(_is_worker, children))


def _is_worker(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
    return b"runtime/launch.py" in command or b"runtime/bootstrap.py" in command


def _is_stopped(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state == "T"


def test_what_killed_functions_were_at_is_processed_once_or_kept(tmp_path: Path, layers: Path) -> None:
    chosen = engine()
    work = workload(SEED, EVENTS[chosen])
    say(f"seed {SEED}, {EVENTS[chosen]} events, {poison(work)} of them poison, on {chosen}")
    options = Options(
        template=ROOT / "template.yaml", state=tmp_path / "state", layers=layers, speed=SPEED, engine=chosen
    )
    with Service.start(options) as service:
        audit = Audit(Shop(service.running), work)
        began = time.monotonic()
        with Killer(SEED) as killer:
            audit.send()
            time.sleep(max(0.0, KILLING - (time.monotonic() - began)))
        service.settle(PATIENCE)
        quiet = time.monotonic()
        ends = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Finished)]
        hit = Counter(entry.source for entry in ends if entry.outcome == "exit")
        repeating = hit["SendReceiptsReceipts"] + hit["PublishOrderChangesOrders"]
        landings = audit.landings(Tolerance(repeats=THREADS * repeating, both=True))
    say(f"{killer.kills} kills, {hit.total()} of them at work: {dict(hit)}; done in {quiet - began:.1f} s")
    say(report(landings))
    assert hit.total() >= len(FUNCTIONS) + 2, "the killer met hardly anybody at work"
    assert all(one.holds for one in landings), report([one for one in landings if not one.holds])
