"""Sends a workload to a running service, waits until nothing is under way, and counts what landed where it landed."""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from demo.landing import Landing, landing
from demo.shop import Shop
from landfast.testing import EngineName, LandfastError, ministack_is_cached
from tests.end_to_end.loads import Load, Tolerance, Way

_NOTHING = Tolerance()


class Audit:
    """One running shop, one workload."""

    def __init__(self, shop: Shop, work: Mapping[str, Load]) -> None:
        self.work = work
        self.shop = shop
        for load in work.values():
            load.attach(self.shop)

    def send(self) -> None:
        """Send all of it, the sources side by side."""
        with ThreadPoolExecutor(len(self.work)) as pool:
            for sending in [pool.submit(load.send) for load in self.work.values()]:
                sending.result()

    def landings(self, tolerance: Tolerance = _NOTHING) -> list[Landing]:
        """Where all of it must be."""
        way = Way()
        found = [one for load in self.work.values() for one in load.landings(tolerance, way)]
        return [*found, self._nowhere_else()]

    def _nowhere_else(self) -> Landing:
        """What the loads have drained is empty; so must all the rest be."""
        told = {name for load in self.work.values() for name in load.keeps}
        left = [queue for queue, held in self.shop.held().items() for _ in range(held)]
        buckets = [bucket.logical_id for bucket in self.shop.running.of_kind("bucket")]
        kept = [f"{bucket}/{key}" for bucket in buckets if bucket not in told for key in self.shop.keys(bucket)]
        return landing("all", 0, "everything", place="no other queue or store", wanted=[], found=[*left, *kept])


def poison(work: Mapping[str, Load]) -> int:
    """How many events of a workload nobody can handle."""
    return sum(load.poison for load in work.values())


def engine() -> EngineName:
    """The engine for a load: the quicker one if this machine has it, or the one that LANDFAST_ENGINE names."""
    match os.environ.get("LANDFAST_ENGINE"):
        case "moto":
            return "moto"
        case "ministack":
            return "ministack"
        case None:
            try:
                return "ministack" if ministack_is_cached() else "moto"
            except LandfastError:  # there is no uv to run it with
                return "moto"
        case other:
            raise ValueError(f"LANDFAST_ENGINE={other}: there are moto and ministack")


def say(text: str) -> None:
    """Seen with `pytest -s`, and whenever the test fails."""
    sys.stdout.write(f"{text}\n")


def report(landings: list[Landing]) -> str:
    return "\n".join(
        f"{one.pipeline:13} {one.sent:5} {one.events:24} {one.place:30} {one.found:5}/{one.expected:<5} "
        f"{'ok' if one.holds else f'missing {one.missing[:5]}, not expected {one.foreign[:5]}'}"
        for one in landings
    )
