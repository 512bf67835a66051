"""The simulated world: virtual time, a scripted function, and nothing else."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from landfast.delivery.actions import Deliver
from landfast.delivery.concurrency import Concurrency
from landfast.delivery.event_sources import MappedSource
from landfast.delivery.outcomes import NotReached
from landfast.driver.world import Call, Change, Ended, Order, Plan
from landfast.journal import Entry
from landfast.simulate.function import Answer, ScriptedFunction
from landfast.simulate.result import Tally

T = TypeVar("T")

START: Final = 1_767_225_600.0
"""2026-01-01T00:00:00Z, the moment at which every scenario begins, as Unix time."""

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
FUNCTION_ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:scenario"
ROLE_ARN: Final = f"arn:aws:iam::{ACCOUNT}:role/scenario"


def source_arn(source: MappedSource, *, fifo: bool = False) -> str:
    """The ARN of a scenario's stream or queue."""
    return f"arn:aws:{source.service}:{REGION}:{ACCOUNT}:{source.scenario_resource}{'.fifo' if fifo else ''}"


class _Left:
    """A plan that is left as it is: its drivers know what they no longer wait for, and time costs nothing here."""

    def cancel(self) -> None:
        """Leave it."""


_LEFT: Final = _Left()


def request_ids() -> Callable[[], str]:
    """Makes ids in the form of UUIDs, the same in every run."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"


class SimulatedWorld:
    """Carries out at once, on a clock that jumps to what is due next; the order is the same in every run.

    Args:
        function: The function that is called.
        reserved_concurrency: The reserved concurrency of the function; None if none is reserved.
        tally: Takes the journal.
    """

    def __init__(self, function: ScriptedFunction, reserved_concurrency: int | None, tally: Tally) -> None:
        self._function = function
        self._concurrency = Concurrency(reserved_concurrency)
        self._tally = tally
        self._now = 0.0
        self._due: list[tuple[float, Order, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def now(self) -> float:
        """The time, in seconds from the start."""
        return self._now

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`."""
        del background  # all time is skipped here
        heapq.heappush(self._due, (max(due, self._now), order, next(self._count), work))
        return _LEFT

    def run(self, until: float, is_enough: Callable[[], bool] | None = None) -> bool:
        """Let everything happen up to `until`, or until it is enough, asked before each step; True if that was all."""
        while self._due and self._due[0][0] <= until:
            if is_enough is not None and is_enough():
                return False
            self._now, _, _, work = heapq.heappop(self._due)
            work()
        return True

    def call(self, call: Call, ended: Ended) -> None:
        """Play one invocation, if the reserved concurrency lets it in."""
        if not self._concurrency.start():
            answer = Answer("throttle", NotReached(), 0.0)
        else:
            answer = self._function.answer(call.records, call.request_id)
            if answer.behaviour == "throttle":
                self._concurrency.end()

        def end() -> None:
            if answer.behaviour != "throttle":
                self._concurrency.end()
            ended(answer.outcome, answer.behaviour)

        self.at(self._now + answer.duration, end, Order.ENDED)

    def deliver(self, delivery: Deliver[Any], trace: str, ended: Callable[[str | None], None]) -> None:
        """Every destination takes what it is sent."""
        del delivery, trace
        ended(None)

    def commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        """Count and keep the notes; nothing needs to survive."""
        del changes
        for note in notes:
            self._tally.note(note)

    def arrive(self, items: Iterator[T], at: Callable[[T], float], take: Callable[[T], None]) -> None:
        """Let items arrive one after the other; only the next one is planned, so that a million cost no memory."""
        item = next(items, None)
        if item is None:
            return
        first = item

        def arrive() -> None:
            take(first)
            self.arrive(items, at, take)

        self.at(at(item), arrive, Order.ARRIVED)
