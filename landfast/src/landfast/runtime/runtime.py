"""The pool of workers: concurrency, warm reuse, code reload, and one door, `Runtime.invoke`."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections import deque
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from landfast.runtime import failures
from landfast.runtime.environment import session_token
from landfast.runtime.failures import InvocationFailed
from landfast.runtime.host import Host, available_client
from landfast.runtime.model import (
    REQUEST_LIMIT,
    Answered,
    Call,
    Errored,
    Report,
    RequestTooLargeError,
    RuntimeClosedError,
    Throttled,
    UnknownFunctionError,
)
from landfast.runtime.processors import Processors
from landfast.runtime.request_log import RequestLog
from landfast.runtime.source_tree import SourceTree
from landfast.runtime.worker import InitAgainError, LostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType

    from landfast.runtime.debugger import Debugger
    from landfast.runtime.host import ClientName
    from landfast.runtime.model import FunctionSpec, LogRecord, Result, ThrottleReason
    from landfast.runtime.worker import Worker

ACCOUNT_CONCURRENCY = 1000
"""Concurrent invocations of an account in a Region (semantics.md section F)."""

_FAIR_AFTER = 1.0
"""Seconds of waiting, or of idling, after which a place may change from one function to another; not before as many
have passed as a worker of that function takes to start, since that is what it costs to change it back."""

_STARTING = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
"""Workers that initialise at a time, beyond each function's first: more than there are processors only slow each other,
and where many calls come at once, a worker that is through with its event is there sooner than one more that starts."""

_CROWDED = 3
"""Times as long as a worker takes to start: so seldom is one more started, beyond each function's first, while no
processor has time for it. What computes is not done sooner by more processes, and each costs its start; what sleeps
would be, and is not to wait for ever."""

_SHORTEST_START = 0.1
"""Seconds that a worker is taken to start in, if it takes less or none has yet."""

_FREEZE_AFTER = 0.005
"""Seconds after which an idle worker is frozen: one that gets its next event at once need not be stopped and woken."""

_MIB = 1024 * 1024


@dataclass(frozen=True)
class _Version:
    """A function's settings and code; replaced as a whole, so that no lock is needed to read it."""

    spec: FunctionSpec
    trees: tuple[SourceTree, ...]
    number: int

    def revision(self) -> object:
        return self.number, tuple(tree.changes() for tree in self.trees)


@dataclass
class _Function:
    """The state of one function.

    Attributes:
        version: what it runs.
        in_flight: callers.
        starting: places it was given in which no worker runs yet.
        start_takes: seconds that its latest worker took to initialise; 0 before the first one has.
        idle: warm workers.
    """

    version: _Version
    in_flight: int = 0
    starting: int = 0
    start_takes: float = 0.0
    idle: list[Worker] = field(default_factory=list)

    @property
    def spec(self) -> FunctionSpec:
        return self.version.spec


@dataclass
class _Waiter:
    """A caller waiting: it is granted a worker of its own function, or leave to start one (None).

    It waits for a warm worker for as long as one more takes to start. Where calls are short, it has been served before
    that; where they are long, it waits no more than twice as long as it had to. Starting costs more than most calls,
    and what starts keeps those waiting that run: where these use up the processors, it waits for longer.

    Attributes:
        function: what it calls.
        since: a monotonic time.
        patient_until: a monotonic time; from then on it wants one more worker to be started.
    """

    function: _Function
    since: float
    patient_until: float
    ready: threading.Event = field(default_factory=threading.Event)
    granted: bool = False
    has_left: bool = False
    worker: Worker | None = None

    def grant(self, worker: Worker | None) -> None:
        self.granted, self.worker = True, worker
        self.ready.set()


@dataclass(frozen=True, slots=True)
class Load:
    """How much a function has to do now.

    Attributes:
        running: The number of its invocations, those included that wait for a worker.
        idle: The number of its warm workers that wait for an event.
    """

    running: int
    idle: int


@dataclass(frozen=True, slots=True)
class Admission:
    """A place among the invocations that may run at a time (S-10)."""

    function: _Function


