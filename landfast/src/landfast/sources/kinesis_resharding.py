"""The shards of a Kinesis stream, and how they are split, merged and counted anew (S-143)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from landfast.sources.kinesis_rows import Settings, ShardRow
from landfast.sources.kinesis_shards import HASH_KEYS, KinesisShard, even_starts
from landfast.sources.refusal import Refusal
from landfast.sources.rows import Keep

_BOTH: Final = 2


class Shards:
    """All shards that hold records or may still get some.

    Every hash key is in the range of exactly one open shard. A shard that is split or merged closes; new records go to
    its children only (S-143).

    Args:
        settings: Those of the stream; they count the shards that were ever made.
        keep: Keeps the stream's rows.

    Attributes:
        by_number: Open and closed, in the order of their numbers.
        routes: The open ones, in the order of their ranges.
    """

    def __init__(self, settings: Settings, keep: Keep) -> None:
        self.by_number: dict[int, KinesisShard] = {}
        self.routes: list[KinesisShard] = []
        self._starts: list[int] = []
        self._settings = settings
        self._keep = keep

    def make(self, count: int, now: float) -> None:
        """Make the first shards, of equal size."""
        for first, last in _ranges(even_starts(count)):
            self._open(first, last, now)
        self.route()

    def restore(self, rows: Iterable[bytes]) -> None:
        """Take in shards as they were kept."""
        for row in rows:
            shard = KinesisShard(_SHARD.decode(row))
            self.by_number[shard.number] = shard
        self.by_number = {number: self.by_number[number] for number in sorted(self.by_number)}
        self.route()

    def routed(self, key: int) -> KinesisShard:
        """The open shard whose range holds a hash key."""
        return self.routes[bisect_right(self._starts, key) - 1]

    def keep(self, shard: KinesisShard) -> None:
        """Keep what has changed about a shard."""
        self._keep(_shard_key(shard.number), msgspec.msgpack.encode(shard.row))

    def forget(self, shard: KinesisShard) -> None:
        """Let go of a shard."""
        del self.by_number[shard.number]
        self._keep(_shard_key(shard.number), None)

    def split(self, number: int, at: int, now: float) -> None:
        """Split a shard in two, the second of which begins with the hash key `at` (S-143).

        Raises:
            Refusal: The shard is not open, or the key is not inside its range.
        """
        shard = self.by_number[number]
        self._check_provisioned()
        self._check_open(shard)
        if not shard.first + 1 < at < shard.last:
            raise Refusal(
                "InvalidArgumentException",
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard.id} in {self._settings.told} is not "
                f"both greater than one plus the shard's StartingHashKey {shard.first} and less than the shard's "
                f"EndingHashKey {shard.last}.",
            )
        self._divide(shard, at, now)
        self.route()

    def merge(self, number: int, adjacent: int, now: float) -> None:
        """Merge two shards, the second of which follows the first (S-143).

        Raises:
            Refusal: They are not open, or not next to each other.
        """
        pair = [self.by_number[number], self.by_number[adjacent]]
        self._check_provisioned()
        for shard in pair:
            self._check_open(shard)
        if pair[0].last + 1 != pair[1].first:
            raise Refusal(
                "InvalidArgumentException",
                f"Shards {pair[0].id} and {pair[1].id} in {self._settings.told} are not an adjacent pair of shards "
                "eligible for merging",
            )
        self._join(pair, now)
        self.route()

    def rescale(self, count: int, now: float) -> None:
        """Split and merge until there are `count` open shards of equal size; shards in between are short-lived.

        Raises:
            Refusal: The stream is on demand, or `UpdateShardCount` does not go so far at once.
        """
        self._check_provisioned()
        current = len(self.routes)
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
            shard = self.routed(start)
            if shard.first != start:
                self._divide(shard, start, now)
                self.route()
        for first, last in _ranges(starts):
            pieces = [shard for shard in self.routes if first <= shard.first <= last]
            while len(pieces) > 1:
                pieces[:_BOTH] = [self._join(pieces[:_BOTH], now)]
        self.route()

    def route(self) -> None:
        """Find the open shards anew."""
        self.routes = sorted((shard for shard in self.by_number.values() if not shard.closed), key=_first_key)
        self._starts = [shard.first for shard in self.routes]

    def _check_provisioned(self) -> None:
        if self._settings.mode == "ON_DEMAND":
            raise Refusal(
                "ValidationException", f"Request is invalid. {_capital(self._settings.told)} is in On-Demand mode."
            )

    def _check_open(self, shard: KinesisShard) -> None:
        if shard.closed:
            raise Refusal(
                "InvalidArgumentException",
                f"Shard {shard.id} in {self._settings.told} has already been merged or split, and thus is not eligible "
                "for merging or splitting.",
            )

    def _open(self, first: int, last: int, now: float, parents: Sequence[KinesisShard] = ()) -> KinesisShard:
        """Make a shard. Its sequence numbers are greater than those of its parents, as they begin a second later."""
        created = max([int(now), *(int(max(now, parent.numbers.created)) + 1 for parent in parents)])
        row = ShardRow(
            number=self._settings.shards,
            first=str(first),
            last=str(last),
            created=created,
            opened=now,
            parents=tuple(parent.number for parent in parents),
        )
        self._settings.shards += 1
        shard = self.by_number[row.number] = KinesisShard(row)
        self.keep(shard)
        return shard

    def _close(self, shard: KinesisShard, now: float) -> None:
        shard.close(now)
        self.keep(shard)

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


_SHARD: Final = msgspec.msgpack.Decoder(ShardRow)


def _shard_key(number: int) -> str:
    return f"shard/{number:08x}"


def _first_key(shard: KinesisShard) -> int:
    return shard.first


def _ranges(starts: Sequence[int]) -> Iterable[tuple[int, int]]:
    """The ranges, both ends included, that begin there."""
    return zip(starts, (start - 1 for start in (*starts[1:], HASH_KEYS)), strict=True)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
