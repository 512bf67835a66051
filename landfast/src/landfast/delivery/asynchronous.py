"""Asynchronous invocation: the queue that Lambda keeps before each function (section A of the reference).

An event waits, runs, waits again, until it ends; `TRANSITIONS` has every way between. Two rules decide which way it
goes, `_before_running` and `_after_running`; everything else is bookkeeping.
"""

import dataclasses
import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from landfast.delivery.actions import Action, Deliver, Drop, Invoke, Retry, Settle
from landfast.delivery.concurrency import REFUSAL, REFUSAL_STATUS
from landfast.delivery.destination_records import async_record, dead_letter_message
from landfast.delivery.destinations import Destination, async_body, dead_letter_fits, parse
from landfast.delivery.errors import Refused
from landfast.delivery.event_invoke_config import AsynchronousConfig, configuration, in_force
from landfast.delivery.event_payload import EVENT_LIMIT, decoded, too_large_event
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.recursion import ERROR_CODE, ERROR_STATUS, METRIC, RecursiveLoop, stops
from landfast.delivery.settings import Backoff, Settings
from landfast.delivery.strict_json import json_text

__all__ = [
    "EVENT_LIMIT",
    "TRANSITIONS",
    "AsynchronousConfig",
    "AsynchronousQueue",
    "Event",
    "Phase",
    "Progress",
    "configuration",
    "in_force",
]

_RETRY_WAIT: Final = 60.0
"""Seconds before the first retry; the second waits twice as long (S-04)."""

_MISS_WAIT: Final = Backoff(base=1.0, factor=2.0, cap=300.0)
"""The waits after tries that did not reach the function (S-06)."""

_THROTTLED: Final = (REFUSAL_STATUS, REFUSAL["message"])
_SYSTEM_ERROR: Final = (500, "ServiceException")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event in the queue.

    Attributes:
        request_id: The same in every attempt (S-03).
        payload: The decoded JSON; without one, ``{}`` (S-02).
        text: The JSON as it was sent, which is what a dead-letter queue gets; written from the payload if unknown.
        size: The bytes of the payload.
        depth: The calls of this function before in the event's chain (S-34; `recursion.Lineage.depth`).
        id: The name of the event in the journal; its request id without one.
        origin: The origin of the event, for people.
        trace: The trace header it came with, which carries the chain of calls; empty if it has none.
    """

    request_id: str
    payload: object = field(default_factory=dict)
    text: str = ""
    size: int = 0
    depth: int = 0
    id: str = ""
    origin: str = ""
    trace: str = ""

    @classmethod
    def read(cls, request_id: str, body: bytes, *, depth: int = 0, origin: str = "", trace: str = "") -> "Event":
        """An event as a client sent it.

        Raises:
            Refused: The body is not JSON in UTF-8.
        """
        if not body:
            return cls(request_id=request_id, text="{}", depth=depth, origin=origin, trace=trace)
        payload = decoded(body)
        return cls(
            request_id=request_id,
            payload=payload,
            text=body.decode(),
            size=len(body),
            depth=depth,
            origin=origin,
            trace=trace,
        )

    def check(self) -> None:
        """Say no to what Lambda does not take.

        Raises:
            Refused: The event is larger than Lambda takes; the text is AWS's.
        """
        if self.size > EVENT_LIMIT:
            raise too_large_event(self.size, EVENT_LIMIT)


class Phase(Enum):
    """The phases of an event."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Start:
    """It runs now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It will be looked at again."""

    at: float
    rule: str


