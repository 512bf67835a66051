"""The page of one event: its way, what each attempt was called with and answered, and what it waits for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from landfast.console.places import Places, Step
from landfast.console.routes import Asked, Problem, Route
from landfast.console.way import Hop, Record, Way
from landfast.digits import whole_number
from landfast.journal import Finished, Invoked
from landfast.report.history import NOT_REACHED
from landfast.service.payloads import Payload
from landfast.service.state import ServiceError

if TYPE_CHECKING:
    from landfast.console.context import Context

_MOST_LOOKED_FOR: Final = 1_000
"""Records of a hop that are looked for in the queues."""

_MOST_LINES: Final = 500


class Lying(msgspec.Struct, frozen=True):
    """Messages that are in a queue now.

    Attributes:
        queue: The queue.
        state: ``visible``, ``in flight`` or ``delayed``.
        due: When the first of them becomes visible; None if they are.
        messages: The number of them.
    """

    queue: Step
    state: str
    due: float | None
    messages: int


class Placed(msgspec.Struct, frozen=True):
    """A hop with its places.

    Attributes:
        hop: The hop.
        steps: What it came through: from the function before, or from outside.
        lying: Where its messages are now.
        targets: The resources that things were sent to, by ARN.
    """

    hop: Hop
    steps: tuple[Step, ...]
    lying: tuple[Lying, ...]
    targets: Mapping[str, Step]


class EventShown(msgspec.Struct, frozen=True):
    """The page of an event.

    Attributes:
        record: The record that was asked for.
        hops: Its way, each hop after the one that it came from.
        is_cut: True if there are more hops than are told.
        due: When the first of all that it waits for is due; None if nothing is known to be.
    """

    record: str
    hops: tuple[Placed, ...]
    is_cut: bool
    due: float | None


class Kept(msgspec.Struct, frozen=True):
    """An event as it is shown: its text, its size in bytes, and whether the text is all of it."""

    text: str
    size: int
    is_whole: bool


class AttemptShown(msgspec.Struct, frozen=True):
    """What an attempt was called with, and what became of it.

    Attributes:
        payload: The event; None if it was not kept.
        ended: True if the attempt has ended.
        outcome: Its outcome.
        value: What the function returned.
        error: The error as the function reported it.
        logs: The records that the function has logged in this attempt.
        logs_left_out: The number of earlier records beyond those.
        is_exact: False if the records of all attempts of the event are shown, since nobody can tell them apart.
    """

    payload: Kept | None
    ended: bool
    outcome: str
    value: Any
    error: Any
    logs: tuple[str, ...]
    logs_left_out: int
    is_exact: bool


class SentAgain(msgspec.Struct, frozen=True):
    """The ids of the events that were sent again, by which the journal knows them."""

    ids: tuple[str, ...]


class Jumped(msgspec.Struct, frozen=True):
    """The time to which the clock jumps."""

    to: float


class EventPart:
    """Answers what became of one event."""

    def __init__(self, context: "Context") -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/events/{id}", self._event)
        yield Route("POST", "/events/{id}/now", self._now)
        yield Route("GET", "/attempts/{id}/{call}", self._attempt)
        yield Route("POST", "/attempts/{id}/{call}/again", self._again)

    async def _event(self, asked: Asked) -> EventShown:
        return await self._context.apart(lambda: self._shown(asked.parts["id"]))

    async def _now(self, asked: Asked) -> Jumped:
        return await self._context.apart(lambda: self._jumped(asked.parts["id"]))

    async def _attempt(self, asked: Asked) -> AttemptShown:
        return await self._context.apart(lambda: self._attempted(asked.parts["id"], _number(asked)))

    async def _again(self, asked: Asked) -> SentAgain:
        return await self._context.apart(lambda: self._sent_again(asked.parts["id"], _number(asked)))

    def _shown(self, record: str) -> EventShown:
        service = self._context.service
        way = self._context.chronicle.way(record) or self._unread(record)
        if way is None:
            message = f"the journal knows nothing of {record}: it has dropped it, or it was never there"
            raise Problem(HTTPStatus.NOT_FOUND, message)
        places = Places(service.template, service.running.resources)
        lying = self._lying(way, places)
        hops = tuple(
            Placed(hop, self._steps(way, place, lying[place], places), lying[place], _targets(hop, places))
            for place, hop in enumerate(way.hops)
        )
        return EventShown(record, hops, way.is_cut, min(_due(hops), default=None))

    def _unread(self, record: str) -> Way | None:
        """The way of a message that no function has read and no call has made: it lies in its queue."""
        for _, found in self._context.service.find_messages({record}):
            sent = int(found.message["Attributes"]["SentTimestamp"]) / 1000
            hop = Hop(source="", function="", kind="", origin="", seen=sent, chosen=True, records=(Record(record),))
            return Way(record=record, hops=[hop], is_cut=False, ids=[[record]])
        return None

    def _steps(self, way: Way, place: int, lying: tuple[Lying, ...], places: Places) -> tuple[Step, ...]:
        hop = way.hops[place]
        maker = way.hops[hop.parents[0]].function if hop.parents else ""
        steps = places.steps(hop.origin, maker)
        if not hop.source and lying:
            return places.to(lying[0].queue, maker)
        return steps

    def _lying(self, way: Way, places: Places) -> list[tuple[Lying, ...]]:
        """Where the messages of each hop are now."""
        hop_of = {record: place for place, ids in enumerate(way.ids) for record in ids[:_MOST_LOOKED_FOR]}
        counts: Counter[tuple[int, str, str]] = Counter()
        due: dict[tuple[int, str, str], float] = {}
        for arn, found in self._context.service.find_messages(hop_of.keys()):
            key = hop_of[found.message["MessageId"]], arn, found.state
            counts[key] += 1
            if found.due is not None:
                due[key] = min(due.get(key, found.due), found.due)
        return [
            tuple(
                Lying(places.of_arn(arn) or Step("queue", arn.rpartition(":")[2]), state, due.get(key), number)
                for key, number in counts.items()
                for at, arn, state in [key]
                if at == place
            )
            for place in range(len(way.hops))
        ]

    def _jumped(self, record: str) -> Jumped:
        due = self._shown(record).due
        if due is None:
            raise Problem(HTTPStatus.CONFLICT, f"nothing is planned for {record}")
        try:
            return Jumped(self._context.service.jump(due) or due)
        except ServiceError as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None

    def _attempted(self, request_id: str, call: int) -> AttemptShown:
        attempts = self._calls(request_id, call)
        return attempt_shown(attempts, call, self._logged(attempts), self._context.service.payloads.of(request_id))

    def _calls(self, request_id: str, call: int) -> list[tuple[Invoked, Finished | None]]:
        attempts = self._context.chronicle.attempts(request_id)
        if not 0 < call <= len(attempts):
            raise Problem(HTTPStatus.NOT_FOUND, f"the journal has no call {call} of {request_id} any more")
        return attempts

    def _sent_again(self, request_id: str, call: int) -> SentAgain:
        """Send what a call was made with once more, the way it came: to the function, or to its queue or stream."""
        # Who writes a report file sends nothing, and needs no boto3.
        from landfast.console.again import again  # noqa: PLC0415
        from landfast.console.sending import SendingError, send  # noqa: PLC0415

        service = self._context.service
        begun, _ = self._calls(request_id, call)[call - 1]
        payload = service.payloads.of(request_id)
        if payload is None or not payload.is_whole:
            raise Problem(HTTPStatus.CONFLICT, f"the event of {request_id} is not kept whole")
        places = Places(service.template, service.running.resources)
        try:
            sent = [
                send(each, service.running, self._context.clients) for each in again(begun, payload.content, places)
            ]
        except (SendingError, ServiceError) as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        if not sent:
            raise Problem(HTTPStatus.CONFLICT, f"nothing of {request_id} can be sent again")
        return SentAgain(tuple(each.event for each in sent))

    def _logged(self, attempts: Sequence[tuple[Invoked, Finished | None]]) -> Iterator[str]:
        """Yield what the function has logged in all calls with one request id."""
        service, begun = self._context.service, attempts[0][0]
        names = [each.name for each in service.running.of_kind("function") if each.logical_id == begun.function]
        return (text for name in names for request, text in service.logged(name) if request == begun.request_id)


def attempt_shown(
    attempts: Sequence[tuple[Invoked, Finished | None]], call: int, logged: Iterable[str], payload: Payload | None
) -> AttemptShown:
    """What became of one call.

    Args:
        attempts: All calls with its request id, each with its end if it is over.
        call: Which of them it is, from 1.
        logged: What the function has logged in all of them.
        payload: What they were made with, if it was kept.
    """
    ended = attempts[call - 1][1]
    logs, is_exact = _logs(attempts, call, logged)
    return AttemptShown(
        payload=_kept(payload) if payload else None,
        ended=ended is not None,
        outcome=ended.outcome if ended else "",
        value=ended.value if ended else None,
        error=ended.error if ended else None,
        logs=tuple(logs[-_MOST_LINES:]),
        logs_left_out=max(0, len(logs) - _MOST_LINES),
        is_exact=is_exact,
    )


def _logs(
    attempts: Sequence[tuple[Invoked, Finished | None]], call: int, logged: Iterable[str]
) -> tuple[list[str], bool]:
    """What the function has logged in one call: each that reached it begins with a START line."""
    runs = list(_runs(logged))
    reached = [number for number, (_, ended) in enumerate(attempts, 1) if not ended or ended.outcome not in NOT_REACHED]
    if len(runs) == len(reached):
        return (runs[reached.index(call)] if call in reached else []), True
    return [line for run in runs for line in run], len(runs) <= 1


def _number(asked: Asked) -> int:
    number = whole_number(asked.parts["call"])
    if number is None:
        raise Problem(HTTPStatus.BAD_REQUEST, f"{asked.parts['call']} is no number of a call")
    return number


def _runs(lines: Iterable[str]) -> Iterator[list[str]]:
    """Divide what was logged with one request id by its START lines."""
    run: list[str] = []
    for line in lines:
        if line.startswith("START RequestId: ") and run:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _kept(payload: Payload) -> Kept:
    return Kept(payload.content.decode("utf-8", "replace"), payload.size, payload.is_whole)


def _targets(hop: Hop, places: Places) -> dict[str, Step]:
    found = {sent.target: places.of_arn(sent.target) for sent in hop.sent}
    return {arn: step for arn, step in found.items() if step is not None}


def _due(hops: Iterable[Placed]) -> Iterator[float]:
    """Yield when what the hops wait for is due."""
    for placed in hops:
        if placed.hop.waits is not None and placed.hop.waits.due is not None:
            yield placed.hop.waits.due
        yield from (each.due for each in placed.lying if each.due is not None and each.state == "delayed")
