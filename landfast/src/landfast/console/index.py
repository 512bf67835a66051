"""The index of a live journal: a row for every record of every source, kept up while pages ask for it.

A journal of 100,000 events takes a second to read. So a page that opens gets the rows of the newest entries at once,
while a thread reads all of it; from then on only what is new is read, by whoever asks. When nobody has asked for a
while, the thread ends and takes the index with it.
"""

import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from sys import intern
from typing import Any, Final

import msgspec

from landfast.report import wording
from landfast.report.history import NOT_REACHED
from landfast.service import service_log
from landfast.service.state import ServiceError
from landfast.service.store import JournalReader, StoreError

MOST_ROWS: Final = 250_000
"""The rows that are kept: of batches of thousands, a journal can tell of more records than anyone scrolls through."""

RECENT: Final = 4_000
"""The newest entries, which are read before all others."""

_BLOCK: Final = 1_024
"""Rows whose texts are searched together."""

_FAR: Final = 40_000
"""The entries behind which nobody waits for: the newest ones are read first again."""

_PORTION: Final = 1_000
"""Entries that are read at a time."""

_SWEEP: Final = 4_096
"""The entries that the journal drops until their rows are looked for."""

_DELAY: Final = 0.5
"""Real seconds before all of a long journal is read: the page that asks first is still loading."""

_IDLE: Final = 60.0
"""Real seconds without a question after which the index goes."""

_LOG = service_log.logger(__name__)
_LONGEST_ERROR: Final = 240
_REPORTED: Final = "reported in batchItemFailures"
_RUNNING: Final = "running"
_PENDING: Final = "pending"
ENDED: Final = frozenset({"processed", "to_destination", "dead_lettered", "dropped", "filtered"})
STATES: Final = (_PENDING, _RUNNING, "processed", "to_destination", "dead_lettered", "dropped", "filtered")
"""The states of a row: those of `landfast.delivery.actions.State`, and two of what has not ended."""


class Row(msgspec.Struct, gc=False):
    """A record of a source.

    Attributes:
        id: The record's id.
        source: The mapping, or the function for asynchronous events.
        place: Its place in the table, from the oldest row on.
        first: The number of the first entry about it.
        last: The number of the newest one.
        at: When it was first heard of, in seconds.
        origin: Where it came from; empty if that is not known.
        state: One of `STATES`.
        attempts: The invocations with it that reached the function.
        ended: When it came to its end.
        due: When it is tried again, or visible again.
        error: The last error, in one line.
        rule: The rule that decided last.
        target: Where a record of its end was sent.
    """

    id: str
    source: str
    place: int
    first: int
    last: int
    at: float
    origin: str = ""
    state: str = _PENDING
    attempts: int = 0
    ended: float | None = None
    due: float | None = None
    error: str = ""
    rule: str = ""
    target: str = ""


class Source(msgspec.Struct):
    """What the journal tells of a source, in figures; calls and deliveries are counted as far as it was read.

    Attributes:
        function: The function, as soon as it was called.
        invocations: The calls that reached the function.
        failures: Those of them that failed.
        throttles: The calls that did not reach it.
        states: The rows in each state.
        deliveries: The records sent to each target.
    """

    function: str = ""
    invocations: int = 0
    failures: int = 0
    throttles: int = 0
    states: Counter[str] = msgspec.field(default_factory=Counter)
    deliveries: Counter[str] = msgspec.field(default_factory=Counter)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted, newest first.

    Attributes:
        function: Of this function; of every one if it is empty.
        source: Of this source.
        states: In one of these states; in any if there is none.
        text: With this text in id, origin or error, in letters of either case.
        since: Heard of from this time on.
        until: Heard of until this time.
        upto: Known at this number of the journal: it keeps the places of rows while new ones come.
        offset: The number of rows before the first that is wanted.
        limit: The most rows.
    """

    function: str = ""
    source: str = ""
    states: frozenset[str] = frozenset()
    text: str = ""
    since: float | None = None
    until: float | None = None
    upto: int | None = None
    offset: int = 0
    limit: int = 100


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that were wanted.

    Attributes:
        rows: The rows, newest first.
        matching: The number of rows that match and are no newer than `upto`.
        newer: The number of rows that match and are newer.
        total: The number of all rows.
        upto: The number of the journal's entry at which this was answered, or the one that was given.
        read: The part of the journal that has been read, from 0 to 1.
        sources: What the journal tells of each source, in figures.
    """

    rows: Sequence[Row]
    matching: int
    newer: int
    total: int
    upto: int
    read: float
    sources: Mapping[str, Source]