@dataclass(frozen=True, slots=True)
class Succeed:
    """The function is done with it."""

    response: Succeeded


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will not be tried again.

    Attributes:
        condition: One of S-09, for the record.
        rule: Why.
        error: Status and message for a dead letter, where it is not the last attempt that decided.
        metric: The metric that CloudWatch counts besides.
    """

    condition: str
    rule: str
    error: tuple[int, str] | None = None
    metric: str = ""


Verdict = Start | Wait | Succeed | GiveUp

TRANSITIONS: Final[Mapping[tuple[Phase, type[Verdict]], Phase]] = {
    (Phase.WAITING, Start): Phase.RUNNING,
    (Phase.WAITING, Wait): Phase.WAITING,
    (Phase.WAITING, GiveUp): Phase.ENDED,
    (Phase.RUNNING, Wait): Phase.WAITING,
    (Phase.RUNNING, Succeed): Phase.ENDED,
    (Phase.RUNNING, GiveUp): Phase.ENDED,
}
"""Every way that an event can take."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of an event: a driver keeps it to go on after a restart.

    Attributes:
        accepted: When the event was accepted, in seconds.
        due: When it is looked at next, in seconds; while it runs, when it started.
        phase: The phase of the event.
        attempts: Tries that reached the function.
        misses: Tries that did not.
        misses_in_a_row: Those since the function was last reached.
        miss: Why the last of them did not.
        response: The outcome of the last attempt.
        held: True if it has waited for reserved concurrency to be raised from 0 (U-27).
    """

    accepted: float
    due: float
    phase: Phase = Phase.WAITING
    attempts: int = 0
    misses: int = 0
    misses_in_a_row: int = 0
    miss: Literal["throttle", "system error"] | None = None
    response: Failed | None = None
    held: bool = False


@dataclass(slots=True)
class _Entry:
    event: Event
    progress: Progress


class AsynchronousQueue:
    """The events of one function, version or alias.

    An event that reserved concurrency above 0 has no room for is asked to be invoked all the same: the driver answers
    `NotReached`, the event goes back and is tried again, and none is lost (S-06, S-31).

    Args:
        function_arn: The ARN of the function; ``$LATEST`` is added where it has no qualifier (S-14).
        config: The queue's settings.
        settings: U-1, U-3, U-6, U-8, U-27 and U-29.
        new_id: Makes the ids of EventBridge events and of objects in S3: random UUIDs.
        reserved_concurrency: The reserved concurrency of the function. Only 0 matters here (S-10).
        recursive_loop: The function's setting for chains of calls that do not end (S-34).
        epoch: The Unix time of second 0, for the timestamps of records; 0 if times are Unix times.

    Raises:
        Refused: `function_arn` is not the ARN of a function.
    """

    def __init__(
        self,
        function_arn: str,
        config: AsynchronousConfig,
        *,
        settings: Settings,
        new_id: Callable[[], str],
        reserved_concurrency: int | None = None,
        recursive_loop: RecursiveLoop = "Terminate",
        epoch: float = 0.0,
    ) -> None:
        self._function = _qualified(function_arn)
        self._config = config
        self._settings = settings
        self._new_id = new_id
        self._reserved_concurrency = reserved_concurrency
        self._recursive_loop: RecursiveLoop = recursive_loop
        self._epoch = epoch
        self._entries: dict[str, _Entry] = {}
        self._waiting: list[tuple[float, int, str]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._entries)

    def accept(self, event: Event, now: float) -> list[Action[Event]]:
        """Queue an event, and run it if nothing speaks against it.

        Raises:
            Refused: The event is larger than Lambda takes.
            RuntimeError: An event with this request id is in the queue.
        """
        event.check()
        entry = self._enter(event, Progress(accepted=now, due=now))
        return self._move(entry, self._before_running(entry, now), now)

    def resume(self, event: Event, progress: Progress) -> None:
        """Take back an event after a restart; `advance` goes on with it. One that ran then is run again (S-29).

        Raises:
            RuntimeError: An event with this request id is in the queue, or the event has ended.
        """
        if progress.phase is Phase.ENDED:
            raise RuntimeError(f"event {event.request_id} has ended")
        entry = self._enter(event, replace(progress, phase=Phase.WAITING))
        self._schedule(entry)

    def reconfigure(
        self,
        config: AsynchronousConfig,
        *,
        reserved_concurrency: int | None = None,
        recursive_loop: RecursiveLoop = "Terminate",
    ) -> None:
        """Change the function's settings: queued events are decided by those in place when they run (S-30)."""
        self._config = config
        self._reserved_concurrency = reserved_concurrency
        self._recursive_loop = recursive_loop

    def due(self) -> float | None:
        """When `advance` is to be called next; None if nothing waits."""
        return self._waiting[0][0] if self._waiting else None

    def advance(self, now: float) -> list[Action[Event]]:
        """Look at every event that is due, the longest due first."""
        actions: list[Action[Event]] = []
        ready: list[_Entry] = []
        # First all that is due, then one by one: what a move schedules for this same moment waits for the next look.
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(self._entries[heapq.heappop(self._waiting)[2]])
        for entry in ready:
            actions += self._move(entry, self._before_running(entry, now), now)
        return actions

    def finished(self, request_id: str, outcome: Outcome, now: float) -> list[Action[Event]]:
        """Note how an invocation ended.

        Raises:
            RuntimeError: No event with this request id is running.
        """
        entry = self._entries.get(request_id)
        if entry is None or entry.progress.phase is not Phase.RUNNING:
            raise RuntimeError(f"no invocation {request_id} is running")
        # Counted before it is decided: the retry that follows, and the record of failure, tell of this attempt too.
        entry.progress = _counted(entry.progress, outcome)
        return self._move(entry, self._after_running(entry.progress, outcome, now), now)

    def progress(self, request_id: str) -> Progress | None:
        """Return the progress of an event; None if it is not in the queue, or no longer."""
        entry = self._entries.get(request_id)
        return entry.progress if entry else None

    def pending(self) -> Iterator[tuple[Event, Progress]]:
        """All events in the queue, in the order in which they came, to be given to `resume` after a restart."""
        return ((entry.event, entry.progress) for entry in self._entries.values())

    def _before_running(self, entry: _Entry, now: float) -> Verdict:
        """Tell whether an event that is due runs (S-34, S-10, S-06), in this order.

        The age is looked at again because an event can be late: the service was down, or its settings changed.
        """
        progress, wait = entry.progress, self._settings.zero_concurrency_wait
        if stops(entry.event.depth, self._recursive_loop):
            condition = self._settings.recursion_condition
            return GiveUp(condition, f"S-34 {condition}", (ERROR_STATUS, ERROR_CODE), METRIC)
        if self._reserved_concurrency == 0:
            # By U-27 an event waits once for the reserved concurrency to be raised, and is then given up.
            if wait and not progress.held:
                return Wait(now + wait, "S-10 reserved concurrency 0")
            return GiveUp("ZeroReservedConcurrency", "S-10 ZeroReservedConcurrency", _THROTTLED)
        if now - progress.accepted >= self._config.maximum_event_age:
            return GiveUp("EventAgeExceeded", "S-06 EventAgeExceeded")
        return Start()

    def _after_running(self, progress: Progress, outcome: Outcome, now: float) -> Verdict:
        """Decide by an outcome: a retry follows, if one is left and would start before the maximum age.

        Looking ahead at the age is recorded for function errors (S-12). An event whose tries do not reach the function
        ends when its age has passed (S-06), unless U-29 says that it is the same for them.
        """
        match outcome:
            case Succeeded():
                return Succeed(outcome)
            case Failed():
                if progress.attempts > self._config.maximum_retry_attempts:
                    return GiveUp("RetriesExhausted", "S-04 RetriesExhausted")
                return self._wait_or_age(progress, now, _RETRY_WAIT * progress.attempts, "S-04 function error", "S-12")
            case NotReached(why):
                # A try that did not reach the function uses up no retry, only the age (S-06).
                wait = _MISS_WAIT.wait(progress.misses_in_a_row)
                if not self._settings.throttled_age_looked_ahead:
                    ages_out = progress.accepted + self._config.maximum_event_age
                    return Wait(max(now, min(now + wait, ages_out)), f"S-06 {why}")
                return self._wait_or_age(progress, now, wait, f"S-06 {why}", "S-06")

    def _wait_or_age(self, progress: Progress, now: float, wait: float, rule: str, age_rule: str) -> Verdict:
        if now - progress.accepted + wait >= self._config.maximum_event_age:
            return GiveUp("EventAgeExceeded", f"{age_rule} EventAgeExceeded")
        return Wait(now + wait, rule)

    def _move(self, entry: _Entry, verdict: Verdict, now: float) -> list[Action[Event]]:
        phase = TRANSITIONS[entry.progress.phase, type(verdict)]
        event, progress = entry.event, entry.progress
        match verdict:
            case Start():
                entry.progress = replace(progress, phase=phase, due=now, held=False)
                return [Invoke(event.request_id, [event], progress.attempts + 1)]
            case Wait(at, rule):
                held = progress.held or progress.phase is Phase.WAITING
                entry.progress = replace(progress, phase=phase, due=at, held=held)
                self._schedule(entry)
                return [Retry([event], at, rule)]
            case Succeed(response):
                del self._entries[event.request_id]
                return self._succeeded(event, progress, response, now)
            case GiveUp():
                del self._entries[event.request_id]
                return self._given_up(event, progress, verdict, now)

    def _succeeded(self, event: Event, progress: Progress, response: Succeeded, now: float) -> list[Action[Event]]:
        rule = "S-15 Success"

        def record() -> Mapping[str, object]:
            return self._record(event, progress, "Success", response, now)

        sent = self._send(self._config.on_success, event, record, rule, now, success=True)
        return [*sent, Settle([event], "processed", rule)]

    def _given_up(self, event: Event, progress: Progress, verdict: GiveUp, now: float) -> list[Action[Event]]:
        """The on-failure destination first, then the dead-letter queue (S-26); neither drops the event (S-28)."""

        def record() -> Mapping[str, object]:
            return self._record(event, progress, verdict.condition, progress.response, now)

        actions = self._send(self._config.on_failure, event, record, verdict.rule, now, success=False)
        # Both get it: a destination does not replace the dead-letter queue (S-26).
        actions += self._bury(event, progress, verdict)
        # Only what nobody took in counts as dropped; a delivery that fails later has a metric of its own (S-27).
        if not actions:
            actions.append(Drop([event], "AsyncEventsDropped"))
        if verdict.metric:
            actions.insert(0, Drop([event], verdict.metric))
        kept = any(isinstance(action, Deliver) for action in actions)
        return [*actions, Settle([event], "to_destination" if kept else "dropped", verdict.rule)]

    def _send(
        self,
        target: Destination | None,
        event: Event,
        record: Callable[[], Mapping[str, object]],
        rule: str,
        now: float,
        *,
        success: bool,
    ) -> list[Action[Event]]:
        if target is None:
            return []
        body = async_body(
            target,
            record(),
            function=self._function,
            success=success,
            new_id=self._new_id,
            now=self._epoch + now,
            settings=self._settings,
        )
        if body is None:
            return [Drop([event], "DestinationDeliveryFailures")]
        return [Deliver(target.kind, target.arn, body, [event], rule)]

    def _bury(self, event: Event, progress: Progress, verdict: GiveUp) -> list[Action[Event]]:
        target = self._config.dead_letter
        if target is None:
            return []
        code, text = verdict.error or _last_error(progress)
        message = dead_letter_message(
            event.text or json_text(event.payload), request_id=event.request_id, error_code=code, error_message=text
        )
        if not dead_letter_fits(target, message):
            return [Drop([event], "DeadLetterErrors")]
        return [Deliver("dlq", target.arn, message, [event], f"S-24 {verdict.condition}")]

    def _record(
        self, event: Event, progress: Progress, condition: str, response: Outcome | None, now: float
    ) -> dict[str, object]:
        counted = progress.misses if self._settings.count_throttled_attempts else 0
        return async_record(
            request_id=event.request_id,
            function_arn=self._function.arn,
            condition=condition,
            attempts=progress.attempts + counted,
            request_payload=event.payload,
            response=response,
            now=self._epoch + now,
            handled_errors=self._settings.handled_errors,
        )

    def _enter(self, event: Event, progress: Progress) -> _Entry:
        if event.request_id in self._entries:
            raise RuntimeError(f"event {event.request_id} is already in the queue")
        entry = _Entry(event, progress)
        self._entries[event.request_id] = entry
        return entry

    def _schedule(self, entry: _Entry) -> None:
        heapq.heappush(self._waiting, (entry.progress.due, next(self._order), entry.event.request_id))


