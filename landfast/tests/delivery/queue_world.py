"""A queue and its mapping's machine on virtual time, with a function to be played by the test."""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from landfast.delivery.actions import Delete, Invoke, Receive, Return, Settle
from landfast.delivery.outcomes import NotReached, Outcome, Succeeded
from landfast.delivery.queue import QueueAction, QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage, queue_message
from landfast.driver.polled_queue import delivery
from landfast.sources.sqs import SqsQueue
from landfast.sources.sqs_message import Message

type Function = Callable[[Invoke[QueueMessage]], Outcome]

STANDARD_ARN = "arn:aws:sqs:eu-west-1:111122223333:q"
FIFO_ARN = f"{STANDARD_ARN}.fifo"


def ids(messages: Iterable[QueueMessage]) -> list[str]:
    return [message.id for message in messages]


def given_up(messages: Iterable[Message]) -> list[str]:
    return [message.id for message in messages]


def succeed(_: Invoke[QueueMessage]) -> Outcome:
    return Succeeded()


class World:
    """Runs a mapping until nothing is left to happen.

    Attributes:
        log: Every action, with its time.
        states: Where each message ended, each time it did.
        overlaps: Message groups that were given to the function while they were in its hands already.
        receives: The largest receive count that each message had.
        most: The most invocations that ran at once.
    """

    def __init__(
        self,
        properties: Mapping[str, object],
        attributes: QueueAttributes,
        function: Function = succeed,
        *,
        timeout: float = 5,
        duration: float = 0,
        settings: Settings | None = None,
    ) -> None:
        settings = settings or Settings()
        config = configuration(properties, queue=attributes, function_timeout=timeout, settings=settings)
        numbers = itertools.count(1)
        self.poller = QueuePoller(config, settings=settings, new_id=lambda: f"request-{next(numbers)}")
        self.queue = SqsQueue(attributes, arn=FIFO_ARN if attributes.fifo else STANDARD_ARN)
        self.function = function
        self.duration = duration
        self.now = 0.0
        self.log: list[tuple[float, QueueAction]] = []
        self.states: defaultdict[str, list[str]] = defaultdict(list)
        self.order: list[str] = []
        self.overlaps: list[str] = []
        self.receives: dict[str, int] = {}
        self.most = 0
        self._running: dict[str, Invoke[QueueMessage]] = {}
        self._polls: list[Receive] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    def at(self, time: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._count), do))

    def send(self, *messages: str, at: float = 0, group: str | None = None, body: str = "{}") -> None:
        def send() -> None:
            for message in messages:
                self.queue.send(message, body, self.now, group=group or "")

        self.at(at, send)

    def run(self, until: float = 1e9) -> None:
        while (time := self._next()) is not None and time <= until:
            self.now = max(self.now, time)
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()
            self._ended(given_up(self.queue.advance(self.now)), "expired")
            due = self.poller.due()
            if due is not None and due <= self.now:
                self.carry_out(self.poller.advance(self.now))
            self._answer()

    def carry_out(self, actions: Sequence[QueueAction]) -> None:
        for action in actions:
            self.log.append((self.now, action))
            match action:
                case Receive():
                    self._polls.append(action)
                case Invoke():
                    self._invoke(action)
                case Delete(messages):
                    for message in messages:
                        done = self.queue.delete(message.event["receiptHandle"], self.now)
                        assert done in {"done", "gone"}, "a receipt was worth nothing"
                case Settle(records, state):
                    self._ended(ids(records), state)
                case Return(messages, at):
                    assert all(message.received_at <= at for message in messages)

    def invocations(self) -> list[tuple[float, list[str], int]]:
        return [(at, ids(done.records), done.attempt) for at, done in self.log if isinstance(done, Invoke)]

    def _next(self) -> float | None:
        times = [self.poller.due(), self.queue.due(), self._events[0][0] if self._events else None]
        return min((time for time in times if time is not None), default=None)

    def _answer(self) -> None:
        while self._polls:
            poll = self._polls[0]
            received = self.queue.receive(poll.limit, self.now, visibility_timeout=poll.visibility_timeout)
            self._ended(given_up(received.dead_lettered), "dead_lettered")
            self._ended(given_up(received.expired), "expired")
            if not received.messages:
                return
            self._polls.pop(0)
            messages = [
                queue_message(delivery(message, self.queue), queue_arn=self.queue.arn, received_at=self.now)
                for message in received.messages
            ]
            for message in messages:
                self.receives[message.id] = message.receive_count
            self.carry_out(self.poller.received(messages, self.now))

    def _invoke(self, invoke: Invoke[QueueMessage]) -> None:
        outcome = self.function(invoke)
        if isinstance(outcome, NotReached):
            self.at(self.now, lambda: self._finish(invoke, outcome))
            return
        busy = {message.group for other in self._running.values() for message in other.records}
        self.overlaps += [message.group for message in invoke.records if message.group and message.group in busy]
        self._running[invoke.request_id] = invoke
        self.most = max(self.most, len(self._running))
        self.at(self.now + self.duration, lambda: self._finish(invoke, outcome))

    def _finish(self, invoke: Invoke[QueueMessage], outcome: Outcome) -> None:
        self._running.pop(invoke.request_id, None)
        self.carry_out(self.poller.finished(invoke.request_id, outcome, self.now))

    def _ended(self, messages: Iterable[str], state: str) -> None:
        for message in messages:
            self.states[message].append(state)
            self.order.append(message)
