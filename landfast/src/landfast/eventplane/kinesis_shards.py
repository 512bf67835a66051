"""The shards of a Kinesis stream by its API: listed, split, merged, counted anew."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from landfast.aws_errors import AwsError
from landfast.eventplane.kinesis_account import KinesisAccount, Operation, shard_number
from landfast.eventplane.kinesis_shapes import described_shard
from landfast.eventplane.plane import Result
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_shards import KinesisShard, shard_id

MOST_LISTED: Final = 1_000
"""Shards that `ListShards` gives where no other number is asked for (Kinesis API)."""

TOKEN_LIFE: Final = 300.0
"""Seconds for which a token of `ListShards` can be used (Kinesis API)."""

_Matches: TypeAlias = Callable[[KinesisShard], bool]

_NOT_WITH_TOKEN: Final = ("StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp")


class _Token(msgspec.Struct, frozen=True, array_like=True):
    """The place where a listing goes on."""

    stream: str
    after: int
    issued: float
    filter: dict[str, Any]


def _list_shards(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    now = account.world.now()
    if (text := params.get("NextToken")) is not None:
        token = _read(text, params, now)
        stream = account.named({"StreamName": token.stream})
    else:
        stream = account.named(params)
        created = params.get("StreamCreationTimestamp")
        if created is not None and int(created) != int(stream.settings.created):
            message = f"Stream {stream.settings.name} under account {account.account} not found."
            raise AwsError("ResourceNotFoundException", message)
        token = _Token(stream.settings.name, -1, now, dict(params.get("ShardFilter") or {}))
        if "ExclusiveStartShardId" in params:
            token = msgspec.structs.replace(token, after=shard_number(stream, params["ExclusiveStartShardId"]))
    matches = _filter(stream, token.filter, now)
    shards = [shard for shard in stream.shards.values() if shard.number > token.after and matches(shard)]
    most = params.get("MaxResults", MOST_LISTED)
    listed: dict[str, Any] = {"Shards": [described_shard(shard) for shard in shards[:most]]}
    if len(shards) > most:
        following = msgspec.structs.replace(token, after=shards[most - 1].number, issued=now)
        listed["NextToken"] = base64.b64encode(msgspec.msgpack.encode(following)).decode()
    return listed


def _read(text: str, params: Mapping[str, Any], now: float) -> _Token:
    for name in _NOT_WITH_TOKEN:
        if name in params:
            raise AwsError("InvalidArgumentException", f"NextToken and {name} cannot be provided together.")
    try:
        token = msgspec.msgpack.decode(base64.b64decode(text, validate=True), type=_Token)
    except (binascii.Error, ValueError):
        raise AwsError("InvalidArgumentException", "NextToken is invalid.") from None
    if now - token.issued > TOKEN_LIFE:
        raise AwsError("ExpiredNextTokenException", "NextToken has expired.")
    return token


def _filter(stream: KinesisStream, given: Mapping[str, Any], now: float) -> _Matches:
    """Which shards a `ShardFilter` lets through; those within the retention period without one."""
    horizon = max(stream.settings.created, now - stream.retention)
    kind = given.get("Type", "FROM_TRIM_HORIZON")
    if kind == "AFTER_SHARD_ID":
        if "ShardId" not in given:
            raise AwsError("InvalidArgumentException", "ShardId must be provided for filter type AFTER_SHARD_ID.")
        after = shard_number(stream, given["ShardId"])
        return lambda shard: shard.number > after
    if kind == "AT_LATEST":
        return lambda shard: not shard.closed
    since = horizon
    if kind in {"AT_TIMESTAMP", "FROM_TIMESTAMP"}:
        if "Timestamp" not in given:
            raise AwsError("InvalidArgumentException", f"Timestamp must be provided for filter type {kind}.")
        since = max(horizon, given["Timestamp"])
    until = since if kind in {"AT_TIMESTAMP", "AT_TRIM_HORIZON"} else float("inf")
    return lambda shard: shard.was_open(since, until)


def _split_shard(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    number = _known(stream, params["ShardToSplit"])
    stream.split(number, int(params["NewStartingHashKey"]), account.world.now())
    account.plan(stream)


def _merge_shards(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    pair = [_known(stream, params[name]) for name in ("ShardToMerge", "AdjacentShardToMerge")]
    stream.merge(pair[0], pair[1], account.world.now())
    account.plan(stream)


def _update_shard_count(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, target = account.named(params), params["TargetShardCount"]
    current = len(stream.open_shards)
    account.check_shard_limit(target - current)
    stream.rescale(target, account.world.now())
    account.plan(stream)
    return {
        "StreamName": stream.settings.name,
        "StreamARN": stream.arn,
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }


def _known(stream: KinesisStream, name: str) -> int:
    number = shard_number(stream, name)
    if number not in stream.shards:
        message = f"Could not find shard {shard_id(number)} in {stream.settings.told}."
        raise AwsError("ResourceNotFoundException", message)
    return number


OPERATIONS: Final[Mapping[str, Operation]] = {
    "ListShards": _list_shards,
    "MergeShards": _merge_shards,
    "SplitShard": _split_shard,
    "UpdateShardCount": _update_shard_count,
}
