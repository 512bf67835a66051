"""What the service must not forget: accepted events, checkpoints and the journal, in one SQLite file.

A process that is killed loses nothing it has committed. Only a power cut may lose the last moments: the file is not
synced at every commit, which costs milliseconds on a slow disk.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from landfast.delivery.actions import Window
from landfast.delivery.asynchronous import Progress
from landfast.journal import Entry, encoded

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, at REAL NOT NULL, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS events (request_id TEXT PRIMARY KEY, queue TEXT NOT NULL, record BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_queue ON events (queue);
CREATE TABLE IF NOT EXISTS engine (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shards (
    mapping TEXT NOT NULL, shard TEXT NOT NULL,
    sequence TEXT, windows BLOB NOT NULL, started REAL, ended INTEGER NOT NULL,
    PRIMARY KEY (mapping, shard)
);
"""
_KEPT_ENTRIES = 500_000

type Change = Callable[[sqlite3.Connection], object]


class AcceptedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An asynchronous event that waits for its end.

    Attributes:
        request_id: The same in every attempt (S-03).
        payload: The event, as JSON text.
        origin: What it came from, for people.
        trace: The trace header it came with, which carries the chain of invocations (S-34).
        progress: How far it has come.
    """

    request_id: str
    payload: bytes
    origin: str
    trace: str
    progress: Progress


class ShardState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a mapping has come in a shard.

    Attributes:
        sequence: The last record done; None before the first.
        windows: The open tumbling window of each lane.
        started: When the mapping first read the shard, in real Unix seconds: what LATEST means after a restart.
        ended: Whether the shard is closed and every record of it is done.
    """

    sequence: str | None = None
    windows: tuple[Window | None, ...] = ()
    started: float | None = None
    ended: bool = False


class Store:
    """The state directory's database; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)
        newest = self._connection.execute("SELECT max(id) FROM journal").fetchone()[0] or 0
        self._connection.execute("DELETE FROM journal WHERE id <= ?", (newest - _KEPT_ENTRIES,))

    def close(self) -> None:
        """Close the file; nothing can be committed afterwards."""
        with self._lock:
            self._connection.close()

    def belongs_to(self, engine: str) -> None:
        """Name the engine whose streams the checkpoints are about; those of another one are dropped."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN")
            known = self._connection.execute("SELECT name FROM engine").fetchone()
            if known != (engine,):
                self._connection.execute("DELETE FROM shards")
                self._connection.execute("DELETE FROM engine")
                self._connection.execute("INSERT INTO engine (name) VALUES (?)", (engine,))

    def commit(self, entries: Sequence[Entry], changes: Iterable[Change] = ()) -> None:
        """Note `entries` and make `changes`, all of it or nothing."""
        rows = [(entry.at, encoded(entry)) for entry in entries]
        with self._lock, self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT INTO journal (at, entry) VALUES (?, ?)", rows)
            for change in changes:
                change(self._connection)

    def latest(self) -> float:
        """The time of the newest entry of the journal, in seconds; 0 without one."""
        with self._lock:
            return float(self._connection.execute("SELECT max(at) FROM journal").fetchone()[0] or 0.0)

    def newest(self) -> int:
        """The number of the newest entry of the journal; 0 without one."""
        with self._lock:
            return int(self._connection.execute("SELECT max(id) FROM journal").fetchone()[0] or 0)

    def events(self, queue: str) -> list[AcceptedEvent]:
        """The accepted events of one asynchronous queue, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT record FROM events WHERE queue = ? ORDER BY rowid", (queue,)
            ).fetchall()
        return [msgspec.msgpack.decode(record, type=AcceptedEvent) for (record,) in rows]

    def shards(self, mapping: str) -> dict[str, ShardState]:
        """How far `mapping` has come in each shard it has read."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT shard, sequence, windows, started, ended FROM shards WHERE mapping = ?", (mapping,)
            ).fetchall()
        return {
            shard: ShardState(
                sequence=sequence,
                windows=msgspec.json.decode(windows, type=tuple[Window | None, ...]),
                started=started,
                ended=bool(ended),
            )
            for shard, sequence, windows, started, ended in rows
        }


def keep_event(queue: str, event: AcceptedEvent) -> Change:
    """Keep an event of an asynchronous queue, or what has changed about it."""
    record = msgspec.msgpack.encode(event)
    return lambda connection: connection.execute(
        "INSERT INTO events (request_id, queue, record) VALUES (?, ?, ?) "
        "ON CONFLICT (request_id) DO UPDATE SET record = excluded.record",
        (event.request_id, queue, record),
    )


def forget_event(request_id: str) -> Change:
    """Forget an event that has reached its end."""
    return lambda connection: connection.execute("DELETE FROM events WHERE request_id = ?", (request_id,))


def keep_shard(mapping: str, shard: str, state: ShardState) -> Change:
    """Keep how far a mapping has come in a shard."""
    windows = msgspec.json.encode(state.windows)
    return lambda connection: connection.execute(
        "INSERT OR REPLACE INTO shards (mapping, shard, sequence, windows, started, ended) VALUES (?, ?, ?, ?, ?, ?)",
        (mapping, shard, state.sequence, windows, state.started, state.ended),
    )


_ENTRY: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Entry)


def read_journal(path: Path, *, after: int = 0) -> Iterator[tuple[int, Entry]]:
    """The entries after number `after`, oldest first, also while a service writes to the file."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT id, entry FROM journal WHERE id > ? ORDER BY id", (after,))
        for number, entry in rows:
            yield number, _ENTRY.decode(entry)
