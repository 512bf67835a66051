"""Crash points: a function is killed before and after each AWS call that it makes, and what is left is compared.

An undisturbed run tells which calls there are. Then, for each point, everything is put back to its beginning, the same
event is sent again, the function is killed there, its source delivers once more by its own rule, and whatever tables,
buckets, queues, topics, buses and streams then hold has to be what the undisturbed run has left.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from landfast.errors import LandfastError
from landfast.journal import Invoked
from landfast.report.sentences import sentence
from landfast.service.faults import AwsCall, Calls, Kill, KillAt, MetCall, Moment
from landfast.service.service import Service
from landfast.service.store import read_journal
from landfast.testing.comparison import Difference, Undisturbed
from landfast.testing.left_behind import LeftBehind

CLAIMS = ("in_progress_expiration",)
"""The attribute by which Powertools' idempotency utility claims an event, until its function's time is over."""

_TRIES = 3
_GROWN = 0.05


class CrashPointsError(LandfastError):
    """Crash points cannot be found, or compared; the message says why."""


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


@dataclass
class Trial:
    """Finds and tries the crash points of one function in a service whose time skips its waits.

    Attributes:
        service: The service.
        function: The logical id of the function.
        send: Sends the event.
        reset: Puts the service back to its beginning.
        repeats: The logical ids of places at which a document may be there more often than once.
        ignore: Names of attributes that are not compared, by the logical id of the place.
        claims: Attributes of items by which functions claim an event until a time.
    """

    service: Service
    function: str
    send: Callable[[], object]
    reset: Callable[[], object]
    repeats: Collection[str] = ()
    ignore: Mapping[str, Collection[str]] = field(default_factory=dict)
    claims: Collection[str] = CLAIMS

    def points(self) -> CrashPoints:
        """Try all points.

        Raises:
            CrashPointsError: The event does not reach the function, or two undisturbed runs differ.
        """
        faults, began = self.service.faults, time.time()
        self._left = LeftBehind(self.service)
        calls = faults.record(self.function)
        try:
            first = self._run()
        finally:
            faults.stop_recording(calls)
        if not any(isinstance(entry, Invoked) and entry.function == self.function for entry in self._entries):
            raise CrashPointsError(f"{self.function} was not invoked: send an event that reaches it")
        undisturbed = Undisturbed.of(first, self._run(), began=began, ignore=self.ignore)
        if undisturbed.unsteady:
            told = "; ".join(map(str, undisturbed.unsteady))
            raise CrashPointsError(
                f"{self.function}: two undisturbed runs differ, so no other can be compared: {told}; "
                "let `ignore` name what differs by chance"
            )
        return CrashPoints(self.function, tuple(self._tried(point, undisturbed) for point in found(calls)))

    def _tried(self, point: CrashPoint, undisturbed: Undisturbed) -> CrashPoint:
        faults = self.service.faults
        for _ in range(_TRIES):
            try:
                left = self._run(point)
                if not faults.pending():
                    break
            finally:
                faults.clear()
        else:
            return self._shown(replace(point, met=False))
        differences = tuple(undisturbed.differences(left, self.repeats))
        return self._shown(replace(point, differences=differences))

    def _run(self, point: CrashPoint | None = None) -> Mapping[str, Any]:
        self.reset()
        self._left.listen()
        newest = self.service.store.newest()
        if point is not None:
            self._arm(point)
        ageing = Ageing(self.service, self._left, self.claims)
        functions = self.service.functions
        functions.before = ageing.catch_up
        try:
            self.send()
            self.service.settle()
        finally:
            functions.before = lambda: None
        self._entries = [entry for _, entry in read_journal(self.service.journal, after=newest)]
        return self._left.seen()

    def _arm(self, point: CrashPoint) -> None:
        faults, call = self.service.faults, point.call
        if call is None:
            faults.arm(self.function, Kill())
        else:
            calls = Calls(self.function, call.service, call.operation, call.target)
            faults.arm_call(calls, KillAt(point.moment), skip=point.occurrence - 1)

    def _shown(self, point: CrashPoint) -> CrashPoint:
        """The point with the logical ids of what was called, and what has happened if it does not hold."""
        story = () if point.holds else tuple(f"{entry.source}: {sentence(entry)}" for entry in self._entries)
        names = {one.name: one.logical_id for one in self.service.running.resources}

        def shown(call: AwsCall | None) -> AwsCall | None:
            target = ", ".join(names.get(each, each) for each in call.target.split(", ")) if call else ""
            return call and replace(call, target=target)

        return replace(point, call=shown(point.call), same_as=shown(point.same_as), story=story)


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


class Ageing:
    """Lets claims lapse as time is skipped.

    Functions see real time, so that a claim until a time that was skipped would still hold when its event is tried
    again. Before each invocation, claims become older by what was skipped since the one before.

    Args:
        service: The service.
        left: Its storage.
        claims: Attributes that hold a time, in Unix seconds or milliseconds.
    """

    def __init__(self, service: Service, left: LeftBehind, claims: Collection[str]) -> None:
        self._service = service
        self._stored = left.stored.dynamodb
        self._claims = claims
        self._lock = threading.Lock()
        self._skew = self._now()

    def catch_up(self) -> None:
        """Make claims older by what was skipped."""
        with self._lock:
            grown = self._now() - self._skew
            if grown < _GROWN:
                return
            self._skew += grown
            for table in self._service.running.of_kind("table"):
                for claim in self._claims:
                    self._age(table.name, claim, grown)

    def _now(self) -> float:
        """How far the service's clock is ahead of the real one."""
        return self._service.clock.now() - time.time()

    def _age(self, table: str, claim: str, seconds: float) -> None:
        keys = [key["AttributeName"] for key in self._stored.describe_table(TableName=table)["Table"]["KeySchema"]]
        claimed = self._stored.scan(
            TableName=table,
            FilterExpression="attribute_exists(#claim)",
            ExpressionAttributeNames={"#claim": claim},
            ConsistentRead=True,
        )
        for item in claimed["Items"]:
            until = float(item[claim]["N"])
            age = seconds * 1000 if until > 1e11 else seconds  # noqa: PLR2004 - milliseconds
            self._stored.update_item(
                TableName=table,
                Key={name: item[name] for name in keys},
                UpdateExpression="SET #claim = :claim",
                ExpressionAttributeNames={"#claim": claim},
                ExpressionAttributeValues={":claim": {"N": str(int(until - age))}},
            )
