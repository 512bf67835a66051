"""EventBridge Scheduler: schedules, and the schedules of EventBridge's rules."""

import json
from datetime import UTC, datetime
from typing import Final, Literal

from landfast.sources.schedule_expressions import InvalidExpressionError, schedule
from landfast.sources.schedules import UNIVERSAL
from landfast.sources.target_arns import not_here
from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.model import Schedule, ScheduleTarget
from landfast.template.stack import Properties, Stack
from landfast.template.target_properties import DeadLetterConfig, RetryPolicy, SqsParameters

_JSON: Final = frozenset({"lambda", "events"})
"""The services whose targets take well-formed JSON alone (Scheduler API Reference, `Target`)."""


class _KinesisParameters(Properties, frozen=True, kw_only=True):
    partition_key: str | None = None


class _EventBridgeParameters(Properties, frozen=True, kw_only=True):
    detail_type: str | None = None
    source: str | None = None


class _Target(Properties, frozen=True, kw_only=True):
    arn: str
    input: str | None = None
    sqs_parameters: SqsParameters = SqsParameters()
    kinesis_parameters: _KinesisParameters = _KinesisParameters()
    event_bridge_parameters: _EventBridgeParameters = _EventBridgeParameters()
    retry_policy: RetryPolicy = RetryPolicy()
    dead_letter_config: DeadLetterConfig = DeadLetterConfig()


class _ScheduleProperties(Properties, frozen=True, kw_only=True):
    schedule_expression: str
    schedule_expression_timezone: str = "UTC"
    start_date: str | None = None
    end_date: str | None = None
    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    target: _Target


def schedules(stack: Stack) -> dict[str, Schedule]:
    """The template's schedules by logical id; those whose target does not run here are named."""

    def build(logical_id: str) -> Schedule:
        properties = stack.properties(logical_id, _ScheduleProperties)
        where = (logical_id, "Properties")
        check(properties.schedule_expression, properties.schedule_expression_timezone, where)
        identity = stack.identity(logical_id)
        return Schedule(
            logical_id=logical_id,
            name=identity.name,
            arn=identity.attributes["Arn"],
            expression=properties.schedule_expression,
            timezone=properties.schedule_expression_timezone,
            start=_moment(properties.start_date, (*where, "StartDate")),
            end=_moment(properties.end_date, (*where, "EndDate")),
            enabled=properties.state == "ENABLED",
            target=_target(properties.target, (*where, "Target")),
        )

    return stack.each("AWS::Scheduler::Schedule", build)


def check(expression: str, timezone: str, where: Where) -> None:
    """Raises a `Mistake` if this is no schedule expression."""
    try:
        schedule(expression, timezone)
    except InvalidExpressionError as error:
        raise Mistake((*where, "ScheduleExpression"), str(error)) from None


def _moment(text: str | None, where: Where) -> float | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Mistake(where, f"{text!r} is no date and time; 2026-12-24T18:00:00Z is one") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _target(declared: _Target, where: Where) -> ScheduleTarget:
    kind = not_here(declared.arn)
    if kind is not None and not UNIVERSAL.fullmatch(declared.arn):
        what = declared.arn.partition("aws-sdk:")[2] or kind
        raise Unavailable((*where, "Arn"), f"{what} is not called locally; invoke the function that it is about")
    if declared.input is not None and kind is None and declared.arn.split(":")[2] in _JSON:
        try:
            json.loads(declared.input)
        except ValueError as error:
            raise Mistake((*where, "Input"), f"is not JSON: {error}") from None
    return ScheduleTarget(
        arn=declared.arn,
        input=declared.input,
        message_group_id=declared.sqs_parameters.message_group_id,
        partition_key=declared.kinesis_parameters.partition_key,
        detail_type=declared.event_bridge_parameters.detail_type,
        source=declared.event_bridge_parameters.source,
        maximum_retry_attempts=declared.retry_policy.maximum_retry_attempts,
        maximum_event_age_in_seconds=declared.retry_policy.maximum_event_age_in_seconds,
        dead_letter_arn=declared.dead_letter_config.arn,
    )
