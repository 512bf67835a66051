"""The policy of a queue, as AddPermission and RemovePermission change it (SQS API reference)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import json_text
from landfast.eventplane.sqs_errors import FORBIDDEN, invalid_value, missing
from landfast.sources.policies import policy_document

_ACTIONS: Final = frozenset(
    {
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
    }
)
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MOST_ACTIONS: Final = 7


def with_permission(policy: str | None, arn: str, label: str, accounts: Sequence[str], actions: Sequence[str]) -> str:
    """A policy with one more statement.

    Args:
        policy: The queue's policy; None without one.
        arn: The queue's ARN.
        label: The label of the statement.
        accounts: The accounts that are allowed.
        actions: The actions, without the service's name.

    Raises:
        AwsError: There cannot be such a statement.
    """
    if not _LABEL.fullmatch(label):
        raise invalid_value(
            label, "Label", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
        )
    for parameter, values in (("AWSAccountId", accounts), ("ActionName", actions)):
        if not values:
            raise missing(parameter)
    for action in actions:
        if action not in _ACTIONS:
            raise invalid_value(
                f"SQS:{action}", "ActionName", "Please refer to the appropriate WSDL for a list of valid actions. "
            )
    if len(actions) > _MOST_ACTIONS:
        raise AwsError(
            "OverLimit",
            f"{len(actions)} Actions were found, maximum allowed is {_MOST_ACTIONS}.",
            status=FORBIDDEN,
        )
    document = _document(policy, arn)
    if any(statement.get("Sid") == label for statement in document["Statement"]):
        raise invalid_value(label, "Label", "Already exists.")
    partition = arn.split(":")[1]
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one_or_all([f"arn:{partition}:iam::{account}:root" for account in accounts])},
        "Action": _one_or_all([f"SQS:{action}" for action in actions]),
        "Resource": arn,
    }
    return json_text({**document, "Statement": [*document["Statement"], statement]})


def without_permission(policy: str | None, arn: str, label: str) -> str:
    """A policy with one statement less; an empty text if it was the last.

    Raises:
        AwsError: There is no such statement.
    """
    document = _document(policy, arn)
    left = [statement for statement in document["Statement"] if statement.get("Sid") != label]
    if len(left) == len(document["Statement"]):
        raise invalid_value(label, "Label", "can't find label.")
    return json_text({**document, "Statement": left}) if left else ""


def _document(policy: str | None, arn: str) -> Mapping[str, Any]:
    if policy is None:
        return {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": []}
    return policy_document(policy)


def _one_or_all(values: Sequence[str]) -> str | Sequence[str]:
    return values[0] if len(values) == 1 else values
