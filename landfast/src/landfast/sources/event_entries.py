"""The entries that `PutEvents` takes, and the events that are made of them.

Sources: EventBridge API, `PutEvents` (the total size of all entries, 1 MB since 2026) and `PutEventsRequestEntry`; User
Guide, "Calculating PutEvents event entry size". The texts of errors as recorded by LocalStack
(``tests/aws/services/events/test_events.snapshot.json``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from landfast.delivery.strict_json import NotJsonError, read_json, text_size
from landfast.delivery.times import iso_seconds
from landfast.sources.refusal import Refusal

LARGEST: Final = 1024 * 1024
"""Bytes of all entries of a request."""

MOST: Final = 10
"""Entries of a request."""

LONGEST_DETAIL_TYPE: Final = 128
_REQUIRED = ("Source", "DetailType", "Detail")
_TIME_SIZE = 14


@dataclass(frozen=True, slots=True)
class EntryError:
    """Why an entry makes no event.

    Attributes:
        code: AWS's name of the error.
        message: For people.
    """

    code: str
    message: str


def check(entries: Sequence[Mapping[str, Any]]) -> None:
    """Hold a request to its limits.

    Raises:
        Refusal: It breaks them.
    """
    if len(entries) > MOST:
        raise Refusal(
            "ValidationException",
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MOST}",
        )
    if sum(map(size, entries)) > LARGEST:
        raise Refusal("ValidationException", "Total size of the entries in the request is over the limit.")


def size(entry: Mapping[str, Any]) -> int:
    """The bytes of an entry as `PutEvents` counts them."""
    texts = [entry[name] for name in _REQUIRED if entry.get(name)]
    timed = _TIME_SIZE if entry.get("Time") is not None else 0
    return timed + sum(map(text_size, [*texts, *(entry.get("Resources") or ())]))


def error(entry: Mapping[str, Any], *, reserved: bool = False) -> EntryError | None:
    """Why an entry makes no event; None if it does.

    Args:
        entry: As `PutEvents` has it.
        reserved: True if it may come from an AWS service.
    """
    for name in _REQUIRED:
        if not entry.get(name):
            return EntryError(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if len(entry["DetailType"]) > LONGEST_DETAIL_TYPE:
        return EntryError(
            "InvalidArgument",
            f"Parameter DetailType is not valid. Reason: DetailType must be at most {LONGEST_DETAIL_TYPE} characters.",
        )
    if entry["Source"].startswith("aws.") and not reserved:
        return EntryError("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = read_json(entry["Detail"])
    except NotJsonError:
        detail = None
    return None if isinstance(detail, dict) else EntryError("MalformedDetail", "Detail is malformed.")


def event(entry: Mapping[str, Any], event_id: str, account: str, region: str, now: float) -> dict[str, Any]:
    """The event of an entry without error.

    Args:
        entry: As `PutEvents` has it.
        event_id: The id of the event.
        account: The bus's account.
        region: The bus's region.
        now: In Unix seconds.
    """
    time = entry.get("Time")
    return {
        "version": "0",
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": account,
        "time": iso_seconds(now if time is None else time),
        "region": region,
        "resources": list(entry.get("Resources") or ()),
        "detail": read_json(entry["Detail"]),
    }


def completed(given: Mapping[str, Any], event_id: str, account: str, region: str, now: float) -> dict[str, Any]:
    """A whole event, as another bus or another service sends it, with what it may lack.

    Args:
        given: The event.
        event_id: The id of the event, if it has none.
        account: The bus's account.
        region: The bus's region.
        now: In Unix seconds.
    """
    return {
        "version": given.get("version", "0"),
        "id": given.get("id") or event_id,
        "detail-type": given["detail-type"],
        "source": given["source"],
        "account": given.get("account") or account,
        "time": given.get("time") or iso_seconds(now),
        "region": given.get("region") or region,
        "resources": list(given.get("resources") or ()),
        "detail": given["detail"],
    }


def scheduled(rule: str, event_id: str, account: str, region: str, due: float) -> dict[str, Any]:
    """The event of a rule's schedule.

    Source: EventBridge User Guide, "Creating a scheduled rule".

    Args:
        rule: The rule's ARN.
        event_id: The id of the event.
        account: The bus's account.
        region: The bus's region.
        due: The time of the schedule, in Unix seconds.
    """
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": iso_seconds(due),
        "region": region,
        "resources": [rule],
        "detail": {},
    }
