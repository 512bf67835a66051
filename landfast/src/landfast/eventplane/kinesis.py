"""The API of Kinesis Data Streams (version 2013-12-02): streams, records, shards, settings, consumers.

A stream is active as soon as it was made, and so are its changes. The throughput of shards is not limited.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from landfast.aws_errors import AwsError
from landfast.eventplane import (
    kinesis_consumers,
    kinesis_reading,
    kinesis_settings,
    kinesis_shards,
    kinesis_streams,
)
from landfast.eventplane.kinesis_account import LARGEST_REQUEST, KinesisAccount, Operation, refuse_dry_run
from landfast.eventplane.kinesis_shapes import encryption_of
from landfast.eventplane.plane import Result, carried_out
from landfast.eventplane.ports import PlaneWorld
from landfast.protocols.call import Call
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_shards import SequenceNumber
from landfast.sources.sent import Sent


class KinesisApi:
    """Answers calls of Kinesis, and takes what other services send to a stream.

    Args:
        world: The world.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
    """

    service = "kinesis"

    def __init__(self, world: PlaneWorld, account: str, region: str, new_id: Callable[[], str]) -> None:
        self._account = KinesisAccount(world, account, region, new_id)
        self._operations = {name: partial(operation, self._account) for name, operation in _OPERATIONS.items()}

    def answer(self, call: Call) -> Result:
        """Do what a call asks for.

        Raises:
            AwsError: It is refused.
        """
        result = carried_out(self._operations, call, call.params)
        if call.operation in {"PutRecord", "PutRecords"}:
            put = result.get("Records", [result])
            self._account.world.traced([f"{one['ShardId']}:{one['SequenceNumber']}" for one in put], call.trace)
        return result

    def stream(self, arn: str) -> KinesisStream:
        """The stream with this ARN, to be read in process.

        Raises:
            AwsError: There is none.
        """
        return self._account.named({"StreamARN": arn})

    @property
    def all(self) -> Mapping[str, KinesisStream]:
        """The streams by name, to be looked at in process."""
        return self._account.by_name

    def take(self, arn: str, sent: Sent) -> None:
        """Put what another service sends into a stream; without a partition key, under one of its own.

        Raises:
            AwsError: There is no such stream, or the record is too large for it.
        """
        key = sent.partition_key or self._account.new_id()
        entry = {"PartitionKey": key, "Data": sent.body.encode("utf-8", "replace") if sent.data is None else sent.data}
        [(shard, record)] = self._account.put(self.stream(arn), [entry], listed=False)
        self._account.world.traced([f"{shard.id}:{shard.sequence(record)}"], sent.trace)


def _put_record(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream = account.named(params)
    if (after := params.get("SequenceNumberForOrdering")) is not None:
        _check_ordering(after, stream, account.world.now())
    refuse_dry_run(params)
    [(shard, record)] = account.put(stream, [params], listed=False)
    return {"ShardId": shard.id, "SequenceNumber": shard.sequence(record), **encryption_of(stream.settings)}


def _put_records(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, entries = account.named(params), params["Records"]
    if sum(len(entry["Data"]) + len(entry.get("PartitionKey", "").encode()) for entry in entries) > LARGEST_REQUEST:
        raise AwsError("InvalidArgumentException", "Records size exceeds 10 MB limit")
    refuse_dry_run(params)
    taken = account.put(stream, entries)
    put = [{"SequenceNumber": shard.sequence(record), "ShardId": shard.id} for shard, record in taken]
    return {"FailedRecordCount": 0, "Records": put, **encryption_of(stream.settings)}


def _check_ordering(after: str, stream: KinesisStream, now: float) -> None:
    """A record always comes after all that were put before it; only a number that cannot be is refused."""
    try:
        known = SequenceNumber.read(after).at <= now
    except ValueError:
        known = False
    if not known:
        raise AwsError(
            "InvalidArgumentException",
            f"ExclusiveMinimumSequenceNumber {after} used in PutRecord on {stream.settings.told} is invalid.",
        )


_OPERATIONS: Mapping[str, Operation] = {
    "PutRecord": _put_record,
    "PutRecords": _put_records,
    **kinesis_streams.OPERATIONS,
    **kinesis_reading.OPERATIONS,
    **kinesis_shards.OPERATIONS,
    **kinesis_settings.OPERATIONS,
    **kinesis_consumers.OPERATIONS,
}
