"""A Kinesis stream: what is put into it, how long that is kept, and where it goes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from landfast.sources.kinesis_resharding import Shards
from landfast.sources.kinesis_rows import HOUR, Record, Settings
from landfast.sources.kinesis_shards import KinesisShard, first_index, hash_key
from landfast.sources.rows import SETTINGS, Keep, parted


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that is to be put.

    Attributes:
        key: The partition key.
        data: Any bytes.
        hash_key: Decides about the shard in place of the key's hash.
    """

    key: str
    data: bytes
    hash_key: int | None = None


class KinesisStream:
    """The state machine of one stream.

    Rows are kept as they change: one for the settings, one for each shard, one for each record. A new record goes to
    the open shard whose range holds its hash key; after a split or merge those are the children only (S-143).

    Args:
        settings: The settings of the stream; `save` after a change.
        keep: Keeps its rows.
        rows: Those that were kept before a restart, in the order of their keys.

    Attributes:
        settings: The settings of the stream; `save` after a change.
    """

    def __init__(self, settings: Settings, keep: Keep, rows: Iterable[tuple[str, bytes]] = ()) -> None:
        self.settings = settings
        self._shards = Shards(settings, keep)
        self._keep = keep
        self._resharded: list[Callable[[], None]] = []
        self._next = 1
        self._due = _NEVER
        self._restore(rows)

    @classmethod
    def made(cls, settings: Settings, keep: Keep, shards: int) -> Self:
        """A new stream with this many shards of equal size."""
        stream = cls(settings, keep)
        stream._next = settings.floor = first_index(settings.created)
        stream._shards.make(shards, settings.created)
        stream.save()
        return stream

    @classmethod
    def restored(cls, rows: Iterable[tuple[str, bytes]], keep: Keep) -> Self:
        """A stream as its rows, in the order of their keys, tell."""
        settings, others = parted(rows, Settings)
        return cls(settings, keep, others)

    @property
    def arn(self) -> str:
        """The stream's ARN."""
        return self.settings.arn

    @property
    def shards(self) -> Mapping[int, KinesisShard]:
        """All shards that hold records or may still get some, by number."""
        return self._shards.by_number

    @property
    def open_shards(self) -> Sequence[KinesisShard]:
        """The shards that take records, in the order of their ranges."""
        return self._shards.routes

    @property
    def next_index(self) -> int:
        """The index that the next record gets."""
        return self._next

    @property
    def retention(self) -> float:
        """Seconds for which it keeps a record (S-54)."""
        return self.settings.retention_hours * HOUR

    def readable_shards(self) -> Sequence[KinesisShard]:
        """Return the shards that mappings read."""
        return [*self.shards.values()]

    def watch(self, resharded: Callable[[], None]) -> None:
        """Name whom to tell that there are other shards."""
        self._resharded.append(resharded)

    def unwatch(self, resharded: Callable[[], None]) -> None:
        """Do not tell it any more."""
        self._resharded.remove(resharded)

    def due(self) -> float | None:
        """When something leaves the stream next, in Unix seconds."""
        return None if self._due == _NEVER else self._due

    def advance(self, now: float) -> None:
        """Let go of the records and closed shards that are too old (S-54)."""
        if now < self._due:
            return
        retention = self.retention
        for shard in [*self.shards.values()]:
            oldest = shard.oldest
            if oldest is not None and oldest.arrived + retention <= now:
                self._let_go(shard, shard.expired(now, retention), "S-54 expired in the stream")
                self._shards.keep(shard)
            if shard.closed_at is not None and shard.closed_at + retention <= now:
                self._shards.forget(shard)
                self.settings.floor = self._next
                self.save()
        self._plan()

    def save(self) -> None:
        """Keep the settings."""
        self._keep(SETTINGS, msgspec.msgpack.encode(self.settings))

    def put(self, entries: Sequence[Entry], now: float) -> list[tuple[KinesisShard, Record]]:
        """Take records in, in their order; each with the shard that has taken it."""
        taken = [self._put(entry, now) for entry in entries]
        self._due = min(self._due, now + self.retention)
        for shard in dict.fromkeys(shard for shard, _ in taken):
            shard.notify()
        return taken

    def split(self, number: int, at: int, now: float) -> None:
        """Split a shard in two, the second of which begins with the hash key `at`.

        Raises:
            Refusal: The shard is not open, or the key is not inside its range.
        """
        self._shards.split(number, at, now)
        self._reshaped()

    def merge(self, number: int, adjacent: int, now: float) -> None:
        """Merge two shards, the second of which follows the first.

        Raises:
            Refusal: They are not open, or not next to each other.
        """
        self._shards.merge(number, adjacent, now)
        self._reshaped()

    def rescale(self, count: int, now: float) -> None:
        """Have so many open shards of equal size.

        Raises:
            Refusal: The stream is on demand, or `UpdateShardCount` does not go so far at once.
        """
        self._shards.rescale(count, now)
        self._reshaped()

    def set_retention(self, hours: int, now: float) -> None:
        """Keep records for so many hours from now on; what has left the stream stays away."""
        self.advance(now)
        self.settings.retention_hours = hours
        self.save()
        self._plan()
        self.advance(now)

    def delete(self) -> None:
        """Forget everything; readers are told."""
        for shard in [*self.shards.values()]:
            self._let_go(shard, shard.end, "its stream was deleted")
            self._shards.forget(shard)
            shard.vanish(f"the {self.settings.told} was deleted")
        self._keep(SETTINGS, None)

    def _put(self, entry: Entry, now: float) -> tuple[KinesisShard, Record]:
        shard = self._shard_for(entry)
        newest = shard.newest
        record = Record(self._next, entry.key, entry.data, now if newest is None else max(now, newest.arrived))
        self._next += 1
        shard.append(record)
        self._keep(_record_key(shard.number, record.index), msgspec.msgpack.encode(record))
        return shard, record

    def _shard_for(self, entry: Entry) -> KinesisShard:
        if self.settings.distribution == "AUTO":
            return self.open_shards[self._next % len(self.open_shards)]
        return self._shards.routed(hash_key(entry.key) if entry.hash_key is None else entry.hash_key)

    def _let_go(self, shard: KinesisShard, upto: int, rule: str) -> None:
        for record in shard.let_go(upto, rule):
            self._keep(_record_key(shard.number, record.index), None)

    def _plan(self) -> None:
        retention = self.retention
        oldest = (shard.oldest.arrived + retention for shard in self.shards.values() if shard.oldest is not None)
        closed = (shard.closed_at + retention for shard in self.shards.values() if shard.closed_at is not None)
        self._due = min((*oldest, *closed), default=_NEVER)

    def _reshaped(self) -> None:
        self.save()
        self._plan()
        for resharded in self._resharded:
            resharded()

    def _restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in rows: those of records stand before those of shards, in the order of their keys."""
        records: list[tuple[int, Record]] = []
        shards: list[bytes] = []
        for key, content in rows:
            if key.startswith(_RECORDS):
                records.append((int(key.split("/")[1], 16), _RECORD.decode(content)))
            else:
                shards.append(content)
        self._shards.restore(shards)
        for number, record in records:
            self.shards[number].append(record)
        trimmed = (shard.trimmed + 1 for shard in self.shards.values())
        self._next = max((self.settings.floor, *trimmed, *(record.index + 1 for _, record in records)))
        self._plan()


_NEVER: Final = float("inf")
_RECORDS: Final = "record/"
_RECORD: Final = msgspec.msgpack.Decoder(Record)


def _record_key(shard: int, index: int) -> str:
    return f"{_RECORDS}{shard:08x}/{index:016x}"
