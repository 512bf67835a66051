"""A delivery machine with a thread: what happens is told to it in order, and what it asks for is done."""

import heapq
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from random import random
from typing import Protocol

from landfast import journal
from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery import actions
from landfast.delivery.actions import Action
from landfast.delivery.outcomes import NotReached, Outcome
from landfast.journal import Dropped, Entry
from landfast.runtime.model import RuntimeClosedError
from landfast.service.clock import Clock
from landfast.service.delivery import Deliveries
from landfast.service.functions import Functions, Target, outcome
from landfast.service.patience import Patience, StoppedError
from landfast.service.store import Change, Store

CONCURRENT_CALLS = 256
"""Calls of one source that wait at a time; how many workers really run is the runtime's own limit."""

CONCURRENT_WORK = 32
"""Slow calls of one source to the engine that run at a time."""

_MOST_AT_ONCE = 200


class Machine[R](Protocol):
    """What every delivery machine offers its driver."""

    def due(self) -> float | None:
        """When it next wants to be woken, in seconds."""
        ...

    def advance(self, now: float) -> Sequence[Action[R]]:
        """Do what is due."""
        ...

    def finished(self, request_id: str, outcome: Outcome, now: float) -> Sequence[Action[R]]:
        """An invocation has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all actors share.

    Attributes:
        clock: The time.
        store: What must not be forgotten.
        functions: What can be called.
        deliveries: Sends to destinations.
        crashed: Told of an error nobody expected, with where it happened; the service then stops.
    """

    clock: Clock
    store: Store
    functions: Functions
    deliveries: Deliveries
    crashed: Callable[[str, BaseException], None]


@dataclass(slots=True)
class Step:
    """What one answer of a machine leaves behind, committed together.

    Attributes:
        notes: For the journal.
        changes: For the store.
        after: To be done when both are committed.
        kept: The records that a destination has taken.
        lost: Those that one has refused.
    """

    notes: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    after: list[Callable[[], object]] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)


