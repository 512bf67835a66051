"""What happened, one typed entry each: the source of every picture, table and assertion.

Both drivers of the delivery machines keep a journal: the simulator in memory, the live service on disk. Times are
seconds: virtual ones from the start in the simulator, Unix time in the live service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from landfast.delivery import actions
from landfast.delivery.actions import DeliveryKind, State
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded, Unreadable
from landfast.delivery.strict_json import json_text, whole


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="what"):
    """What every entry has.

    Attributes:
        at: When, in seconds.
        source: The mapping, or the function for asynchronous events.
        records: The ids of the records it is about.
    """

    at: float
    source: str = ""
    records: tuple[str, ...] = ()


class Accepted(Note, frozen=True, tag="accepted"):
    """Events entered: an asynchronous event was queued, a batch of records was read, messages were received."""

    origin: str = ""


class Invoked(Note, frozen=True, tag="invoked"):
    """An invocation began."""

    request_id: str
    attempt: int
    function: str = ""
    shard: int | str | None = None
    lane: int = 0


class Finished(Note, frozen=True, tag="finished"):
    """An invocation ended; `outcome` is ``succeed``, ``throttle`` or the kind of failure."""

    request_id: str
    outcome: str
    error: Mapping[str, Any] | None = None
    value: Any = None


class Retrying(Note, frozen=True, tag="retrying"):
    """The records will be tried again at `due`."""

    due: float
    rule: str


class Divided(Note, frozen=True, tag="divided"):
    """A batch was split: `records` come first, then `rest`."""

    rest: tuple[str, ...]
    rule: str


class Delivered(Note, frozen=True, tag="delivered"):
    """A record of an invocation went to a destination or a dead-letter queue."""

    kind: DeliveryKind
    target: str
    body: Mapping[str, Any]
    rule: str


class Settled(Note, frozen=True, tag="settled"):
    """The records reached their end."""

    state: State
    rule: str


class Checkpointed(Note, frozen=True, tag="checkpointed"):
    """Every record of the shard up to `sequence` is done."""

    sequence: str
    shard: int | str | None = None


class Deleted(Note, frozen=True, tag="deleted"):
    """Messages were deleted from their queue."""


class Returned(Note, frozen=True, tag="returned"):
    """Messages become visible again at `due`."""

    due: float


class Dropped(Note, frozen=True, tag="dropped"):
    """Something could not be delivered; `metric` is CloudWatch's name for it."""

    metric: str
    error: str = ""


Entry = (
    Accepted
    | Invoked
    | Finished
    | Retrying
    | Divided
    | Delivered
    | Settled
    | Checkpointed
    | Deleted
    | Returned
    | Dropped
)


def entry[R](  # noqa: C901, PLR0911 - one case for each action
    action: actions.Action[R],
    *,
    at: float,
    source: str,
    identify: Callable[[R], str],
    function: str = "",
    shard: int | str | None = None,
) -> Entry | None:
    """The entry that notes an action; None for reading the source, which says nothing until it is answered."""

    def ids(records: Sequence[R]) -> tuple[str, ...]:
        return tuple(map(identify, records))

    match action:
        case actions.Invoke(request_id, records, attempt, _, lane):
            return Invoked(
                at=at, source=source, records=ids(records), request_id=request_id, attempt=attempt, function=function,
                shard=shard, lane=lane,
            )  # fmt: skip
        case actions.Retry(records, due, rule):
            return Retrying(at=at, source=source, records=ids(records), due=due, rule=rule)
        case actions.Split(first, rest, rule):
            return Divided(at=at, source=source, records=ids(first), rest=ids(rest), rule=rule)
        case actions.Deliver(kind, target, body, records, rule):
            return Delivered(at=at, source=source, records=ids(records), kind=kind, target=target, body=body, rule=rule)
        case actions.Settle(records, state, rule):
            return Settled(at=at, source=source, records=ids(records), state=state, rule=rule)
        case actions.Checkpoint(sequence, _):
            return Checkpointed(at=at, source=source, sequence=sequence, shard=shard)
        case actions.Delete(messages):
            return Deleted(at=at, source=source, records=ids(messages))
        case actions.Return(messages, due):
            return Returned(at=at, source=source, records=ids(messages), due=due)
        case actions.Drop(records, metric):
            return Dropped(at=at, source=source, records=ids(records), metric=metric)
        case actions.Fetch() | actions.Receive():
            return None


def finished(
    request_id: str, outcome: Outcome, *, at: float, source: str, records: tuple[str, ...], kind: str, reason: str = ""
) -> Finished:
    """The entry that notes the end of an invocation.

    Args:
        request_id: Its id.
        outcome: What it came to; of an answer that is not JSON the text is noted.
        at: When, in seconds.
        source: The mapping, or the function for asynchronous events.
        records: The batch.
        kind: Tells failures apart (``raise``, ``timeout``, ...).
        reason: Why the function was not reached, if anyone knows.
    """
    match outcome:
        case Succeeded(Unreadable(value) | value):
            return Finished(at=at, source=source, records=records, request_id=request_id, outcome=kind, value=value)
        case Failed(error):
            return Finished(at=at, source=source, records=records, request_id=request_id, outcome=kind, error=error)
        case NotReached(why):
            known = {"errorMessage": reason} if reason else None
            return Finished(at=at, source=source, records=records, request_id=request_id, outcome=why, error=known)


def encoded(note: Entry) -> bytes:
    """An entry as the journal's file keeps it; half a surrogate pair, which no UTF-8 can say, becomes U+FFFD."""
    try:
        return msgspec.json.encode(note)
    except UnicodeEncodeError:
        return whole(json_text(msgspec.to_builtins(note))).encode()
