"""Notifications that the AWS CDK sets up by a custom resource, in the words of S3's API.

Its function is Node.js or Python of its own, which calls S3 when the stack is deployed; here the buckets have what it
would set (`bucket.add_event_notification` in the CDK).
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from landfast.template.errors import Mistake
from landfast.template.model import Notification
from landfast.template.stack import Properties, Stack

TYPE: Final = "Custom::S3BucketNotifications"


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


class _Configuration(Properties, frozen=True, kw_only=True):
    lambda_function_configurations: tuple[_Target, ...] = ()
    queue_configurations: tuple[_Target, ...] = ()
    topic_configurations: tuple[_Target, ...] = ()
    event_bridge_configuration: dict[str, Any] | None = None


class _Resource(Properties, frozen=True, kw_only=True):
    bucket_name: str
    notification_configuration: _Configuration = _Configuration()


def cdk_notifications(stack: Stack) -> Mapping[str, Notified]:
    """What the custom resources of a stack set up, by the names of the buckets."""

    def notified(logical_id: str) -> tuple[str, Notified]:
        properties = stack.properties(logical_id, _Resource)
        declared = properties.notification_configuration
        targets = (
            *declared.lambda_function_configurations,
            *declared.queue_configurations,
            *declared.topic_configurations,
        )
        notifications = tuple(each for target in targets for each in _each(logical_id, target))
        return properties.bucket_name, Notified(notifications, declared.event_bridge_configuration is not None)

    return dict(stack.each(TYPE, notified).values())


def _each(logical_id: str, target: _Target) -> list[Notification]:
    where = (logical_id, "Properties", "NotificationConfiguration")
    arn = target.lambda_function_arn or target.queue_arn or target.topic_arn
    if arn is None:
        raise Mistake(where, "a target is missing; give its ARN")
    rules = {rule.name.lower(): rule.value for rule in target.filter.key.filter_rules}
    if not rules.keys() <= {"prefix", "suffix"}:
        raise Mistake(where, "a key is filtered by prefix or suffix only")
    return [Notification(target_arn=arn, event=event, **rules) for event in target.events]
