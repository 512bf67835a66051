"""The one driver: tells a delivery machine what happens, and carries out what it asks for.

The life of a batch: the source brings records, the machine answers with an `Invoke`, the world calls the function, the
machine is told the outcome and answers with what follows, and the journal has a note of each step.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from landfast import journal
from landfast.delivery.actions import Action, Deliver, Invoke, Settle, State
from landfast.delivery.outcomes import Outcome
from landfast.driver.outbox import Done, Outbox, Step
from landfast.driver.world import Call, Order, Plan, World
from landfast.journal import Dropped, Entry

R = TypeVar("R")
M = TypeVar("M", bound="Machine[Any]")


class Machine(Protocol[R]):
    """The methods that every delivery machine offers."""

    def due(self) -> float | None:
        """When it next wants to be woken, in seconds."""
        ...

    def advance(self, now: float) -> Sequence[Action[R]]:
        """Do what is due."""
        ...

    def finished(self, request_id: str, outcome: Outcome, now: float) -> Sequence[Action[R]]:
        """An invocation has ended."""
        ...


class Driver(ABC, Generic[R, M]):
    """Drives one machine.

    Args:
        machine: The machine; nobody else may touch it.
        world: The world, as this source sees it.
        source: The name of the source in the journal.
        function: The name of the function in the journal.
        shard: The shard that is read, for streams.
        delivery_retries: The number of times that a refused delivery is tried again (U-5).

    Attributes:
        in_flight: The number of invocations under way.
    """

    def __init__(
        self,
        machine: M,
        world: World,
        *,
        source: str,
        function: str = "",
        shard: int | str | None = None,
        delivery_retries: int = 0,
    ) -> None:
        self.machine = machine
        self.world = world
        self.source = source
        self.function = function
        self.shard = shard
        self.in_flight = 0
        self._delivery_retries = delivery_retries
        self._outbox: Outbox[R] = Outbox(self.perform, self._keep)
        self._woken_at: float | None = None
        self._waking: Plan | None = None

    @abstractmethod
    def identify(self, record: R) -> str:
        """The record's id in the journal."""

    @abstractmethod
    def payload(self, invoke: Invoke[R]) -> bytes:
        """The event that the function gets, as JSON text."""

    def fulfil(self, action: Action[R], step: Step, done: Done) -> None:
        """Carry out what only this kind of source asks for; a note is made already."""
        del action, step
        done()

    def trace(self, record: R) -> str:
        """The trace header that goes on with a record (S-34); empty if none does."""
        del record
        return ""

    def trace_of(self, records: Sequence[R]) -> str:
        """The trace header of a call with these records."""
        return self.trace(records[0])

    def rested(self) -> None:  # most sources need not know
        """Everything that the machine has asked for so far is done and kept."""

    def begin(self) -> None:
        """Start the machine."""
        self.wake()

    def carry_out(self, answer: Sequence[Action[R]], notes: Sequence[Entry] = ()) -> None:
        """Do what the machine asks for, in order, and wake it when it wants to be woken."""
        self._outbox.take(answer, notes)
        if self._outbox.is_empty:
            self.rested()
        self.wake()

    def settle(self, records: Sequence[R], state: State, rule: str) -> None:
        """Note the end of records that the machine never saw: the source itself has given them up."""
        if records:
            step = Step()
            self._note(Settle(records, state, rule), step)
            self.world.commit(step.notes, ())

    def wake(self) -> None:
        """See to it that the machine is woken when it is due; an earlier plan is void if the time has changed."""
        due = self.machine.due()
        if due is not None:
            due = None if due == float("inf") else max(due, self.world.now())
        # Most answers leave the time as it is: one plan is kept, or a machine would have one for each event.
        if self._woken_at == due:
            return
        if self._waking is not None:
            # A plan that is left would keep a clock that skips waits from jumping beyond it.
            self._waking.cancel()
        self._woken_at = due
        self._waking = None if due is None else self.world.at(due, lambda: self._advance(due), Order.DUE)

    def perform(self, action: Action[R], step: Step, done: Done) -> None:
        """Carry out one action, and note it."""
        match action:
            case Invoke():
                self._invoke(action, step)
                done()
            case Deliver():
                self._deliver(action, step, done, self._delivery_retries)
            # The destination has refused what the machine sent there: the journal must not say that it is kept (S-69).
            case Settle(records, "to_destination") if self._is_lost(records, step):
                lost = replace(action, state="dropped", rule=f"{action.rule}, not delivered")
                self._note(lost, step)
                self.fulfil(lost, step, done)
            case _:
                self._note(action, step)
                self.fulfil(action, step, done)

    def _advance(self, due: float) -> None:
        if self._woken_at == due:
            self._woken_at = self._waking = None
            self.carry_out(self.machine.advance(self.world.now()))

    def _invoke(self, invoke: Invoke[R], step: Step) -> None:
        self.in_flight += 1
        records = self._note(invoke, step)
        # The last invocation of a tumbling window has no records, and so no chain to go on with.
        trace = self.trace_of(invoke.records) if invoke.records else ""

        def ended(outcome: Outcome, kind: str, reason: str = "") -> None:
            self.in_flight -= 1
            now = self.world.now()
            note = journal.finished(
                invoke.request_id, outcome, at=now, source=self.source, records=records, kind=kind, reason=reason
            )
            self.carry_out(self.machine.finished(invoke.request_id, outcome, now), [note])

        self.world.call(Call(invoke.request_id, records, lambda: self.payload(invoke), trace), ended)

    def _deliver(self, delivery: Deliver[R], step: Step, done: Done, retries: int) -> None:
        """Send a record; one that its target refuses in the end is lost and counted (S-22, S-27, S-69)."""
        records = tuple(map(self.identify, delivery.records))

        def ended(refusal: str | None) -> None:
            if refusal is None:
                self._note(delivery, step)
                step.delivered.update(records)
            elif retries:
                self._deliver(delivery, step, done, retries - 1)
                return
            else:
                # CloudWatch counts the two apart (S-22, S-27).
                metric = "DeadLetterErrors" if delivery.kind == "dlq" else "DestinationDeliveryFailures"
                step.notes.append(self._dropped(records, metric, refusal))
                step.refused.update(records)
            done()

        self.world.deliver(delivery, self.trace(delivery.records[0]), ended)

    def _is_lost(self, records: Sequence[R], step: Step) -> bool:
        return not step.refused.isdisjoint(set(map(self.identify, records)) - step.delivered)

    def _dropped(self, records: tuple[str, ...], metric: str, error: str) -> Dropped:
        return Dropped(at=self.world.now(), source=self.source, records=records, metric=metric, error=error)

    def _note(self, action: Action[R], step: Step) -> tuple[str, ...]:
        """Note an action; the ids of the records that it is about."""
        note = journal.entry(
            action,
            at=self.world.now(),
            source=self.source,
            identify=self.identify,
            function=self.function,
            shard=self.shard,
        )
        if note is None:
            return ()
        step.notes.append(note)
        return note.records

    def _keep(self, step: Step) -> None:
        if step.notes or step.changes:
            self.world.commit(step.notes, step.changes)
        if self._outbox.is_empty:
            self.rested()
