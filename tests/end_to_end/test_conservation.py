"""Every event of a large mixed load is processed once, or kept in its failure store with the reason."""

import os
import time
from pathlib import Path

from demo.shop import Shop
from landfast.testing import Options, Service
from tests.end_to_end.audit import Audit, engine, poison, report, say
from tests.end_to_end.conftest import ROOT
from tests.end_to_end.loads import workload

EVENTS = {"ministack": 200, "moto": 200}
"""Moto copies whole tables for each transaction, which makes thousands of them hours."""

SEED = int(os.environ.get("LANDFAST_SEED", str(time.time_ns() % 1_000_000)))
PATIENCE = 300.0


def test_every_event_is_processed_once_or_kept_with_its_reason(tmp_path: Path, layers: Path) -> None:
    chosen = engine()
    events = int(os.environ.get("LANDFAST_EVENTS", EVENTS[chosen]))
    work = workload(SEED, events)
    say(f"seed {SEED}, {events} events, {poison(work)} of them poison, on {chosen}")
    options = Options(
        template=ROOT / "template.yaml", state=tmp_path / "state", layers=layers, skip_waits=True, engine=chosen
    )
    with Service.start(options) as service:
        audit = Audit(Shop(service.running), work)
        began = time.monotonic()
        audit.send()
        sent = time.monotonic()
        service.settle(PATIENCE)
        quiet = time.monotonic()
        landings = audit.landings()
    say(f"sent in {sent - began:.1f} s, done in {quiet - began:.1f} s, counted in {time.monotonic() - quiet:.1f} s")
    say(report(landings))
    assert poison(work) >= 0.009 * sum(load.events for load in work.values() if not load.is_pure)
    assert all(one.holds for one in landings), report([one for one in landings if not one.holds])