class _Entry(msgspec.Struct):
    """What is read of an entry of the journal, whatever it tells; bodies and values of functions are skipped."""

    what: str
    at: float
    source: str = ""
    records: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    origin: str = ""
    function: str = ""
    outcome: str = ""
    state: str = ""
    rule: str = ""
    metric: str = ""
    target: str = ""
    due: float = 0.0
    error: msgspec.Raw = msgspec.Raw()
    value: msgspec.Raw = msgspec.Raw()


_PORTIONS: Final = msgspec.json.Decoder(list[tuple[int, _Entry]])


class Table:
    """The rows that entries of a journal tell of; not safe to share between threads.

    Args:
        begin: The number of the entry with which it begins.
        most: The most rows.
    """

    def __init__(self, begin: int = 1, most: int = MOST_ROWS) -> None:
        self.begin = begin
        self._sources: dict[str, Source] = {}
        self._most = most
        self._rows: list[Row] = []
        self._known: dict[str, dict[str, Row]] = {}
        self._texts: dict[int, str] = {}
        self._last: tuple[int, _Entry] | None = None
        self._takes: dict[str, Callable[[int, _Entry, Source], None]] = {
            "accepted": self._accepted,
            "invoked": self._invoked,
            "finished": self._finished,
            "retrying": self._waiting,
            "returned": self._waiting,
            "divided": self._divided,
            "delivered": self._delivered,
            "settled": self._settled,
            "dropped": self._dropped,
        }

    @property
    def newest(self) -> int:
        """The number of the newest entry that was read."""
        return self._last[0] if self._last is not None else self.begin - 1

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, portion: Callable[[int, int], bytes]) -> int | None:
        """Read a portion of the journal; return the number of new entries, or None if it is another journal now.

        A service that is reset gives numbers anew. So the last entry is read again, and is to be the same.

        Args:
            portion: Reads entries, as `JournalReader.portion` does.
        """
        entries = _PORTIONS.decode(portion(self.newest if self._last else self.begin, _PORTION))
        entries.sort(key=_number)
        if self._last is not None:
            if not entries or entries[0] != self._last:
                return None
            del entries[0]
        for number, entry in entries:
            if entry.records or entry.what == "invoked":
                take = self._takes.get(entry.what)
                if take is not None:
                    take(number, entry, self._source(entry.source))
        if entries:
            self._last = entries[-1]
        return len(entries)

    def forget(self, before: int) -> None:
        """Drop the rows of which the journal has no entry any more, and the oldest ones if there are too many."""
        kept = [row for row in self._rows if row.last >= before][-self._most :]
        for row in self._rows:
            self._sources[row.source].states[row.state] -= 1
        self._known = {source: {} for source in self._known}
        for place, row in enumerate(kept):
            row.place = place
            self._sources[row.source].states[row.state] += 1
            self._known[row.source][row.id] = row
        self._rows = kept
        self._texts.clear()

    @property
    def is_too_long(self) -> bool:
        """True if there are so many rows that it is worth while to drop some."""
        return len(self._rows) > self._most * 5 // 4

    def counted(self) -> dict[str, Source]:
        """What the entries tell of each source, in figures."""
        return {
            name: msgspec.structs.replace(source, states=+source.states, deliveries=+source.deliveries)
            for name, source in self._sources.items()
        }

    def window(self, wanted: Wanted, read: float = 1.0) -> Window:
        """The rows that are wanted."""
        upto = self.newest if wanted.upto is None else wanted.upto
        rows = self._rows
        low = 0 if wanted.since is None else bisect_left(rows, wanted.since, key=_at)
        high = len(rows) if wanted.until is None else bisect_right(rows, wanted.until, key=_at)
        known = min(high, bisect_right(rows, upto, key=_first))
        begin, end = known - wanted.offset - wanted.limit, known - wanted.offset
        if self._needs_no_look(wanted):
            matching, newer = max(known - low, 0), high - max(known, low)
            found = rows[max(begin, low) : max(end, low)]
        else:
            matched = self._matching(low, known, wanted)
            matching, newer = len(matched), len(self._matching(max(known, low), high, wanted))
            end = max(matching - wanted.offset, 0)
            found = matched[max(end - wanted.limit, 0) : end]
        found.reverse()
        return Window(
            rows=found,
            matching=matching,
            newer=newer,
            total=len(rows),
            upto=upto,
            read=read,
            sources=self.counted(),
        )

    @staticmethod
    def _needs_no_look(wanted: Wanted) -> bool:
        return not (wanted.function or wanted.source or wanted.states or wanted.text)

    def _matching(self, low: int, high: int, wanted: Wanted) -> list[Row]:
        """The rows of a span that match, in their order; one condition after the other, over what the last has left."""
        rows = self._containing(low, high, wanted.text) if wanted.text else self._rows[low:high]
        if wanted.function or wanted.source:
            sources = {
                name
                for name, source in self._sources.items()
                if wanted.function in {"", source.function} and wanted.source in {"", name}
            }
            rows = [row for row in rows if row.source in sources]
        if wanted.states:
            rows = [row for row in rows if row.state in wanted.states]
        return rows

    def _containing(self, low: int, high: int, text: str) -> list[Row]:
        """The rows of a span with this text; texts of many rows are searched at once, and kept for the next search."""
        folded = _line(text).lower()
        found: list[Row] = []
        for begin in range(low - low % _BLOCK, high, _BLOCK):
            rows = self._rows[begin : begin + _BLOCK]
            content = self._texts.get(begin)
            if content is None:
                content = "\n".join([_line(f"{row.id} {row.origin} {row.error}").lower() for row in rows])
                if len(rows) == _BLOCK:
                    self._texts[begin] = content
            if folded in content:
                lines = content.split("\n")
                found += [row for row, line in zip(rows, lines, strict=True) if folded in line]
        return [row for row in found if low <= row.place < high]

    def _source(self, name: str) -> Source:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = Source()
            self._known[name] = {}
        return source

    def _each(self, number: int, entry: _Entry, records: Sequence[str]) -> Iterator[Row]:
        """The rows of records, those that are new among them."""
        known = self._known[entry.source]
        for record in records:
            row = known.get(record)
            if row is None:
                row = Row(record, intern(entry.source), len(self._rows), number, number, entry.at)
                known[record] = row
                self._rows.append(row)
                self._sources[entry.source].states[_PENDING] += 1
            row.last = number
            yield row

    def _accepted(self, number: int, entry: _Entry, source: Source) -> None:
        origin = intern(entry.origin)
        for row in self._each(number, entry, entry.records):
            if row.origin != origin:
                row.origin = origin
                self._texts.pop(row.place - row.place % _BLOCK, None)
            row.due = None
            if row.state in ENDED:  # it came again, as a queue that delivers at least once may have it
                _move(source, row, _PENDING)
                row.ended = None

    def _invoked(self, number: int, entry: _Entry, source: Source) -> None:
        source.invocations += 1
        source.function = entry.function or source.function
        for row in self._each(number, entry, entry.records):
            row.attempts += 1
            row.due = row.ended = None
            _move(source, row, _RUNNING)

    def _finished(self, number: int, entry: _Entry, source: Source) -> None:
        reached = entry.outcome not in NOT_REACHED
        if not reached:
            source.throttles += 1
            source.invocations -= 1
        reported = _reported(entry) if entry.outcome == "succeed" else frozenset()
        failed = entry.outcome != "succeed"
        source.failures += (failed and reached) or bool(reported)
        error = _error(entry) if failed else ""
        for row in self._each(number, entry, entry.records):
            if row.state == _RUNNING:
                _move(source, row, _PENDING)
                row.attempts -= not reached
            if failed:
                self._blame(row, error)
            elif reported and (row.id in reported or row.id.rpartition(":")[2] in reported):
                self._blame(row, _REPORTED)

    def _waiting(self, number: int, entry: _Entry, source: Source) -> None:
        rule = intern(entry.rule)
        for row in self._each(number, entry, entry.records):
            row.due, row.rule = entry.due, rule or row.rule
            if row.state == _RUNNING:
                _move(source, row, _PENDING)

    def _divided(self, number: int, entry: _Entry, source: Source) -> None:
        del source
        rule = intern(entry.rule)
        for row in self._each(number, entry, (*entry.records, *entry.rest)):
            row.rule = rule

    def _delivered(self, number: int, entry: _Entry, source: Source) -> None:
        source.deliveries[entry.target] += 1
        target = intern(entry.target)
        for row in self._each(number, entry, entry.records):
            row.target = target

    def _settled(self, number: int, entry: _Entry, source: Source) -> None:
        state, rule = intern(entry.state), intern(entry.rule)
        for row in self._each(number, entry, entry.records):
            row.ended, row.due, row.rule = entry.at, None, rule
            _move(source, row, state)

    def _dropped(self, number: int, entry: _Entry, source: Source) -> None:
        del source
        error = _error(entry)
        for row in self._each(number, entry, entry.records):
            if not row.error:
                self._blame(row, error)

    def _blame(self, row: Row, error: str) -> None:
        row.error = error
        self._texts.pop(row.place - row.place % _BLOCK, None)


