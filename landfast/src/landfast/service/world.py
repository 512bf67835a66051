"""The live world: real functions, real destinations, files, and a clock that may run faster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import random
from typing import Any

from landfast.delivery.actions import Deliver
from landfast.delivery.outcomes import NotReached, Outcome
from landfast.driver import Call, Change, Order, Plan
from landfast.driver.world import Ended
from landfast.journal import Entry, Traced
from landfast.runtime.model import RuntimeClosedError, Throttled
from landfast.runtime.runtime import Admission
from landfast.service import chain
from landfast.service.delivery import Deliveries
from landfast.service.engine_retries import EngineRetries
from landfast.service.faults import Delivery, Fault, Slow, Twice
from landfast.service.functions import Functions, Target, outcome
from landfast.service.loop import Loop
from landfast.service.store import Store


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts that all sources of a service have in common.

    Attributes:
        loop: The thread of the machines.
        store: The store of what must not be forgotten.
        functions: The functions that can be called.
        deliveries: Sends to destinations.
        follows: True if the journal tells which chain of events each invocation belongs to.
    """

    loop: Loop
    store: Store
    functions: Functions
    deliveries: Deliveries
    follows: bool = False


class LiveWorld:
    """The world as one source sees it.

    Args:
        shared: The parts that all sources have in common.
        target: The function that the source calls.
        source: The name of the source.
        told: Tells people what waits for what the source has planned; its name without it.
        draw: A number from 0 to 1 that decides which version an alias with weights calls, given the request id (U-26).
    """

    def __init__(
        self,
        shared: Shared,
        target: Target,
        source: str,
        *,
        told: Callable[[], str] | None = None,
        draw: Callable[[str], float] | None = None,
    ) -> None:
        self.engine_retries = EngineRetries(source, shared.loop.clock, shared.store, shared.loop.stopping)
        self.source = source
        self._shared = shared
        self._target = target
        self._told = told
        self._ended = ""
        self._draw = draw or (lambda request_id: random())  # noqa: ARG005, S311 - it decides where a call goes, no secret

    def telling(self, told: Callable[[], str]) -> "LiveWorld":
        """The same world; `told` tells people what waits for what is planned in it."""
        return LiveWorld(self._shared, self._target, self.source, told=told, draw=self._draw)

    def now(self) -> float:
        """The time, in Unix seconds of the service's clock."""
        return self._shared.loop.clock.now()

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`."""
        return self._shared.loop.at(due, work, order, self.source, background=background, told=self._told)

    def post(self, work: Callable[[], object]) -> None:
        """Do `work` in the driver's thread; from any thread."""
        self._shared.loop.post(work, self.source)

    def apart(self, work: Callable[[], None], told: str) -> None:
        """Do work that waits in a thread of its own; `told` tells people what."""
        self._shared.loop.apart(work, self.source, told=told)

    def call(self, call: Call, ended: Ended) -> None:
        """Call the function in a thread of its own; who is let in is decided here, in the order of the driver."""
        functions, spec = self._shared.functions, self._target.spec
        fault = functions.faults.strike(self._target.label, self.source, call.request_id, call.records)
        if isinstance(fault, Slow):
            self.at(self.now() + min(fault.seconds, spec.timeout), lambda: self._begin(call, fault, ended), Order.ENDED)
            return
        self._begin(call, fault, ended)

    def _begin(self, call: Call, fault: Fault | None, ended: Ended) -> None:
        if self._shared.follows:
            call = self._followed(call)
            ended = self._sending(call.trace, ended)
        result = None if fault is None else fault.result(call.request_id, self._target.spec.timeout)
        if result is not None:
            how, kind = outcome(result, self._target.drawn(self._draw(call.request_id)))
            self.post(lambda: ended(how, kind))
            return
        # In the driver's thread: threads begin in any order, and the event that came first must get the free place.
        admitted = self._shared.functions.admit(self._target)
        twice = isinstance(fault, Twice)
        self.apart(lambda: self._call(call, admitted, ended, twice=twice), f"function {self._target.spec.name} runs")

    def _followed(self, call: Call) -> Call:
        """The call as it can be told by its trace header from all others; of several records none gives it its own."""
        segment = chain.segment()
        trace = call.trace if len(call.records) == 1 and call.trace else chain.anew(call.trace)
        trace = chain.within(trace, segment)
        root = chain.root(trace)
        note = Traced(at=self.now(), source=self.source, records=(call.request_id,), root=root, segment=segment)
        self._shared.loop.turn.add([note])
        return replace(call, trace=trace)

    def _sending(self, trace: str, ended: Ended) -> Ended:
        """Let what goes to destinations when a call has ended be known as having come of it."""

        def told(outcome: Outcome, kind: str, reason: str = "") -> None:
            self._ended = trace
            try:
                ended(outcome, kind, reason)
            finally:
                self._ended = ""

        return told

    def deliver(self, delivery: Deliver[Any], trace: str, ended: Callable[[str | None], None]) -> None:
        """Send to a destination: at once to what is ours, and in a thread of its own to a bucket."""
        deliveries = self._shared.deliveries
        trace = chain.of_call(trace, self._ended) if self._ended else trace
        if not deliveries.waits(delivery):
            ended(deliveries.at_once(delivery, origin=self.source, trace=trace))
            return

        def put() -> None:
            refusal = deliveries.put(delivery, engine_retries=self.engine_retries)
            self.post(lambda: ended(refusal))

        self.apart(put, f"an object is put for {delivery.target}")

    def commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        """Write both into the store at the end of this turn of the driver, all of it or nothing."""
        self._shared.loop.turn.add(notes, changes)

    def _call(self, call: Call, admitted: Admission | Throttled, ended: Ended, *, twice: bool) -> None:
        """An error, of building the event or of the call, is this one invocation's system error (S-06, S-57, S-94)."""
        try:
            payload = self._payload(call, admitted)
            functions, trace = self._shared.functions, call.trace or None
            if functions.faults.deliveries is not None:
                again = Delivery(self.source, call.records, lambda: self._again(call, payload))
                functions.faults.deliveries.append(again)
            if twice:
                functions.call(self._target, payload, call.request_id, trace_id=trace)
            result = functions.call(self._target, payload, call.request_id, trace_id=trace, admitted=admitted)
            how, kind = outcome(result, self._target.drawn(self._draw(call.request_id)))
        except RuntimeClosedError:
            return  # the service stops; what was offered is kept and will be offered again
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one invocation's
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            self.post(lambda: ended(NotReached("system error"), "system error", reason))
            return
        self.post(lambda: ended(how, kind))

    def _again(self, call: Call, payload: bytes) -> None:
        """Deliver an event once more, in a thread of its own; its end changes nothing."""
        target, functions = self._target, self._shared.functions

        def work() -> None:
            result = functions.call(target, payload, call.request_id, trace_id=call.trace or None)
            _, kind = outcome(result, target.version)
            functions.faults.note(self.source, target.label, f"got it again: {kind}", call.request_id, call.records)

        self.apart(work, f"function {target.spec.name} runs again")

    def _payload(self, call: Call, admitted: Admission | Throttled) -> bytes:
        try:
            return call.payload()
        except BaseException:
            self._shared.functions.runtime.leave(admitted)
            raise
