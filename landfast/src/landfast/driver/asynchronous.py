"""Drives the asynchronous queue of one function, version or alias (section A of the rules)."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from landfast.delivery.actions import Action, Deliver, Drop, Invoke, Retry, Settle
from landfast.delivery.asynchronous import AsynchronousQueue, Event, Progress
from landfast.delivery.recursion import Lineage
from landfast.driver.driver import Driver
from landfast.driver.outbox import Done, Outbox, Step
from landfast.driver.world import ForgetEvent, KeepEvent, World
from landfast.journal import Accepted, Entry


class AsynchronousDriver(Driver[Event, AsynchronousQueue]):
    """Takes events in and drives each to its end.

    Args:
        machine: The queue.
        world: The world, as this source sees it.
        source: The name of the queue in the journal and in the store.
        function: The name of the function in the journal.
        function_arn: Unqualified, for the chain of calls (S-34).
        delivery_retries: U-5.
    """

    def __init__(
        self,
        machine: AsynchronousQueue,
        world: World,
        *,
        source: str,
        function: str,
        function_arn: str,
        delivery_retries: int = 0,
    ) -> None:
        super().__init__(machine, world, source=source, function=function, delivery_retries=delivery_retries)
        self.function_arn = function_arn

    def accept(self, event: Event) -> None:
        """Take an event in; when this returns, it is kept (S-01). One that waits under its request id is this one.

        Raises:
            Refused: Lambda does not take it.
        """
        if self.machine.progress(event.request_id) is not None:
            return
        now = self.world.now()
        actions = self.machine.accept(event, now)
        note = Accepted(at=now, source=self.source, records=(self.identify(event),), origin=event.origin)
        self.world.commit([note], [KeepEvent(self.source, event, Progress(accepted=now, due=now))])
        self.carry_out(actions)

    def resume(self, event: Event, progress: Progress) -> None:
        """Take back what was accepted before a restart."""
        self.machine.resume(event, progress)
        self.wake()

    def identify(self, record: Event) -> str:
        """Return the event's name in the journal."""
        return record.id or record.request_id

    def payload(self, invoke: Invoke[Event]) -> bytes:
        """The event as it was sent."""
        return invoke.records[0].text.encode()

    def trace(self, record: Event) -> str:
        """The event's own, with this function's call in it."""
        return Lineage.read(record.trace).called(self.function_arn).write(record.trace)

    def carry_out(self, answer: Sequence[Action[Event]], notes: Sequence[Entry] = ()) -> None:
        """Do what the queue asks for; what goes to the destinations of one event holds up no other one."""
        for part in _by_event(answer):
            Outbox(self.perform, self._keep).take(part, notes)
            notes = ()
        if notes:
            self.world.commit(notes, ())
        self.wake()

    def fulfil(self, action: Action[Event], step: Step, done: Done) -> None:
        """Keep what has changed about the event."""
        match action:
            case Retry([event]):
                progress = self.machine.progress(event.request_id)
                if progress is not None:
                    step.changes.append(KeepEvent(self.source, event, progress))
            case Settle([event]):
                step.changes.append(ForgetEvent(event.request_id))
            case _:
                pass  # a Drop is only counted, and its note counts it
        done()


def _by_event(answer: Sequence[Action[Event]]) -> Iterator[list[Action[Event]]]:
    """The answer, cut where one event's actions end and another's begin."""
    if len(answer) == 1:
        return iter([list(answer)])
    return (list(part) for _, part in groupby(answer, key=_request_id))


def _request_id(action: Action[Event]) -> str:
    match action:
        case Invoke(records=[event]) | Retry([event]) | Deliver(records=[event]) | Settle([event]) | Drop([event]):
            return event.request_id
        case _:
            raise TypeError(f"an asynchronous queue does not ask for {action}")