def _move(source: Source, row: Row, state: str) -> None:
    source.states[row.state] -= 1
    source.states[state] += 1
    row.state = state


def _number(numbered: tuple[int, _Entry]) -> int:
    return numbered[0]


def _first(row: Row) -> int:
    return row.first


def _at(row: Row) -> float:
    return row.at


def _error(entry: _Entry) -> str:
    """The error of an entry in one line, or what went wrong instead."""
    told = _decoded(entry.error)
    text = wording.error(told) if told else ""
    if entry.what == "dropped":
        text = f"{entry.metric}: {text}" if text else entry.metric
    line = _line(text or entry.outcome)
    return intern(line if len(line) <= _LONGEST_ERROR else f"{line[: _LONGEST_ERROR - 1]}…")


def _line(text: str) -> str:
    return " ".join(text.split())


def _reported(entry: _Entry) -> frozenset[str]:
    """The identifiers of a partial batch response; a function can return anything."""
    if b"batchItemFailures" not in bytes(entry.value):
        return frozenset()
    match _decoded(entry.value):
        case {"batchItemFailures": [_, *_] as failures}:
            return frozenset(
                str(failure["itemIdentifier"])
                for failure in failures
                if isinstance(failure, Mapping) and "itemIdentifier" in failure
            )
        case _:
            return frozenset()


