"""Calls that an engine would take although their events would be lost without a word.

What an engine writes into buckets and tables by itself, no notification and no stream tells of; and what it is to do
when something happens, it never does, or asks services of its own for.
"""

from collections.abc import Mapping
from typing import Final

from landfast.aws_errors import AwsError

_EVERY: Final = ""
_OBJECTS: Final = "no notification would tell of the objects it writes. Put them into the bucket yourself."
_FOLLOWED: Final = "the local service follows the {} of the template."
_MAIL: Final = "nobody is told what becomes of a mail."

_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "cloudwatch": dict.fromkeys(("PutCompositeAlarm", "PutMetricAlarm"), _FOLLOWED.format("alarms")),
    "dynamodb": {
        "EnableKinesisStreamingDestination": "changes go to no Kinesis stream. Read the table's own stream.",
        "ExportTableToPointInTime": _OBJECTS,
    },
    "firehose": dict.fromkeys(("CreateDeliveryStream", "UpdateDestination"), _OBJECTS),
    "logs": {
        "CreateExportTask": _OBJECTS,
        "PutSubscriptionFilter": _FOLLOWED.format("subscription filters"),
    },
    "s3": {"PutBucketReplication": "nothing is replicated. Put the objects into the other bucket yourself."},
    "scheduler": {_EVERY: _FOLLOWED.format("schedules")},
    "secretsmanager": {"RotateSecret": "no function is called for it. Put the new value with PutSecretValue."},
    "ses": dict.fromkeys(("CreateConfigurationSetEventDestination", "SetIdentityNotificationTopic"), _MAIL),
    "stepfunctions": dict.fromkeys(
        ("RedriveExecution", "StartExecution", "StartSyncExecution", "TestState"),
        "state machines are not run. Invoke the functions of its tasks yourself.",
    ),
}
"""Why, by services and operations."""

SERVICES: Final = _REASONS.keys()
"""The services that have such operations, by botocore's names."""


def refusal(service: str, operation: str, named: str = "") -> AwsError | None:
    """The answer to such a call; None for any other.

    Args:
        service: One of `SERVICES`.
        operation: By AWS's name; empty where only a model of the service would tell.
        named: What to call it then.
    """
    reasons = _REASONS[service]
    reason = reasons.get(operation) or reasons.get(_EVERY)
    if reason is None:
        return None
    return AwsError("NotImplementedException", f"{operation or named} is not available: {reason}", status=501)
