"""Queues, topics, streams, tables and buckets."""

from typing import Any, Final, Literal

import msgspec

from landfast.template.cdk_notifications import Notified, cdk_notifications
from landfast.template.errors import Mistake, Where
from landfast.template.model import (
    Bucket,
    Notification,
    Queue,
    Redrive,
    Stream,
    Subscription,
    Table,
    Topic,
    as_attribute,
)
from landfast.template.stack import Properties, Stack

_NOTIFICATIONS: Final = "NotificationConfiguration"
_TARGETS: Final = {"LambdaConfigurations": "function", "QueueConfigurations": "queue", "TopicConfigurations": "topic"}


class _RedrivePolicy(Properties, frozen=True, kw_only=True, rename="camel"):
    dead_letter_target_arn: str
    max_receive_count: int


class _QueueProperties(Properties, frozen=True, kw_only=True):
    content_based_deduplication: bool | None = None
    deduplication_scope: str | None = None
    delay_seconds: int | None = None
    fifo_queue: bool | None = None
    fifo_throughput_limit: str | None = None
    maximum_message_size: int | None = None
    message_retention_period: int | None = None
    receive_message_wait_time_seconds: int | None = None
    redrive_allow_policy: dict[str, Any] | None = None
    redrive_policy: _RedrivePolicy | None = None
    visibility_timeout: int | None = None


class _InlineSubscription(Properties, frozen=True, kw_only=True):
    endpoint: str
    protocol: str


class _TopicProperties(Properties, frozen=True, kw_only=True):
    fifo_topic: bool = False
    content_based_deduplication: bool = False


class _DeadLetterPolicy(Properties, frozen=True, kw_only=True, rename="camel"):
    dead_letter_target_arn: str | None = None


class _SubscriptionProperties(Properties, frozen=True, kw_only=True):
    topic_arn: str
    protocol: str
    endpoint: str | None = None
    filter_policy: dict[str, Any] | None = None
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = "MessageAttributes"
    raw_message_delivery: bool = False
    redrive_policy: _DeadLetterPolicy = _DeadLetterPolicy()


class _StreamMode(Properties, frozen=True, kw_only=True):
    stream_mode: Literal["PROVISIONED", "ON_DEMAND"] = "PROVISIONED"


class _StreamProperties(Properties, frozen=True, kw_only=True):
    shard_count: int | None = None
    retention_period_hours: int = 24
    stream_mode_details: _StreamMode | None = None
    max_record_size: int = msgspec.field(name="MaxRecordSizeInKiB", default=1024)


class _StreamSpecification(Properties, frozen=True, kw_only=True):
    stream_view_type: Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]


class _TimeToLive(Properties, frozen=True, kw_only=True):
    attribute_name: str | None = None
    enabled: bool


class _Throughput(Properties, frozen=True, kw_only=True):
    read_capacity_units: int
    write_capacity_units: int


class _Key(Properties, frozen=True, kw_only=True):
    attribute_name: str
    key_type: Literal["HASH", "RANGE"]


class _AttributeDefinition(Properties, frozen=True, kw_only=True):
    attribute_name: str
    attribute_type: Literal["S", "N", "B"]


class _Projection(Properties, frozen=True, kw_only=True, omit_defaults=True):
    projection_type: Literal["ALL", "KEYS_ONLY", "INCLUDE"] | None = None
    non_key_attributes: list[str] | None = None


class _Index(Properties, frozen=True, kw_only=True, omit_defaults=True):
    index_name: str
    key_schema: list[_Key]
    projection: _Projection
    provisioned_throughput: _Throughput | None = None


class _TableProperties(Properties, frozen=True, kw_only=True, omit_defaults=True):
    key_schema: list[_Key]
    attribute_definitions: tuple[_AttributeDefinition, ...] = ()
    billing_mode: Literal["PROVISIONED", "PAY_PER_REQUEST"] = "PROVISIONED"
    provisioned_throughput: _Throughput | None = None
    global_secondary_indexes: tuple[_Index, ...] = ()
    local_secondary_indexes: tuple[_Index, ...] = ()
    stream_specification: _StreamSpecification | None = None
    time_to_live_specification: _TimeToLive | None = None