def _decoded(content: msgspec.Raw) -> Any:  # noqa: ANN401 - any JSON value
    return msgspec.json.decode(content) if content else None


class Index:
    """The index of a journal to which a service writes; safe to share between threads.

    Args:
        journal: The file of the journal.
        delay: Real seconds before all of a long journal is read.
        idle: Real seconds without a question after which the index goes.
    """

    def __init__(self, journal: Path, *, delay: float = _DELAY, idle: float = _IDLE) -> None:
        self._journal = journal
        self._delay = delay
        self._idle = idle
        self._lock = threading.Lock()
        self._reader: JournalReader | None = None
        self._table = Table()
        self._is_whole = False
        self._read = 0.0
        self._forgotten = 0
        self._asked = 0.0
        self._stir = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def window(self, wanted: Wanted) -> Window:
        """The rows that are wanted, of all that the journal tells now.

        Raises:
            ServiceError: The journal cannot be read, or the service ends.
        """
        with self._lock:
            return self._caught_up().window(wanted, self._read)

    def sources(self) -> dict[str, Source]:
        """What the journal tells of each source, in figures.

        Raises:
            ServiceError: The journal cannot be read, or the service ends.
        """
        with self._lock:
            return self._caught_up().counted()

    @property
    def is_whole(self) -> bool:
        """True if all of the journal is read, and not only its newest entries."""
        return self._is_whole

    def close(self) -> None:
        """End the thread, and let go of everything."""
        self._closing.set()
        self._stir.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._let_go()

    def _caught_up(self) -> Table:
        """The rows as the journal tells them now; with the lock held."""
        self._asked = time.monotonic()
        if self._closing.is_set():
            raise ServiceError("the service is about to end")
        if self._reader is None:
            self._reader = JournalReader(self._journal)
        oldest, newest = self._reader.span()
        table = self._table
        if not len(table) or newest - table.newest > _FAR or not _catch_up(table, self._reader, newest):
            table = self._begin_anew(self._reader, oldest, newest)
        if oldest - self._forgotten >= _SWEEP or table.is_too_long:
            table.forget(oldest)
            self._forgotten = oldest
        if self._thread is None:
            self._thread = threading.Thread(target=self._attend, name="console-index", daemon=True)
            self._thread.start()
        return table

    def _begin_anew(self, reader: JournalReader, oldest: int, newest: int) -> Table:
        """Begin with the newest entries; the thread sees to the others."""
        table = self._table = Table(max(oldest, newest - RECENT + 1))
        self._is_whole = table.begin == oldest
        self._read = 1.0 if self._is_whole else 0.0
        self._forgotten = oldest
        _catch_up(table, reader, newest)
        if not self._is_whole:
            self._stir.set()
        return table

    def _attend(self) -> None:
        """Read all of the journal when that is wanted, and let go of the index when nobody asks any more."""
        while not self._closing.is_set():
            if self._stir.wait(self._idle):
                self._stir.clear()
                if not self._closing.wait(self._delay):
                    self._read_all()
                continue
            with self._lock:
                if time.monotonic() - self._asked >= self._idle:
                    self._let_go()
                    self._thread = None
                    return

    def _read_all(self) -> None:
        """Read the journal from its oldest entry on, and put it in the place of what was read of its end."""
        replaced = self._table
        try:
            with closing(JournalReader(self._journal)) as reader:
                oldest, newest = reader.span()
                table = Table(oldest)
                while table.newest < newest and table.read(reader.portion) and not self._closing.is_set():
                    if table.is_too_long:
                        table.forget(oldest)
                    self._read = (table.newest - oldest) / (newest - oldest + 1)
                with self._lock:
                    if self._table is replaced and _catch_up(table, reader, newest):
                        self._table, self._is_whole, self._read, self._forgotten = table, True, 1.0, oldest
                    elif not self._is_whole:
                        self._stir.set()  # the journal was put back meanwhile
        except StoreError:
            _LOG.exception("the journal cannot be read for the console")

    def _let_go(self) -> None:
        self._table = Table()
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _catch_up(table: Table, reader: JournalReader, newest: int) -> bool:
    """Read what a table has not read yet, up to an entry; tell whether it is still the same journal."""
    while (new := table.read(reader.portion)) is not None:
        if table.newest >= newest or not new:
            return True
    return False
