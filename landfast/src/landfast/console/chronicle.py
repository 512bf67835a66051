"""The journal as the page of an event reads it: the chains of all entries, kept up while pages ask."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from landfast.console.way import Way, way
from landfast.journal import Entry, Finished, Invoked
from landfast.report.chains import Chains
from landfast.service.store import first_number, read_entries, read_journal

_MANY: Final = 50_000
"""Entries that the journal has dropped, after which the chains are made anew without them."""


class Chronicle:
    """Tells ways of a live journal; safe to share between threads.

    The first question reads all of the journal, each further one what is new.

    Args:
        path: The store's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._chains = Chains()
        self._first = 0
        self._last: tuple[int, Entry] | None = None

    def way(self, record: str) -> Way | None:
        """The way of a record; None if the journal does not know it.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        with self._lock:
            self._catch_up()
            return way(self._chains, self._read, record) if record in self._chains else None

    def attempt(self, request_id: str, call: int) -> tuple[Invoked, Finished | None] | None:
        """The beginning and the end of one of the calls with a request id, from 1; None if the journal has it not.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        with self._lock:
            self._catch_up()
            calls = self._chains.calls_of(request_id)
            if not 0 < call <= len(calls):
                return None
            chosen = calls[call - 1]
            entries = self._read([number for number in (chosen.number, chosen.ended) if number is not None])
        begun = next((entry for entry in entries if isinstance(entry, Invoked)), None)
        ended = next((entry for entry in entries if isinstance(entry, Finished)), None)
        return (begun, ended) if begun is not None else None

    def _read(self, numbers: Sequence[int]) -> list[Entry]:
        return read_entries(self._path, numbers)

    def _catch_up(self) -> None:
        """Read what is new. A service that is reset gives numbers anew: so the last entry is to be the same."""
        first = first_number(self._path)
        if first - self._first > _MANY:
            self._begin()
        after = self._last[0] - 1 if self._last else 0
        entries = read_journal(self._path, after=after)
        if self._last and next(entries, None) != self._last:
            self._begin()
            entries = read_journal(self._path)
        if self._last is None:
            self._first = first
        for number, entry in entries:
            self._chains.take(number, entry)
            self._last = number, entry
