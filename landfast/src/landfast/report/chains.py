"""Which records came of which: what a journal tells of the chains that events make through functions and queues.

Each call of a function has a segment of its own in the trace header that it sends on (`Traced`), so that whatever it
puts anywhere names it as parent. A call with several records has a chain of its own: what it made is counted to each of
them, since nobody else knows better.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from sys import intern

from msgspec import Struct, field

from landfast.journal import Divided, Entry, Finished, Invoked, Traced


class Call(Struct, eq=False, gc=False):
    """One call of a function.

    Attributes:
        number: The number of its entry in the journal.
        source: The mapping, or the function for asynchronous events.
        request_id: The call's id; attempts of an asynchronous event share it.
        records: The records that it was made with.
        ended: The number of the entry that tells its end; None while it runs.
        made: The records that came of it, in the order in which they came.
    """

    number: int
    source: str
    request_id: str
    records: tuple[str, ...]
    ended: int | None = None
    made: list[str] = field(default_factory=list)


class Chains:
    """The chains of a journal, entry by entry; it may begin anywhere, since old entries of a journal are dropped."""

    def __init__(self) -> None:
        # Arrays, and tuples of texts: the garbage collector would look at each of a million lists again and again.
        self._entries: dict[str, array[int]] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        self._roots: dict[str, tuple[str, ...]] = {}
        self._under: defaultdict[str, list[str]] = defaultdict(list)
        self._calls_with: dict[str, list[Call]] = {}
        self._calls_of: dict[str, list[Call]] = {}
        self._segments: dict[str, Call] = {}
        self._announced: dict[str, str] = {}
        self._makers: dict[str, Call] = {}

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Chains":
        """The chains of these entries, numbered from 1."""
        chains = cls()
        for number, entry in enumerate(entries, 1):
            chains.take(number, entry)
        return chains

    def take(self, number: int, entry: Entry) -> None:
        """Take the next entry of the journal."""
        if isinstance(entry, Traced):
            self._trace(number, entry)
            return
        match entry:
            case Invoked():
                self._begin(Call(number, entry.source, entry.request_id, entry.records))
            case Finished(request_id=request):
                if (calls := self._calls_of.get(request)) and calls[-1].ended is None:
                    calls[-1].ended = number
            case _:
                pass
        source = intern(entry.source)
        for name in (*entry.records, *entry.rest) if isinstance(entry, Divided) else entry.records:
            self._mention(name, number)
            sources = self._sources.get(name, ())
            if source not in sources:
                self._sources[name] = (*sources, source)

    def __contains__(self, record: str) -> bool:
        """Tell whether any entry is about a record."""
        return record in self._entries

    def numbers(self, records: Iterable[str]) -> list[int]:
        """The numbers of all entries about these records, in order."""
        return sorted({number for record in records for number in self._entries.get(record, ())})

    def sources(self, record: str) -> Sequence[str]:
        """The sources that a record came to; none for a message that no function was to have."""
        return self._sources.get(record, ())

    def calls_with(self, record: str) -> Sequence[Call]:
        """The calls that had a record."""
        return self._calls_with.get(record, ())

    def calls_of(self, request_id: str) -> Sequence[Call]:
        """The calls with this id, in order: the attempts of one event, or a single call."""
        return self._calls_of.get(request_id, ())

    def maker(self, record: str) -> Call | None:
        """The call that has made a record; None if no function has, or nobody knows."""
        return self._makers.get(record)

    def chained(self, root: str) -> set[str]:
        """The ids of all records that came of the event with this root, through whatever functions.

        Records that a function made of a batch are counted to each record of the batch: nobody else knows better.
        """
        found: set[str] = set()
        waiting, seen = [root], {root}
        while waiting:
            records = self._under.get(waiting.pop(), [])
            found.update(records)
            requests = {call.request_id for record in records for call in self.calls_with(record)}
            roots = {one for request in requests for one in self._roots.get(request, ())}
            waiting += roots - seen
            seen |= roots
        return found

    def _mention(self, record: str, number: int) -> None:
        numbers = self._entries.get(record)
        if numbers is None:
            self._entries[record] = array("Q", (number,))
        else:
            numbers.append(number)

    def _trace(self, number: int, entry: Traced) -> None:
        for name in entry.records:
            roots = self._roots.get(name, ())
            if entry.root not in roots:
                self._roots[name] = (*roots, entry.root)
                self._under[entry.root].append(name)
            if entry.segment:
                self._announce(name, entry.segment)
            else:
                self._came(name, number, entry.parent)

    def _came(self, record: str, number: int, parent: str) -> None:
        """A record has come, perhaps from a call."""
        self._mention(record, number)
        maker = self._segments.get(parent)
        if maker is not None and record not in self._makers:
            self._makers[record] = maker
            maker.made.append(record)

    def _announce(self, request_id: str, segment: str) -> None:
        """A call has a segment; that is noted before the call itself, or after it."""
        last = self._calls_of.get(request_id, [None])[-1]
        if last is not None and last.ended is None:
            self._segments[segment] = last
        else:
            self._announced[request_id] = segment

    def _begin(self, call: Call) -> None:
        earlier = self._calls_of.setdefault(call.request_id, [])
        if earlier and earlier[-1].ended is None:
            earlier[-1].ended = call.number  # it was cut off: its service was killed
        earlier.append(call)
        for record in call.records:
            self._calls_with.setdefault(record, []).append(call)
        if segment := self._announced.pop(call.request_id, ""):
            self._segments[segment] = call
