"""The stream of a DynamoDB table: one record for each item that a committed write has changed (S-141).

A stream has one shard, which is open for as long as the stream is enabled; AWS rolls its shards every few hours, and
nobody may rely on when. Sequence numbers have 21 digits, the fewest that AWS's model allows.
"""

import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Self

import msgspec

from landfast.delivery.event_sources.dynamodb import dynamodb_record
from landfast.delivery.event_sources.dynamodb_items import change_size
from landfast.delivery.stream_config import DEFAULT_RETENTION
from landfast.delivery.stream_records import StreamRecord, written
from landfast.sources.rows import SETTINGS, Keep, parted
from landfast.sources.shard_log import ShardLog
from landfast.sources.table_changes import ChangeRecord, ItemChange, ViewType, event_name, is_same

RETENTION: Final = DEFAULT_RETENTION
"""Seconds for which a record can be read (S-54)."""

_CHANGES_A_MILLISECOND: Final = 10**8


class Settings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The settings of a stream.

    Attributes:
        arn: The stream's ARN, which ends with its label.
        table: The table's name.
        label: When it was enabled, in ISO 8601.
        created: The same in Unix seconds.
        view_type: The part of the item that its records show.
        keys: The names of the table's key attributes with their types (``HASH``, ``RANGE``), in order.
        disabled: When it was disabled; None while it is enabled.
        trimmed: The index of the last record that has left it.
    """

    arn: str
    table: str
    label: str
    created: float
    view_type: ViewType
    keys: dict[str, str]
    disabled: float | None = None
    trimmed: int = 0


class TableShard(ShardLog[ChangeRecord]):
    """The shard of a table's stream.

    Args:
        settings: The settings of the stream.
    """

    def __init__(self, settings: Settings) -> None:
        unique = zlib.crc32(settings.arn.encode())
        super().__init__(
            f"shardId-{_milliseconds(settings.created):020d}-{unique:08x}",
            closed=settings.disabled is not None,
            trimmed=settings.trimmed,
        )
        self._settings = settings
        self._before_first = _milliseconds(settings.created) * _CHANGES_A_MILLISECOND

    def sequence_of(self, index: int) -> str:
        """The sequence number of the record with this index."""
        return str(self._before_first + index)

    def index_of(self, sequence: str) -> int | None:
        """The index that a sequence number tells; None for one of an earlier stream."""
        if not (sequence.isascii() and sequence.isdigit()):
            return None
        index = int(sequence) - self._before_first
        return index if index >= 0 else None

    def change(self, record: ChangeRecord) -> dict[str, Any]:
        """The ``dynamodb`` part of a record (S-84), binary values as base64 text."""
        images: dict[str, Any] = {"Keys": record.keys}
        if record.new is not None:
            images["NewImage"] = record.new
        if record.old is not None:
            images["OldImage"] = record.old
        return {
            "ApproximateCreationDateTime": float(math.floor(record.arrived)),
            **images,
            "SequenceNumber": self.sequence_of(record.index),
            "SizeBytes": change_size(images),
            "StreamViewType": self._settings.view_type,
        }

    def reader(self, stream_arn: str, role_arn: str) -> Callable[[ChangeRecord], StreamRecord]:
        """Return a function that makes the shard's records as the functions of a mapping get them (S-84)."""
        del role_arn
        region = stream_arn.split(":")[3]

        def read(record: ChangeRecord) -> StreamRecord:
            event = dynamodb_record(
                event_id=self.event_id(record),
                event_name=record.name,
                change=self.change(record),
                stream_arn=stream_arn,
                region=region,
                expired=record.expired,
            )
            sequence = self.sequence_of(record.index)
            return written(event, sequence=sequence, key=self.key(record), arrived=record.arrived)

        return read

    def key(self, record: ChangeRecord) -> str:
        """Return the item's keys, within which order holds (S-49): always the same text for the same item."""
        return msgspec.json.encode(record.keys, order="deterministic").decode()

    def event_id(self, record: ChangeRecord) -> str:
        """The ``eventID`` of a record: 32 hexadecimal digits, always the same."""
        return self.event_id_at(record.index)

    def event_id_at(self, index: int) -> str:
        """The ``eventID`` of the record with this index."""
        return hashlib.md5(f"{self._settings.arn} {index}".encode(), usedforsecurity=False).hexdigest()


