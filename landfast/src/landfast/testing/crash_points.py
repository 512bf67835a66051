"""Crash points: a function is killed before and after each AWS call that it makes, and what is left is compared.

An undisturbed run tells which calls there are. Then, for each point, everything is put back to its beginning, the same
event is sent again, the function is killed there, its source delivers once more by its own rule, and whatever tables,
buckets, queues, topics, buses and streams then hold has to be what the undisturbed run has left.
"""

import base64
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from landfast.journal import Entry, Invoked, Traced
from landfast.report.sentences import sentence
from landfast.service.faults import AwsCall, Calls, Faults, Kill, KillAt, MetCall, Moment
from landfast.service.store import read_journal
from landfast.testing.claims import CLAIMS, Ageing
from landfast.testing.comparison import Difference, Left, Undisturbed
from landfast.testing.errors import StackError
from landfast.testing.left_behind import LeftBehind

if TYPE_CHECKING:
    from landfast.testing.sources import Queue
    from landfast.testing.stack import Stack

__tracebackhide__ = True

Event: TypeAlias = Mapping[str, Any] | Callable[[], object]

_TRIES = 3


@dataclass(frozen=True)
class _Run:
    """One run: what it has left, the function's calls, its journal, and whether the function was not killed."""

    left: Left
    calls: list[MetCall]
    journal: list[Entry]
    missed: bool


