"""The API of a Kinesis stream's settings: retention, mode, sizes, tags, policies, encryption, monitoring.

Encryption and monitoring are taken and shown; nothing is encrypted or counted here.
"""

from collections.abc import Mapping
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.eventplane.kinesis_account import KinesisAccount, Operation, check_tags
from landfast.eventplane.kinesis_shapes import tag_list, warm_throughput
from landfast.eventplane.plane import Result
from landfast.sources.kinesis import KinesisStream
from landfast.sources.kinesis_rows import LONGEST_RETENTION, SHORTEST_RETENTION

METRICS: Final = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)
"""The shard-level metrics, which ``ALL`` stands for."""

_CONSUMER: Final = "/consumer/"


def _increase_retention(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    _set_retention(account, params, longer=True)


def _decrease_retention(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    _set_retention(account, params, longer=False)


def _set_retention(account: KinesisAccount, params: Mapping[str, Any], *, longer: bool) -> None:
    stream, hours = account.named(params), params["RetentionPeriodHours"]
    asked = f"Requested retention period ({hours} hours)"
    if hours < SHORTEST_RETENTION:
        message = f"Minimum allowed retention period is {SHORTEST_RETENTION} hours. {asked} is too short."
        raise AwsError("InvalidArgumentException", message)
    if hours > LONGEST_RETENTION:
        message = f"Maximum allowed retention period is {LONGEST_RETENTION} hours. {asked} is too long."
        raise AwsError("InvalidArgumentException", message)
    existing = stream.settings.retention_hours
    if hours < existing if longer else hours > existing:
        raise AwsError(
            "InvalidArgumentException",
            f"{asked} for stream {stream.settings.name} can not be {'shorter' if longer else 'longer'} than existing "
            f"retention period ({existing} hours). Use {'Decrease' if longer else 'Increase'}RetentionPeriod API.",
        )
    stream.set_retention(hours, account.world.now())
    account.plan(stream)


def _update_stream_mode(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    stream.settings.mode = params["StreamModeDetails"]["StreamMode"]
    if stream.settings.mode == "PROVISIONED":
        stream.settings.distribution = "USER_PARTITION_KEY"
    if "WarmThroughputMiBps" in params:
        stream.settings.warm_throughput = params["WarmThroughputMiBps"]
    stream.save()


def _update_distribution(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, distribution = account.named(params), params["RecordDistributionStrategy"]
    if stream.settings.mode == "PROVISIONED" and distribution == "AUTO":
        raise AwsError("InvalidArgumentException", "RecordDistributionStrategy AUTO needs the on-demand mode.")
    stream.settings.distribution = distribution
    stream.save()


def _update_warm_throughput(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream = account.named(params)
    stream.settings.warm_throughput = params["WarmThroughputMiBps"]
    stream.save()
    return {"StreamARN": stream.arn, "StreamName": stream.settings.name, **warm_throughput(stream.settings)}


def _update_max_record_size(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    stream.settings.max_record_kib = params["MaxRecordSizeInKiB"]
    stream.save()


def _start_encryption(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    _encrypt(account, params, params["KeyId"])


def _stop_encryption(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    _encrypt(account, params, None)


def _encrypt(account: KinesisAccount, params: Mapping[str, Any], key_id: str | None) -> None:
    if params["EncryptionType"] != "KMS":
        raise AwsError("InvalidArgumentException", f"Encryption type {params['EncryptionType']} is not supported.")
    stream = account.named(params)
    stream.settings.key_id = key_id
    stream.save()


def _enable_monitoring(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream = account.named(params)
    wanted = {*stream.settings.metrics, *_metrics(params)}
    return _monitor(stream, [metric for metric in METRICS if metric in wanted])


def _disable_monitoring(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, unwanted = account.named(params), _metrics(params)
    return _monitor(stream, [metric for metric in stream.settings.metrics if metric not in unwanted])


def _metrics(params: Mapping[str, Any]) -> frozenset[str]:
    given = params["ShardLevelMetrics"]
    return frozenset(METRICS if "ALL" in given else given)


def _monitor(stream: KinesisStream, desired: list[str]) -> Result:
    current, stream.settings.metrics = stream.settings.metrics, desired
    stream.save()
    return {
        "StreamName": stream.settings.name,
        "StreamARN": stream.arn,
        "CurrentShardLevelMetrics": current,
        "DesiredShardLevelMetrics": desired,
    }


def _add_tags(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    stream.settings.tags |= check_tags(params["Tags"], stream.settings.tags, stream.settings.name)
    stream.save()


def _remove_tags(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream = account.named(params)
    for key in params["TagKeys"]:
        stream.settings.tags.pop(key, None)
    stream.save()


def _list_tags(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    after, most = params.get("ExclusiveStartTagKey", ""), params.get("Limit", 50)
    tags = sorted(tag for tag in account.named(params).settings.tags.items() if tag[0] > after)
    return {"Tags": tag_list(tags[:most]), "HasMoreTags": len(tags) > most}


def _tag_resource(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, tags = _tagged(account, params["ResourceARN"])
    tags |= check_tags(params["Tags"], tags, stream.settings.name)
    stream.save()


def _untag_resource(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, tags = _tagged(account, params["ResourceARN"])
    for key in params["TagKeys"]:
        tags.pop(key, None)
    stream.save()


def _list_resource_tags(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    _, tags = _tagged(account, params["ResourceARN"])
    return {"Tags": tag_list(sorted(tags.items()))}


def _tagged(account: KinesisAccount, arn: str) -> tuple[KinesisStream, dict[str, str]]:
    """The stream of a resource, and the resource's tags."""
    stream = account.named({"StreamARN": arn.partition(_CONSUMER)[0]})
    if _CONSUMER not in arn:
        return stream, stream.settings.tags
    for consumer in stream.settings.consumers.values():
        if consumer.arn == arn:
            return stream, consumer.tags
    raise AwsError("ResourceNotFoundException", f"Consumer {arn} not found.")


def _put_policy(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, _ = _tagged(account, params["ResourceARN"])
    stream.settings.policies[params["ResourceARN"]] = params["Policy"]
    stream.save()


def _get_policy(account: KinesisAccount, params: Mapping[str, Any]) -> Result:
    stream, _ = _tagged(account, params["ResourceARN"])
    return {"Policy": stream.settings.policies.get(params["ResourceARN"], "{}")}


def _delete_policy(account: KinesisAccount, params: Mapping[str, Any]) -> None:
    stream, _ = _tagged(account, params["ResourceARN"])
    if stream.settings.policies.pop(params["ResourceARN"], None) is None:
        message = f"No resource policy found for resource ARN {params['ResourceARN']}"
        raise AwsError("ResourceNotFoundException", message)
    stream.save()


OPERATIONS: Final[Mapping[str, Operation]] = {
    "AddTagsToStream": _add_tags,
    "DecreaseStreamRetentionPeriod": _decrease_retention,
    "DeleteResourcePolicy": _delete_policy,
    "DisableEnhancedMonitoring": _disable_monitoring,
    "EnableEnhancedMonitoring": _enable_monitoring,
    "GetResourcePolicy": _get_policy,
    "IncreaseStreamRetentionPeriod": _increase_retention,
    "ListTagsForResource": _list_resource_tags,
    "ListTagsForStream": _list_tags,
    "PutResourcePolicy": _put_policy,
    "RemoveTagsFromStream": _remove_tags,
    "StartStreamEncryption": _start_encryption,
    "StopStreamEncryption": _stop_encryption,
    "TagResource": _tag_resource,
    "UntagResource": _untag_resource,
    "UpdateMaxRecordSize": _update_max_record_size,
    "UpdateStreamMode": _update_stream_mode,
    "UpdateStreamRecordDistributionStrategy": _update_distribution,
    "UpdateStreamWarmThroughput": _update_warm_throughput,
}
