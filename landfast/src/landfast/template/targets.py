"""Drops notification targets that cannot run locally, and refuses those that AWS would refuse."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from landfast.sources.notifications import SERVICES
from landfast.sources.target_arns import OF_RULES, not_here
from landfast.template.errors import Mistake, Unavailable
from landfast.template.model import Bucket, Function, Rule, Subscription, find_function
from landfast.template.names import function_reference
from landfast.template.stack import Stack

_S3 = "s3.amazonaws.com"
_INVOKES = frozenset({"lambda:InvokeFunction", "lambda:*", "*"})
_SUBSCRIBED = frozenset({"lambda", "sqs"})


class Targets:
    """Leaves out and names the targets that the local service does not run."""

    def __init__(self, stack: Stack, functions: Mapping[str, Function]) -> None:
        """The functions are those that are run."""
        self._stack = stack
        self._functions = functions
        self._invokers = _invokers(stack)

    def of_buckets(self, buckets: Mapping[str, Bucket]) -> dict[str, Bucket]:
        """Buckets with the notifications that can be delivered, and that S3 may deliver (S-42, S-43)."""
        return {key: self._of_bucket(bucket) for key, bucket in buckets.items()}

    def of_subscriptions(self, subscriptions: Sequence[Subscription]) -> list[Subscription]:
        """The subscriptions whose endpoint is run."""
        return [each for each in subscriptions if self._runs(each.logical_id, each.endpoint, _SUBSCRIBED)]

    def of_rules(self, rules: Mapping[str, Rule]) -> dict[str, Rule]:
        """Rules with the targets that are run."""
        return {
            key: msgspec.structs.replace(
                rule, targets=tuple(each for each in rule.targets if self._runs(key, each.arn, OF_RULES))
            )
            for key, rule in rules.items()
        }

    def _of_bucket(self, bucket: Bucket) -> Bucket:
        kept = tuple(
            each
            for each in bucket.notifications
            if self._runs(bucket.logical_id, each.target_arn, SERVICES) and self._may_invoke(bucket, each.target_arn)
        )
        return msgspec.structs.replace(bucket, notifications=kept)

    def _may_invoke(self, bucket: Bucket, arn: str) -> bool:
        reference = function_reference(arn)
        runs = find_function(self._functions, arn) is not None  # who may invoke one of elsewhere is told there
        if not runs or reference in self._invokers:
            return True
        reason = f"Not authorized to invoke function [{arn}]; add an AWS::Lambda::Permission for {_S3}"
        self._stack.leaves_out(bucket.logical_id, f"target {arn}", reason)
        return False

    def _runs(self, logical_id: str, arn: str, services: Collection[str]) -> bool:
        if not_here(arn, services) is None:
            return True
        self._stack.leaves_out(logical_id, f"target {arn}", "nothing of this kind is run locally")
        return False


def _invokers(stack: Stack) -> frozenset[tuple[str, str | None]]:
    """The functions, with qualifiers, that S3 may invoke."""
    allowed: set[tuple[str, str | None]] = set()
    for logical_id in stack.of_type("AWS::Lambda::Permission"):
        try:
            principal, action, name = (stack.value(logical_id, key) for key in ("Principal", "Action", "FunctionName"))
        except (Mistake, Unavailable):
            continue  # it grants to, or on, something that this template cannot know
        reference = function_reference(name) if isinstance(name, str) else None
        if reference is not None and principal == _S3 and isinstance(action, str) and action in _INVOKES:
            allowed.add(reference)
    return frozenset(allowed)
