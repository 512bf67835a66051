"""The permissions on AWS that the commands about failures need, as an IAM policy."""

from collections.abc import Mapping
from typing import Any, Final

ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "FindStores": (
        "cloudformation:DescribeStackResource",
        "cloudformation:ListStackResources",
        "cloudwatch:DescribeAlarms",
        "events:DescribeArchive",
        "events:ListRules",
        "events:ListTargetsByRule",
        "lambda:GetEventSourceMapping",
        "lambda:GetFunctionConfiguration",
        "lambda:ListFunctionEventInvokeConfigs",
        "scheduler:GetSchedule",
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptionsByTopic",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    ),
    "LookInside": (
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "logs:FilterLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
        "sqs:ChangeMessageVisibility",
        "sqs:ReceiveMessage",
    ),
    "Replay": ("kinesis:PutRecord", "lambda:InvokeFunction", "sqs:SendMessage"),
    "Remove": ("s3:DeleteObject", "sqs:DeleteMessage"),
}
"""The actions by what they are for; encrypted stores want those of their keys as well."""


def policy() -> dict[str, Any]:
    """An IAM policy with all of them, about all resources: narrow it to those of the stack."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": purpose, "Effect": "Allow", "Action": [*actions], "Resource": "*"}
            for purpose, actions in ACTIONS.items()
        ],
    }
