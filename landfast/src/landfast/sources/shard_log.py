"""The records of one shard, and the readers that follow it."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Generic, Protocol, TypeAlias, TypeVar

from landfast.delivery.starting_positions import After, AtTimestamp, Position

R = TypeVar("R", bound="Stored")


class Stored(Protocol):
    """A record that a shard holds."""

    @property
    def index(self) -> int:
        """The record's place in the stream: whole numbers that increase."""
        ...

    @property
    def arrived(self) -> float:
        """When it entered the stream, in seconds; never before the one before it."""
        ...


Missed: TypeAlias = Callable[[Sequence[R], str], None]
"""Told which records have left a stream before they were read, and by which rule."""


class Tail(Generic[R]):
    """One reader's place in a shard.

    Attributes:
        next: The number, from the shard's first record on, of the record that is read next.
        lost: True if records after the place where it began had left the stream before.
        gone: Why nothing can be read any more; empty while the shard is there.
    """

    def __init__(self, log: "ShardLog[R]", number: int, *, lost: bool = False) -> None:
        self.next = number
        self.lost = lost
        self.gone = ""
        self._log = log
        self._arrived: Callable[[], None] = _nothing
        self._missed: Missed[R] = _nothing

    def tell(self, arrived: Callable[[], None], missed: Missed[R]) -> None:
        """Name whom to tell.

        Args:
            arrived: That there is something to read, or that the shard has closed.
            missed: Which records have left the stream before they were read.
        """
        self._arrived, self._missed = arrived, missed

    def close(self) -> None:
        """Nobody reads here any more, nor is told of anything."""
        self._log.leave(self)

    def read(self, limit: int) -> Sequence[R]:
        """The next records, at most `limit`."""
        records = self._log.slice(self.next, limit)
        self.next += len(records)
        return records

    @property
    def ended(self) -> bool:
        """True if the shard is closed, and everything in it was read."""
        return self._log.closed and self.next >= self._log.end

    def arrive(self) -> None:
        """There is something to read, or the shard has closed."""
        self._arrived()

    def miss(self, upto: int, rule: str) -> None:
        """Pass over what comes before the number `upto`: it leaves the stream now, by this rule."""
        if self.next < upto:
            missed = self._log.slice(self.next, upto - self.next)
            self.next = upto
            self._missed(missed, rule)

    def vanish(self, why: str) -> None:
        """The shard is gone."""
        self.gone = why
        self._arrived()


class ShardLog(Generic[R]):
    """Holds the records of a shard in order, for as long as its stream keeps them.

    Records are found by their number, counted from the first record that this object has held, so that a reader's
    place stays right whatever leaves the stream behind it.

    Attributes:
        id: The shard's id.
        parents: The ids of the shards it was made of; they may have left the stream already.
        closed: True if it takes no more records.
        trimmed: The index of the last record that has left the stream; 0 if none has.
    """

    def __init__(self, shard_id: str, parents: tuple[str, ...] = (), *, closed: bool = False, trimmed: int = 0) -> None:
        self.id = shard_id
        self.parents = parents
        self.closed = closed
        self.trimmed = trimmed
        self._records: list[R] = []
        self._first = 0
        self._tails: list[Tail[R]] = []

    def __len__(self) -> int:
        return len(self._records)

    @property
    def begin(self) -> int:
        """The number of the oldest record that is left."""
        return self._first

    @property
    def end(self) -> int:
        """The number that the next record will have."""
        return self._first + len(self._records)

    @property
    def oldest(self) -> R | None:
        """The oldest record that is left."""
        return self._records[0] if self._records else None

    @property
    def newest(self) -> R | None:
        """The newest record."""
        return self._records[-1] if self._records else None

    @property
    def start(self) -> str:
        """A text that no other shard of this id has had, such as one of a deleted stream of the same name."""
        return ""

    def append(self, record: R) -> None:
        """Take a record in; readers are told by `notify`, once for all that arrives together."""
        self._records.append(record)

    def extend(self, records: Iterable[R]) -> None:
        """Take records in."""
        self._records.extend(records)

    def notify(self) -> None:
        """Tell the readers that something has arrived, or that the shard has closed."""
        for tail in self._tails:
            tail.arrive()

    def slice(self, number: int, limit: int) -> Sequence[R]:
        """The records from `number` on, at most `limit`; those that are no longer there are left out."""
        start = max(0, number - self._first)
        return self._records[start : start + limit]

    def at_index(self, index: int) -> int:
        """The number of the first record whose index is at least `index`."""
        return self._first + bisect_left(self._records, index, key=_INDEX)

    def at_time(self, seconds: float) -> int:
        """The number of the first record that arrived at this time or after it."""
        return self._first + bisect_left(self._records, seconds, key=_ARRIVED)

    def expired(self, now: float, retention: float) -> int:
        """The number of the first record that has not been there for `retention` seconds (S-54)."""
        return self._first + bisect_right(self._records, now, key=lambda record: record.arrived + retention)

    def index_of(self, sequence: str) -> int | None:
        """The index that a sequence number of this shard tells; None for one of another shard or stream."""
        raise NotImplementedError

    def tail(self, position: Position) -> Tail[R]:
        """A reader that begins at a position; after a sequence number of another stream, with the oldest record.

        A stream that was deleted and made anew has other numbers, and nothing of it was read.
        """
        index = self.index_of(position.sequence) if isinstance(position, After) else None
        tail = Tail(self, self.place(position), lost=index is not None and index < self.trimmed)
        self._tails.append(tail)
        return tail

    def place(self, position: Position) -> int:
        """The number of the record that a reader which begins at a position reads first."""
        match position:
            case After(sequence):
                index = self.index_of(sequence)
                return self._first if index is None else self.at_index(index + 1)
            case AtTimestamp(seconds):
                return self.at_time(seconds)
            case "LATEST":
                return self.end
            case "TRIM_HORIZON":
                return self._first

    def leave(self, tail: Tail[R]) -> None:
        """A reader has gone."""
        self._tails.remove(tail)

    def has_unread(self, position: Position) -> bool:
        """Tell whether a reader that has come to a position has not read everything that the shard ever held."""
        tail = self.tail(position)
        tail.close()
        return tail.next < self.end or tail.lost or (self.trimmed > 0 and not isinstance(position, After))

    def let_go(self, upto: int, rule: str) -> Sequence[R]:
        """Let go of the records before the number `upto`, and tell the readers that have not read them."""
        for tail in self._tails:
            tail.miss(upto, rule)
        count = max(0, upto - self._first)
        gone, self._records[:count] = self._records[:count], []
        self._first += len(gone)
        if gone:
            self.trimmed = max(self.trimmed, gone[-1].index)
        return gone

    def vanish(self, why: str) -> None:
        """The shard is gone; its readers are told."""
        for tail in self._tails:
            tail.vanish(why)


_INDEX = attrgetter("index")
_ARRIVED = attrgetter("arrived")


def _nothing(*_: object) -> None:
    """Nobody is to be told."""
