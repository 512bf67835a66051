"""The live world of the event plane: the service's clock, its store and its journal."""

from collections.abc import Callable, Iterable
from typing import Self

from landfast.driver import Order, Plan
from landfast.journal import Entry, Traced
from landfast.service import chain
from landfast.service.loop import Loop, UnderWay
from landfast.service.store import Store
from landfast.sources.rows import Keep

_SOURCE = "event plane"


class LivePlaneWorld:
    """The world of the event plane in a running service.

    Args:
        loop: The thread of the machines.
        store: The store of what must not be forgotten.
        told: Tells people what waits for what is planned.
        follows: True if the journal tells which chain of events records belong to.
    """

    def __init__(
        self, loop: Loop, store: Store, told: Callable[[], str] | None = None, *, follows: bool = False
    ) -> None:
        self._loop = loop
        self._store = store
        self._told = told
        self._follows = follows

    def telling(self, told: Callable[[], str]) -> Self:
        """The same world for one resource."""
        return type(self)(self._loop, self._store, told, follows=self._follows)

    def now(self) -> float:
        """The time, in Unix seconds of the service's clock."""
        return self._loop.clock.now()

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`."""
        return self._loop.at(due, work, order, _SOURCE, background=background, told=self._told)

    def begin(self, what: str) -> UnderWay:
        """Something is under way in another thread until its `end`."""
        return self._loop.begin(what)

    def after(self, seconds: float, work: Callable[[], None]) -> Plan:
        """Do `work` after so many real seconds."""
        return self._loop.after(seconds, work, _SOURCE)

    def keeper(self, kind: str, owner: str) -> Keep:
        """Return a function that keeps a machine's rows."""
        turn = self._loop.turn
        return lambda key, content: turn.keep(kind, owner, key, content)

    def rows(self, kind: str) -> Iterable[tuple[str, str, bytes]]:
        """Return the rows that were kept."""
        return self._store.rows(kind)

    def note(self, entry: Entry) -> None:
        """Write into the journal at the end of this turn."""
        self._loop.turn.add([entry])

    def traced(self, records: Iterable[str], trace: str) -> None:
        """Note which chain of events new records belong to, for who follows them."""
        if self._follows and (root := chain.root(trace)):
            self.note(Traced(at=self.now(), records=tuple(records), root=root, parent=chain.parent(trace)))
