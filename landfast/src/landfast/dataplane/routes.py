"""Points bucket notifications, rules and subscriptions at their targets; those of functions at internal queues.

No emulator calls our functions, and none is patched to do so: an internal queue stands for each function, and the
service reads it.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import EngineName
from landfast.dataplane.waiting import telling
from landfast.dataplane.world import INTERNAL_PREFIX, Trigger, TriggerKind, World
from landfast.template import model

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetTypeDef


_LONGEST_NAME = 80
_INTERNAL_VISIBILITY = 30
_RETENTION = 1_209_600

_RULE_TARGETS: Mapping[EngineName, frozenset[str]] = {
    "moto": frozenset({"sqs", "events"}),
    "ministack": frozenset({"sqs", "sns", "events"}),
}
_RULE_INPUTS: Mapping[EngineName, bool] = {"moto": False, "ministack": True}


def connect(template: model.Template, clients: Clients, world: World, engine: EngineName) -> World:
    """The world with its triggers.

    Raises:
        ResourceError: The endpoint refuses something.
    """
    work = _Work(template, clients, engine)
    for bucket in template.buckets.values():
        with telling(bucket.logical_id):
            work.notify(bucket)
    for rule in template.rules.values():
        with telling(rule.logical_id):
            work.direct(rule)
    for subscription in template.subscriptions:
        with telling(subscription.logical_id):
            work.subscribe(subscription)
    return replace(world, triggers=tuple(work.triggers), not_run=tuple(work.not_run))


@dataclass
class _Work:
    template: model.Template
    clients: Clients
    engine: EngineName
    triggers: list[Trigger] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    def notify(self, bucket: model.Bucket) -> None:
        configuration: dict[str, Any] = {}
        if bucket.event_bridge:
            configuration["EventBridgeConfiguration"] = {}
        for target, notifications in _by_target(bucket.notifications).items():
            entries = [_notification(bucket, one) for one in notifications]
            trigger = self._trigger("s3", bucket.logical_id, target, bucket.arn)
            if trigger is not None:
                self.triggers.append(replace(trigger, configuration_ids=tuple(entry["Id"] for entry in entries)))
            arn = target if trigger is None else trigger.queue_arn
            kind = "Topic" if _service(arn) == "sns" else "Queue"
            configuration.setdefault(f"{kind}Configurations", []).extend(
                {**entry, f"{kind}Arn": arn} for entry in entries
            )
        if configuration:
            self.clients.s3.put_bucket_notification_configuration(
                Bucket=bucket.name,
                NotificationConfiguration=configuration,  # type: ignore[arg-type] # the members are made above
                SkipDestinationValidation=True,
            )

    def direct(self, rule: model.Rule) -> None:
        if rule.schedule_expression:
            self._leave_out(
                rule,
                f"its schedule {rule.schedule_expression} is not followed; invoke its targets with `landfast invoke`",
            )
        if rule.event_pattern is None:
            return
        self.clients.events.put_rule(
            Name=rule.name,
            EventBusName=rule.event_bus_name,
            EventPattern=json.dumps(rule.event_pattern),
            State="ENABLED" if rule.enabled else "DISABLED",
        )
        targets = [made for target in rule.targets if (made := self._target(rule, target)) is not None]
        if targets:
            self.clients.events.put_targets(
                Rule=rule.name, EventBusName=rule.event_bus_name, Targets=cast("list[TargetTypeDef]", targets)
            )

    def subscribe(self, subscription: model.Subscription) -> None:
        attributes = {"RawMessageDelivery": json.dumps(subscription.raw_message_delivery)}
        if subscription.filter_policy is not None:
            attributes["FilterPolicy"] = json.dumps(subscription.filter_policy)
            attributes["FilterPolicyScope"] = subscription.filter_policy_scope
        if subscription.dead_letter_target_arn:
            attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": subscription.dead_letter_target_arn})
        trigger = self._trigger("sns", subscription.logical_id, subscription.endpoint, subscription.topic_arn)
        arn = self.clients.sns.subscribe(
            TopicArn=subscription.topic_arn,
            Protocol="sqs",
            Endpoint=subscription.endpoint if trigger is None else trigger.queue_arn,
            Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        if trigger is not None:
            self.triggers.append(replace(trigger, subscription_arn=arn))

    def _target(self, rule: model.Rule, target: model.Target) -> dict[str, Any] | None:
        made = {"Id": target.id, "Arn": target.arn, **_transformer(target)}
        trigger = self._trigger("events", f"{rule.logical_id}-{target.id}", target.arn, rule.arn)
        if trigger is not None:
            self.triggers.append(
                replace(trigger, source=rule.logical_id, input=target.input, input_path=target.input_path)
            )
            return {**made, "Arn": trigger.queue_arn}
        service = _service(target.arn)
        if service not in _RULE_TARGETS[self.engine]:
            self._leave_out(rule, f"{self.engine} has no {service} targets; {target.id} is left out")
            return None
        if (target.input or target.input_path) and not _RULE_INPUTS[self.engine]:
            self._leave_out(rule, f"{self.engine} has no Input and InputPath; {target.id} gets the whole event")
            return {**made, **_group(target)}
        return {**made, **_group(target), **_input(target)}

    def _leave_out(self, rule: model.Rule, what: str) -> None:
        self.not_run.append(f"{rule.logical_id} (AWS::Events::Rule): not run locally: {what}")

    def _trigger(self, kind: TriggerKind, source: str, target: str, source_arn: str) -> Trigger | None:
        """The internal queue for a target; None if the target is no function."""
        found = self.template.function_of(target) if _service(target) == "lambda" else None
        if found is None:
            return None
        function, qualifier = found
        name = internal_name(source, function.logical_id, qualifier)
        arn = ":".join([*function.arn.split(":")[:2], "sqs", self.template.region, self.template.account, name])
        url = self.clients.sqs.create_queue(
            QueueName=name,
            Attributes={
                "VisibilityTimeout": str(_INTERNAL_VISIBILITY),
                "MessageRetentionPeriod": str(_RETENTION),
                "Policy": _policy(kind, arn, source_arn),
            },
        )["QueueUrl"]
        return Trigger(
            kind=kind,
            source=source,
            function=function.logical_id,
            qualifier=qualifier,
            queue_name=name,
            queue_url=url,
            queue_arn=arn,
        )


def internal_name(*parts: str | None) -> str:
    """The name of an internal queue, within SQS's 80 characters, different for different parts."""
    plain = "-".join(part.replace("$", "") for part in parts if part)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
    return f"{INTERNAL_PREFIX}{plain}"[: _LONGEST_NAME - len(digest) - 1] + f"-{digest}"


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _transformer(target: model.Target) -> dict[str, Any]:
    if target.input_transformer is None:
        return {}
    paths = dict(target.input_transformer.input_paths_map)
    template = target.input_transformer.input_template
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


def _group(target: model.Target) -> dict[str, Any]:
    return {"SqsParameters": {"MessageGroupId": target.message_group_id}} if target.message_group_id else {}


def _input(target: model.Target) -> dict[str, Any]:
    if target.input:
        return {"Input": target.input}
    return {"InputPath": target.input_path} if target.input_path else {}


def _by_target(notifications: Iterable[model.Notification]) -> dict[str, list[model.Notification]]:
    grouped: dict[str, list[model.Notification]] = {}
    for one in notifications:
        grouped.setdefault(one.target_arn, []).append(one)
    return grouped


def _notification(bucket: model.Bucket, one: model.Notification) -> dict[str, Any]:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{bucket.arn} {one.target_arn} {one.event} {one.prefix} {one.suffix}")
    rules: Sequence[Mapping[str, str]] = [
        {"Name": name, "Value": value} for name, value in (("prefix", one.prefix), ("suffix", one.suffix)) if value
    ]
    filters = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"Id": str(identity), "Events": [one.event], **filters}


def _policy(kind: TriggerKind, queue_arn: str, source_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{kind}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
