"""The journal as the page of an event reads it: the chains of all entries, kept up while pages ask."""

import threading
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec

from landfast.console.way import Read, Way, way
from landfast.journal import Entry, Finished, Invoked
from landfast.report.chains import Chains
from landfast.service.store import JournalReader

_PORTION: Final = 1_000
"""Entries that are read at a time."""

_MANY: Final = 50_000
"""Entries that the journal has dropped, after which the chains are made anew without them."""

_IDLE: Final = 600.0
"""Real seconds without a question after which what was read goes."""

_ENTRIES: Final = msgspec.json.Decoder(list[tuple[int, Entry]])


class Chronicle:
    """Tells ways of a live journal; safe to share between threads.

    The first question reads all of the journal, each further one what is new. When nobody has asked for a while, what
    was read goes.

    Args:
        path: The store's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._reader: JournalReader | None = None
        self._timer: threading.Timer | None = None
        self._begin(1)

    def _begin(self, first: int) -> None:
        self._chains = Chains()
        self._first = first
        self._last: tuple[int, Entry] | None = None

    def is_new(self) -> bool:
        """Tell whether nothing was read yet."""
        return self._last is None

    def prepare(self) -> None:
        """Read all of the journal, so that the first question need not wait for that.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        with self._lock:
            self._catch_up()

    def way(self, record: str) -> Way | None:
        """The way of a record; None if the journal does not know it.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        with self._lock:
            reader = self._catch_up()
            return way(self._chains, reader.entries, record) if record in self._chains else None

    def attempts(self, request_id: str) -> list[tuple[Invoked, Finished | None]]:
        """The calls with a request id, in order: of each its beginning and, if it is over, its end.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        with self._lock:
            reader = self._catch_up()
            return attempts(self._chains, reader.entries, request_id)

    def close(self) -> None:
        """Close the journal's file, and forget what was read of it."""
        with self._lock:
            self._begin(1)
            if self._timer is not None:
                self._timer.cancel()
            if self._reader is not None:
                self._reader.close()
            self._timer = self._reader = None

    def _wait(self) -> None:
        """Close in a while, unless somebody asks before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(_IDLE, self.close)
        self._timer.daemon = True
        self._timer.name = "console-idle"
        self._timer.start()

    def _catch_up(self) -> JournalReader:
        """Read what is new. A service that is reset gives numbers anew: so the last entry is to be the same."""
        self._wait()
        reader = self._reader = self._reader or JournalReader(self._path)
        oldest, _ = reader.span()
        if oldest - self._first > _MANY or (self._last and _portion(reader, self._last[0], 1) != [self._last]):
            self._begin(oldest)
        while entries := _portion(reader, self._last[0] + 1 if self._last else self._first, _PORTION):
            for number, entry in entries:
                self._chains.take(number, entry)
            self._last = entries[-1]
        return reader


def attempts(chains: Chains, read: Read, request_id: str) -> list[tuple[Invoked, Finished | None]]:
    """The calls with a request id, in order: of each its beginning and, if it is over, its end.

    Args:
        chains: The chains of the journal.
        read: Reads entries of the journal.
        request_id: The id.
    """
    calls = chains.calls_of(request_id)
    numbers = sorted(number for call in calls for number in (call.number, call.ended) if number is not None)
    found: list[tuple[Invoked, Finished | None]] = []
    for entry in read(numbers):
        if isinstance(entry, Invoked):
            found.append((entry, None))
        elif isinstance(entry, Finished) and found:
            found[-1] = found[-1][0], entry
    return found


def _portion(reader: JournalReader, begin: int, most: int) -> list[tuple[int, Entry]]:
    return sorted(_ENTRIES.decode(reader.portion(begin, most)), key=itemgetter(0))
