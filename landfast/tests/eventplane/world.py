"""A made-up world of the event plane: time stands until a test moves it, and rows survive a restart."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from landfast.driver import Order
from landfast.journal import Entry
from landfast.sources.rows import Keep

START = 1_767_323_000.0

type Rows = dict[tuple[str, str, str], bytes]


@dataclass(order=True)
class Planned:
    """Something that is planned.

    Attributes:
        due: When.
        order: What goes first at the same time.
        number: What was planned first goes first.
        work: What; nothing once it is cancelled.
        background: Whether nobody waits for it.
    """

    due: float
    order: Order
    number: int
    work: Callable[[], None] | None = field(compare=False)
    background: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.work = None


@dataclass
class Begun:
    """Something that is under way.

    Attributes:
        world: Where.
        what: What.
    """

    world: "PlaneInMemory"
    what: str

    def end(self) -> None:
        self.world.under_way.remove(self.what)


class PlaneInMemory:
    """Keeps everything in memory.

    Attributes:
        kept: The rows, by kind, owner and key.
        notes: The journal.
        written: How many rows were written or removed.
        under_way: What was begun and has not ended.
    """

    def __init__(self, kept: Rows | None = None, now: float = START) -> None:
        self.kept: Rows = {} if kept is None else kept
        self.notes: list[Entry] = []
        self.written = 0
        self.under_way: list[str] = []
        self._now = now
        self._planned: list[Planned] = []
        self._timers: list[Planned] = []
        self._count = itertools.count()

    def now(self) -> float:
        return self._now

    def at(
        self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False
    ) -> Planned:
        planned = Planned(due, order, next(self._count), work, background)
        heapq.heappush(self._planned, planned)
        return planned

    def begin(self, what: str) -> "Begun":
        self.under_way.append(what)
        return Begun(self, what)

    def telling(self, told: Callable[[], str]) -> "PlaneInMemory":
        """The same world: nobody asks here what waits."""
        del told
        return self

    def after(self, seconds: float, work: Callable[[], None]) -> Planned:
        planned = Planned(self._now + seconds, Order.DUE, next(self._count), work)
        heapq.heappush(self._timers, planned)
        return planned

    def keeper(self, kind: str, owner: str) -> Keep:
        def keep(key: str, content: bytes | None) -> None:
            self.written += 1
            if content is None:
                self.kept.pop((kind, owner, key), None)
            else:
                self.kept[kind, owner, key] = content

        return keep

    def rows(self, kind: str) -> Iterator[tuple[str, str, bytes]]:
        for (its_kind, owner, key), content in sorted(self.kept.items()):
            if its_kind == kind:
                yield owner, key, content

    def note(self, entry: Entry) -> None:
        self.notes.append(entry)

    def traced(self, records: Iterable[str], trace: str) -> None:
        """Nobody follows events here."""

    def noted(self, *kinds: type[Any]) -> list[Any]:
        """What was noted, of these kinds."""
        return [note for note in self.notes if isinstance(note, kinds)]

    def awaited(self) -> list[float]:
        """When something is planned that somebody waits for."""
        return sorted(planned.due for planned in self._planned if planned.work and not planned.background)

    def settle(self) -> None:
        """Do what is due now."""
        self.pass_by(0)

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and do what is due meanwhile; a timer runs as fast as the clock."""
        end = self._now + seconds
        while (heap := self._next()) is not None and heap[0].due <= end:
            planned = heapq.heappop(heap)
            self._now = max(self._now, planned.due)
            if planned.work is not None:
                planned.work()
        self._now = end

    def pass_until(self, moment: float) -> None:
        """The same up to a moment."""
        self.pass_by(max(0.0, moment - self._now))

    def restarted(self) -> "PlaneInMemory":
        """The world of the next run of the service: only rows and the journal survive."""
        world = PlaneInMemory(dict(self.kept), self._now)
        world.notes = [*self.notes]
        return world

    def _next(self) -> list[Planned] | None:
        return min((heap for heap in (self._planned, self._timers) if heap), key=lambda heap: heap[0], default=None)


def ids() -> Callable[[], str]:
    """Numbered ids in the form of UUIDs."""
    count = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(count):012d}"