class _FilterRule(Properties, frozen=True, kw_only=True):
    name: str
    value: str


class _KeyFilter(Properties, frozen=True, kw_only=True):
    rules: tuple[_FilterRule, ...] = ()


class _Filter(Properties, frozen=True, kw_only=True):
    s3_key: _KeyFilter = _KeyFilter()


class _ToTarget(Properties, frozen=True, kw_only=True):
    event: str
    filter: _Filter = _Filter()
    function: str | None = None
    queue: str | None = None
    topic: str | None = None


class _EventBridge(Properties, frozen=True, kw_only=True):
    event_bridge_enabled: bool = True


class _Versioning(Properties, frozen=True, kw_only=True):
    status: Literal["Enabled", "Suspended"]


class _BucketProperties(Properties, frozen=True, kw_only=True):
    versioning_configuration: _Versioning | None = None


def queues(stack: Stack) -> dict[str, Queue]:
    """The template's queues by logical id."""

    def queue(logical_id: str) -> Queue:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _QueueProperties)
        declared = _declared(properties)
        redrive = properties.redrive_policy
        if properties.fifo_queue and not identity.name.endswith(".fifo"):
            where = (logical_id, "Properties", "QueueName")
            raise Mistake(where, f"{identity.name} names a FIFO queue, so it must end with .fifo")
        return Queue(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            url=identity.ref,
            fifo_queue=bool(properties.fifo_queue),
            content_based_deduplication=bool(properties.content_based_deduplication),
            visibility_timeout=declared.get("VisibilityTimeout", 30),
            message_retention_period=declared.get("MessageRetentionPeriod", 345_600),
            redrive_policy=Redrive(
                dead_letter_target_arn=redrive.dead_letter_target_arn,
                max_receive_count=redrive.max_receive_count,
            )
            if redrive
            else None,
            attributes={key: as_attribute(value) for key, value in declared.items()},
        )

    return stack.each("AWS::SQS::Queue", queue)


def topics(stack: Stack) -> tuple[dict[str, Topic], list[Subscription]]:
    """The template's topics by logical id, and the subscriptions of queues and functions; others are left out."""
    subscriptions: list[Subscription] = []

    def topic(logical_id: str) -> Topic:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _TopicProperties)
        declared = [
            _SubscriptionProperties(topic_arn=identity.ref, protocol=each.protocol, endpoint=each.endpoint)
            for _, each in stack.entries(logical_id, ["Subscription"], _InlineSubscription)
        ]
        for each in declared:
            subscribe(logical_id, each)
        return Topic(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.ref,
            fifo_topic=properties.fifo_topic,
            content_based_deduplication=properties.content_based_deduplication,
        )

    def subscribe(logical_id: str, properties: _SubscriptionProperties) -> None:
        if properties.protocol not in ("sqs", "lambda"):
            reason = "only queues and functions are notified"
            stack.leaves_out(logical_id, f"the {properties.protocol} subscription", reason)
        elif properties.endpoint is None:
            raise Mistake((logical_id, "Properties", "Endpoint"), "is missing; give the target's ARN")
        else:
            subscriptions.append(_subscription(logical_id, properties, properties.endpoint))

    found = stack.each("AWS::SNS::Topic", topic)
    stack.each(
        "AWS::SNS::Subscription",
        lambda logical_id: subscribe(logical_id, stack.properties(logical_id, _SubscriptionProperties)),
    )
    return found, subscriptions


