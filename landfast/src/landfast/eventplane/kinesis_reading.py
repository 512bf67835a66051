"""Reading a Kinesis stream by its API: shard iterators and what they point to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane.kinesis_account import KinesisAccount, Operation, refuse_dry_run, shard_number
from landfast.eventplane.kinesis_shapes import child_shard, described_record, encryption_of
from landfast.eventplane.plane import Result
from landfast.sources.iterators import InvalidIteratorError, ShardIterator
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import Record
from landfast.sources.kinesis_shards import KinesisShard, SequenceNumber, shard_id

LONGEST_PAGE: Final = 10_000
LARGEST_PAGE: Final = 10 * 1024 * 1024
"""Records, and bytes of their data, that one `GetRecords` gives at most (Kinesis API)."""

ITERATOR_LIFE: Final = 300.0
"""Seconds for which an iterator can be used (Kinesis API, `GetShardIterator`)."""

_MILLISECONDS: Final = 1000
_BY_SEQUENCE: Final = frozenset({"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"})


def _get_shard_iterator(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, now = account.named(params), account.world.now()
    number = shard_number(stream, params["ShardId"])
    shard = stream.shards.get(number)
    if shard is None:
        raise _no_shard(stream, number)
    index = _index(stream, shard, params, now)
    refuse_dry_run(params)
    return {"ShardIterator": _iterator(stream, shard, index, now)}


def _get_records(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    now = account.world.now()
    try:
        iterator = ShardIterator.read(params["ShardIterator"])
    except InvalidIteratorError:
        raise AwsError("InvalidArgumentException", "Invalid ShardIterator.") from None
    stream = account.named({"StreamName": iterator.stream, **_only(params, "StreamARN")})
    if now - iterator.issued > ITERATOR_LIFE:
        raise AwsError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {_told(iterator.issued)} while right now it is "
            f"{_told(now)} which is further in the future than the tolerated delay of 300000 milliseconds.",
        )
    shard = stream.shards.get(iterator.shard)
    if shard is None or stream.settings.created != iterator.created:
        raise _no_shard(stream, iterator.shard)
    refuse_dry_run(params)
    number = shard.at_index(iterator.index)
    records = _page(shard.slice(number, params.get("Limit", LONGEST_PAGE)))
    result = {
        "Records": [described_record(shard, record, encryption_of(stream.settings)) for record in records],
        "MillisBehindLatest": _behind(shard, number + len(records), records, now),
    }
    if shard.closed and number + len(records) >= shard.end:
        children = [child for child in stream.shards.values() if shard.id in child.parents]
        return {**result, "ChildShards": [child_shard(child) for child in children]}
    index = records[-1].index + 1 if records else iterator.index
    return {**result, "NextShardIterator": _iterator(stream, shard, index, now)}


def _index(stream: KinesisStream, shard: KinesisShard, params: Mapping[str, Any], now: float) -> int:
    """The least index that the first record may have."""
    kind: str = params["ShardIteratorType"]
    sequence: str | None = params.get("StartingSequenceNumber")
    if (sequence is not None) != (kind in _BY_SEQUENCE) and kind != "AT_TIMESTAMP":
        also = "no" if sequence is None else "also a"
        raise AwsError(
            "InvalidArgumentException",
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
            f"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {also} "
            "StartingSequenceNumber.",
        )
    if sequence is not None and kind in _BY_SEQUENCE:
        return _index_of(stream, shard, sequence) + (kind == "AFTER_SEQUENCE_NUMBER")
    if kind == "LATEST":
        return stream.next_index
    return 0 if kind == "TRIM_HORIZON" else _index_at(stream, shard, params.get("Timestamp"), now)


def _index_of(stream: KinesisStream, shard: KinesisShard, sequence: str) -> int:
    used = f"StartingSequenceNumber {sequence} used in GetShardIterator on shard {shard.id} in {stream.settings.told}"
    try:
        number = SequenceNumber.read(sequence)
    except ValueError:
        raise AwsError("InvalidArgumentException", f"{used} is invalid.") from None
    if number.shard != shard.number:
        raise AwsError(
            "InvalidArgumentException",
            f"Invalid StartingSequenceNumber. It encodes {shard_id(number.shard)}, while it was used in a call to a "
            f"shard with {shard.id}",
        )
    if not shard.numbers.is_mine(number):
        message = f"{used} is invalid because it did not come from this stream."
        raise AwsError("InvalidArgumentException", message)
    return number.index


def _index_at(stream: KinesisStream, shard: KinesisShard, timestamp: float | None, now: float) -> int:
    if timestamp is None:
        raise AwsError(
            "InvalidArgumentException",
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
            "timestamp parameter.",
        )
    if timestamp > now:
        raise AwsError(
            "InvalidArgumentException",
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: "
            f"{int(timestamp * _MILLISECONDS)}, currentTimestampInMillis: {int(now * _MILLISECONDS)}",
        )
    following = shard.slice(shard.at_time(timestamp), 1)
    return following[0].index if following else stream.next_index


def _page(records: Sequence[Record]) -> Sequence[Record]:
    """As many of the first records as one answer may hold; one always."""
    size = 0
    for count, record in enumerate(records):
        size += len(record.data)
        if size > LARGEST_PAGE and count:
            return records[:count]
    return records


def _behind(shard: KinesisShard, following: int, records: Sequence[Record], now: float) -> int:
    """By how many milliseconds the answer lags behind the tip of the shard."""
    if following >= shard.end or not records:
        return 0
    return max(0, round((now - records[-1].arrived) * _MILLISECONDS))


def _iterator(stream: KinesisStream, shard: KinesisShard, index: int, now: float) -> str:
    settings = stream.settings
    return ShardIterator(settings.name, settings.created, shard.number, index, now).text


def _no_shard(stream: KinesisStream, number: int) -> AwsError:
    message = f"Shard {shard_id(number)} in {stream.settings.told} does not exist"
    return AwsError("ResourceNotFoundException", message)


def _told(seconds: float) -> str:
    """A time as Java tells it, e.g. ``Thu Jan 22 01:22:02 UTC 2015``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def _only(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: params[name]} if name in params else {}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetRecords": _get_records,
    "GetShardIterator": _get_shard_iterator,
}
