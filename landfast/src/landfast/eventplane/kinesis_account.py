"""The Kinesis streams of an account in a region, and what is put into them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from landfast.aws_errors import AwsError
from landfast.digits import whole_number
from landfast.eventplane.plane import Result
from landfast.eventplane.ports import PlaneWorld
from landfast.sources.kinesis import Entry, KinesisStream
from landfast.sources.kinesis_rows import Record
from landfast.sources.kinesis_shards import HASH_KEYS, KinesisShard

if TYPE_CHECKING:
    from landfast.driver import Plan

KIND: Final = "kinesis"
"""The kind of the rows."""

KIB: Final = 1024
LARGEST_REQUEST: Final = 10 * KIB * KIB
"""Bytes of all records of a `PutRecords`, keys included (Kinesis API)."""
SHARD_LIMIT: Final = 20_000
"""Open shards of an account, in the larger regions (Kinesis developer guide, quotas)."""

ON_DEMAND_LIMIT: Final = 50
"""Streams on demand of an account, by default (Kinesis developer guide, quotas)."""

MOST_TAGS: Final = 50
"""Tags of a stream (Kinesis API, `AddTagsToStream`)."""

_APART: Final = 1e-5
"""Seconds between two streams at least: their sequence numbers tell microseconds apart (`first_index`)."""

_LAST_SHARD: Final = 2**31 - 1
_COLONS: Final = 4


class KinesisAccount:
    """Knows the streams, and plans the ends of their retention.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
    """

    def __init__(self, world: PlaneWorld, account: str, region: str, new_id: Callable[[], str]) -> None:
        self.world = world
        self.account = account
        self.region = region
        self.new_id = new_id
        self._plans: dict[str, tuple[float, Plan]] = {}
        self.by_name = {
            name: KinesisStream.restored(((key, content) for _, key, content in rows), world.keeper(KIND, name))
            for name, rows in groupby(world.rows(KIND), key=itemgetter(0))
        }
        self._latest = max((stream.settings.created for stream in self.by_name.values()), default=0.0)
        for stream in self.by_name.values():
            self.plan(stream)

    def moment(self) -> float:
        """When a stream is made now, in Unix seconds: later than every other one, also while time stands."""
        self._latest = max(self.world.now(), self._latest + _APART)
        return self._latest

    def arn(self, name: str) -> str:
        """The ARN of a stream with this name."""
        return f"arn:aws:kinesis:{self.region}:{self.account}:stream/{name}"

    def named(self, params: Mapping[str, Any]) -> KinesisStream:
        """The stream that a call names, by name or by ARN.

        Raises:
            AwsError: It names none, or none that there is.
        """
        name, arn = params.get("StreamName"), params.get("StreamARN")
        if arn is None:
            if name is None:
                raise AwsError("InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
            arn = self.arn(name)
        elif name is not None and arn != self.arn(name):
            raise AwsError("InvalidArgumentException", f"StreamARN {arn} is not the ARN of the stream {name}.")
        name = arn.rpartition("/")[2]
        stream = self.by_name.get(name)
        if stream is None or stream.arn != arn:
            account = arn.split(":")[4] if arn.count(":") > _COLONS else self.account
            raise AwsError("ResourceNotFoundException", f"Stream {name} under account {account} not found.")
        stream.advance(self.world.now())
        return stream

    def put(
        self, stream: KinesisStream, entries: Sequence[Mapping[str, Any]], *, listed: bool = True
    ) -> list[tuple[KinesisShard, Record]]:
        """Put records into a stream.

        Args:
            stream: The stream.
            entries: As `PutRecords` and `PutRecord` take them.
            listed: True if errors name the place in a list.

        Raises:
            AwsError: One of them is not as AWS takes it; none is put.
        """
        largest = stream.settings.max_record_kib * KIB
        checked = [
            _checked(entry, stream, largest, f"records.{place}.member." if listed else "")
            for place, entry in enumerate(entries, start=1)
        ]
        taken = stream.put(checked, self.world.now())
        if stream.settings.name not in self._plans:
            self.plan(stream)
        return taken

    def plan(self, stream: KinesisStream) -> None:
        """See to it that what is too old leaves the stream, when it is due; nobody waits for that."""
        name, due = stream.settings.name, stream.due()
        planned = self._plans.get(name)
        if planned is not None and (due is None or due < planned[0]):
            self._plans.pop(name)[1].cancel()
            planned = None
        if planned is None and due is not None:
            self._plans[name] = due, self.world.at(due, lambda: self._advance(stream), background=True)

    def check_shard_limit(self, more: int) -> None:
        """See whether the account may have so many more open shards.

        Raises:
            AwsError: It may not.
        """
        current = sum(len(stream.open_shards) for stream in self.by_name.values())
        if more > 0 and current + more > SHARD_LIMIT:
            raise AwsError(
                "LimitExceededException",
                f"This request would exceed the shard limit for the account {self.account} in {self.region}. Current "
                f"shard count for the account: {current}. Limit: {SHARD_LIMIT}. Number of additional shards that would "
                f"have resulted from this request: {more}.",
            )

    def forget(self, stream: KinesisStream) -> None:
        """A stream is deleted."""
        del self.by_name[stream.settings.name]
        if planned := self._plans.pop(stream.settings.name, None):
            planned[1].cancel()

    def _advance(self, stream: KinesisStream) -> None:
        self._plans.pop(stream.settings.name, None)
        stream.advance(self.world.now())
        self.plan(stream)


def shard_number(stream: KinesisStream, name: str) -> int:
    """The number in a shard's id; AWS reads whatever stands behind the first hyphen.

    Raises:
        AwsError: There is none in it.
    """
    digits = name.split("-")[1] if "-" in name else name
    if (number := whole_number(digits)) is None or number > _LAST_SHARD:
        message = f"Could not find shard {name} in {stream.settings.told}."
        raise AwsError("ResourceNotFoundException", message)
    return number


def check_tags(new: Mapping[str, str], old: Mapping[str, str], name: str) -> dict[str, str]:
    """Tags that a stream or consumer gets in addition to those that it has.

    Raises:
        AwsError: There would be too many.
    """
    if len({*new, *old}) > MOST_TAGS:
        raise AwsError(
            "InvalidArgumentException",
            f"Failed to add tags to {name} because it cannot have more than {MOST_TAGS} tags associated with it.",
        )
    return dict(new)


Operation: TypeAlias = Callable[[KinesisAccount, Mapping[str, Any]], Result | None]
"""Does what a call asks for, given its members; the result of one that answers nothing is None."""


def refuse_dry_run(params: Mapping[str, Any]) -> None:
    """End a call that only asks whether it would succeed.

    Raises:
        AwsError: It would.
    """
    if params.get("DryRun"):
        raise AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")


def _checked(entry: Mapping[str, Any], stream: KinesisStream, largest: int, member: str) -> Entry:
    """A record as the machine takes it.

    Raises:
        AwsError: It has no partition key where it needs one, no such hash key, or is too large.
    """
    key, data, explicit = entry.get("PartitionKey"), entry["Data"], entry.get("ExplicitHashKey")
    if key is None:
        if stream.settings.distribution == "USER_PARTITION_KEY":
            raise invalid(f"Value null at '{member}partitionKey'", "Member must not be null")
        key = ""
    if len(data) + len(key.encode()) > largest:
        too_long = f"Member must have length less than or equal to {largest}"
        raise invalid(f"Value at '{member}data'", too_long)
    hash_key = None if explicit is None else int(explicit)
    if hash_key is not None and hash_key >= HASH_KEYS:
        raise AwsError(
            "InvalidArgumentException",
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {explicit}",
        )
    return Entry(key, data, hash_key)


def invalid(what: str, rule: str) -> AwsError:
    """The error for a member that breaks a rule of the service's model."""
    return AwsError("ValidationException", f"1 validation error detected: {what} failed to satisfy constraint: {rule}")