@dataclass(frozen=True)
class CrashPoint:
    """A point at which a function was killed.

    Attributes:
        moment: Before or after the call.
        call: The call; None where the function makes none, and is killed at its beginning.
        occurrence: Which of the calls with the same operation and target it is, from 1.
        same_as: The next call, where being killed before it is the same: nothing else was under way.
        met: False if the function never came there again.
        differences: What is not as an undisturbed run leaves it.
        story: What happened, a line each.
    """

    moment: Moment
    call: AwsCall | None
    occurrence: int = 1
    same_as: AwsCall | None = None
    met: bool = True
    differences: tuple[Difference, ...] = ()
    story: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True if everything is as if nothing had happened."""
        return self.met and not self.differences

    def __str__(self) -> str:
        if self.call is None:
            return "at its beginning: it calls nobody"
        again = f" ({self.occurrence})" if self.occurrence > 1 else ""
        same = f", before {_named(self.same_as)}" if self.same_as else ""
        return f"{self.moment} {_named(self.call)}{again}{same}"


@dataclass(frozen=True)
class CrashPoints:
    """All points of a function, each with what became of it.

    Attributes:
        function: The logical id of the function.
        points: The points, in the order of the undisturbed run.
    """

    function: str
    points: tuple[CrashPoint, ...]

    @property
    def failed(self) -> list[CrashPoint]:
        """The points at which something is lost, doubled or left half done, or that were not met again."""
        return [point for point in self.points if not point.holds]

    @property
    def covered(self) -> int:
        """How many points are covered: one run is two of them where nothing was under way between two calls."""
        return sum(2 if point.same_as else 1 for point in self.points)

    def check(self) -> None:
        """Fail if anything is not as an undisturbed run leaves it.

        Raises:
            AssertionError: Its text names each call, and what was lost, doubled or left half done.
        """
        if self.failed:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        title = f"{self.function}, killed at {self.covered} points in {len(self.points)} runs"
        told = f"{len(self.failed)} of them not as if undisturbed" if self.failed else "as if undisturbed"
        return "\n".join([f"{title}: {told}", *(line for point in self.points for line in _lines(point))])


def _lines(point: CrashPoint) -> Iterator[str]:
    yield f"{'ok  ' if point.holds else 'FAIL'} killed {point}"
    if not point.met:
        yield f"     not met again in {_TRIES} runs: the function's calls differ from run to run"
    yield from (f"     {difference}" for difference in point.differences)
    if not point.holds:
        yield from (f"     | {line}" for line in point.story)


def _named(call: AwsCall) -> str:
    return f"{call.service} {call.operation}" + (f" of {call.target}" if call.target else "")


class Trials:
    """Finds the crash points of one function and tries them all.

    Args:
        stack: The stack.
        function: The logical id of the function.
        event: The event, as `sender` takes it.
        repeats: The logical ids of places at which a document may be there more often than once.
        ignore: Names of attributes that are not compared, by the logical id of the place.
        claims: Attributes of items by which functions claim an event until a time.

    Raises:
        StackError: There is no such function, or nothing by which it gets such an event.
    """

    def __init__(
        self,
        stack: "Stack",
        function: str,
        event: Event,
        *,
        repeats: Collection[str] = (),
        ignore: Mapping[str, Collection[str]] | None = None,
        claims: Collection[str] = CLAIMS,
    ) -> None:
        self._stack = stack
        self._function = function
        self._send = sender(stack, function, event)
        self._repeats = repeats
        self._ignore = ignore or {}
        self._claims = claims
        self._left = LeftBehind(stack)
        self._names = {each.name: each.logical_id for each in stack.service.running.resources}

    def points(self) -> CrashPoints:
        """Try all points.

        Raises:
            StackError: The event does not reach the function, or two undisturbed runs differ.
        """
        began = time.time()
        first = self._run()
        if not any(isinstance(entry, Invoked) and entry.function == self._function for entry in first.journal):
            raise StackError(f"{self._function} was not invoked: give an event that reaches it")
        second = self._run()  # warm, as all runs from now on, so that it is this one whose calls will be met again
        undisturbed = Undisturbed.of(first.left, second.left, began=began, ignore=self._ignore)
        if undisturbed.unsteady:
            told = "; ".join(map(str, undisturbed.unsteady))
            raise StackError(
                f"{self._function}: two undisturbed runs differ, so no other can be compared with them: {told}; "
                "let ignore= name the attributes that differ by chance"
            )
        return CrashPoints(self._function, tuple(self._tried(point, undisturbed) for point in found(second.calls)))

    def _tried(self, point: CrashPoint, undisturbed: Undisturbed) -> CrashPoint:
        tries = (self._run(point) for _ in range(_TRIES))
        run = next((run for run in tries if not run.missed), None)
        if run is None:
            return replace(point, met=False)
        differences = tuple(undisturbed.differences(run.left, self._repeats))
        story = tuple(f"{entry.source}: {sentence(entry)}" for entry in run.journal) if differences else ()
        return replace(point, differences=differences, story=story)

    def _run(self, point: CrashPoint | None = None) -> _Run:
        """Send the event to the stack as it was at its start; with a point, the function is killed there."""
        stack, service = self._stack, self._stack.service
        stack.reset()
        self._left.begin()
        newest, faults = service.store.newest(), service.faults
        calls = faults.record(self._function)
        if point is not None:
            self._arm(faults, point)
        with Ageing(stack, self._claims):
            self._send()
            stack.settle()
        journal: list[Entry] = [
            entry for _, entry in read_journal(service.journal, after=newest) if not isinstance(entry, Traced)
        ]
        left = self._left.seen()
        missed = bool(faults.pending())
        faults.clear()
        faults.stop_recording(calls)
        return _Run(left, [self._named(met) for met in calls], journal, missed)

    def _arm(self, faults: Faults, point: CrashPoint) -> None:
        call = point.call
        if call is None:
            faults.arm(self._function, Kill())
        else:
            physical = {logical: name for name, logical in self._names.items()}
            target = _each(call.target, physical)
            calls = Calls(self._function, call.service, call.operation, target)
            faults.arm_call(calls, KillAt(point.moment), skip=point.occurrence - 1)

    def _named(self, met: MetCall) -> MetCall:
        """The call with logical ids for names."""
        return replace(met, call=replace(met.call, target=_each(met.call.target, self._names)))


def sender(stack: "Stack", function: str, event: Event) -> Callable[[], object]:
    """What sends an event to a function, by the way on which it gets such events.

    Args:
        stack: The stack.
        function: The logical id of the function.
        event: Called if it can be. Otherwise an event as Lambda hands it to the function: messages of a queue are sent
            to the queue and records of a Kinesis stream put into the stream that the function reads; anything else is
            handed to its asynchronous queue, as buckets, topics, rules and schedules do.

    Raises:
        StackError: There is no such function, or it reads no such queue or stream.
    """
    target = stack.function(function)
    if callable(event):
        return event
    records = event.get("Records") or [{}]
    match records[0].get("eventSource"):
        case "aws:sqs":
            queue = stack.queue(_read_by(stack, function, "queue"))
            return lambda: _send_all(queue, records)
        case "aws:kinesis":
            stream, data = stack.stream(_read_by(stack, function, "stream")), [each["kinesis"] for each in records]
            return lambda: [stream.put(base64.b64decode(each["data"]), key=each["partitionKey"]) for each in data]
        case "aws:dynamodb":
            raise StackError(
                f"{function}: records of a table's stream cannot be sent: give a function that writes items"
            )
        case _:
            return lambda: target.send(event)


def _read_by(stack: "Stack", function: str, kind: str) -> str:
    """The logical id of the queue or stream that a function reads."""
    service = stack.service
    sources = [each.source for each in service.template.event_source_mappings.values() if each.function == function]
    named = [each.logical_id for each in service.running.of_kind(kind) if each.logical_id in sources]
    if len(named) != 1:
        reads = " and ".join(named) or f"no {kind}"
        raise StackError(f"{function} reads {reads}: give a function that sends the event, not the event")
    return named[0]


def _send_all(queue: "Queue", messages: Sequence[Mapping[str, Any]]) -> None:
    for message in messages:
        attributes = message["attributes"]
        own = {name: each["stringValue"] for name, each in message.get("messageAttributes", {}).items()}
        queue.send(
            message["body"],
            group=attributes.get("MessageGroupId"),
            deduplication=attributes.get("MessageDeduplicationId"),
            attributes=own or None,
        )


def _each(targets: str, names: Mapping[str, str]) -> str:
    return ", ".join(sorted(names.get(each, each) for each in targets.split(", ")))


def found(calls: Sequence[MetCall]) -> Iterator[CrashPoint]:
    """The points of the calls of an undisturbed run; two that are the same are one.

    Between a call's end and the next one's beginning nothing happens at AWS, if the two are of one invocation that had
    nothing else under way.
    """
    if not calls:
        yield CrashPoint("before", None)
        return
    times: Counter[tuple[str, str, str]] = Counter()
    joined = False
    for met, following in zip(calls, [*calls[1:], None], strict=True):
        call = met.call
        key = call.service, call.operation, call.target
        times[key] += 1
        if not joined:
            yield CrashPoint("before", call, times[key])
        joined = (
            following is not None and met.alone and following.alone and following.call.request_id == call.request_id
        )
        yield CrashPoint("after", call, times[key], following.call if joined and following else None)
