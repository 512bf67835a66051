"""A Kinesis stream: its shards, what is put into them, resharding and retention."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import msgspec

from landfast.sources.kinesis_shards import (
    HASH_KEYS,
    KinesisShard,
    Record,
    ShardRow,
    even_starts,
    hash_key,
    shard_id,
)
from landfast.sources.refusal import Refusal
from landfast.sources.rows import Keep

HOUR: Final = 3600.0
SHORTEST_RETENTION: Final = 24
LONGEST_RETENTION: Final = 8_760
"""Hours for which a stream keeps a record (Kinesis API, `IncreaseStreamRetentionPeriod`)."""

_BOTH: Final = 2

Mode = Literal["PROVISIONED", "ON_DEMAND"]


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A registered consumer.

    Attributes:
        name: Its name.
        arn: Its ARN, which ends with the second in which it was registered.
        created: When, in Unix seconds.
        tags: Its tags.
    """

    name: str
    arn: str
    created: float
    tags: dict[str, str] = {}


class Settings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a stream is set to, under AWS's names.

    Attributes:
        name: Its name.
        arn: Its ARN.
        created: When it was made, in Unix seconds.
        mode: Its capacity mode; throughput is not limited here in either.
        retention_hours: For how long it keeps a record.
        max_record_kib: The largest record, key and data together.
        key_id: What it is said to be encrypted with; None if it is not.
        metrics: The shard-level metrics that are said to be kept.
        tags: Its tags.
        consumers: Its consumers, by name.
        policies: Resource policies, by the ARN they are attached to.
        warm_throughput: In MiB per second; None if it was never set.
        distribution: Whether partition keys decide about shards.
        shards: How many shards were ever made.
        floor: The next record's index is at least this.
    """

    name: str
    arn: str
    created: float
    mode: Mode = "PROVISIONED"
    retention_hours: int = SHORTEST_RETENTION
    max_record_kib: int = 1024
    key_id: str | None = None
    metrics: list[str] = []
    tags: dict[str, str] = {}
    consumers: dict[str, Consumer] = {}
    policies: dict[str, str] = {}
    warm_throughput: int | None = None
    distribution: Literal["AUTO", "USER_PARTITION_KEY"] = "USER_PARTITION_KEY"
    shards: int = 0
    floor: int = 1

    @property
    def account(self) -> str:
        """The account in its ARN."""
        return self.arn.split(":")[4]

    @property
    def told(self) -> str:
        """How AWS names it in its errors."""
        return f"stream {self.name} under account {self.account}"


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
        settings: What it is set to.
        keep: Keeps its rows.
        rows: Those that were kept before a restart, in the order of their keys.

    Attributes:
        settings: What it is set to; `save` after a change.
        shards: All shards that hold records or may still get some, by number.
    """

    def __init__(self, settings: Settings, keep: Keep, rows: Iterable[tuple[str, bytes]] = ()) -> None:
        self.settings = settings
        self.shards: dict[int, KinesisShard] = {}
        self._keep = keep
        self._resharded: list[Callable[[], None]] = []
        self._routes: list[KinesisShard] = []
        self._starts: list[int] = []
        self._next = 1
        self._due = _NEVER
        self._restore(rows)

    @classmethod
    def made(cls, settings: Settings, keep: Keep, shards: int) -> Self:
        """A new stream with this many shards of equal size."""
        stream = cls(settings, keep)
        for first, last in _ranges(even_starts(shards)):
            stream._open(first, last, settings.created)
        stream.save()
        stream._route()
        return stream

    @classmethod
    def restored(cls, rows: Iterable[tuple[str, bytes]], keep: Keep) -> Self:
        """A stream as its rows, in the order of their keys, tell."""
        kept = dict(rows)
        settings = msgspec.msgpack.decode(kept.pop(_SETTINGS), type=Settings)
        return cls(settings, keep, kept.items())

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.settings.arn

    @property
    def open_shards(self) -> Sequence[KinesisShard]:
        """The shards that take records, in the order of their ranges."""
        return self._routes

    @property
    def next_index(self) -> int:
        """The index that the next record gets."""
        return self._next

    @property
    def retention(self) -> float:
        """Seconds for which it keeps a record (S-54)."""
        return self.settings.retention_hours * HOUR

    def readable_shards(self) -> Sequence[KinesisShard]:
        """What mappings read."""
        return [*self.shards.values()]

    def watch(self, resharded: Callable[[], None]) -> None:
        """Name whom to tell that there are other shards."""
        self._resharded.append(resharded)

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
                self._keep_shard(shard)
            if shard.closed_at is not None and shard.closed_at + retention <= now:
                self._forget(shard)
        self._plan()

    def save(self) -> None:
        """Keep the settings."""
        self._keep(_SETTINGS, msgspec.msgpack.encode(self.settings))

    def put(self, entries: Sequence[Entry], now: float) -> list[tuple[KinesisShard, Record]]:
        """Take records in, in their order; each with the shard that has taken it."""
        taken = [self._put(entry, now) for entry in entries]
        self._due = min(self._due, now + self.retention)
        for shard in dict.fromkeys(shard for shard, _ in taken):
            shard.notify()
        return taken

    def split(self, number: int, at: int, now: float) -> None:
        """Split a shard in two, the second of which begins with the hash key `at` (S-143).

        Raises:
            Refusal: The shard is not open, or the key is not inside its range.
        """
        shard = self.shards[number]
        self._check_provisioned()
        self._check_open(shard)
        if not shard.first + 1 < at < shard.last:
            raise Refusal(
                "InvalidArgumentException",
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard.id} in {self.settings.told} is not both "
                f"greater than one plus the shard's StartingHashKey {shard.first} and less than the shard's "
                f"EndingHashKey {shard.last}.",
            )
        self._divide(shard, at, now)
        self._reshaped()

    def merge(self, number: int, adjacent: int, now: float) -> None:
        """Merge two shards, the second of which follows the first (S-143).

        Raises:
            Refusal: They are not open, or not next to each other.
        """
        pair = [self.shards[number], self.shards[adjacent]]
        self._check_provisioned()
        for shard in pair:
            self._check_open(shard)
        if pair[0].last + 1 != pair[1].first:
            raise Refusal(
                "InvalidArgumentException",
                f"Shards {pair[0].id} and {pair[1].id} in {self.settings.told} are not an adjacent pair of shards "
                "eligible for merging",
            )
        self._join(pair, now)
        self._reshaped()

    def rescale(self, count: int, now: float) -> None:
        """Split and merge until there are `count` open shards of equal size; shards in between are short-lived.

        Raises:
            Refusal: The stream is on demand, or `UpdateShardCount` does not go so far at once.
        """
        self._check_provisioned()
        current = len(self._routes)
        counts = f"Current open shard count: {current}, Target shard count: {count}"
        if count > _BOTH * current:
            raise Refusal(
                "LimitExceededException",
                f"UpdateShardCount cannot scale up over double your current open shard count. {counts}",
            )
        if count * _BOTH < current:
            raise Refusal(
                "LimitExceededException",
                f"UpdateShardCount cannot scale down below half your current open shard count. {counts}",
            )
        starts = even_starts(count)
        for start in starts:
            shard = self._routed(start)
            if shard.first != start:
                self._divide(shard, start, now)
                self._route()
        for first, last in _ranges(starts):
            pieces = [shard for shard in self._routes if first <= shard.first <= last]
            while len(pieces) > 1:
                pieces[:_BOTH] = [self._join(pieces[:_BOTH], now)]
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
            self._keep(_shard_key(shard.number), None)
            shard.vanish(f"the {self.settings.told} was deleted")
        self._keep(_SETTINGS, None)

    # Records

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
            return self._routes[self._next % len(self._routes)]
        return self._routed(hash_key(entry.key) if entry.hash_key is None else entry.hash_key)

    def _routed(self, key: int) -> KinesisShard:
        return self._routes[bisect_right(self._starts, key) - 1]

    def _let_go(self, shard: KinesisShard, upto: int, rule: str) -> None:
        for record in shard.let_go(upto, rule):
            self._keep(_record_key(shard.number, record.index), None)

    def _plan(self) -> None:
        retention = self.retention
        oldest = (shard.oldest.arrived + retention for shard in self.shards.values() if shard.oldest is not None)
        closed = (shard.closed_at + retention for shard in self.shards.values() if shard.closed_at is not None)
        self._due = min((*oldest, *closed), default=_NEVER)

    # Shards

    def _open(self, first: int, last: int, now: float, parents: Sequence[KinesisShard] = ()) -> KinesisShard:
        """Make a shard. Its sequence numbers are greater than those of its parents, as they begin a second later."""
        created = max([int(now), *(int(max(now, parent.numbers.created)) + 1 for parent in parents)])
        row = ShardRow(
            number=self.settings.shards,
            first=str(first),
            last=str(last),
            created=created,
            opened=now,
            parents=tuple(parent.number for parent in parents),
        )
        self.settings.shards += 1
        shard = self.shards[row.number] = KinesisShard(row)
        self._keep_shard(shard)
        return shard

    def _close(self, shard: KinesisShard, now: float) -> None:
        shard.close(now)
        self._keep_shard(shard)
        self._due = min(self._due, now + self.retention)

    def _divide(self, shard: KinesisShard, at: int, now: float) -> None:
        self._close(shard, now)
        self._open(shard.first, at - 1, now, [shard])
        self._open(at, shard.last, now, [shard])
        shard.notify()

    def _join(self, pair: Sequence[KinesisShard], now: float) -> KinesisShard:
        for shard in pair:
            self._close(shard, now)
        child = self._open(pair[0].first, pair[1].last, now, pair)
        for shard in pair:
            shard.notify()
        return child

    def _reshaped(self) -> None:
        self.save()
        self._route()
        for resharded in self._resharded:
            resharded()

    def _forget(self, shard: KinesisShard) -> None:
        """A closed shard is older than every record may be."""
        del self.shards[shard.number]
        self._keep(_shard_key(shard.number), None)
        self.settings.floor = self._next
        self.save()

    def _route(self) -> None:
        self._routes = sorted((shard for shard in self.shards.values() if not shard.closed), key=_first_key)
        self._starts = [shard.first for shard in self._routes]

    def _keep_shard(self, shard: KinesisShard) -> None:
        self._keep(_shard_key(shard.number), msgspec.msgpack.encode(shard.row))

    def _check_provisioned(self) -> None:
        if self.settings.mode == "ON_DEMAND":
            raise Refusal(
                "ValidationException", f"Request is invalid. {_capital(self.settings.told)} is in On-Demand mode."
            )

    def _check_open(self, shard: KinesisShard) -> None:
        if shard.closed:
            raise Refusal(
                "InvalidArgumentException",
                f"Shard {shard.id} in {self.settings.told} has already been merged or split, and thus is not eligible "
                "for merging or splitting.",
            )

    def _restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in rows: those of records stand before those of shards, in the order of their keys."""
        records: list[tuple[int, Record]] = []
        for key, content in rows:
            if key.startswith(_RECORDS):
                records.append((int(key.split("/")[1], 16), _RECORD.decode(content)))
            else:
                shard = KinesisShard(_SHARD.decode(content))
                self.shards[shard.number] = shard
        self.shards = {number: self.shards[number] for number in sorted(self.shards)}
        for number, record in records:
            self.shards[number].append(record)
        trimmed = (shard.trimmed + 1 for shard in self.shards.values())
        self._next = max((self.settings.floor, *trimmed, *(record.index + 1 for _, record in records)))
        self._route()
        self._plan()


_NEVER: Final = float("inf")
_SETTINGS: Final = "stream"
_RECORDS: Final = "record/"
_RECORD: Final = msgspec.msgpack.Decoder(Record)
_SHARD: Final = msgspec.msgpack.Decoder(ShardRow)


def _record_key(shard: int, index: int) -> str:
    return f"{_RECORDS}{shard:08x}/{index:016x}"


def _shard_key(number: int) -> str:
    return f"shard/{number:08x}"


def _first_key(shard: KinesisShard) -> int:
    return shard.first


def _ranges(starts: Sequence[int]) -> Iterable[tuple[int, int]]:
    """The ranges, both ends included, that begin there."""
    return zip(starts, (start - 1 for start in (*starts[1:], HASH_KEYS)), strict=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


__all__ = [
    "HASH_KEYS",
    "LONGEST_RETENTION",
    "SHORTEST_RETENTION",
    "Consumer",
    "Entry",
    "KinesisShard",
    "KinesisStream",
    "Mode",
    "Record",
    "Settings",
    "hash_key",
    "shard_id",
]
