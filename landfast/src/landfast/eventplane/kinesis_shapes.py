"""Kinesis streams in the shapes of AWS's answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import Consumer, Record, Settings
from landfast.sources.kinesis_shards import KinesisShard


def described_shard(shard: KinesisShard) -> dict[str, Any]:
    """A shard, as `ListShards` and `DescribeStream` tell it."""
    numbers = {"StartingSequenceNumber": shard.starting_sequence_number}
    if shard.ending_sequence_number is not None:
        numbers["EndingSequenceNumber"] = shard.ending_sequence_number
    parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
    return {
        "ShardId": shard.id,
        **parents,
        "HashKeyRange": hash_key_range(shard),
        "SequenceNumberRange": numbers,
    }


def child_shard(shard: KinesisShard) -> dict[str, Any]:
    """A shard, as `GetRecords` tells it at the end of its parent."""
    return {"ShardId": shard.id, "ParentShards": [*shard.parents], "HashKeyRange": hash_key_range(shard)}


def hash_key_range(shard: KinesisShard) -> dict[str, str]:
    """The range of a shard."""
    return {"StartingHashKey": str(shard.first), "EndingHashKey": str(shard.last)}


def described_record(shard: KinesisShard, record: Record, encryption: Mapping[str, str]) -> dict[str, Any]:
    """A record, as `GetRecords` gives it."""
    return {
        "SequenceNumber": shard.sequence(record),
        "ApproximateArrivalTimestamp": shown_time(record.arrived),
        "Data": record.data,
        "PartitionKey": record.key,
        **encryption,
    }


def shown_time(seconds: float) -> float:
    """A time in whole milliseconds, never later than it was: an iterator at the shown time gives the record."""
    shown = round(seconds * 1000)
    return (shown if shown / 1000 <= seconds else shown - 1) / 1000


def encryption_of(settings: Settings) -> dict[str, str]:
    """The member that records and answers to puts have where the stream is said to be encrypted."""
    return {} if settings.key_id is None else {"EncryptionType": "KMS"}


def described_stream(stream: KinesisStream) -> dict[str, Any]:
    """Return what `DescribeStream` and `DescribeStreamSummary` tell alike."""
    settings = stream.settings
    key = {"EncryptionType": "NONE"} if settings.key_id is None else {"EncryptionType": "KMS", "KeyId": settings.key_id}
    return {
        "StreamName": settings.name,
        "StreamARN": settings.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": settings.mode},
        "RetentionPeriodHours": settings.retention_hours,
        "StreamCreationTimestamp": settings.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": settings.metrics}],
        **key,
    }


def summary(stream: KinesisStream) -> dict[str, Any]:
    """A stream, as `DescribeStreamSummary` tells it."""
    settings = stream.settings
    return {
        **described_stream(stream),
        "OpenShardCount": len(stream.open_shards),
        "ConsumerCount": len(settings.consumers),
        "MaxRecordSizeInKiB": settings.max_record_kib,
        **warm_throughput(settings),
        **({"RecordDistributionStrategy": settings.distribution} if settings.mode == "ON_DEMAND" else {}),
    }


def warm_throughput(settings: Settings) -> dict[str, Any]:
    """The warm throughput of a stream for which one was set."""
    warm = settings.warm_throughput
    return {} if warm is None else {"WarmThroughput": {"TargetMiBps": warm, "CurrentMiBps": warm}}


def listed_stream(stream: KinesisStream) -> dict[str, Any]:
    """A stream, as `ListStreams` tells it."""
    members = ("StreamName", "StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp")
    described = described_stream(stream)
    return {member: described[member] for member in members}


def listed_consumer(consumer: Consumer) -> dict[str, Any]:
    """A consumer, as `ListStreamConsumers` tells it."""
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": consumer.created,
    }


def tag_list(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Tags, as they are listed."""
    return [{"Key": key, "Value": value} for key, value in tags]
