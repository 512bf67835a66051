"""The list of events: windows of the index, as the page asks for them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from landfast.console.index import STATES, Row, Wanted, Window
from landfast.console.routes import Asked, Problem, Route

if TYPE_CHECKING:
    from landfast.console.context import Context

_MOST: Final = 500
_LATEST: Final = 1e12
"""No time is later, in seconds."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the list: a record of one source. What passes through several sources is in the list for each.

    Attributes:
        id: The record's id.
        source: The mapping, or the function for asynchronous events.
        function: The function; empty as long as the journal does not tell it.
        at: When it was first heard of, in seconds.
        origin: Where it came from.
        state: One of `landfast.console.index.STATES`.
        attempts: The invocations with it that reached the function.
        ended: When it came to its end.
        due: When it is tried again, or visible again.
        error: The last error, in one line.
        rule: The rule that decided last.
        target: Where it was sent in the end: the logical id, or the ARN of what the stack does not declare.
    """

    id: str
    source: str
    function: str
    at: float
    origin: str
    state: str
    attempts: int
    ended: float | None
    due: float | None
    error: str
    rule: str
    target: str


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the list.

    Attributes:
        events: The events, newest first.
        offset: The number of events before the first of them.
        matching: The number of events that match, and were there at `upto`.
        newer: The number of matching events that have come since.
        total: The number of all events.
        upto: The number of the journal's entry up to which the list goes: given again, events keep their places.
        read: The part of the journal that has been read, from 0 to 1.
        states: The number of events in each state; of one function, if that is asked for.
        functions: The functions of all events.
    """

    events: Sequence[Event]
    offset: int
    matching: int
    newer: int
    total: int
    upto: int
    read: float
    states: Mapping[str, int]
    functions: Sequence[str]


class EventsPart:
    """Answers which events there are."""

    def __init__(self, context: "Context") -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/events", self._events)

    async def _events(self, asked: Asked) -> Events:
        wanted = wanted_by(asked, self._context.service.clock.now())
        events = await self._context.apart(partial(self._listed, wanted))
        if events.read == 1.0:  # until a long journal is listed, nothing else is to take time
            self._context.prepare()
        return events

    def _listed(self, wanted: Wanted) -> Events:
        names = {resource.arn: resource.logical_id for resource in self._context.service.running.resources}
        return listed(wanted, self._context.index.window(wanted), names)


def wanted_by(asked: Asked, now: float) -> Wanted:
    """The rows that a request asks for.

    Args:
        asked: The request. Its query has the names of `Wanted`; several states are joined by commas; ``within`` asks
            for the newest seconds.
        now: The time of the service's clock.

    Raises:
        Problem: The query has a value that is none.
    """
    query = asked.query
    states = frozenset(filter(None, query.get("state", "").split(",")))
    if unknown := states.difference(STATES):
        raise Problem(HTTPStatus.BAD_REQUEST, f"state {min(unknown)!r}: there are {', '.join(STATES)}")
    within = asked.number("within", 0, _LATEST)
    return Wanted(
        function=query.get("function", ""),
        source=query.get("source", ""),
        states=states,
        text=query.get("text", "").strip(),
        since=now - within if within else _given(asked, "since"),
        until=_given(asked, "until"),
        upto=int(asked.number("upto", 0, _LATEST)) if query.get("upto") else None,
        offset=int(asked.number("offset", 0, _LATEST)),
        limit=int(asked.number("limit", 100, _MOST)),
    )


def _given(asked: Asked, name: str) -> float | None:
    return asked.number(name, 0, _LATEST) if asked.query.get(name) else None


def listed(wanted: Wanted, window: Window, names: Mapping[str, str]) -> Events:
    """A window of the index as the page gets it.

    Args:
        wanted: What was asked for.
        window: What the index has answered.
        names: The logical ids of resources, by their ARNs.
    """
    functions = {name: source.function for name, source in window.sources.items()}
    states: Counter[str] = Counter()
    for name, source in window.sources.items():
        if wanted.function in {"", functions[name]}:
            states += source.states
    return Events(
        events=[_event(row, functions[row.source], names.get(row.target, row.target)) for row in window.rows],
        offset=wanted.offset,
        matching=window.matching,
        newer=window.newer,
        total=window.total,
        upto=window.upto,
        read=window.read,
        states=states,
        functions=sorted({*functions.values()} - {""}),
    )


def _event(row: Row, function: str, target: str) -> Event:
    return Event(
        id=row.id,
        source=row.source,
        function=function,
        at=row.at,
        origin=row.origin,
        state=row.state,
        attempts=row.attempts,
        ended=row.ended,
        due=row.due,
        error=row.error,
        rule=row.rule,
        target=target,
    )