class Runtime:
    """Runs functions for real. Thread-safe; `invoke` blocks its thread, and many may be in it at once."""

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        *,
        log_sink: Callable[[LogRecord], None],
        client: ClientName | None = None,
        max_processes: int = 32,
        max_starting: int = _STARTING,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        idle_after: float = 300.0,
        retry_failed_init: bool = False,
        sandbox: bool = True,
        debugger: Debugger | None = None,
    ) -> None:
        """Check the functions; their workers start when they are needed.

        Args:
            specs: the functions.
            log_sink: given every log entry as it happens, on the thread that invokes.
            client: for functions of this program's own Python; None takes awslambdaric where it exists, our own
                bootstrap elsewhere.
            max_processes: worker processes at a time; callers beyond it wait.
            max_starting: workers that initialise at a time; a function's first one always may, and callers beyond it
                wait for one to start or for a warm one, whichever is there first.
            account_concurrency: callers at a time, waiting ones included; callers beyond it are throttled.
            idle_after: seconds after which an idle worker is ended.
            retry_failed_init: whether an initialisation that raises or exits is run again within the same invocation,
                as one that times out is (S-139, U-32).
            sandbox: whether workers get no more of the machine than Lambda gives, where the system can do it (S-138).
            debugger: where a debugger attaches to one of the functions, which then has one worker at a time.

        Raises:
            InvalidFunctionError: a function cannot be run as specified.
        """
        self._log_sink = log_sink
        self._debugger = debugger
        self._max_processes = max_processes
        self._max_starting = max_starting
        self._account_concurrency = account_concurrency
        self._idle_after = idle_after
        self._retry_failed_init = retry_failed_init
        self._processors = Processors()
        self._latest_start = 0.0
        self._lock = threading.Lock()
        self._trees: dict[Path, SourceTree] = {}
        self._functions: dict[str, _Function] = {}
        self._waiters: deque[_Waiter] = deque()
        self._busy: set[Worker] = set()
        self._processes = 0
        self._closed = False
        self._broken_off = 0
        self._all_gone = threading.Condition(self._lock)
        for spec in specs:
            self.update(spec)
        self._host = Host(
            client=client or available_client(), sandbox=sandbox, debugpy=debugger.debugpy if debugger else None
        )
        self._stop = threading.Event()
        self._thawed = threading.Event()
        self._janitor = threading.Thread(target=self._tidy, name="landfast-runtime-janitor", daemon=True)
        self._janitor.start()
        self._freezer = threading.Thread(target=self._freeze_idle, name="landfast-runtime-freezer", daemon=True)
        self._freezer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def update(self, spec: FunctionSpec) -> None:
        """Add a function, or replace it: later invocations run the new one (S-30).

        Raises:
            InvalidFunctionError: it cannot be run as specified.
        """
        trees = tuple(self._tree(folder) for folder in (spec.checked().code, *spec.layers))
        with self._lock:
            known = self._functions.get(spec.name)
            if known is None:
                self._functions[spec.name] = _Function(_Version(spec, trees, 0))
            else:
                known.version = _Version(spec, trees, known.version.number + 1)

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Change a function's reserved concurrency; what runs goes on, on the same workers.

        Raises:
            UnknownFunctionError: no such function.
        """
        with self._lock:
            known = self._functions.get(function)
            if known is None:
                raise UnknownFunctionError(f"no function named {function}")
            spec = replace(known.spec, reserved_concurrency=concurrency)
            known.version = replace(known.version, spec=spec)

    def admit(self, function: str) -> Admission | Throttled:
        """Let one invocation in, if the concurrency allows it; at once, so that calls are let in in a known order.

        Whoever is let in has to `invoke`, which gives the place back, or to `leave`.

        Raises:
            UnknownFunctionError: no such function.
        """
        known = self._functions.get(function)
        if known is None:
            raise UnknownFunctionError(f"no function named {function}")
        refusal = self._admit(known)
        return Admission(known) if refusal is None else Throttled(refusal)

    def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        request_id: str,
        invoked_arn: str | None = None,
        client_context: bytes | None = None,
        trace_id: str | None = None,
        admitted: Admission | Throttled | None = None,
    ) -> Result:
        """Run a function once.

        Args:
            function: its name.
            payload: the event, JSON.
            request_id: the same for all attempts of one event (S-03).
            invoked_arn: as the caller named the function; None is the unqualified ARN.
            client_context: JSON; give it for synchronous calls only (S-32).
            trace_id: the value of X-Amzn-Trace-Id; None makes a new, unsampled one.
            admitted: what `admit` has answered; without it, it is asked now.

        Raises:
            UnknownFunctionError: no such function.
            RequestTooLargeError: the payload is larger than Lambda takes.
            RuntimeClosedError: the runtime is closed, or was closed meanwhile.
        """
        place = admitted or self.admit(function)
        if isinstance(place, Throttled):
            return place
        known = place.function
        try:
            if len(payload) > REQUEST_LIMIT:
                raise RequestTooLargeError(len(payload))
            return self._run(
                known,
                Call(
                    request_id=request_id,
                    payload=payload,
                    invoked_arn=invoked_arn or known.spec.arn,
                    client_context=client_context,
                    trace_id=trace_id or _new_trace_id(),
                ),
            )
        finally:
            self.leave(place)

    def load(self, function: str) -> Load:
        """Tell how much a function has to do now.

        Raises:
            UnknownFunctionError: no such function.
        """
        with self._lock:
            known = self._functions.get(function)
            if known is None:
                raise UnknownFunctionError(f"no function named {function}")
            return Load(known.in_flight, len(known.idle))

    def at_work(self, token: str) -> tuple[str, str, int] | None:
        """The function, the request id and the process of the invocation that has a session token; None if none has."""
        with self._lock:
            worker = next((each for each in self._busy if session_token(each.log_stream) == token), None)
        if worker is None or (process := worker.process) is None:
            return None
        return worker.spec.name, worker.request_id, process

    def leave(self, place: Admission | Throttled) -> None:
        """Give back the place of an invocation that is over, or will not be made after all."""
        if isinstance(place, Admission):
            with self._lock:
                place.function.in_flight -= 1
                self._all_gone.notify_all()

    def break_off(self) -> None:
        """End every invocation that runs or waits for a worker, and those workers; the others stay warm."""
        with self._lock:
            self._broken_off += 1
            busy = list(self._busy)
            while self._waiters:
                self._waiters.popleft().ready.set()
        for worker in busy:
            worker.kill()
        with self._all_gone:
            self._all_gone.wait_for(lambda: not any(function.in_flight for function in self._functions.values()))

    def cool_down(self) -> None:
        """End every idle worker, so that the next invocation of each function initialises one."""
        with self._lock:
            idle = [worker for function in self._functions.values() for worker in function.idle]
            for function in self._functions.values():
                function.idle.clear()
        for worker in idle:
            self._retire(worker)

    def close(self) -> None:
        """End everything: running invocations raise `RuntimeClosedError`, and no process and no port is left."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            busy = list(self._busy)
            idle = [worker for function in self._functions.values() for worker in function.idle]
            for function in self._functions.values():
                function.idle.clear()
            while self._waiters:
                self._waiters.popleft().ready.set()
        self._stop.set()
        self._thawed.set()
        self._janitor.join()
        self._freezer.join()
        for worker in busy:
            worker.kill()
        for worker in idle:
            self._retire(worker)
        with self._all_gone:
            self._all_gone.wait_for(lambda: self._processes == 0)
        self._host.close()

    def _run(self, function: _Function, call: Call) -> Result:
        if function.spec.broken:
            return self._fail(function.spec, call)
        debugger = self._debugger_of(function)
        with debugger.turn if debugger else nullcontext():
            return self._run_in_a_worker(function, call)

    def _debugger_of(self, function: _Function) -> Debugger | None:
        return self._debugger if self._debugger and self._debugger.function == function.spec.name else None

    def _run_in_a_worker(self, function: _Function, call: Call) -> Result:
        begun = self._broken_off
        worker = self._acquire(function)

        def initialised() -> None:
            self._initialised(worker, function)

        log = RequestLog(self._log_sink, worker.spec, call.request_id, worker.log_stream)
        again = False
        while True:
            reusable = keeps_place = False
            result = None
            try:
                self._check_wanted(function, begun)
                result = _serve(worker, call, log, initialised, again=again, retry_failed_init=self._retry_failed_init)
                reusable = isinstance(result, Answered) or result.kind == "exception"
            except InitAgainError:
                keeps_place = not self._closed and self._broken_off == begun
            except LostError:
                pass
            finally:
                if not keeps_place:
                    self._release(function, worker, reusable=reusable)
            if not isinstance(result, Answered):
                self._check_wanted(function, begun)
            if result is not None:
                return result
            again = keeps_place
            worker = self._replace(function, worker) if keeps_place else self._acquire(function)

    def _fail(self, spec: FunctionSpec, call: Call) -> Errored:
        """The result of a function that cannot be run."""
        log = RequestLog(self._log_sink, spec, call.request_id)
        failure = failures.broken(call.request_id, spec.broken)
        report = Report(duration_s=0.0, init_duration_s=None, max_memory_mb=0)
        return Errored(failure.error, failure.kind, log.end(report, failure), report)

    def _admit(self, function: _Function) -> ThrottleReason | None:
        with self._lock:
            reserved = function.spec.reserved_concurrency
            if reserved is not None:
                if function.in_flight >= reserved:
                    return "ReservedFunctionConcurrentInvocationLimitExceeded"
            elif self._unreserved_in_flight() >= self._unreserved_limit():
                return "ConcurrentInvocationLimitExceeded"
            function.in_flight += 1
            return None

    def _unreserved_limit(self) -> int:
        return self._account_concurrency - sum(
            function.spec.reserved_concurrency or 0 for function in self._functions.values()
        )

    def _unreserved_in_flight(self) -> int:
        return sum(
            function.in_flight for function in self._functions.values() if function.spec.reserved_concurrency is None
        )

    def _acquire(self, function: _Function) -> Worker:
        revision = function.version.revision()
        waiter = None
        worker = None
        unfit: list[Worker] = []
        unused = None
        with self._lock:
            self._check_open(function)
            while function.idle and worker is None:
                candidate = function.idle.pop()
                if candidate.revision == revision:
                    worker = candidate
                    self._busy.add(worker)
                else:
                    unfit.append(candidate)
            if worker is None:
                waiter = self._ask_for_a_process(function)
            if waiter is not None and not unfit and self._wants_a_process(waiter):
                unused = self._take_unused_for(waiter)
        for each in unfit:
            self._retire(each)
        if unused is not None:
            self._retire(unused, successor=waiter)
        if waiter is not None:
            worker = self._wait(waiter)
        return worker or self._start(function)

    def _wait(self, waiter: _Waiter) -> Worker | None:
        try:
            patience = waiter.patient_until - time.monotonic()
            if patience > 0 and not waiter.ready.wait(patience):
                self._lose_patience(waiter)
            waiter.ready.wait()
        except BaseException:  # Ctrl-C, for one
            with self._lock, suppress(ValueError):
                waiter.has_left = True
                self._waiters.remove(waiter)
            self._refuse(waiter)
            raise
        if not waiter.granted:
            raise RuntimeClosedError(f"{waiter.function.spec.name}: the runtime was closed")
        return waiter.worker

    def _lose_patience(self, waiter: _Waiter) -> None:
        """Let a caller start a worker that has waited for a warm one for long enough, if one may be started."""
        unused = None
        with self._lock:
            if waiter not in self._waiters:
                return
            if not self._is_full and self._may_start_for(waiter):
                self._start_for(waiter)
            else:
                unused = self._take_unused_for(waiter)
        if unused is not None:
            self._retire(unused, successor=waiter)

    def _refuse(self, waiter: _Waiter) -> None:
        """Hand back what was granted to somebody who no longer wants it."""
        if waiter.worker is not None:
            self._release(waiter.function, waiter.worker, reusable=True)
        elif waiter.granted:
            self._give_place_back(waiter.function)

    def _ask_for_a_process(self, function: _Function) -> _Waiter | None:
        """With the lock held: leave to start a process now (None), or a place in the queue."""
        now = time.monotonic()
        waiter = _Waiter(function, now, now + function.start_takes)
        if not self._is_full and self._may_start_for(waiter):
            self._processes += 1
            self._latest_start = now
            function.starting += 1
            return None
        self._waiters.append(waiter)
        return waiter

    def _wants_a_process(self, waiter: _Waiter) -> bool:
        """With the lock held: whether no worker of its function will be there soon enough."""
        return not self._workers(waiter.function) or waiter.patient_until <= time.monotonic()

    def _may_start_for(self, waiter: _Waiter) -> bool:
        """With the lock held: whether a worker may be started for it, if there is a place."""
        now = time.monotonic()
        is_due = waiter.patient_until <= now and self._starting() < self._max_starting
        return not self._workers(waiter.function) or (is_due and not self._is_crowded(waiter.function, now))

    def _is_crowded(self, function: _Function, now: float) -> bool:
        """With the lock held: whether one more worker would only slow those that run."""
        patience = _CROWDED * max(_SHORTEST_START, function.start_takes)
        return now - self._latest_start < patience and not self._processors.have_time()

    @property
    def _is_full(self) -> bool:
        """With the lock held: whether no further process may be started."""
        return self._processes >= self._max_processes

    def _starting(self) -> int:
        """With the lock held: how many workers start or initialise."""
        places = sum(function.starting for function in self._functions.values())
        return places + sum(worker.init_duration is None for worker in self._busy)

    def _initialised(self, worker: Worker, function: _Function) -> None:
        """A worker has initialised: let those start who have waited for that."""
        with self._lock:
            function.start_takes = worker.init_duration or 0.0
            self._start_more()

    def _start_more(self) -> None:
        """With the lock held: let those start who want to, as far as there are places."""
        while not self._is_full:
            waiter = next(filter(self._may_start_for, self._waiters), None)
            if waiter is None:
                return
            self._start_for(waiter)

    def _start_for(self, waiter: _Waiter) -> None:
        """With the lock held: let a caller start a worker in a free place."""
        self._processes += 1
        self._latest_start = time.monotonic()
        self._promise(waiter)
        waiter.grant(None)

    def _take_unused_for(self, waiter: _Waiter) -> Worker | None:
        """With the lock held: an idle worker of another function whose place `waiter` is to have, if there is one."""
        if not self._is_full:
            return None
        function, now = waiter.function, time.monotonic()
        unused = [
            (each.idle_since, other, each)
            for other in self._functions.values()
            for each in other.idle
            if now - each.idle_since >= _fair_after(other) or self._has_too_few(function, self._workers(other))
        ]
        if not unused:
            return None
        _, other, oldest = min(unused, key=lambda each: each[0])
        other.idle.remove(oldest)
        self._promise(waiter)
        return oldest

    def _promise(self, waiter: _Waiter) -> None:
        """With the lock held: `waiter` is to have a place whose worker still has to end.

        It counts for its function from now on: while the one worker ends and the other starts, further workers would
        be replaced for a function that seems to have none.
        """
        self._waiters.remove(waiter)
        waiter.function.starting += 1

    def _start(self, function: _Function) -> Worker:
        """Start a worker in the place that the caller was given."""
        try:
            self._check_open(function)
            version = function.version
            worker = self._host.worker(version.spec, version.revision(), self._debugger_of(function))
        except BaseException:
            self._give_place_back(function)
            raise
        with self._lock:
            function.starting -= 1
            self._busy.add(worker)
            closed = self._closed
        if closed:
            worker.kill()
        return worker

    def _replace(self, function: _Function, worker: Worker) -> Worker:
        """Start another worker in the place of this one."""
        with self._lock:
            self._busy.discard(worker)
            function.starting += 1
        try:
            worker.dispose()
        except BaseException:
            self._give_place_back(function)
            raise
        return self._start(function)

    def _release(self, function: _Function, worker: Worker, *, reusable: bool) -> None:
        current = reusable and worker.revision == function.version.revision()
        successor = None
        with self._lock:
            self._busy.discard(worker)
            if current and not self._closed:
                waiter = self._next_waiter(function)
                if waiter is None:
                    worker.idle_since = time.monotonic()
                    function.idle.append(worker)
                    if not self._thawed.is_set():
                        self._thawed.set()
                    return
                if waiter.function is function:
                    self._waiters.remove(waiter)
                    self._busy.add(worker)
                    waiter.grant(worker)
                    return
                self._promise(waiter)
                successor = waiter
        self._retire(worker, successor)

    def _next_waiter(self, function: _Function) -> _Waiter | None:
        """With the lock held: who gets a free worker of `function`; nobody leaves it to its function.

        One that can use it as it is goes first: replacing a warm worker costs a cold start, and with more callers than
        places each call could cost one. It is replaced for a function with less than half as many workers, so that
        replacing ends when the places are shared about evenly; and if its own function waits, only for somebody who
        has waited long. A worker that nobody uses for long goes to whoever waits (`_tidy`).
        """
        own = next((waiter for waiter in self._waiters if waiter.function is function), None)
        if not self._is_full:
            return own
        latest = time.monotonic() - _fair_after(function)
        workers = self._workers(function) + 1
        starving = (
            waiter
            for waiter in self._waiters
            if waiter.function is not function
            and self._wants_a_process(waiter)
            and (own is None or waiter.since <= latest)
            and self._has_too_few(waiter.function, workers)
        )
        return next(starving, own)

    def _workers(self, function: _Function) -> int:
        """With the lock held: how many workers a function has, those included that idle or are about to start."""
        return (
            function.starting
            + len(function.idle)
            + sum(worker.spec.name == function.spec.name for worker in self._busy)
        )

    def _has_too_few(self, function: _Function, workers: int) -> bool:
        """With the lock held: whether it may take a place from a function that has so many workers."""
        return 2 * self._workers(function) < workers

    def _retire(self, worker: Worker, successor: _Waiter | None = None) -> None:
        """End a worker; its place goes to `successor`, to whom it was promised, or to who waits longest."""
        try:
            worker.dispose()
        finally:
            self._hand_on(successor)

    def _hand_on(self, successor: _Waiter | None) -> None:
        with self._lock:
            if successor is None:
                self._vacate()
            elif successor.has_left:
                successor.function.starting -= 1
                self._vacate()
            else:
                successor.grant(None)

    def _give_place_back(self, function: _Function) -> None:
        """Give up the place that a caller of `function` was given."""
        with self._lock:
            function.starting -= 1
            self._vacate()

    def _vacate(self) -> None:
        """With the lock held: a place is free."""
        self._processes -= 1
        self._start_more()
        if not self._processes:
            self._all_gone.notify_all()

    def _check_open(self, function: _Function) -> None:
        if self._closed:
            raise RuntimeClosedError(f"{function.spec.name}: the runtime is closed")

    def _check_wanted(self, function: _Function, begun: int) -> None:
        """Make sure that what was begun when so many had been broken off is still to be done."""
        if self._closed or self._broken_off != begun:
            raise RuntimeClosedError(f"{function.spec.name}: the runtime was closed")

    def _tree(self, folder: Path) -> SourceTree:
        with self._lock:
            tree = self._trees.get(folder)
            if tree is None:
                tree = self._trees[folder] = SourceTree(folder)
            return tree

    def _freeze_idle(self) -> None:
        """Freeze workers that have no event to work on (S-138)."""
        while self._thawed.wait() and not self._stop.wait(_FREEZE_AFTER):
            with self._lock:
                latest = time.monotonic() - _FREEZE_AFTER
                thawed = [
                    worker
                    for function in self._functions.values()
                    if not self._debugger_of(function)  # debugpy answers debuggers at any time
                    for worker in function.idle
                    if not worker.is_frozen
                ]
                if not thawed and not self._closed:
                    self._thawed.clear()
                for worker in thawed:
                    if worker.idle_since <= latest:
                        worker.freeze()

    def _tidy(self) -> None:
        """End workers that idle for long, run old code or have died, and let start what no processor had time for."""
        while not self._stop.wait(min(1.0, self._idle_after / 2)):
            with self._lock:
                self._start_more()
            for function in list(self._functions.values()):
                for worker in self._superfluous(function):
                    self._retire(worker)

    def _superfluous(self, function: _Function) -> list[Worker]:
        """Take the workers that nobody should use any more, or whose places others wait for, out of the idle ones."""
        if not function.idle:
            return []
        revision = function.version.revision()
        is_debugged = self._debugger_of(function) is not None
        with self._lock:
            is_short = self._is_full and any(map(self._wants_a_process, self._waiters))
            latest = time.monotonic() - (_fair_after(function) if is_short else self._idle_after)
            gone = [
                worker
                for worker in function.idle
                if (worker.idle_since <= latest and not is_debugged)
                or worker.revision != revision
                or not worker.alive()
            ]
            function.idle = [worker for worker in function.idle if worker not in gone]
        return gone


