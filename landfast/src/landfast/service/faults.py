"""Faults that a user asks for: which invocations of functions, and which AWS calls of theirs, they strike.

They are counted, and end by themselves. What is decided here is carried out by whoever asks: `landfast.service.world`
and `landfast.service.endpoint` for invocations, `landfast.service.function_calls` for calls.
"""

import itertools
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from landfast.journal import Entry, Injected
from landfast.runtime import failures
from landfast.runtime.model import Errored, Report, Result, Throttled

KILLED = -9
"""The end of a process by SIGKILL, as `subprocess` tells it."""

_KEPT = 1_000
"""Deliveries that are remembered."""

Moment: TypeAlias = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Throttle:
    """The invocation is throttled: 429, as if the function's concurrency were used up."""

    told: str = "throttled"

    def result(self, request_id: str, timeout: float) -> Result:
        """The end of the invocation, which reaches no function."""
        del request_id, timeout
        return Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")


@dataclass(frozen=True, slots=True)
class Fail:
    """The function fails with this error, and its code does not run.

    Attributes:
        error: The error object, as a function's runtime reports it.
    """

    error: Mapping[str, Any]

    @property
    def told(self) -> str:
        """The fault, for people."""
        return f"failed with {self.error.get('errorType', 'an error')}"

    def result(self, request_id: str, timeout: float) -> Result:
        """The end of the invocation."""
        del request_id, timeout
        return Errored(dict(self.error), "exception", "", _report(0.0))


@dataclass(frozen=True, slots=True)
class Kill:
    """The function's process is killed before its code does anything."""

    told: str = "killed at its beginning"

    def result(self, request_id: str, timeout: float) -> Result:
        """The end of the invocation."""
        del timeout
        failure = failures.exited(request_id, KILLED)
        return Errored(failure.error, failure.kind, "", _report(0.0))


@dataclass(frozen=True, slots=True)
class Slow:
    """The invocation takes so many seconds more of the service's clock; its code does not run if that is too long.

    Attributes:
        seconds: How many.
    """

    seconds: float

    @property
    def told(self) -> str:
        """The fault, for people."""
        return f"slower by {self.seconds:g} s"

    def result(self, request_id: str, timeout: float) -> Result | None:
        """The end of the invocation if it times out; None if the function runs after all."""
        if self.seconds < timeout:
            return None
        failure = failures.timed_out(request_id, timeout)
        return Errored(failure.error, failure.kind, "", _report(timeout))


@dataclass(frozen=True, slots=True)
class Twice:
    """The event is delivered twice, as every source of Lambda may: its first answer is lost on the way."""

    told: str = "delivered twice"

    def result(self, request_id: str, timeout: float) -> None:
        """The function runs."""
        del request_id, timeout


Fault: TypeAlias = Throttle | Fail | Kill | Slow | Twice
"""A fault of an invocation."""


@dataclass(frozen=True, slots=True)
class AwsCall:
    """A call of an AWS API that a function makes.

    Attributes:
        function: The logical id of the function.
        request_id: The id of its invocation.
        service: As botocore names it.
        operation: AWS's name of the action.
        target: The name of the table, queue, bucket, topic... it is about; several are joined by commas.
    """

    function: str
    request_id: str
    service: str
    operation: str
    target: str


@dataclass(frozen=True, slots=True)
class Calls:
    """The AWS calls that a fault is about; what is empty stands for any.

    Attributes:
        function: The logical id of the function.
        service: As botocore names it.
        operation: AWS's name of the action.
        target: As `AwsCall.target`.
    """

    function: str = ""
    service: str = ""
    operation: str = ""
    target: str = ""

    def match(self, call: AwsCall) -> bool:
        """Tell whether a call is one of these."""
        return (
            self.function in {"", call.function}
            and self.service in {"", call.service}
            and self.operation in {"", call.operation}
            and self.target in {"", call.target}
        )


@dataclass(frozen=True, slots=True)
class KillAt:
    """The function's process is killed before its call reaches AWS, or after AWS has done it and before it is told."""

    moment: Moment

    @property
    def told(self) -> str:
        """The fault, for people."""
        return f"killed {self.moment}"


@dataclass(frozen=True, slots=True)
class Refuse:
    """AWS refuses the call.

    Attributes:
        code: AWS's error code.
        message: For people.
        status: The HTTP status.
    """

    code: str
    message: str = "The local service was asked for this fault."
    status: int = 400

    @property
    def told(self) -> str:
        """The fault, for people."""
        return f"{self.code} at"


CallFault: TypeAlias = KillAt | Refuse
"""A fault of an AWS call."""


@dataclass(slots=True)
class MetCall:
    """An AWS call of a function, as it was recorded.

    Attributes:
        call: The call.
        alone: True if no other call of its invocation was under way with it.
    """

    call: AwsCall
    alone: bool


@dataclass(slots=True)
class Armed:
    """A fault of invocations that is still to come.

    Attributes:
        number: By which it is known.
        fault: The fault.
        function: The logical id of the function.
        left: The number of invocations that it has yet to strike; infinity for all.
        until: The time, by the service's clock, at which it ends in any case; infinity for none.
    """

    number: int
    fault: Fault
    function: str
    left: float
    until: float


@dataclass(slots=True)
class _ArmedCall:
    fault: CallFault
    calls: Calls
    skip: int
    left: int


