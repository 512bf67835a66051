"""The end of an event that a target refuses: it is tried again, or becomes a dead letter.

EventBridge tries for 24 hours and up to 185 times, with growing waits; a target that is not there, or that may not be
used, is not tried again. How the waits grow is not published: here they double from 1 s to 490 s, which fills the 24
hours with the 185 tries, and nothing is drawn at random.

Sources: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues to process
undelivered events" (attributes and error codes of dead letters).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from landfast.delivery.settings import Backoff
from landfast.delivery.strict_json import json_text
from landfast.sources.event_buses import RetryPolicy
from landfast.sources.refusal import says_missing
from landfast.sources.sent import Sent

WAITS: Final = Backoff(base=1.0, factor=2.0, cap=490.0)
"""Between tries."""

Exhausted = Literal["MaximumRetryAttempts", "MaximumEventAgeInSeconds"]
"""The limits of a retry policy that can be used up."""

_TEMPORARY = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalException",
        "InternalServerError",
        "KMSThrottlingException",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "ServiceException",
        "ServiceUnavailable",
        "Throttled",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_DENIED = ("AccessDenied", "NotAuthorized", "AuthorizationError")
_THROTTLED = ("Throttl", "TooManyRequests", "OverLimit", "ProvisionedThroughput")
_LONGEST = 1024


class Pending(msgspec.Struct, kw_only=True):
    """An event that a target will get later.

    Attributes:
        event: The event.
        bus: The name of its bus.
        rule: The rule's name.
        target: The target's id.
        first: When it was tried first, in Unix seconds.
        tries: The number of tries.
        due: When it is tried again.
        hopped: True if it came from another bus.
        trace: The trace header that goes with it.
    """

    event: dict[str, Any]
    bus: str
    rule: str
    target: str
    first: float
    tries: int
    due: float
    hopped: bool = False
    trace: str = ""


def is_temporary(code: str, status: int) -> bool:
    """Tell whether trying again may help: the target was busy, or it failed itself."""
    return code in _TEMPORARY or status == 429 or (status >= 500 and code != "NotImplementedException")  # noqa: PLR2004


def exhausted(policy: RetryPolicy, first: float, tries: int, due: float) -> Exhausted | None:
    """Name the limit of a policy that a try at `due` would exceed; None if it may be made."""
    if tries > policy.maximum_retry_attempts:
        return "MaximumRetryAttempts"
    return "MaximumEventAgeInSeconds" if due - first > policy.maximum_event_age_in_seconds else None


def error_code(code: str, status: int) -> str:
    """The `ERROR_CODE` of a dead letter for what a target answered."""
    if says_missing(code):
        return "NO_RESOURCE"
    if any(part in code for part in _DENIED):
        return "NO_PERMISSIONS"
    if any(part in code for part in _THROTTLED):
        return "THROTTLING"
    if code in {"INVALID_JSON", "THIRD_ACCOUNT_HOP_DETECTED"}:
        return code
    return "ERROR_FROM_TARGET" if is_temporary(code, status) else "INVALID_PARAMETER"


def dead_letter(event: Mapping[str, Any], attributes: Mapping[str, str], trace: str) -> Sent:
    """The message that a target's dead-letter queue gets: the event, and why it is there.

    Args:
        event: As the rule matched it.
        attributes: ``RULE_ARN``, ``TARGET_ARN``, ``ERROR_CODE``, ``ERROR_MESSAGE`` and what else is known.
        trace: The trace header that goes with it.
    """
    shown = {
        name: {"DataType": "String", "StringValue": value[:_LONGEST]} for name, value in attributes.items() if value
    }
    return Sent(body=json_text(event), attributes=shown, trace=trace, origin=f"rule {attributes['RULE_ARN']}")
