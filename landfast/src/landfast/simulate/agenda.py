"""Virtual time: what happens next, in an order that is always the same."""

import heapq
import itertools
from collections.abc import Callable
from enum import IntEnum
from typing import Protocol


class Order(IntEnum):
    """What goes first among things that happen at one moment."""

    ENDED = 0
    ARRIVED = 1
    READ = 2
    DUE = 3


class Clockwork(Protocol):
    """A machine that wants to be woken."""

    def due(self) -> float | None:
        """When, in seconds."""


class Agenda:
    """A clock that jumps from event to event.

    Attributes:
        now: The time, in seconds from the start.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, Order, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._planned: dict[int, float] = {}

    def at(self, time: float, order: Order, do: Callable[[], None]) -> None:
        """Plan something; of equal moment and order, what was planned first goes first."""
        heapq.heappush(self._events, (max(time, self.now), order, next(self._count), do))

    def wake(self, machine: Clockwork, do: Callable[[], None]) -> None:
        """Plan to wake a machine when it is due, in place of what was planned for it."""
        due = machine.due()
        if due is None or due == float("inf"):
            self._planned.pop(id(machine), None)
            return
        time = max(due, self.now)
        if self._planned.get(id(machine)) != time:
            self._planned[id(machine)] = time
            self.at(time, Order.DUE, lambda: self._wake(machine, time, do))

    def run(self, until: float) -> bool:
        """Let everything happen up to `until`; whether something was left for later."""
        while self._events and self._events[0][0] <= until:
            self.now, _, _, do = heapq.heappop(self._events)
            do()
        return bool(self._events)

    def _wake(self, machine: Clockwork, time: float, do: Callable[[], None]) -> None:
        if self._planned.get(id(machine)) == time:
            del self._planned[id(machine)]
            do()
