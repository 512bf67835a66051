"""The shards of a Kinesis stream: their hash key ranges, their sequence numbers, and what they hold.

Sequence numbers increase within a shard, and are compared as numbers. They are as long as AWS's, 56 digits, and built
like them: written in hexadecimal such a number holds the second in which the shard was made, the record's index, the
second of its arrival and the shard's number (the layout that mhart/kinesalite found in production, its `db/index.js`).
So a number tells which shard it belongs to, and a number of a deleted stream is no number of its namesake.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from landfast.delivery.event_sources.kinesis import kinesis_record
from landfast.delivery.stream_records import StreamRecord, written
from landfast.sources.kinesis_rows import Record, ShardRow
from landfast.sources.shard_log import ShardLog

HASH_KEYS: Final = 2**128
"""Hash keys are whole numbers below this."""

LAST_INDEX: Final = 0x7FFFFFFFFFFFFFFF
"""The index in the ending sequence number of a closed shard."""

_VERSION: Final = 2
_NIBBLE: Final = 4
_SECONDS: Final = (1 << 36) - 1
_INDEXES: Final = (1 << 64) - 1
_SHARDS: Final = (1 << 32) - 1
_DIGITS: Final = 47


def first_index(made: float) -> int:
    """The index of the first record of what was made at this Unix time.

    Another stream of the same name may have been made in the same second, and its numbers are not given again: a
    consumer that has handled them would take the new records for the old ones.
    """
    return (int(made % 1 * 1_000_000) << 32) + 1


@dataclass(frozen=True, slots=True)
class SequenceNumber:
    """The parts of a sequence number of a Kinesis stream.

    Attributes:
        created: The Unix second in which its shard was made.
        shard: The number of its shard.
        index: The record's place among all records of the stream, from `first_index` on; 0 is the shard's start.
        at: The Unix second of the record's arrival.
    """

    created: int
    shard: int
    index: int
    at: int

    @classmethod
    def read(cls, text: str) -> "SequenceNumber":
        """Read a sequence number.

        Raises:
            ValueError: It is none of a Kinesis stream.
        """
        value = int(text)
        digits = f"{value:x}"
        if len(digits) != _DIGITS or int(digits[0], 16) != _VERSION or value & 0xF != _VERSION:
            raise ValueError(f"{text} is no sequence number")
        return cls(
            created=value >> 37 * _NIBBLE & _SECONDS,
            shard=value >> _NIBBLE & _SHARDS,
            index=value >> 20 * _NIBBLE & _INDEXES,
            at=value >> 9 * _NIBBLE & _SECONDS,
        )


@dataclass(frozen=True, slots=True)
class ShardNumbers:
    """Makes the sequence numbers of one Kinesis shard.

    Attributes:
        created: The Unix second in which the shard was made.
        shard: The shard's number.
    """

    created: int
    shard: int

    def text(self, index: int, at: float) -> str:
        """The sequence number of the record with this index, which arrived at this Unix time."""
        return str(
            _VERSION << 46 * _NIBBLE
            | self.created << 37 * _NIBBLE
            | (self.shard & 0xF) << 36 * _NIBBLE
            | index << 20 * _NIBBLE
            | int(at) << 9 * _NIBBLE
            | self.shard << _NIBBLE
            | _VERSION
        )

    def is_mine(self, number: SequenceNumber) -> bool:
        """Tell whether a sequence number is of this shard."""
        return (number.created, number.shard) == (self.created, self.shard)


class KinesisShard(ShardLog[Record]):
    """One shard.

    Attributes:
        number: The shard's number in the stream, from 0.
        first: The first hash key of its range.
        last: The last one.
        opened: When it was made, in Unix seconds.
        closed_at: When it was split or merged; None while it is open.
        numbers: Makes its sequence numbers.
        parent_numbers: The numbers of the shards it was made of.
    """

    def __init__(self, row: ShardRow) -> None:
        super().__init__(
            shard_id(row.number),
            tuple(map(shard_id, row.parents)),
            closed=row.closed is not None,
            trimmed=row.trimmed,
        )
        self.number = row.number
        self.first = int(row.first)
        self.last = int(row.last)
        self.opened = row.opened
        self.closed_at = row.closed
        self.parent_numbers = row.parents
        self.numbers = ShardNumbers(row.created, row.number)

    @property
    def row(self) -> ShardRow:
        """The row that is kept of the shard."""
        return ShardRow(
            number=self.number,
            first=str(self.first),
            last=str(self.last),
            created=self.numbers.created,
            opened=self.opened,
            parents=self.parent_numbers,
            closed=self.closed_at,
            trimmed=self.trimmed,
        )

    @property
    def start(self) -> str:
        """A text that no other shard of this id has had, such as one of a deleted stream of the same name."""
        return self.numbers.text(first_index(self.opened), self.opened)

    @property
    def starting_sequence_number(self) -> str:
        """Less than those of all its records."""
        return self.numbers.text(0, self.numbers.created)

    @property
    def ending_sequence_number(self) -> str | None:
        """More than those of all its records; None while the shard is open."""
        return None if self.closed_at is None else self.numbers.text(LAST_INDEX, self.closed_at)

    def sequence(self, record: Record) -> str:
        """The sequence number of one of its records."""
        return self.numbers.text(record.index, record.arrived)

    def reader(self, stream_arn: str, role_arn: str) -> Callable[[Record], StreamRecord]:
        """Return a function that makes the shard's records as the functions of a mapping get them (S-83)."""
        region = stream_arn.split(":")[3]

        def read(record: Record) -> StreamRecord:
            sequence = self.sequence(record)
            event = kinesis_record(
                sequence=sequence,
                key=record.key,
                data=record.data,
                arrived=record.arrived,
                shard_id=self.id,
                stream_arn=stream_arn,
                role_arn=role_arn,
                region=region,
            )
            return written(event, sequence=sequence, key=record.key, arrived=record.arrived)

        return read

    def index_of(self, sequence: str) -> int | None:
        """The index that a sequence number tells; None for a number that is not of this shard."""
        try:
            number = SequenceNumber.read(sequence)
        except ValueError:
            return None
        return number.index if self.numbers.is_mine(number) else None

    def close(self, now: float) -> None:
        """Take no more records."""
        self.closed, self.closed_at = True, now

    def was_open(self, since: float, until: float) -> bool:
        """Tell whether it was open at some time between two, both included."""
        return self.opened <= until and (self.closed_at is None or self.closed_at >= since)


def shard_id(number: int) -> str:
    """The id of the shard with this number."""
    return f"shardId-{number:012d}"


def hash_key(partition_key: str) -> int:
    """The hash key of a partition key: its MD5 as a whole number (Kinesis API, `PutRecord`)."""
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest())


def even_starts(count: int) -> list[int]:
    """List the beginnings of the ranges of `count` shards of equal size."""
    size = HASH_KEYS // count
    return [size * number for number in range(count)]
