"""Schedules of EventBridge Scheduler, and what they send.

Sources: EventBridge Scheduler User Guide, "Adding context attributes", "Configuring a schedule's dead-letter queue" and
"Using universal targets"; API Reference, `Target` and `RetryPolicy` (185 retries within 24 hours). What a target gets
without an input is not documented; it is as published recordings of such events have it.
"""

import re
from typing import Any, Final

import msgspec

from landfast.delivery.strict_json import json_text
from landfast.delivery.times import iso_seconds
from landfast.sources.event_buses import RetryPolicy
from landfast.sources.sent import Sent

UNIVERSAL: Final = re.compile(
    r"arn:[\w-]+:scheduler:::aws-sdk:(lambda:invoke|sqs:sendMessage|sns:publish|events:putEvents)"
)
"""The ARNs of universal targets that are carried out here."""

_ATTRIBUTE = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")
_LONGEST = 1024


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The target of a schedule.

    Attributes:
        arn: Its ARN, or that of an API's action.
        input: What it gets; None for the schedule's own event.
        message_group_id: For a FIFO queue.
        partition_key: For a stream.
        detail_type: For an event bus.
        source: For an event bus.
        retry_policy: For how long it is tried.
        dead_letter_arn: The ARN of the queue for what could not be delivered; None without one.
    """

    arn: str
    input: str | None = None
    message_group_id: str | None = None
    partition_key: str | None = None
    detail_type: str | None = None
    source: str | None = None
    retry_policy: RetryPolicy = RetryPolicy()
    dead_letter_arn: str | None = None


class Execution(msgspec.Struct, kw_only=True):
    """One time that a schedule is due, until its target has got it.

    Attributes:
        schedule: The schedule's ARN.
        id: The id of the execution.
        scheduled: The time of the schedule, in Unix seconds.
        first: When the target was tried first.
        tries: The number of tries.
        due: When it is tried again.
        target: The target as it was.
    """

    schedule: str
    id: str
    scheduled: float
    first: float
    tries: int
    due: float
    target: Target


def body(execution: Execution, account: str, region: str) -> str:
    """What the target gets: its input with the context attributes filled in, or an event of the schedule."""
    told = {
        "schedule-arn": execution.schedule,
        "scheduled-time": iso_seconds(execution.scheduled),
        "execution-id": execution.id,
        "attempt-number": str(execution.tries + 1),
    }
    if execution.target.input is not None:
        return _ATTRIBUTE.sub(lambda match: told[match[1]], execution.target.input)
    event = {
        "version": "0",
        "id": execution.id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": told["scheduled-time"],
        "region": region,
        "resources": [execution.schedule],
        "detail": "{}",
    }
    return json_text(event)


def sent(execution: Execution, text: str, origin: str) -> Sent:
    """The same as it is sent to a resource."""
    target = execution.target
    if target.arn.split(":")[2] == "events":
        entry = {
            "Source": target.source,
            "DetailType": target.detail_type,
            "Detail": text,
            "EventBusName": target.arn,
        }
        return Sent(entry=entry, origin=origin)
    return Sent(body=text, group=target.message_group_id, partition_key=target.partition_key, origin=origin)


def dead_letter(execution: Execution, text: str, error: tuple[str, str], gone: str | None, origin: str) -> Sent:
    """The message that the dead-letter queue gets.

    Args:
        execution: What was not delivered.
        text: What the target was to get.
        error: The code and the message of the last error.
        gone: The limit of the retry policy that was used up; None if trying again could not help.
        origin: The schedule, for people.
    """
    attributes: dict[str, str | None] = {
        "ERROR_CODE": error[0],
        "ERROR_MESSAGE": error[1],
        "EXECUTION_ID": execution.id,
        "EXHAUSTED_RETRY_CONDITION": gone,
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": str(execution.tries - 1),
        "SCHEDULED_TIME": iso_seconds(execution.scheduled),
        "SCHEDULE_ARN": execution.schedule,
        "TARGET_ARN": execution.target.arn,
    }
    shown: dict[str, Any] = {
        name: {"DataType": "String", "StringValue": value[:_LONGEST]} for name, value in attributes.items() if value
    }
    return Sent(body=text, attributes=shown, origin=origin)