def _subscription(logical_id: str, properties: _SubscriptionProperties, endpoint: str) -> Subscription:
    return Subscription(
        logical_id=logical_id,
        topic_arn=properties.topic_arn,
        protocol="sqs" if properties.protocol == "sqs" else "lambda",
        endpoint=endpoint,
        filter_policy=properties.filter_policy,
        filter_policy_scope=properties.filter_policy_scope,
        raw_message_delivery=properties.raw_message_delivery,
        dead_letter_target_arn=properties.redrive_policy.dead_letter_target_arn,
    )


def streams(stack: Stack) -> dict[str, Stream]:
    """The template's Kinesis streams by logical id."""

    def stream(logical_id: str) -> Stream:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _StreamProperties)
        mode = properties.stream_mode_details.stream_mode if properties.stream_mode_details else "PROVISIONED"
        return Stream(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            mode=mode,
            shard_count=(properties.shard_count or 1) if mode == "PROVISIONED" else None,
            retention_period_hours=properties.retention_period_hours,
            max_record_size_in_kib=properties.max_record_size,
        )

    return stack.each("AWS::Kinesis::Stream", stream)


def tables(stack: Stack) -> dict[str, Table]:
    """The template's tables by logical id."""

    def table(logical_id: str) -> Table:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _TableProperties)
        declared = _declared(properties)
        view = properties.stream_specification
        expiry = properties.time_to_live_specification
        return Table(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            key_schema=tuple(declared["KeySchema"]),
            attribute_definitions=tuple(declared.get("AttributeDefinitions", ())),
            billing_mode=properties.billing_mode,
            provisioned_throughput=declared.get("ProvisionedThroughput"),
            global_secondary_indexes=tuple(declared.get("GlobalSecondaryIndexes", ())),
            local_secondary_indexes=tuple(declared.get("LocalSecondaryIndexes", ())),
            stream_view_type=view.stream_view_type if view else None,
            stream_arn=identity.attributes["StreamArn"] if view else None,
            time_to_live_attribute=expiry.attribute_name if expiry and expiry.enabled else None,
        )

    return stack.each("AWS::DynamoDB::Table", table)


def buckets(stack: Stack) -> dict[str, Bucket]:
    """The template's buckets by logical id."""
    set_up = cdk_notifications(stack)

    def bucket(logical_id: str) -> Bucket:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _BucketProperties)
        bridge = stack.part(logical_id, [_NOTIFICATIONS, "EventBridgeConfiguration"], _EventBridge)
        versioning = properties.versioning_configuration
        later = set_up.get(identity.name, Notified())
        return Bucket(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            notifications=(*_notifications(stack, logical_id), *later.notifications),
            event_bridge=later.event_bridge or (bridge is not None and bridge.event_bridge_enabled),
            versioning=versioning is not None and versioning.status == "Enabled",
        )

    return stack.each("AWS::S3::Bucket", bucket)


def _notifications(stack: Stack, logical_id: str) -> tuple[Notification, ...]:
    notifications: list[Notification] = []
    for name, target in _TARGETS.items():
        for where, each in stack.entries(logical_id, [_NOTIFICATIONS, name], _ToTarget):
            arn: str | None = getattr(each, target)
            if arn is None:
                raise Mistake((*where, target.capitalize()), "is missing; give the target's ARN")
            notifications.append(_notification(arn, each, where))
    return tuple(notifications)


def _notification(arn: str, declared: _ToTarget, where: Where) -> Notification:
    filters = {"prefix": "", "suffix": ""}
    for rule in declared.filter.s3_key.rules:
        if rule.name.lower() not in filters:
            raise Mistake((*where, "Filter"), f"a key is filtered by prefix or suffix, not by {rule.name}")
        filters[rule.name.lower()] = rule.value
    return Notification(target_arn=arn, event=declared.event, **filters)


def _declared(properties: Properties) -> dict[str, Any]:
    """Properties under CloudFormation's names, those that are not set left out."""
    plain: dict[str, Any] = msgspec.to_builtins(properties)
    return {key: value for key, value in plain.items() if value is not None}