class TableStream:
    """The state machine of one stream.

    Args:
        settings: The settings of the stream.
        keep: Keeps its rows: one for the settings, one for each record.
        rows: Those that were kept before a restart, in the order of their keys.

    Attributes:
        settings: The settings of the stream.
        shard: The one shard of the stream.
    """

    def __init__(self, settings: Settings, keep: Keep, rows: Iterable[tuple[str, bytes]] = ()) -> None:
        self.settings = settings
        self.shard = TableShard(settings)
        self._keep = keep
        for _, content in rows:
            self.shard.append(_RECORD.decode(content))
        newest = self.shard.newest
        self.next_index = settings.trimmed + 1 if newest is None else newest.index + 1

    @classmethod
    def made(cls, settings: Settings, keep: Keep) -> Self:
        """A new stream."""
        stream = cls(settings, keep)
        stream._save()
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
    def retention(self) -> float:
        """Seconds for which it keeps a record."""
        return RETENTION

    @property
    def is_enabled(self) -> bool:
        """True if it takes records."""
        return self.settings.disabled is None

    @property
    def is_over(self) -> bool:
        """True if it was disabled so long ago that nothing of it is left; `delete` forgets it."""
        return self.settings.disabled is not None and not len(self.shard)

    def readable_shards(self) -> Sequence[TableShard]:
        """Return the shards that mappings read."""
        return [self.shard]

    def watch(self, resharded: Callable[[], None]) -> None:
        """Nobody is told: there is always the one shard."""

    def unwatch(self, resharded: Callable[[], None]) -> None:
        """Nobody was told."""

    def append(self, changes: Iterable[ItemChange], now: float, *, expired: bool = False) -> int:
        """Take in what a write has done, in commit order; what has changed nothing is no record (S-141).

        Args:
            changes: What it has done.
            now: The time.
            expired: True if it has deleted items whose time to live was over.

        Returns:
            How many records came of it.
        """
        before = self.next_index
        for change in changes:
            if not is_same(change.old, change.new):
                self._append(change, now, expired=expired)
        if self.next_index > before:
            self.shard.notify()
        return self.next_index - before

    def disable(self, now: float) -> None:
        """Take no more records; those that are there can be read for as long as ever."""
        self.settings.disabled = now
        self.shard.closed = True
        self._save()
        self.shard.notify()

    def delete(self) -> None:
        """Forget everything."""
        self._let_go(self.shard.end, "its stream was deleted")
        self._keep(SETTINGS, None)
        self.shard.vanish(f"the stream {self.arn} is no more")

    def due(self) -> float | None:
        """When something leaves the stream next, in Unix seconds."""
        oldest = self.shard.oldest
        if oldest is not None:
            return oldest.arrived + RETENTION
        return None if self.settings.disabled is None else self.settings.disabled + RETENTION

    def advance(self, now: float) -> None:
        """Let go of the records that are too old (S-54)."""
        expired = self.shard.expired(now, RETENTION)
        if self.shard.oldest is not None and self.shard.oldest.arrived + RETENTION <= now:
            self._let_go(expired, "S-54 expired in the stream")
            self.settings.trimmed = self.shard.trimmed
            self._save()

    def _append(self, change: ItemChange, now: float, *, expired: bool) -> None:
        view, newest = self.settings.view_type, self.shard.newest
        shows_new = view in {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"} and change.new is not None
        shows_old = view in {"OLD_IMAGE", "NEW_AND_OLD_IMAGES"} and change.old is not None
        record = ChangeRecord(
            index=self.next_index,
            keys=dict(change.keys),
            old=dict(change.old or {}) if shows_old else None,
            new=dict(change.new or {}) if shows_new else None,
            name=event_name(change),
            arrived=now if newest is None else max(now, newest.arrived),
            expired=expired,
        )
        self.next_index += 1
        self.shard.append(record)
        self._keep(_record_key(record.index), msgspec.msgpack.encode(record))

    def _let_go(self, upto: int, rule: str) -> None:
        for record in self.shard.let_go(upto, rule):
            self._keep(_record_key(record.index), None)

    def _save(self) -> None:
        self._keep(SETTINGS, msgspec.msgpack.encode(self.settings))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


_RECORD: Final = msgspec.msgpack.Decoder(ChangeRecord)


def _record_key(index: int) -> str:
    return f"record/{index:016x}"
