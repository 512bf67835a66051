"""Where events must have landed, and whether they have."""

from collections import Counter
from collections.abc import Hashable, Iterable

import msgspec


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """A group of events that were sent alike, and one place where all of it must be.

    Attributes:
        pipeline: Which one they were sent to.
        sent: How many.
        events: What they were.
        place: Where they must be, and how.
        expected: How much must be there for them.
        found: How much is.
        missing: What of the expected is not.
        foreign: What is there and not expected.
    """

    pipeline: str
    sent: int
    events: str
    place: str
    expected: int
    found: int
    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all landed, once, and nothing else did."""
        return not self.missing and not self.foreign


def landing(
    pipeline: str, sent: int, events: str, *, place: str, wanted: Iterable[Hashable], found: Iterable[Hashable]
) -> Landing:
    """Compare what must be at a place with what is, each as often as it occurs."""
    must, have = Counter(wanted), Counter(found)
    return Landing(
        pipeline=pipeline,
        sent=sent,
        events=events,
        place=place,
        expected=must.total(),
        found=have.total(),
        missing=tuple(map(str, (must - have).elements())),
        foreign=tuple(map(str, (have - must).elements())),
    )
