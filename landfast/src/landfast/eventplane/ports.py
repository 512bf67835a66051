"""The port of the event plane: a clock, a store's rows, the journal."""

from collections.abc import Callable, Iterable
from typing import Protocol

from landfast.driver import Order, Plan
from landfast.journal import Entry
from landfast.sources.rows import Keep


class UnderWay(Protocol):
    """Something that is under way."""

    def end(self) -> None:
        """It is over, if it was not before; from any thread."""
        ...


class PlaneWorld(Protocol):
    """The world, as the event plane sees it. Everything runs in the driver's one thread."""

    def now(self) -> float:
        """The time, in Unix seconds of the service's clock."""
        ...

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`.

        Args:
            due: In Unix seconds of the service's clock.
            work: The work to do.
            order: The order among works of the same time.
            background: True if nobody waits for it (a retention that ends, a message that an outside consumer has in
                hand): time never jumps to it, and it keeps nothing from being at rest.
        """
        ...

    def begin(self, what: str) -> "UnderWay":
        """Something is under way in another thread until its `end`: time does not jump meanwhile."""
        ...

    def telling(self, told: Callable[[], str]) -> "PlaneWorld":
        """The same world for one resource.

        Args:
            told: Tells people, when they ask what does not come to rest, what waits for whatever is planned here.
        """
        ...

    def after(self, seconds: float, work: Callable[[], None]) -> Plan:
        """Do `work` after so many real seconds: a long poll of an outside client ends by its client's clock."""
        ...

    def keeper(self, kind: str, owner: str) -> Keep:
        """Return a function that keeps a machine's rows; what one turn of the driver keeps and notes is one commit.

        Args:
            kind: For example ``sqs``.
            owner: The resource's name.
        """
        ...

    def rows(self, kind: str) -> Iterable[tuple[str, str, bytes]]:
        """Return the rows that were kept: owner, key and content, in the order of owner and key."""
        ...

    def note(self, entry: Entry) -> None:
        """Write into the journal, in the same commit."""
        ...

    def traced(self, records: Iterable[str], trace: str) -> None:
        """Tell which chain of events new records belong to, for who follows them.

        Args:
            records: Their ids.
            trace: The trace header that they came with; empty for none.
        """
        ...
