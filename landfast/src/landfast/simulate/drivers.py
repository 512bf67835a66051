"""What all drivers of the delivery machines on virtual time have in common."""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from msgspec import UNSET

from landfast import journal
from landfast.delivery.actions import Action, Invoke
from landfast.delivery.concurrency import Concurrency
from landfast.delivery.outcomes import NotReached, Outcome
from landfast.delivery.settings import Settings
from landfast.simulate.agenda import Agenda, Order
from landfast.simulate.function import Answer, ScriptedFunction
from landfast.simulate.result import Tally
from landfast.simulate.scenario import Scenario

START: Final = 1_767_225_600.0
"""2026-01-01T00:00:00Z, the moment at which every scenario begins, as Unix time."""

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"
FUNCTION_ARN: Final = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:scenario"


class Machine[R](Protocol):
    """A delivery machine, as far as all drivers use it."""

    def due(self) -> float | None:
        """When it wants to be woken."""

    def advance(self, now: float) -> Sequence[Action[R]]:
        """Do what is due."""

    def finished(self, request_id: str, outcome: Outcome, now: float) -> Sequence[Action[R]]:
        """An invocation has ended."""


def request_ids() -> Callable[[], str]:
    """Makes ids in the form of UUIDs, the same in every run."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"


class Driver[R](ABC):
    """Runs machines: carries out what they ask and tells them what happens.

    Attributes:
        agenda: The clock.
        tally: What happened.
    """

    def __init__(self, scenario: Scenario, settings: Settings, tally: Tally) -> None:
        self.agenda = Agenda()
        self.tally = tally
        self.scenario = scenario
        self.settings = settings
        self.new_id = request_ids()
        reserved = scenario.function.ReservedConcurrentExecutions
        self.reserved = None if reserved is UNSET else reserved
        self._concurrency = Concurrency(self.reserved)
        self._function = ScriptedFunction(scenario.function, self.identifier, scenario.source.number)

    @abstractmethod
    def identifier(self, record_id: str) -> str:
        """The item identifier of a record, in a partial batch response."""

    @abstractmethod
    def name(self, record: R) -> str:
        """The id of a record in the scenario."""

    @abstractmethod
    def begin(self) -> None:
        """Plan the arrivals and wake the machines."""

    def fulfil(self, machine: Machine[R], action: Action[R]) -> None:  # noqa: B027 - most sources ask for nothing more
        """Carry out what only this kind of source asks for."""

    def shard(self, machine: Machine[R]) -> int | None:  # noqa: ARG002 - only streams have shards
        """The shard of a machine, for streams."""
        return None

    def run(self) -> None:
        """Let the scenario happen."""
        self.begin()
        self.agenda.run(self.scenario.until)

    def carry_out(self, machine: Machine[R], actions: Sequence[Action[R]]) -> None:
        """Do what a machine asked for, note it, and wake the machine when it wants to be woken."""
        for action in actions:
            if isinstance(action, Invoke):
                self._invoke(machine, action)
            else:
                self.note(action, machine)
                self.fulfil(machine, action)
        self.agenda.wake(machine, lambda: self.carry_out(machine, machine.advance(self.agenda.now)))

    def note(self, action: Action[R], machine: Machine[R]) -> None:
        """Put an action into the journal."""
        source = self.scenario.source.type
        entry = journal.entry(action, at=self.agenda.now, source=source, identify=self.name, shard=self.shard(machine))
        if entry is not None:
            self.tally.note(entry)

    def _invoke(self, machine: Machine[R], action: Invoke[R]) -> None:
        ids = tuple(map(self.name, action.records))
        if not self._concurrency.start():
            answer = Answer("throttle", NotReached(), 0.0)
        else:
            answer = self._function.answer(ids, action.request_id)
            if answer.behaviour == "throttle":
                self._concurrency.end()
        if answer.behaviour != "throttle":
            self.note(action, machine)
        ends = self.agenda.now + answer.duration
        self.agenda.at(ends, Order.ENDED, lambda: self._finish(machine, action.request_id, ids, answer))

    def _finish(self, machine: Machine[R], request_id: str, ids: tuple[str, ...], answer: Answer) -> None:
        if answer.behaviour != "throttle":
            self._concurrency.end()
        now = self.agenda.now
        self.tally.note(
            journal.finished(
                request_id,
                answer.outcome,
                at=now,
                source=self.scenario.source.type,
                records=ids,
                kind=answer.behaviour,
            )
        )
        self.carry_out(machine, machine.finished(request_id, answer.outcome, now))


def arrivals[T](items: Iterator[T], at: Callable[[T], float], agenda: Agenda, take: Callable[[T], None]) -> None:
    """Let items arrive one after the other; only the next one is planned, so that a million cost no memory."""
    item = next(items, None)
    if item is None:
        return
    first = item

    def arrive() -> None:
        take(first)
        arrivals(items, at, agenda, take)

    agenda.at(at(item), Order.ARRIVED, arrive)
