"""The journal of everything that happened, one typed entry each: the source of every picture, table and assertion.

The driver of the delivery machines notes it: in the simulator's memory, or on the live service's disk. Times are
seconds: virtual ones from the start in the simulator, Unix time in the live service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from landfast.delivery import actions
from landfast.delivery.actions import DeliveryKind, State
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded, Unreadable

E = TypeVar("E", bound="Note")
R = TypeVar("R")


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="what"):
    """The fields that every entry has.

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
    """A call was made; whether it reached the function, its `Finished` tells."""

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


class Injected(Note, frozen=True, tag="injected"):
    """A fault that was asked for has struck: an invocation, or an AWS call that the function made."""

    function: str
    fault: str
    request_id: str = ""


class AlarmChanged(Note, frozen=True, tag="alarm_changed"):
    """An alarm has come into another state; `source` names it."""

    before: str
    state: str
    reason: str


class Traced(Note, frozen=True, tag="traced"):
    """The records, or the invocation with this id, belong to the chain of events whose trace header has this root.

    Noted only for who follows events (`Options.follow`).

    Attributes:
        root: The root of the trace header.
        parent: Of records: the segment of the invocation that has made them, or whatever else their sender named.
        segment: Of an invocation: what the trace headers of everything that it makes name as their parent.
    """

    root: str
    parent: str = ""
    segment: str = ""


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
    | Injected
    | AlarmChanged
    | Traced
)


LONGEST_ENTRY = 32 * 1024
"""Bytes of JSON of an entry, its records' ids not counted, from which on its free texts and values are cut."""

_KEPT_TEXT = 2 * 1024
_DEPTH = 2


def abridged(note: E) -> E:
    """The entry with its long texts and values cut, each saying so: a value, an error or a body can have 6 MB.

    What the entry is about stays whole: its records, its source, its target and what happened to them.
    """
    changes = {
        name: _cut(getattr(note, name))
        for name in ("origin", "value", "error", "body", "rule")
        if getattr(note, name, None) is not None
    }
    return msgspec.structs.replace(note, **changes)


def encoded(note: Note) -> bytes:
    """The entry as JSON, abridged if it is long, or if a value of it cannot be written."""
    try:
        content = msgspec.json.encode(note)
    except (ValueError, RecursionError):
        return msgspec.json.encode(abridged(note))
    return content if len(content) <= LONGEST_ENTRY else msgspec.json.encode(abridged(note))


def _cut(value: Any, depth: int = _DEPTH) -> Any:  # noqa: ANN401 - any JSON value
    """The value, if it is short; a text's beginning; an object with each of its own values cut, if that is enough."""
    if isinstance(value, str):
        return _cut_text(value)
    text = _json(value)
    if len(text) <= _KEPT_TEXT:
        return msgspec.json.decode(text)
    if isinstance(value, Mapping) and depth:
        fields = {_cut_text(name): _cut(part, depth - 1) for name, part in value.items()}
        if len(_json(fields)) <= LONGEST_ENTRY // 2:
            return fields
    return {"cut": _cut_text(text)}


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """JSON text; what JSON texts cannot hold, such as half of a surrogate pair, is replaced."""
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, RecursionError):
        return msgspec.json.encode(_cut_text(repr(value).encode("utf-8", "replace").decode())).decode()


def _cut_text(text: str) -> str:
    sound = text.encode("utf-8", "replace").decode()
    if len(sound) <= _KEPT_TEXT:
        return sound
    return f"{sound[:_KEPT_TEXT]}... (cut: {_KEPT_TEXT} of {len(sound)} characters are kept)"


def entry(  # noqa: C901, PLR0911 - one case for each action
    action: actions.Action[R],
    *,
    at: float,
    source: str,
    identify: Callable[[R], str],
    function: str = "",
    shard: int | str | None = None,
) -> Entry | None:
    """The entry that notes an action; None for one that tells nobody anything."""

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
        case actions.Checkpoint(sequence):
            return Checkpointed(at=at, source=source, sequence=sequence, shard=shard)
        case actions.Delete(messages):
            return Deleted(at=at, source=source, records=ids(messages))
        case actions.Return(messages, due):
            return Returned(at=at, source=source, records=ids(messages), due=due)
        case actions.Drop(records, metric):
            return Dropped(at=at, source=source, records=ids(records), metric=metric)
        case actions.Fetch() | actions.Receive() | actions.KeepLanes():
            return None


def finished(
    request_id: str, outcome: Outcome, *, at: float, source: str, records: tuple[str, ...], kind: str, reason: str = ""
) -> Finished:
    """The entry that notes the end of an invocation.

    Args:
        request_id: The id of the invocation.
        outcome: The outcome of the invocation; of an answer that is not JSON the text is noted.
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
