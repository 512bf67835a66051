"""Keeps what the service must not forget: accepted events, checkpoints and the journal, in one SQLite file.

A process that is killed loses nothing it has committed. Only a power cut may lose the last moments: the file is not
synced at every commit, which costs milliseconds on a slow disk.
"""

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from landfast import private
from landfast.delivery.asynchronous import Progress
from landfast.driver import Change, ForgetEvent, ForgetShards, KeepEvent, KeepRow, KeepShard, ShardState
from landfast.journal import Entry, encoded
from landfast.service.state import ServiceError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, at REAL NOT NULL, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS events (request_id TEXT PRIMARY KEY, queue TEXT NOT NULL, record BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_queue ON events (queue);
CREATE TABLE IF NOT EXISTS shards (
    mapping TEXT NOT NULL, shard TEXT NOT NULL, state BLOB NOT NULL,
    PRIMARY KEY (mapping, shard)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    kind TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (kind, owner, key)
) WITHOUT ROWID;
"""
VERSION = 2
"""The version of the tables: an earlier one is taken over, a later one refused. The first files had no number."""

CLOCK = "clock"
"""The kind of the row with the time of the last commit, so that time never goes back for a restarted service."""

KEPT_ENTRIES = 500_000
KEPT_BYTES = 128 * 1024 * 1024
_STEP = 256
"""The number of the journal's entries that are dropped at a time."""

_COMMITS = 64
_PAGES = 512
"""The number of unused pages that are given back to the file system after every so many commits."""

_LONGEST_WAL = 16 * 1024 * 1024
_PORTION = 500
_PATIENCE = 5.0
"""Seconds to wait for another process that has locked the file."""

_COLUMNS = {
    "journal": {"id", "at", "entry"},
    "events": {"request_id", "queue", "record"},
    "rows": {"kind", "owner", "key", "content"},
    "shards": {"mapping", "shard", "state"},
}
_SINCE_THE_FIRST = ("journal", "events")
_MOVE_AWAY = "move it away, and with it what the service has accepted, or name another directory with --state"
_EXPLAINED = {
    sqlite3.SQLITE_BUSY: ("is locked by another process", "close what has it open"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened as a file", _MOVE_AWAY),
    sqlite3.SQLITE_CORRUPT: ("is damaged", _MOVE_AWAY),
    sqlite3.SQLITE_FULL: ("has no room: the disk is full", "make room; what was accepted before is kept"),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "is the disk full? what was accepted before is kept"),
    sqlite3.SQLITE_NOTADB: ("is not a database", _MOVE_AWAY),
    sqlite3.SQLITE_READONLY: ("is read-only", "make it writable, or name another directory with --state"),
}
_PRIMARY_CODE = 0xFF


class StoreError(ServiceError):
    """The database cannot be used.

    Args:
        path: The store's file.
        problem: The problem with the file.
        mend: The step by which the user can mend it.
    """

    def __init__(self, path: Path, problem: str, mend: str) -> None:
        super().__init__(f"{path}: {' '.join(problem.split())}: {mend}")


class AcceptedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An asynchronous event that waits for its end.

    Attributes:
        request_id: The same in every attempt (S-03).
        payload: The event, as JSON text.
        origin: The origin of the event, for people.
        trace: The trace header it came with, which carries the chain of invocations (S-34).
        progress: The progress of the event.
    """

    request_id: str
    payload: bytes
    origin: str
    trace: str
    progress: Progress


class Store:
    """The state directory's database; safe to share between threads.

    The journal in it is bounded, by number and by size, while it grows: its oldest entries go. Accepted events and
    checkpoints stay for as long as they are needed.

    Args:
        path: The file, made if it is missing.
        failed: Told of an error after which nothing can be kept any more, on whatever thread it comes up.
        most_entries: The most entries of the journal.
        most_bytes: The most bytes of the journal's entries.
    """

    def __init__(
        self,
        path: Path,
        *,
        failed: Callable[[StoreError], None] = lambda _: None,
        most_entries: int = KEPT_ENTRIES,
        most_bytes: int = KEPT_BYTES,
    ) -> None:
        """Open the file.

        Raises:
            StoreError: It cannot be opened, or it is not a database of this version of Landfast.
        """
        self._path = path
        self._failed = failed
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._closed = False
        with _translated(path):
            os.close(private.opened(path, os.O_RDWR | os.O_CREAT))
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE)
        try:
            with _translated(path):
                self._open()
        except BaseException:
            self._connection.close()
            raise

    def _open(self) -> None:
        run = self._connection.execute
        _prepare(self._connection, self._path)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run(f"PRAGMA journal_size_limit = {_LONGEST_WAL}")
        self._count()
        self._commits = 0
        with self._connection:
            run("BEGIN IMMEDIATE")
            self._prune()

    def _count(self) -> None:
        first, last, size = self._connection.execute(
            "SELECT coalesce(min(id), 1), coalesce(max(id), 0), coalesce(sum(length(entry)), 0) FROM journal"
        ).fetchone()
        self._first: int = first
        self._last: int = last
        self._bytes: int = size

    def close(self) -> None:
        """Close the file; nothing can be committed afterwards."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def commit(self, entries: Sequence[Entry], changes: Iterable[Change] = ()) -> None:
        """Note `entries` and make `changes`, all of it or nothing.

        Raises:
            StoreError: The file takes nothing any more; whoever was given as `failed` has been told.
        """
        rows = [(entry.at, encoded(entry)) for entry in entries]
        changes = [*changes]
        kept = [
            (change.kind, change.owner, change.key, change.content)
            for change in changes
            if isinstance(change, KeepRow) and change.content is not None
        ]
        with self._transaction():
            self._connection.executemany("INSERT INTO journal (at, entry) VALUES (?, ?)", rows)
            self._connection.executemany(
                "INSERT OR REPLACE INTO rows (kind, owner, key, content) VALUES (?, ?, ?, ?)", kept
            )
            for change in changes:
                _make(change, self._connection)
            self._last += len(rows)
            self._bytes += sum(len(entry) for _, entry in rows)
            self._prune()

    def remember(self) -> None:
        """Remember all there is, for `reset`, until the file is closed."""
        with self._transaction():
            for table in _COLUMNS:
                self._connection.execute(f"DROP TABLE IF EXISTS temp.kept_{table}")
                self._connection.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608 - ours

    def reset(self) -> None:
        """Put back what was there at `remember`."""
        with self._transaction():
            for table in _COLUMNS:
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
                self._connection.execute(f"INSERT INTO {table} SELECT * FROM temp.kept_{table}")  # noqa: S608 - ours
            self._count()

    def latest(self) -> float:
        """The time of the last commit, as far as its entries and its clock tell, in seconds; 0 without one."""
        with self._reading():
            (noted,) = self._connection.execute("SELECT max(at) FROM journal").fetchone()
        clock = (float(content) for _, _, content in self.rows(CLOCK))
        return max(noted or 0.0, *clock, 0.0)

    def newest(self) -> int:
        """The number of the newest entry of the journal; 0 without one."""
        with self._lock:
            return self._last

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                with _translated(self._path):
                    yield
            except StoreError as error:
                if not self._closed:
                    self._failed(error)
                raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._reading():
            self._shrink()
            counted = self._first, self._last, self._bytes
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    yield
            except BaseException:
                self._first, self._last, self._bytes = counted
                raise

    def _prune(self) -> None:
        """Drop the oldest entries while there are too many, some hundreds at a time; the newest ones always stay."""
        while self._last - self._first >= self._most_entries or self._bytes > self._most_bytes:
            upto = min(self._first + _STEP, self._last)
            if upto <= self._first:
                return
            dropped = self._connection.execute(
                "SELECT coalesce(sum(length(entry)), 0) FROM journal WHERE id < ?", (upto,)
            ).fetchone()
            self._connection.execute("DELETE FROM journal WHERE id < ?", (upto,))
            self._first = upto
            self._bytes -= dropped[0]

    def _shrink(self) -> None:
        """Give back, now and then and in small portions, what forgotten events and entries have taken of the disk."""
        self._commits += 1
        if self._commits % _COMMITS == 0:
            # As a script, since `execute` of Python 3.11 gives back the first page and no more.
            self._connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")

    def events(self, queue: str) -> list[AcceptedEvent]:
        """The accepted events of one asynchronous queue, oldest first."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT record FROM events WHERE queue = ? ORDER BY rowid", (queue,)
            ).fetchall()
        return [msgspec.msgpack.decode(record, type=AcceptedEvent) for (record,) in rows]

    def rows(self, kind: str) -> list[tuple[str, str, bytes]]:
        """Return what the event plane's machines of one kind have kept: owner, key and content, in that order."""
        with self._reading():
            return self._connection.execute(
                "SELECT owner, key, content FROM rows WHERE kind = ? ORDER BY owner, key", (kind,)
            ).fetchall()

    def shards(self, mapping: str) -> dict[str, ShardState]:
        """Return the progress of `mapping` in each shard that it has read."""
        with self._reading():
            rows = self._connection.execute("SELECT shard, state FROM shards WHERE mapping = ?", (mapping,)).fetchall()
            return {shard: _STATE.decode(state) for shard, state in rows}


def _make(change: Change, connection: sqlite3.Connection) -> None:
    match change:
        case KeepEvent(queue, event, progress):
            kept = AcceptedEvent(
                request_id=event.request_id,
                payload=event.text.encode(),
                origin=event.origin,
                trace=event.trace,
                progress=progress,
            )
            connection.execute(
                "INSERT INTO events (request_id, queue, record) VALUES (?, ?, ?) "
                "ON CONFLICT (request_id) DO UPDATE SET record = excluded.record",
                (event.request_id, queue, _packed(kept)),
            )
        case KeepRow(kind, owner, key, None):
            connection.execute("DELETE FROM rows WHERE kind = ? AND owner = ? AND key = ?", (kind, owner, key))
        case ForgetEvent(request_id):
            connection.execute("DELETE FROM events WHERE request_id = ?", (request_id,))
        case ForgetShards(mapping):
            connection.execute("DELETE FROM shards WHERE mapping = ?", (mapping,))
        case KeepShard(mapping, shard, state):
            connection.execute(
                "INSERT OR REPLACE INTO shards (mapping, shard, state) VALUES (?, ?, ?)",
                (mapping, shard, msgspec.json.encode(_sound(msgspec.to_builtins(state)))),
            )


def _packed(event: AcceptedEvent) -> bytes:
    try:
        return msgspec.msgpack.encode(event)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_sound(msgspec.to_builtins(event, builtin_types=(bytes,))))


