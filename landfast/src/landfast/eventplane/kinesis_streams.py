"""Kinesis streams by their API: made, described, listed, deleted."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane.kinesis_account import (
    KIND,
    ON_DEMAND_LIMIT,
    SHARD_LIMIT,
    KinesisAccount,
    Operation,
    check_tags,
    shard_number,
)
from landfast.eventplane.kinesis_shapes import described_shard, described_stream, listed_stream, summary
from landfast.eventplane.plane import Result
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import Settings

ON_DEMAND_SHARDS: Final = 4
"""Shards of a new stream on demand (Kinesis developer guide, capacity modes)."""

MOST_LISTED: Final = 100
"""Streams or shards that are told where no other number is asked for (Kinesis API)."""


def _create_stream(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    name, count = params["StreamName"], params.get("ShardCount")
    mode = params.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED")
    if name in account.by_name:
        raise AwsError("ResourceInUseException", f"Stream {name} under account {account.account} already exists.")
    if mode == "PROVISIONED" and count is None:
        raise AwsError("InvalidArgumentException", "ShardCount must be provided for streams in provisioned mode.")
    if mode == "ON_DEMAND" and count is not None:
        raise AwsError("InvalidArgumentException", "ShardCount must not be provided for streams in on-demand mode.")
    distribution = params.get("RecordDistributionStrategy", "USER_PARTITION_KEY")
    if mode == "PROVISIONED" and distribution == "AUTO":
        raise AwsError("InvalidArgumentException", "RecordDistributionStrategy AUTO needs the on-demand mode.")
    account.check_shard_limit(count or ON_DEMAND_SHARDS)
    settings = Settings(
        name=name,
        arn=account.arn(name),
        created=account.moment(),
        mode=mode,
        max_record_kib=params.get("MaxRecordSizeInKiB", 1024),
        warm_throughput=params.get("WarmThroughputMiBps"),
        distribution=distribution,
        tags=check_tags(params.get("Tags", {}), {}, name),
    )
    account.by_name[name] = KinesisStream.made(settings, account.world.keeper(KIND, name), count or ON_DEMAND_SHARDS)


def _delete_stream(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    if stream.settings.consumers and not params.get("EnforceConsumerDeletion"):
        raise AwsError(
            "ResourceInUseException",
            f"Stream {stream.settings.name} under account {account.account} has registered consumers; set "
            "EnforceConsumerDeletion to delete it with them.",
        )
    account.forget(stream)
    stream.delete()


def _describe_stream(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, most = account.named(params), params.get("Limit", MOST_LISTED)
    after = shard_number(stream, params["ExclusiveStartShardId"]) if "ExclusiveStartShardId" in params else -1
    found = [shard for shard in stream.shards.values() if shard.number > after]
    shards = [described_shard(shard) for shard in found[:most]]
    return {
        "StreamDescription": {**described_stream(stream), "Shards": shards, "HasMoreShards": len(found) > most},
    }


def _describe_stream_summary(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    return {"StreamDescriptionSummary": summary(account.named(params))}


def _list_streams(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    after = params.get("ExclusiveStartStreamName", "")
    if (token := params.get("NextToken")) is not None:
        try:
            after = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, ValueError):
            raise AwsError("InvalidArgumentException", "NextToken is invalid.") from None
    most = params.get("Limit", MOST_LISTED)
    names = sorted(name for name in account.by_name if name > after)
    shown = names[:most]
    listed: dict[str, Any] = {
        "StreamNames": shown,
        "HasMoreStreams": len(names) > most,
        "StreamSummaries": [listed_stream(account.by_name[name]) for name in shown],
    }
    if len(names) > most:
        listed["NextToken"] = base64.b64encode(shown[-1].encode()).decode()
    return listed


def _describe_limits(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    del params
    streams = account.by_name.values()
    return {
        "ShardLimit": SHARD_LIMIT,
        "OpenShardCount": sum(len(stream.open_shards) for stream in streams),
        "OnDemandStreamCount": sum(stream.settings.mode == "ON_DEMAND" for stream in streams),
        "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
    }


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateStream": _create_stream,
    "DeleteStream": _delete_stream,
    "DescribeLimits": _describe_limits,
    "DescribeStream": _describe_stream,
    "DescribeStreamSummary": _describe_stream_summary,
    "ListStreams": _list_streams,
}
