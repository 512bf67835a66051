"""The asynchronous queue of each function, kept on disk until every event has ended."""

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from random import Random

from msgspec import structs

from landfast.delivery import actions
from landfast.delivery.actions import Action
from landfast.delivery.asynchronous import AsynchronousConfig, AsynchronousQueue, Event, Progress
from landfast.delivery.outcomes import Outcome
from landfast.delivery.settings import Settings
from landfast.journal import Accepted
from landfast.service import chain
from landfast.service.actor import Actor, Step, Surroundings
from landfast.service.functions import Target, outcome
from landfast.service.store import AcceptedEvent, forget_event, keep_event

type Answer = Sequence[Action[Event]]


class AsynchronousActor(Actor[Event]):
    """Drives the events of one function, version or alias.

    Args:
        target: The function as it is addressed.
        config: Its settings.
        settings: The unconfirmed points.
        surroundings: What it shares with the others.
    """

    def __init__(
        self,
        target: Target,
        config: AsynchronousConfig,
        *,
        settings: Settings,
        surroundings: Surroundings,
    ) -> None:
        name = target.label
        super().__init__(f"{name}:{target.qualifier}" if target.qualifier else name, target, surroundings)
        self._settings = settings
        self._queue = AsynchronousQueue(
            target.qualified_arn,
            config,
            settings=settings,
            new_id=lambda: str(uuid.uuid4()),
            reserved_concurrency=target.spec.reserved_concurrency,
            recursive_loop=target.recursive_loop,
        )
        self._kept = {kept.request_id: kept for kept in surroundings.store.events(self.source)}
        self._resumed = tuple(self._kept.values())
        self._entrance = threading.Lock()

    @property
    def machine(self) -> AsynchronousQueue:
        """The queue."""
        return self._queue

    @property
    def waiting(self) -> int:
        """How many events have not ended."""
        return len(self._kept)

    def accept(self, payload: bytes, *, request_id: str, origin: str, trace: str = "") -> None:
        """Take an event in, once; when this returns, it is on disk (S-01).

        Args:
            payload: JSON text.
            request_id: An event that waits under the same id is this one.
            origin: What it comes from, for people.
            trace: The trace header it came with.

        Raises:
            Refused: The event is not JSON, or it is larger than Lambda takes.
        """
        trace = trace or chain.begun()
        event = Event.read(request_id, payload, depth=chain.depth(trace, self.target.spec.arn), name=origin)
        event.check()
        now = self.clock.now()
        kept = AcceptedEvent(
            request_id=request_id,
            payload=payload,
            origin=origin,
            trace=trace,
            progress=Progress(accepted=now, due=now),
        )
        note = Accepted(at=now, source=self.source, records=(request_id,), origin=origin)
        with self._entrance:
            if request_id in self._kept:
                return
            self.surroundings.store.commit([note], [keep_event(self.source, kept)])
            self._kept[request_id] = kept
        self.tell(self._entering(event, now))

    def identify(self, record: Event) -> str:
        """The request id."""
        return record.request_id

    def payload(self, invoke: actions.Invoke[Event]) -> bytes:
        """The event as it was sent."""
        return invoke.records[0].text.encode()

    def call(self, invoke: actions.Invoke[Event]) -> tuple[Outcome, str]:
        """Call the function, the chain of calls in the trace header."""
        trace = self.trace(invoke.records[0])
        result = self.surroundings.functions.call(self.target, self.payload(invoke), invoke.request_id, trace_id=trace)
        return outcome(result, self.target.drawn(self._chance(invoke.request_id)))

    def _chance(self, request_id: str) -> float:
        """Which version of an alias with weights: drawn for each attempt, or once for all of the event (U-26)."""
        drawing = Random() if self._settings.redraw_alias_version else Random(request_id)  # noqa: S311 - no secret
        return drawing.random()

    def trace(self, record: Event) -> str:
        """The event's own, with this function's call in it."""
        return chain.passed_on(self._kept[record.request_id].trace, self.target.spec.arn)

    def opening(self, now: float) -> Answer:
        """Take back what an earlier service had accepted."""
        del now
        for kept in self._resumed:
            depth = chain.depth(kept.trace, self.target.spec.arn)
            event = Event.read(kept.request_id, kept.payload, depth=depth, name=kept.origin)
            self._queue.resume(event, kept.progress)
        return ()

    def carry_out(self, answer: Answer) -> None:
        """Do what the queue asks for; what goes to destinations does not hold up other events."""
        at_once: list[Action[Event]] = []
        for part in _by_event(answer):
            if any(isinstance(action, actions.Deliver) for action in part):
                self.apart(partial(super().carry_out, part))
            else:
                at_once += part
        super().carry_out(at_once)

    def perform(self, action: Action[Event], step: Step) -> None:
        """Keep what has changed on disk, and send what is to be sent."""
        match action:
            case actions.Retry([event]):
                progress = self._queue.progress(event.request_id)
                if progress is not None:
                    kept = structs.replace(self._kept[event.request_id], progress=progress)
                    self._kept[event.request_id] = kept
                    step.changes.append(keep_event(self.source, kept))
            case actions.Settle([event]):
                step.changes.append(forget_event(event.request_id))
                step.after.append(lambda: self._kept.pop(event.request_id, None))
            case _:
                pass  # Drop is only counted, and the note counts it

    def _entering(self, event: Event, accepted: float) -> Callable[[float], Answer]:
        """Lets the machine itself accept the event; it was accepted when it was kept."""

        def enter(now: float) -> Answer:
            del now
            return self._queue.accept(event, accepted)

        return enter


def _by_event(answer: Answer) -> Iterator[list[Action[Event]]]:
    """The answer, cut where one event's actions end and another's begin."""
    return (list(part) for _, part in groupby(answer, key=_request_id))


def _request_id(action: Action[Event]) -> str:
    match action:
        case (
            actions.Invoke(records=[event])
            | actions.Retry([event])
            | actions.Deliver(records=[event])
            | actions.Settle([event])
            | actions.Drop([event])
        ):
            return event.request_id
        case _:
            raise TypeError(f"an asynchronous queue does not ask for {action}")
