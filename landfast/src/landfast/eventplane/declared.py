"""Makes what a template declares of queues, topics, streams, buses, rules, schedules and subscriptions.

What is there already stays, with all it holds. A rule or a subscription that an earlier start has made and the template
declares no more is taken away again, since events would go on taking it; what holds data is left alone.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from landfast.aws_errors import AwsError
from landfast.eventplane.plane import EventPlane
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.schedules import Schedules
from landfast.sources.event_buses import RetryPolicy
from landfast.sources.refusal import says_missing
from landfast.sources.schedules import Target
from landfast.template import Findings, model

T = TypeVar("T", bound=model.Declared)

_KIND = "declared"
_LATER = frozenset({"RedrivePolicy", "RedriveAllowPolicy"})
"""Attributes that name other queues, which must be there first."""

_AT_CREATION_ONLY = frozenset({"FifoQueue"})


def declare(
    template: model.Template, plane: EventPlane, world: PlaneWorld, schedules: Schedules, findings: Findings
) -> None:
    """Make everything, in the driver's thread; what is refused costs its resource alone, and is named in `findings`."""
    _Declaring(template, plane, world, schedules, findings).everything()


class _Declaring:
    def __init__(
        self, template: model.Template, plane: EventPlane, world: PlaneWorld, schedules: Schedules, findings: Findings
    ) -> None:
        self._template = template
        self._findings = findings
        self._schedules = schedules
        self._plane = plane
        self._keep = world.keeper(_KIND, template.stack_name)
        self._earlier = {key: json.loads(row) for owner, key, row in world.rows(_KIND) if owner == template.stack_name}

    def everything(self) -> None:
        template = self._template
        self._make("AWS::SQS::Queue", template.queues.values(), self._queue)
        for queue in template.queues.values():
            if queue.logical_id not in self._findings.lost:
                self._link(queue)
        self._make("AWS::SNS::Topic", template.topics.values(), self._topic)
        self._make("AWS::Kinesis::Stream", template.streams.values(), self._stream)
        self._make("AWS::Events::EventBus", template.event_buses.values(), self._bus)
        self._make("AWS::Events::Rule", template.rules.values(), self._rule)
        self._follow(template.schedules.values())
        for subscription in template.subscriptions:
            try:
                self._subscribe(subscription)
            except AwsError as error:
                title = f"{subscription.logical_id} (AWS::SNS::Subscription)"
                self._findings.cannot_run(title, _said(error))
        self._take_away_the_rest()

    def _make(self, kind: str, resources: Iterable[T], make: Callable[[T], None]) -> None:
        for resource in resources:
            try:
                make(resource)
            except AwsError as error:
                self._findings.loses(resource.logical_id, {"Type": kind}, _said(error))

    def _link(self, queue: model.Queue) -> None:
        """Set what names other queues; a queue that may not name them runs without."""
        for name in sorted(_LATER & queue.attributes.keys()):
            try:
                self._set_attributes(queue, {name: queue.attributes[name]})
            except AwsError as error:
                self._findings.leaves_out(f"{queue.logical_id} (AWS::SQS::Queue)", name, _said(error))

    def _queue(self, queue: model.Queue) -> None:
        attributes = {name: text for name, text in queue.attributes.items() if name not in _LATER}
        try:
            self._plane.ask("sqs", "GetQueueUrl", QueueName=queue.name)
        except AwsError as error:
            if error.code != "QueueDoesNotExist":
                raise
            self._plane.ask("sqs", "CreateQueue", QueueName=queue.name, Attributes=attributes)
        else:
            self._set_attributes(
                queue, {name: text for name, text in attributes.items() if name not in _AT_CREATION_ONLY}
            )

    def _set_attributes(self, queue: model.Queue, attributes: Mapping[str, str]) -> None:
        if attributes:
            self._plane.ask("sqs", "SetQueueAttributes", QueueUrl=queue.url, Attributes=attributes)

    def _topic(self, topic: model.Topic) -> None:
        attributes = {}
        if topic.fifo_topic:
            attributes = {
                "FifoTopic": "true",
                "ContentBasedDeduplication": json.dumps(topic.content_based_deduplication),
            }
        self._plane.ask("sns", "CreateTopic", Name=topic.name, Attributes=attributes)

    def _stream(self, stream: model.Stream) -> None:
        name = {"StreamName": stream.name}
        try:
            self._plane.ask("kinesis", "DescribeStreamSummary", **name)
        except AwsError as error:
            if error.code != "ResourceNotFoundException":
                raise
            count = {"ShardCount": stream.shard_count or 1} if stream.mode == "PROVISIONED" else {}
            self._plane.ask("kinesis", "CreateStream", **name, **count, StreamModeDetails={"StreamMode": stream.mode})
        made = self._plane.ask("kinesis", "DescribeStreamSummary", **name)["StreamDescriptionSummary"]
        if made["MaxRecordSizeInKiB"] != stream.max_record_size_in_kib:
            largest = {"MaxRecordSizeInKiB": stream.max_record_size_in_kib}
            self._plane.ask("kinesis", "UpdateMaxRecordSize", StreamARN=stream.arn, **largest)
        kept, wanted = made["RetentionPeriodHours"], stream.retention_period_hours
        if kept != wanted:
            change = "IncreaseStreamRetentionPeriod" if kept < wanted else "DecreaseStreamRetentionPeriod"
            self._plane.ask("kinesis", change, **name, RetentionPeriodHours=wanted)

    def _bus(self, bus: model.EventBus) -> None:
        try:
            self._plane.ask("events", "CreateEventBus", Name=bus.name)
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    def _rule(self, rule: model.Rule) -> None:
        names = {"Rule": rule.name, "EventBusName": rule.event_bus_name}
        self._plane.ask(
            "events",
            "PutRule",
            Name=rule.name,
            EventBusName=rule.event_bus_name,
            **({"EventPattern": json.dumps(rule.event_pattern)} if rule.event_pattern is not None else {}),
            **({"ScheduleExpression": rule.schedule_expression} if rule.schedule_expression else {}),
            State="ENABLED" if rule.enabled else "DISABLED",
        )
        key = f"rule {rule.event_bus_name} {rule.name}"
        targets = [_target(target) for target in rule.targets]
        former = [
            target for target in self._earlier.get(key, []) if target not in {declared["Id"] for declared in targets}
        ]
        if former:
            self._plane.ask("events", "RemoveTargets", **names, Ids=former)
        if targets:
            self._plane.ask("events", "PutTargets", **names, Targets=targets)
        self._declared(key, [target["Id"] for target in targets])

    def _follow(self, schedules: Collection[model.Schedule]) -> None:
        for schedule in schedules:
            self._schedule(schedule)
        self._schedules.forget_others({schedule.arn for schedule in schedules})

    def _schedule(self, schedule: model.Schedule) -> None:
        declared = schedule.target
        policy = {
            "maximum_retry_attempts": declared.maximum_retry_attempts,
            "maximum_event_age_in_seconds": declared.maximum_event_age_in_seconds,
        }
        target = Target(
            arn=declared.arn,
            input=declared.input,
            message_group_id=declared.message_group_id,
            partition_key=declared.partition_key,
            detail_type=declared.detail_type,
            source=declared.source,
            retry_policy=RetryPolicy(**{name: value for name, value in policy.items() if value is not None}),
            dead_letter_arn=declared.dead_letter_arn,
        )
        self._schedules.put(
            schedule.arn,
            schedule.expression,
            schedule.timezone,
            target,
            enabled=schedule.enabled,
            start=schedule.start,
            end=schedule.end,
        )

    def _subscribe(self, subscription: model.Subscription) -> None:
        attributes = {"RawMessageDelivery": json.dumps(subscription.raw_message_delivery)}
        if subscription.filter_policy is not None:
            attributes["FilterPolicyScope"] = subscription.filter_policy_scope
            attributes["FilterPolicy"] = json.dumps(subscription.filter_policy)
        if subscription.dead_letter_target_arn:
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": subscription.dead_letter_target_arn})
        key = f"subscription {subscription.topic_arn} {subscription.endpoint}"
        for arn in self._earlier.get(key, []):
            self._plane.ask("sns", "Unsubscribe", SubscriptionArn=arn)
        made = self._plane.ask(
            "sns",
            "Subscribe",
            TopicArn=subscription.topic_arn,
            Protocol=subscription.protocol,
            Endpoint=subscription.endpoint,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )
        self._declared(key, [made["SubscriptionArn"]])

    def _declared(self, key: str, content: list[str]) -> None:
        self._earlier.pop(key, None)
        self._keep(key, json.dumps(content).encode())

    def _take_away_the_rest(self) -> None:
        for key, content in self._earlier.items():
            kind, *parts = key.split(" ")
            try:
                if kind == "subscription":
                    for arn in content:
                        self._plane.ask("sns", "Unsubscribe", SubscriptionArn=arn)
                else:
                    bus, name = parts
                    if content:
                        self._plane.ask("events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=content)
                    self._plane.ask("events", "DeleteRule", Name=name, EventBusName=bus)
            except AwsError as error:
                if not says_missing(error.code):  # else it is gone already
                    raise
            self._keep(key, None)


def _target(target: model.Target) -> dict[str, Any]:
    made: dict[str, Any] = {"Id": target.id, "Arn": target.arn}
    if target.input_transformer is not None:
        made["InputTransformer"] = {
            "InputPathsMap": dict(target.input_transformer.input_paths_map),
            "InputTemplate": target.input_transformer.input_template,
        }
    elif target.input:
        made["Input"] = target.input
    elif target.input_path:
        made["InputPath"] = target.input_path
    if target.message_group_id:
        made["SqsParameters"] = {"MessageGroupId": target.message_group_id}
    if target.partition_key_path:
        made["KinesisParameters"] = {"PartitionKeyPath": target.partition_key_path}
    policy = {
        "MaximumRetryAttempts": target.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": target.maximum_event_age_in_seconds,
    }
    if any(value is not None for value in policy.values()):
        made["RetryPolicy"] = {name: value for name, value in policy.items() if value is not None}
    if target.dead_letter_arn:
        made["DeadLetterConfig"] = {"Arn": target.dead_letter_arn}
    return made


def _said(error: AwsError) -> str:
    return f"{error.code}: {' '.join(error.message.split())}"
