"""What the targets of EventBridge's rules and of Scheduler's schedules declare alike."""

from typing import Annotated

import msgspec

from landfast.template.stack import Properties


class RetryPolicy(Properties, frozen=True, kw_only=True):
    """How often, and how long, an event is tried."""

    maximum_retry_attempts: Annotated[int, msgspec.Meta(ge=0, le=185)] | None = None
    maximum_event_age_in_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] | None = None


class DeadLetterConfig(Properties, frozen=True, kw_only=True):
    """The queue that gets what was given up."""

    arn: str | None = None


class SqsParameters(Properties, frozen=True, kw_only=True):
    """How a FIFO queue is sent to."""

    message_group_id: str | None = None
