"""The rows that are kept of a Kinesis stream: its settings, its shards, its records."""

from typing import Final, Literal

import msgspec

HOUR: Final = 3600.0
SHORTEST_RETENTION: Final = 24
LONGEST_RETENTION: Final = 8_760
"""Hours for which a stream keeps a record (Kinesis API, `IncreaseStreamRetentionPeriod`)."""

Mode = Literal["PROVISIONED", "ON_DEMAND"]


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """A registered consumer.

    Attributes:
        name: The consumer's name.
        arn: The consumer's ARN, which ends with the second in which it was registered.
        created: When, in Unix seconds.
        tags: The consumer's tags.
    """

    name: str
    arn: str
    created: float
    tags: dict[str, str] = {}


class Settings(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The settings of a stream, under AWS's names.

    Attributes:
        name: The stream's name.
        arn: The stream's ARN.
        created: When it was made, in Unix seconds.
        mode: The stream's capacity mode; throughput is not limited here in either.
        retention_hours: For how long it keeps a record.
        max_record_kib: The largest record, key and data together.
        key_id: The key that it is said to be encrypted with; None if it is not.
        metrics: The shard-level metrics that are said to be kept.
        tags: The stream's tags.
        consumers: The stream's consumers, by name.
        policies: Resource policies, by the ARN they are attached to.
        warm_throughput: In MiB per second; None if it was never set.
        distribution: The way in which shards are chosen: ``AUTO`` if partition keys do not decide.
        shards: The number of shards that were ever made.
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
        """AWS's name for the stream in its errors."""
        return f"stream {self.name} under account {self.account}"


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record of a Kinesis stream.

    Attributes:
        index: The record's place among all records of the stream, from 1.
        key: The partition key.
        data: The bytes that were put.
        arrived: When, in Unix seconds.
    """

    index: int
    key: str
    data: bytes
    arrived: float


class ShardRow(msgspec.Struct, frozen=True, array_like=True):
    """A shard as it is kept.

    Attributes:
        number: The shard's number in the stream, from 0.
        first: The first hash key of its range, in decimal digits.
        last: The last one.
        created: The second in its sequence numbers.
        opened: When it was made, in Unix seconds.
        parents: The numbers of the shards it was made of.
        closed: When it was split or merged; None while it is open.
        trimmed: The index of the last record that has left it.
    """

    number: int
    first: str
    last: str
    created: int
    opened: float
    parents: tuple[int, ...] = ()
    closed: float | None = None
    trimmed: int = 0