class Actor[R]:
    """Drives one machine.

    Args:
        source: Its name in the journal.
        target: The function it calls.
        surroundings: What it shares with the others.
        shard: The shard it reads, if it reads one.
    """

    def __init__(self, source: str, target: Target, surroundings: Surroundings, *, shard: str | None = None) -> None:
        self.source = source
        self.target = target
        self.shard = shard
        self.surroundings = surroundings
        self.clock = surroundings.clock
        self.in_flight = 0
        self._inbox: queue.SimpleQueue[Callable[[float], Sequence[Action[R]]] | None] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.patience = Patience(source, surroundings.clock, surroundings.store, self.stopping)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._unnoted: list[Entry] = []
        self._calls = ThreadPoolExecutor(CONCURRENT_CALLS, thread_name_prefix=f"{source} call")
        self._work = ThreadPoolExecutor(CONCURRENT_WORK, thread_name_prefix=f"{source} work")
        self._thread = threading.Thread(target=self._run, name=source)

    @property
    def state(self) -> str | None:
        """How far it has come, for people; None if there is nothing to tell."""
        return None

    @property
    def machine(self) -> Machine[R]:
        """The machine; only this actor's thread touches it."""
        raise NotImplementedError

    def identify(self, record: R) -> str:
        """The record's id in the journal."""
        raise NotImplementedError

    def payload(self, invoke: actions.Invoke[R]) -> bytes:
        """The event that the function gets, as JSON text."""
        raise NotImplementedError

    def perform(self, action: Action[R], step: Step) -> None:
        """Do what an action asks for, apart from calling the function and noting it."""
        raise NotImplementedError

    def opening(self, now: float) -> Sequence[Action[R]]:
        """What to do first."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        self.tell(self.opening)
        self._thread.start()

    def stop(self) -> None:
        """Take no more reports; what is under way in other threads is not waited for."""
        self.stopping.set()
        self._inbox.put(None)
        self._calls.shutdown(wait=False, cancel_futures=True)
        self._work.shutdown(wait=False, cancel_futures=True)

    def join(self, timeout: float) -> None:
        """Wait for the end after `stop`, in real seconds."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def tell(self, report: Callable[[float], Sequence[Action[R]]]) -> None:
        """Report to the machine, in this actor's thread: `report` gets the time and returns the machine's answer."""
        self._inbox.put(report)

    def later(self, at: float, work: Callable[[], None]) -> None:
        """Do quick work in this actor's thread at the time `at`, in seconds; to be called in that thread."""
        heapq.heappush(self._agenda, (at, next(self._order), work))

    def apart(self, work: Callable[[], None]) -> None:
        """Do slow work in another thread."""
        self._submit(self._work, work)

    def carry_out(self, answer: Sequence[Action[R]]) -> None:
        """Do what the machine asks for, in order, and note it."""
        step = Step()
        for action in answer:
            match action:
                case actions.Invoke():
                    self._note(action, step)
                    self._invoke(action)
                case actions.Deliver():
                    self._deliver(action, step)
                case actions.Settle(records, "to_destination") if self._is_lost(records, step):
                    self._settle(replace(action, state="dropped", rule=f"{action.rule}, not delivered"), step)
                case _:
                    self._settle(action, step)
        self.commit(step)

    def commit(self, step: Step) -> None:
        """Keep what a step leaves behind."""
        if step.notes or step.changes:
            self.surroundings.store.commit(step.notes, step.changes)
        for work in step.after:
            work()

    def trace(self, record: R) -> str:
        """The trace header that goes on with a record to a destination; empty if none does."""
        del record
        return ""

    def _settle(self, action: Action[R], step: Step) -> None:
        self._note(action, step)
        self.perform(action, step)

    def _note(self, action: Action[R], step: Step) -> None:
        note = journal.entry(
            action,
            at=self.clock.now(),
            source=self.source,
            identify=self.identify,
            function=self.target.label,
            shard=self.shard,
        )
        if note is not None:
            step.notes.append(note)

    def _deliver(self, delivery: actions.Deliver[R], step: Step) -> None:
        records = tuple(map(self.identify, delivery.records))
        try:
            self.surroundings.deliveries.deliver(
                delivery, patience=self.patience, origin=self.source, trace=self.trace(delivery.records[0])
            )
        except DeliveryFailed as error:
            metric = "DeadLetterErrors" if delivery.kind == "dlq" else "DestinationDeliveryFailures"
            step.notes.append(
                Dropped(at=self.clock.now(), source=self.source, records=records, metric=metric, error=str(error))
            )
            step.lost.update(records)
        else:
            self._note(delivery, step)
            step.kept.update(records)

    def _is_lost(self, records: Sequence[R], step: Step) -> bool:
        return not step.lost.isdisjoint(set(map(self.identify, records)) - step.kept)

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                for report in self._reports():
                    self._answered(report(self.clock.now()))
                self._answered(self.machine.advance(self.clock.now()))
                while self._agenda and self._agenda[0][0] <= self.clock.now():
                    heapq.heappop(self._agenda)[2]()
        except StoppedError:
            return
        except BaseException as error:
            if not self.stopping.is_set():
                self.surroundings.crashed(self.source, error)
                raise

    def _reports(self) -> list[Callable[[float], Sequence[Action[R]]]]:
        """What has been told, after waiting for it until the machine is due."""
        wishes = (self.machine.due(), self._agenda[0][0] if self._agenda else None)
        due = min((wish for wish in wishes if wish is not None), default=None)
        reports: list[Callable[[float], Sequence[Action[R]]]] = []
        try:
            report = self._inbox.get(timeout=None if due is None else self.clock.until(due))
            while report is not None and len(reports) < _MOST_AT_ONCE:
                reports.append(report)
                report = self._inbox.get_nowait()
        except queue.Empty:
            pass  # the machine is due, or everything told has been taken
        return reports

    def _answered(self, answer: Sequence[Action[R]]) -> None:
        """Carry out an answer, after noting what it is an answer to."""
        if self._unnoted:
            self.surroundings.store.commit(self._unnoted)
            self._unnoted.clear()
        self.carry_out(answer)

    def _invoke(self, invoke: actions.Invoke[R]) -> None:
        self.in_flight += 1
        self._submit(self._calls, lambda: self._call(invoke))

    def _call(self, invoke: actions.Invoke[R]) -> None:
        reason = ""
        try:
            ended, kind = self.call(invoke)
        except RuntimeClosedError:
            return  # the service stops; what was offered is kept and will be offered again
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this one invocation's system error
            ended, kind = NotReached("system error"), "system error"
            reason = " ".join(f"{type(error).__name__}: {error}".split())
        records = tuple(map(self.identify, invoke.records))

        def report(now: float) -> Sequence[Action[R]]:
            self.in_flight -= 1
            self._unnoted.append(
                journal.finished(
                    invoke.request_id, ended, at=now, source=self.source, records=records, kind=kind, reason=reason
                )
            )
            return self.machine.finished(invoke.request_id, ended, now)

        self.tell(report)

    def call(self, invoke: actions.Invoke[R]) -> tuple[Outcome, str]:
        """Call the function and wait for its end.

        An error, whether of building the event or of the call, is a system error: the function was not reached, the
        machine tries again, and the journal tells why (S-06, S-57, S-94).
        """
        result = self.surroundings.functions.call(self.target, self.payload(invoke), invoke.request_id)
        return outcome(result, self.target.drawn(random()))  # noqa: S311 - it decides where a call goes, no secret

    def _submit(self, pool: ThreadPoolExecutor, work: Callable[[], None]) -> None:
        try:
            pool.submit(work).add_done_callback(self._check)
        except RuntimeError:
            if not self.stopping.is_set():
                raise

    def _check(self, future: Future[None]) -> None:
        if future.cancelled() or self.stopping.is_set():
            return
        error = future.exception()
        if error is not None:
            self.surroundings.crashed(self.source, error)