def _sound(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with a question mark for each half of a surrogate pair, which JSON can escape and UTF-8 cannot hold."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_sound(name): _sound(part) for name, part in value.items()}
        case list() | tuple():
            return [_sound(part) for part in value]
        case _:
            return value


def read_journal(path: Path, *, after: int = 0) -> Iterator[tuple[int, Entry]]:
    """The entries after number `after`, oldest first, also while a service writes to the file and drops old entries.

    Between two portions nothing is held open: a reader that rests, as behind a pager, keeps no space from being
    used again.

    Raises:
        StoreError: There is no journal that this version of Landfast can read.
    """
    with _translated(path), closing(_reader(path)) as connection:
        _check_version(connection, path)
    while True:
        with _translated(path), closing(_reader(path)) as connection:
            rows = connection.execute(
                "SELECT id, entry FROM journal WHERE id > ? ORDER BY id LIMIT ?", (after, _PORTION)
            ).fetchall()
            entries = [(number, _ENTRY.decode(entry)) for number, entry in rows]
        yield from entries
        if len(entries) < _PORTION:
            return
        after = entries[-1][0]


class JournalReader:
    """Reads portions of a journal to which a service still writes; for one thread at a time.

    It is for a reader in the service's own process, which must not slow it: a portion is one step of SQLite, during
    which the interpreter is free for other threads. Between two portions nothing is held.

    Args:
        path: The store's file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            StoreError: There is no journal that this version of Landfast can read.
        """
        self._path = path
        with _translated(path):
            self._connection = _reader(path, check_same_thread=False)
            try:
                _check_version(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def span(self) -> tuple[int, int]:
        """The numbers of the oldest and the newest entry; 1 and 0 without one."""
        with _translated(self._path):
            first, last = self._connection.execute(
                "SELECT (SELECT min(id) FROM journal), (SELECT max(id) FROM journal)"
            ).fetchone()
        return (1, 0) if first is None else (first, last)

    def portion(self, begin: int, most: int) -> bytes:
        """The entries from number `begin` on, `most` of them, as a JSON array of ``[number, entry]``."""
        with _translated(self._path):
            (content,) = self._connection.execute(
                "SELECT CAST('[' || group_concat('[' || id || ',' || entry || ']') || ']' AS BLOB) "
                "FROM (SELECT id, entry FROM journal WHERE id >= ? ORDER BY id LIMIT ?)",
                (begin, most),
            ).fetchone()
        return content or b"[]"

    def entries(self, numbers: Sequence[int]) -> list[Entry]:
        """The entries with these numbers, in order, but those that the journal has dropped."""
        found: list[Entry] = []
        with _translated(self._path):
            for begin in range(0, len(numbers), _PORTION):
                some = numbers[begin : begin + _PORTION]
                marks = ",".join("?" * len(some))
                rows = self._connection.execute(f"SELECT entry FROM journal WHERE id IN ({marks}) ORDER BY id", some)  # noqa: S608 - marks alone
                found += [_ENTRY.decode(entry) for (entry,) in rows]
        return found


_STATE = msgspec.json.Decoder(ShardState)
_ENTRY: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Entry)


def _reader(path: Path, *, check_same_thread: bool = True) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, check_same_thread=check_same_thread)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file; check that an older one is sound and of this version.

    Raises:
        StoreError: It is not.
    """
    connection.execute(f"PRAGMA busy_timeout = {int(_PATIENCE * 1000)}")
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")
        return
    _check_version(connection, path)
    damage = connection.execute("PRAGMA quick_check(1)").fetchone()
    if damage != ("ok",):
        raise StoreError(path, f"is damaged ({damage[0]})", _MOVE_AWAY)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < VERSION:
        # Checkpoints of the earlier versions are about streams that an engine held, which are gone.
        connection.executescript(f"BEGIN; DROP TABLE shards; DROP TABLE IF EXISTS engine; {_SCHEMA} COMMIT")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Tell whether the file is of this version, or of an earlier one with the tables of `_SINCE_THE_FIRST`."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= VERSION:
        raise StoreError(path, f"is of another version of Landfast ({version}, this one writes {VERSION})", _MOVE_AWAY)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in _COLUMNS if version == VERSION else _SINCE_THE_FIRST:
        columns = _COLUMNS[table]
        found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if table not in tables or found != columns:
            raise StoreError(path, f"is not a database of Landfast (table {table} is missing or another)", _MOVE_AWAY)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = "is a symbolic link" if error.errno == errno.ELOOP else f"cannot be opened ({error.strerror})"
        raise StoreError(path, problem, _MOVE_AWAY) from error
    except sqlite3.Error as error:
        raise StoreError(path, *_explained(error)) from error
    except msgspec.DecodeError as error:
        raise StoreError(path, f"holds something this version of Landfast cannot read ({error})", _MOVE_AWAY) from error


def _explained(error: sqlite3.Error) -> tuple[str, str]:
    """Say what is wrong, and what the user can do."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    problem, mend = _EXPLAINED.get(code, ("cannot be used", _MOVE_AWAY))
    return f"{problem} ({error})", mend
