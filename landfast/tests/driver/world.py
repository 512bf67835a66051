"""A made-up world: time stands until a test moves it, calls and deliveries end when a test ends them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from landfast.delivery.actions import Deliver
from landfast.delivery.outcomes import Outcome, Succeeded
from landfast.driver import Call, Change, Order, Plan
from landfast.driver.world import Ended
from landfast.journal import Entry


@dataclass
class Planned:
    """What is planned, until it is cancelled."""

    cancel: Callable[[], None]


@dataclass
class MadeUpWorld:
    """Keeps everything that a driver asks for.

    Attributes:
        time: What time it is.
        due: What is planned.
        calls: The calls under way, with whom to tell.
        deliveries: The deliveries under way, with whom to tell.
        commits: What was committed together.
    """

    time: float = 0.0
    due: list[tuple[float, Order, Callable[[], None]]] = field(default_factory=list)
    calls: list[tuple[Call, Ended]] = field(default_factory=list)
    deliveries: list[tuple[Deliver[Any], str, Callable[[str | None], None]]] = field(default_factory=list)
    commits: list[tuple[list[Entry], list[Change]]] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        del background
        planned = (due, order, work)
        self.due.append(planned)
        return Planned(lambda: self.due.remove(planned) if planned in self.due else None)

    def call(self, call: Call, ended: Ended) -> None:
        self.calls.append((call, ended))

    def deliver(self, delivery: Deliver[Any], trace: str, ended: Callable[[str | None], None]) -> None:
        self.deliveries.append((delivery, trace, ended))

    def commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        self.commits.append((list(notes), list(changes)))

    def advance(self, time: float) -> None:
        """Let what is due up to `time` be done."""
        while ready := sorted((each for each in self.due if each[0] <= time), key=lambda each: each[:2]):
            self.due.remove(ready[0])
            self.time = max(self.time, ready[0][0])
            ready[0][2]()
        self.time = time

    def answer(self, outcome: Outcome | None = None, kind: str = "succeed") -> Call:
        """End the oldest call."""
        call, ended = self.calls.pop(0)
        ended(outcome or Succeeded(None), kind)
        return call

    def end_delivery(self, refusal: str | None = None) -> None:
        """End the oldest delivery."""
        self.deliveries.pop(0)[2](refusal)

    def notes(self, *kinds: type[Entry]) -> list[Any]:
        """What was noted, of these kinds."""
        return [note for notes, _ in self.commits for note in notes if not kinds or isinstance(note, kinds)]

    def changes(self) -> list[Change]:
        """What was to be kept."""
        return [change for _, changes in self.commits for change in changes]