def _fair_after(function: _Function) -> float:
    return max(_FAIR_AFTER, function.start_takes)


def _serve(
    worker: Worker,
    call: Call,
    log: RequestLog,
    initialised: Callable[[], None],
    *,
    again: bool,
    retry_failed_init: bool,
) -> Answered | Errored:
    """One invocation on one worker, with its log closed.

    Raises:
        InitAgainError: the first initialisation has failed, and another worker is to try it `again`.
    """
    reports_init = worker.init_duration is None and not again  # else the invocation's own duration has it
    failure = None
    payload = b""
    try:
        payload = worker.serve(call, log, initialised, again=again)
    except InvocationFailed as failed:
        if retry_failed_init and not again and worker.init_duration is None and failed.kind in ("init", "exit"):
            raise InitAgainError from failed
        failure = failed
    report = Report(
        duration_s=worker.duration,
        init_duration_s=worker.init_duration if reports_init else None,
        max_memory_mb=-(-worker.max_memory // _MIB),
    )
    tail = log.end(report, failure)
    if failure is not None:
        return Errored(failure.error, failure.kind, tail, report)
    return Answered(payload, tail, report)


def _new_trace_id() -> str:
    digits = secrets.token_hex(20)
    return f"Root=1-{int(time.time()):08x}-{digits[:24]};Parent={digits[24:]};Sampled=0"