def _counted(progress: Progress, outcome: Outcome) -> Progress:
    match outcome:
        case NotReached(why):
            in_a_row = progress.misses_in_a_row + 1
            return replace(progress, misses=progress.misses + 1, misses_in_a_row=in_a_row, miss=why)
        case Failed():
            return replace(progress, attempts=progress.attempts + 1, misses_in_a_row=0, miss=None, response=outcome)
        case Succeeded():
            return replace(progress, attempts=progress.attempts + 1)


def _last_error(progress: Progress) -> tuple[int, str]:
    """Status and message for a dead letter: of the event's last try.

    Only function errors are recorded (S-24: 200 and the function's message). A try that did not reach the function has
    the status that a synchronous caller would have got. (X)
    """
    if progress.miss == "throttle":
        return _THROTTLED
    if progress.response is None or progress.miss:
        return _SYSTEM_ERROR
    message = progress.response.error.get("errorMessage")
    return 200, message if isinstance(message, str) else ""


def _qualified(function_arn: str) -> Destination:
    function = parse(function_arn)
    if function is None or function.kind != "lambda":
        raise Refused("FunctionName", f"{function_arn} is not the ARN of a function", code="ValidationException")
    if function_arn.endswith(f":function:{function.name}"):
        return dataclasses.replace(function, arn=f"{function_arn}:$LATEST")
    return function