@dataclass(slots=True)
class _Recording:
    function: str
    met: list[MetCall] = field(default_factory=list)
    under_way: list[MetCall] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that was delivered, and can be once more.

    Attributes:
        source: The source in the journal.
        records: The ids of its records.
        again: Delivers it once more, with the same ids.
    """

    source: str
    records: tuple[str, ...]
    again: Callable[[], None]


class Faults:
    """The faults that are still to come; from any thread.

    Args:
        now: The service's clock.
        note: Writes into the journal.

    Attributes:
        deliveries: The latest deliveries, the newest last; None where nobody wants them, as they hold their events.
    """

    def __init__(self, now: Callable[[], float], note: Callable[[Entry], None]) -> None:
        self._now = now
        self._note = note
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self._numbers = itertools.count(1)
        self._calls: list[_ArmedCall] = []
        self._recordings: list[_Recording] = []
        self._sources: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.deliveries: deque[Delivery] | None = None

    def arm(self, function: str, fault: Fault, *, times: int | None = 1, until: float | None = None) -> None:
        """Let the next invocations of a function meet a fault.

        Args:
            function: The logical id of the function.
            fault: What happens to them.
            times: How many; None for all, until the time is over or `clear`.
            until: The time, by the service's clock, at which it ends in any case.
        """
        left = math.inf if times is None else times
        with self._lock:
            self._armed.append(Armed(next(self._numbers), fault, function, left, math.inf if until is None else until))

    def arm_call(self, calls: Calls, fault: CallFault, *, skip: int = 0, times: int = 1) -> None:
        """Let AWS calls of functions meet a fault.

        Args:
            calls: Which ones.
            fault: What happens to them.
            skip: How many of these pass before.
            times: How many meet it.
        """
        with self._lock:
            self._calls.append(_ArmedCall(fault, calls, skip, times))

    def remember(self) -> None:
        """Keep the latest deliveries from now on, so that they can be made again."""
        self.deliveries = deque(maxlen=_KEPT)

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._armed.clear()
            self._calls.clear()
            self._sources.clear()
        if self.deliveries is not None:
            self.deliveries.clear()

    def armed(self) -> list[Armed]:
        """The faults of invocations that are still to come, those first that strike first."""
        with self._lock:
            return [replace(each) for each in self._armed if each.until > self._now()]

    def disarm(self, number: int) -> bool:
        """End a fault of invocations; tell whether it was still to come."""
        with self._lock:
            left = [each for each in self._armed if each.number != number]
            found, self._armed = len(left) < len(self._armed), left
        return found

    def pending(self) -> list[str]:
        """The faults that are still to come, a line each."""
        with self._lock:
            invocations = [f"{each.function} {each.fault.told}" for each in self._armed if each.until > self._now()]
            return invocations + [f"{each.fault.told} {each.calls}" for each in self._calls]

    def record(self, function: str) -> list[MetCall]:
        """Record the AWS calls of a function from now on, into the list that is returned, until `stop_recording`."""
        recording = _Recording(function)
        with self._lock:
            self._recordings.append(recording)
        return recording.met

    def stop_recording(self, met: list[MetCall]) -> None:
        """Record no more."""
        with self._lock:
            self._recordings = [each for each in self._recordings if each.met is not met]

    @property
    def heed_calls(self) -> bool:
        """True if anybody wants to know of AWS calls."""
        return bool(self._calls or self._recordings)

    def note(self, source: str, function: str, told: str, request_id: str, records: tuple[str, ...] = ()) -> None:
        """Write into the journal that a fault has struck."""
        self._note(
            Injected(
                at=self._now(), source=source, records=records, request_id=request_id, function=function, fault=told
            )
        )

    def strike(self, function: str, source: str, request_id: str, records: tuple[str, ...] = ()) -> Fault | None:
        """Tell what happens to an invocation that is about to begin, and note it; None for nothing.

        Args:
            function: The logical id of the function.
            source: The source in the journal.
            request_id: The id of the invocation.
            records: The ids of its records.
        """
        if not self._armed and not self.heed_calls:
            return None
        now = self._now()
        with self._lock:
            if self.heed_calls:
                self._sources[request_id] = source, records
            self._armed = [each for each in self._armed if each.until > now]
            found = next((each for each in self._armed if each.function == function), None)
            if found is None:
                return None
            found.left -= 1
            if found.left <= 0:
                self._armed.remove(found)
        fault = found.fault
        self.note(source, function, fault.told, request_id, records)
        return fault

    def meet(self, call: AwsCall) -> tuple[CallFault | None, list[MetCall]]:
        """Tell what happens to a call that a function has begun, and note it; `ended` wants the records of it."""
        with self._lock:
            records = [self._recorded(each, call) for each in self._recordings if each.function == call.function]
            fault = self._fault_of(call)
            source, struck = self._sources.get(call.request_id, (call.function, ()))
        if fault is not None:
            told = f"{fault.told} {call.operation} of {call.target or call.service}"
            self.note(source, call.function, told, call.request_id, struck)
        return fault, records

    def ended(self, records: list[MetCall]) -> None:
        """A call is over."""
        with self._lock:
            for recording in self._recordings:
                recording.under_way = [each for each in recording.under_way if not any(each is one for one in records)]

    def _recorded(self, recording: _Recording, call: AwsCall) -> MetCall:
        beside = [each for each in recording.under_way if each.call.request_id == call.request_id]
        met = MetCall(call, alone=not beside)
        for each in beside:
            each.alone = False
        recording.met.append(met)
        recording.under_way.append(met)
        return met

    def _fault_of(self, call: AwsCall) -> CallFault | None:
        for each in self._calls:
            if not each.calls.match(call):
                continue
            if each.skip:
                each.skip -= 1
                continue
            each.left -= 1
            if each.left <= 0:
                self._calls.remove(each)
            return each.fault
        return None


def _report(duration: float) -> Report:
    return Report(duration_s=duration, init_duration_s=None, max_memory_mb=0)
