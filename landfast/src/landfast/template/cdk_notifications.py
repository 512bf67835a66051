"""Notifications that the AWS CDK sets up by a custom resource, in the words of S3's API.

Its function is Node.js or Python of its own, which calls S3 when the stack is deployed; here the buckets have what it
would set (`bucket.add_event_notification` in the CDK).
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from landfast.template.errors import Mistake, Where
from landfast.template.model import Notification
from landfast.template.stack import Properties, Stack

TYPE: Final = "Custom::S3BucketNotifications"
_CONFIGURATION: Final = "NotificationConfiguration"
_KINDS: Final = ("LambdaFunctionConfigurations", "QueueConfigurations", "TopicConfigurations")


class Notified(NamedTuple):
    """What a bucket notifies.

    Attributes:
        notifications: In their order.
        event_bridge: True if EventBridge gets all of its events.
    """

    notifications: tuple[Notification, ...] = ()
    event_bridge: bool = False


class _Rule(Properties, frozen=True, kw_only=True):
    name: str
    value: str


class _Key(Properties, frozen=True, kw_only=True):
    filter_rules: tuple[_Rule, ...] = ()


class _Filter(Properties, frozen=True, kw_only=True):
    key: _Key = _Key()


class _Target(Properties, frozen=True, kw_only=True):
    events: tuple[str, ...]
    filter: _Filter = _Filter()
    lambda_function_arn: str | None = None
    queue_arn: str | None = None
    topic_arn: str | None = None


class _Resource(Properties, frozen=True, kw_only=True):
    bucket_name: str


def cdk_notifications(stack: Stack) -> Mapping[str, Notified]:
    """What the custom resources of a stack set up, by the names of the buckets."""

    def notified(logical_id: str) -> tuple[str, Notified]:
        bucket = stack.properties(logical_id, _Resource).bucket_name
        bridge = stack.part(logical_id, [_CONFIGURATION, "EventBridgeConfiguration"], dict[str, Any])
        targets = [each for kind in _KINDS for each in stack.entries(logical_id, [_CONFIGURATION, kind], _Target)]
        notifications = tuple(each for where, target in targets for each in _each(where, target))
        return bucket, Notified(notifications, bridge is not None)

    return dict(stack.each(TYPE, notified).values())


def _each(where: Where, target: _Target) -> list[Notification]:
    arn = target.lambda_function_arn or target.queue_arn or target.topic_arn
    if arn is None:
        raise Mistake(where, "a target is missing; give its ARN")
    rules = {rule.name.lower(): rule.value for rule in target.filter.key.filter_rules}
    if not rules.keys() <= {"prefix", "suffix"}:
        raise Mistake(where, "a key is filtered by prefix or suffix only")
    return [Notification(target_arn=arn, event=event, **rules) for event in target.events]
