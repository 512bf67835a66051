"""The one thread in which every machine runs, and the threads in which everything that waits is done."""

import contextlib
import heapq
import itertools
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from landfast.delivery.times import iso_seconds
from landfast.driver import Order, Plan
from landfast.service import service_log
from landfast.service.clock import Clock
from landfast.service.turn import Commit, Turn

T = TypeVar("T")


class StoppedError(Exception):
    """The service stops; what was asked for was given up."""


class UnsettledError(Exception):
    """Something does not come to rest; the text tells what."""


THREADS = 2_048
"""Calls and deliveries that wait at a time, at most; a thread is made when no idle one is left.

Lambda runs 1,000 invocations of an account at a time; as many more are for what waits for the engine.
"""


_MOST_AT_ONCE = 200
"""Pieces of work in one turn: enough that a commit costs little of each, few enough that nobody waits for long."""

_LONGEST_WAIT = 86_400.0
"""Real seconds; no thread can wait for what is centuries away (`threading.TIMEOUT_MAX`)."""

_SHOWN = 5
_HOLDER = "who looks at the service"
_log = service_log.logger(__name__)


@dataclass(order=True, slots=True)
class _Planned:
    due: float
    order: Order
    number: int
    source: str = field(compare=False)
    work: Callable[[], None] | None = field(compare=False)
    told: Callable[[], str] | None = field(default=None, compare=False)

    def cancel(self) -> None:
        """Do not do it after all."""
        self.work = None

    @property
    def what(self) -> str:
        """What waits for it, for people."""
        return self.told() if self.told else self.source


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is planned, as people are shown it.

    Attributes:
        due: In seconds of the clock.
        what: What waits for it.
        background: True if nobody waits for it.
    """

    due: float
    what: str
    background: bool


class UnderWay:
    """Something that is under way."""

    def __init__(self, what: str, ended: Callable[[str], None]) -> None:
        self._what = what
        self._ended: Callable[[str], None] | None = ended

    def end(self) -> None:
        """It is over, if it was not before; what came of it was posted before."""
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self._what)


class Loop:
    """Runs work in the order in which it is handed in, and planned work when its time has come.

    The machines need no locks, since only this thread touches them. It must never wait: what waits goes `apart`, and
    reports back by `post`. What one turn has left behind is committed at its end (`Turn`).

    Where the clock skips waits, it jumps to what is planned next as soon as nothing is under way: no call, no request,
    no work apart, and nothing that was handed in. However it runs, it can be asked for one jump (`jump`).

    Args:
        clock: The time of the machines.
        commit: Writes what a turn has left behind.
        crashed: Told of an error that nobody expected, with where it happened; the service then stops.

    Attributes:
        stopping: Set once the service stops.
        turn: The turn under way.
    """

    def __init__(self, clock: Clock, commit: Commit, crashed: Callable[[str, BaseException], None]) -> None:
        self.clock = clock
        self.crashed = crashed
        self.stopping = threading.Event()
        self.turn = Turn(commit)
        self._inbox: queue.SimpleQueue[tuple[str, Callable[[], object]] | None] = queue.SimpleQueue()
        self._planned: list[_Planned] = []
        self._background: list[_Planned] = []
        self._timers: list[_Planned] = []
        self._count = itertools.count()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="apart")
        self._thread = threading.Thread(target=self._run, name="driver")
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._settling: list[Callable[[], None]] = []
        self._upto = math.inf
        self._seen_upto = -math.inf
        self._jump: float | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Take no more work and wait for the thread, in real seconds; nobody waits for what is under way apart."""
        self.stopping.set()
        self._inbox.put(None)
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    @property
    def is_running(self) -> bool:
        """True if its thread runs."""
        return self._thread.is_alive()

    @property
    def _has_ended(self) -> bool:
        """True if its thread has run and does no more: it has crashed."""
        return self._thread.ident is not None and not self._thread.is_alive()

    @property
    def is_own_thread(self) -> bool:
        """True if this is the driver's thread."""
        return threading.current_thread() is self._thread

    def post(self, work: Callable[[], object], source: str = "") -> None:
        """Do `work` in the loop's thread; from any thread. `source` is named should it crash."""
        self._inbox.put((source, work))

    def tell(
        self, question: Callable[[], T], answered: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Ask something in the loop's thread, from any thread, and tell the answer there once the turn is on disk.

        Args:
            question: The question to ask.
            answered: Told what it has answered.
            failed: Told what it has raised, or why the turn cannot be written.
        """

        def put() -> None:
            try:
                result = question()
            except StoppedError:
                raise
            except Exception as error:  # noqa: BLE001 - whoever asked is told
                failing = error
                self.turn.then(lambda: failed(failing), failed)
            else:
                self.turn.then(lambda: answered(result), failed)

        self.post(put)

    def ask(self, question: Callable[[], T]) -> T:
        """Return what `question` answers in the loop's thread, once the turn is on disk; from any thread.

        Raises:
            StoppedError: The service stops.
        """
        if self.is_own_thread:
            return question()
        future: Future[T] = Future()
        self.tell(question, future.set_result, future.set_exception)
        while True:
            try:
                # Not for ever: a loop that has crashed would leave whoever asks waiting.
                return future.result(timeout=1.0)
            except TimeoutError:
                if future.done():
                    raise
                if self.stopping.is_set() or self._has_ended:
                    raise StoppedError from None

    def at(
        self,
        due: float,
        work: Callable[[], None],
        order: Order = Order.DUE,
        source: str = "",
        *,
        background: bool = False,
        told: Callable[[], str] | None = None,
    ) -> Plan:
        """Do `work` at the time `due`; only from the loop's thread.

        Args:
            due: In seconds of the clock.
            work: The work to do.
            order: The order among works of the same time.
            source: Named should it crash.
            background: True if nobody waits for it: the clock does not jump to it.
            told: Tells people what waits for it, should it be asked (`unsettled`); the source without it.
        """
        planned = _Planned(due, order, next(self._count), source, work, told)
        heapq.heappush(self._background if background else self._planned, planned)
        return planned

    def after(self, seconds: float, work: Callable[[], None], source: str = "") -> Plan:
        """Do `work` after so many real seconds, however time passes or jumps; only from the loop's thread."""
        timer = _Planned(time.monotonic() + seconds, Order.DUE, next(self._count), source, work)
        heapq.heappush(self._timers, timer)
        return timer

    def apart(self, work: Callable[[], None], source: str = "", *, told: str = "") -> None:
        """Do work that waits in a thread of its own; from the loop's thread once the turn is on disk.

        Args:
            work: The work to do.
            source: Named should it crash.
            told: The name of the work under way, for people; the source without it.
        """
        under_way = self.begin(told or source)
        if self.is_own_thread:
            self.turn.then(lambda: self._submit(work, source, under_way))
        else:
            self._submit(work, source, under_way)

    def begin(self, what: str) -> "UnderWay":
        """Something is under way until its `end`: time does not jump meanwhile; from any thread."""
        with self._lock:
            self._under_way[what] += 1
        return UnderWay(what, self._end)

    def skip(self, upto: float, *, seeing: bool) -> None:
        """Where the clock skips waits, let it jump no further than `upto`; only from the loop's thread.

        Args:
            upto: In seconds of the clock.
            seeing: True if it jumps there in any case, with what nobody waits for on the way.
        """
        self._upto = upto
        self._seen_upto = upto if seeing else -math.inf
        if seeing:
            self.at(upto, _nothing)

    @property
    def jumps_to(self) -> float | None:
        """The time to which a jump was asked for that is not over; None for none."""
        return self._jump

    @property
    def next_due(self) -> float | None:
        """When the next thing is due that somebody waits for; None if there is none. Only from the loop's thread."""
        planned = _first(self._planned)
        return planned.due if planned else None

    def jump(self, to: float) -> None:
        """Let time jump once, also where it stands, as soon as nothing is under way; only from the loop's thread.

        Whatever is due on the way happens at its time, with what nobody waits for.

        Args:
            to: In seconds of the clock.
        """
        self._jump = to

    def run_clock(self, speed: float, *, skips: bool) -> None:
        """Let time pass in another way, and go on if it stood; a jump is given up. Only from the loop's thread."""
        self.clock.run(speed, skips=skips)
        self._hold(on=False)

    def hold(self) -> None:
        """Let time stand; a jump is given up. Only from the loop's thread."""
        self._hold(on=True)

    def _hold(self, *, on: bool) -> None:
        self._jump = None
        self.clock.hold(_HOLDER, on=on)

    def when_settled(self, settled: Callable[[], None]) -> None:
        """Call `settled` in the loop's thread as soon as everything rests; only from there."""
        self._settling.append(settled)

    def forget_settling(self, settled: Callable[[], None]) -> None:
        """Nobody waits for it any more; only from the loop's thread."""
        with contextlib.suppress(ValueError):  # it has been told meanwhile
            self._settling.remove(settled)

    def unsettled(self) -> str:
        """Tell people what is under way, and what is planned; only from the loop's thread."""
        busy = self.under_way()
        told = [f"under way: {_shown(busy)}"] if busy else []
        if planned := sorted(plan for plan in self._planned if plan.work):
            told.append(f"planned: {_shown([*map(self._planned_for, planned)])}")
            if self.clock.is_held:
                told.append("time stands")
        return "; ".join(told) or "work that was handed in"

    def under_way(self) -> list[str]:
        """Tell people what is under way."""
        with self._lock:
            under_way = [*self._under_way.items()]
        return [f"{what} ({times} times)" if times > 1 else what for what, times in under_way if what]

    def planned(self, most: int) -> list[Planned]:
        """The next things that are due; only from the loop's thread."""
        waited, others = (
            [(plan, background) for plan in plans if plan.work and (plan.told or plan.source)]
            for plans, background in ((self._planned, False), (self._background, True))
        )
        return [
            Planned(due=plan.due, what=plan.what, background=background)
            for plan, background in heapq.nsmallest(most, waited + others)
        ]

    def _planned_for(self, planned: _Planned) -> str:
        return f"{planned.what} until {iso_seconds(planned.due)} (in {max(0.0, planned.due - self.clock.now()):.0f} s)"

    def _end(self, what: str) -> None:
        with self._lock:
            self._under_way[what] -= 1
            if not self._under_way[what]:
                del self._under_way[what]
            rests = not self._under_way
        # The loop waits for its inbox; it has to wake to see that time may jump now.
        if rests:
            self.post(_nothing)

    def _submit(self, work: Callable[[], None], source: str, under_way: "UnderWay") -> None:
        def check(done: Future[None]) -> None:
            error = None if done.cancelled() or self.stopping.is_set() else done.exception()
            if error is not None and not isinstance(error, StoppedError):
                self.crashed(source, error)
            under_way.end()

        try:
            self._threads.submit(work).add_done_callback(check)
        except RuntimeError:
            under_way.end()
            if not self.stopping.is_set():
                raise

    def _run(self) -> None:
        with contextlib.suppress(StoppedError):
            self._do("", self._turns)

    def _turns(self) -> None:
        while not self.stopping.is_set():
            self._wait()
            self._do_planned()
            self._do("the store", self.turn.end)
            self._settle()

    def _wait(self) -> None:
        """Do what is handed in until something planned is due; not for ever, or what is planned would never be."""
        with contextlib.suppress(queue.Empty):
            self._do(*self._taken(self._longest_wait()))
            # One commit for all that is there, since a commit costs more; not without end, or plans would be late.
            for _ in range(_MOST_AT_ONCE):
                self._do(*self._taken(0.0))

    def _longest_wait(self) -> float | None:
        """Real seconds until something is due; None for never. Time jumps first, if it may."""
        if self._jump is not None and self._jump <= self.clock.now():
            self._jump = None
            return 0.0  # who waits for everything to rest has waited for the jump as well
        jumps = self._jump is not None or (self.clock.skips and not self.clock.is_held)
        if jumps and (due := self._next_seen()) is not None and self._rests():
            self.clock.skip_to(due)
            return 0.0
        plans = [plan for plan in (_first(self._planned), _first(self._background)) if plan]
        waits = [self.clock.until(planned.due) for planned in plans]
        if timer := _first(self._timers):
            waits.append(max(0.0, timer.due - time.monotonic()))
        longest = min(waits, default=math.inf)
        return None if math.isinf(longest) else min(longest, _LONGEST_WAIT)

    def _next_seen(self) -> float | None:
        """The time to which the clock may jump. The end of a retention, for one, is nothing that anybody waits for."""
        planned, background = _first(self._planned), _first(self._background)
        upto, seen_upto = (self._upto, self._seen_upto) if self._jump is None else (self._jump, self._jump)
        seen = [] if self._jump is None else [self._jump]
        seen += [planned.due] if planned and planned.due <= upto else []
        seen += [background.due] if background and background.due <= seen_upto else []
        return min(seen, default=None)

    def _rests(self) -> bool:
        """Tell whether nothing is under way; asked in this order, as what ends has posted what came of it before."""
        return not self._under_way and self._inbox.empty()

    def _settle(self) -> None:
        if self._settling and self._next_seen() is None and self._rests():
            settling, self._settling = self._settling, []
            for settled in settling:
                settled()

    def _taken(self, timeout: float | None) -> tuple[str, Callable[[], object]]:
        item = self._inbox.get(timeout=timeout) if timeout != 0.0 else self._inbox.get_nowait()
        if item is None:
            raise StoppedError
        return item

    def _do_planned(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            planned = self._next()
            if planned is None or self.stopping.is_set():
                return
            if planned.work is not None:
                self._do(planned.source, planned.work)

    def _next(self) -> _Planned | None:
        """Take the next thing that is due."""
        if (timer := _first(self._timers)) and timer.due <= time.monotonic():
            return heapq.heappop(self._timers)
        # By time, whoever planned it; what is planned and what is in the background have one order.
        heaps = [planned for planned in (self._planned, self._background) if _first(planned)]
        first = min(heaps, key=lambda planned: planned[0], default=None)
        return heapq.heappop(first) if first and first[0].due <= self.clock.now() else None

    def _do(self, source: str, work: Callable[[], object]) -> None:
        try:
            work()
        except StoppedError:
            raise
        # A machine that has failed in the middle of a step is in no state that any rule knows: the service stops.
        except BaseException as error:
            if not self.stopping.is_set():
                _log.error("the driver of %s has failed", source or "the service", exc_info=error)
                self.crashed(source, error)
            raise StoppedError from error


def _shown(each: list[str]) -> str:
    more = len(each) - _SHOWN
    return ", ".join(each[:_SHOWN]) + (f", and {more} more" if more > 0 else "")


def _first(planned: list[_Planned]) -> _Planned | None:
    """Return the plan that is due next; what was cancelled is let go of."""
    while planned and planned[0].work is None:
        heapq.heappop(planned)
    return planned[0] if planned else None


def _nothing() -> None:
    """Wakes the loop, which then sees that everything rests."""
