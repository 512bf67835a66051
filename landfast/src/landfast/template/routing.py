"""EventBridge: buses and rules."""

import json
from typing import Any, Literal

from landfast.template.errors import Mistake
from landfast.template.model import EventBus, InputTransformer, Rule, Target
from landfast.template.schedules import check
from landfast.template.stack import Properties, Stack
from landfast.template.target_properties import DeadLetterConfig, RetryPolicy, SqsParameters


class _KinesisParameters(Properties, frozen=True, kw_only=True):
    partition_key_path: str | None = None


class _TargetProperties(Properties, frozen=True, kw_only=True):
    id: str
    arn: str
    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    kinesis_parameters: _KinesisParameters = _KinesisParameters()
    sqs_parameters: SqsParameters = SqsParameters()
    retry_policy: RetryPolicy = RetryPolicy()
    dead_letter_config: DeadLetterConfig = DeadLetterConfig()


class _RuleProperties(Properties, frozen=True, kw_only=True):
    event_pattern: dict[str, Any] | str | None = None
    schedule_expression: str | None = None
    state: Literal["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"] = "ENABLED"


def event_buses(stack: Stack) -> dict[str, EventBus]:
    """The template's buses by logical id; the account's ``default`` is none of them."""

    def event_bus(logical_id: str) -> EventBus:
        identity = stack.identity(logical_id)
        return EventBus(logical_id=logical_id, name=identity.name, arn=identity.attributes["Arn"])

    return stack.each("AWS::Events::EventBus", event_bus)


def rules(stack: Stack) -> dict[str, Rule]:
    """The template's rules by logical id."""

    def rule(logical_id: str) -> Rule:
        identity = stack.identity(logical_id)
        properties = stack.properties(logical_id, _RuleProperties)
        if properties.event_pattern is None and properties.schedule_expression is None:
            raise Mistake((logical_id, "Properties"), "wants an EventPattern or a ScheduleExpression")
        if properties.schedule_expression is not None:
            check(properties.schedule_expression, "UTC", (logical_id, "Properties"))
        return Rule(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            event_bus_name=stack.event_bus_name(logical_id),
            event_pattern=_pattern(logical_id, properties.event_pattern),
            schedule_expression=properties.schedule_expression,
            enabled=properties.state != "DISABLED",
            targets=tuple(_target(each) for _, each in stack.entries(logical_id, ["Targets"], _TargetProperties)),
        )

    return stack.each("AWS::Events::Rule", rule)


def _pattern(logical_id: str, declared: dict[str, Any] | str | None) -> dict[str, Any] | None:
    if not isinstance(declared, str):
        return declared
    try:
        pattern = json.loads(declared)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg}, line {error.lineno}"
        raise Mistake((logical_id, "Properties", "EventPattern"), problem) from None
    if not isinstance(pattern, dict):
        raise Mistake((logical_id, "Properties", "EventPattern"), "wants a JSON object")
    return pattern


def _target(declared: _TargetProperties) -> Target:
    return Target(
        id=declared.id,
        arn=declared.arn,
        input=declared.input,
        input_path=declared.input_path,
        input_transformer=declared.input_transformer,
        message_group_id=declared.sqs_parameters.message_group_id,
        partition_key_path=declared.kinesis_parameters.partition_key_path,
        maximum_retry_attempts=declared.retry_policy.maximum_retry_attempts,
        maximum_event_age_in_seconds=declared.retry_policy.maximum_event_age_in_seconds,
        dead_letter_arn=declared.dead_letter_config.arn,
    )
