"""An SQS queue on a clock, with those who receive from it: mappings, and clients of the API that wait in long polls.

Both worlds use it: nothing here waits, and time is only what the world says.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from landfast.delivery.actions import State
from landfast.delivery.sqs_events import QueueMessage, queue_message
from landfast.driver.queues import Ended
from landfast.driver.world import Order, Plan
from landfast.sources.sqs import Received, SqsQueue
from landfast.sources.sqs_message import Message, md5_of_attributes, md5_of_body, system_attributes

_REDRIVEN = "S-95 received maxReceiveCount times"
_EXPIRED = "kept longer than the queue's MessageRetentionPeriod"


class Clock(Protocol):
    """The part of the world that a queue needs."""

    def now(self) -> float:
        """The time, in seconds."""
        ...

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, *, background: bool = False) -> Plan:
        """Do `work` at the time `due`; nobody waits for it if it is in the background."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Poll:
    """A receive that waits for messages.

    Attributes:
        limit: The most messages to receive, 10 or fewer.
        answer: Told what was received; nothing if the queue is deleted.
        visibility_timeout: Seconds for which they are hidden; None for the queue's own.
        attempt_id: The receive request attempt id; empty without one.
        receiver: The mapping that polls; None for a client of the API.
        abandoned: Tells whether whoever polls has gone: nothing may be handed out to it any more.
    """

    limit: int
    answer: Callable[[Sequence[Message]], None]
    visibility_timeout: float | None = None
    attempt_id: str = ""
    receiver: "MappedQueue | None" = None
    abandoned: Callable[[], bool] = lambda: False


class PolledQueue:
    """One queue, and what waits for it.

    Args:
        queue: The rules of SQS.
        clock: The world.
        ended: Told of messages that the queue gives up while no mapping reads it.
        epoch: Unix time of the world's time 0.
    """

    def __init__(self, queue: SqsQueue, clock: Clock, *, ended: Ended | None = None, epoch: float = 0.0) -> None:
        self.queue = queue
        self.epoch = epoch
        self._clock = clock
        self._ended = ended
        self._mappings: list[MappedQueue] = []
        self._polls: deque[Poll] = deque()
        self._answering = False
        self._awaited_at: float | None = None
        self._awaited: Plan | None = None
        self._due_at: float | None = None

    def mapped(self, *, has_window: bool = False) -> "MappedQueue":
        """The queue as a mapping reads it; it has begun with its first receive.

        Args:
            has_window: True if the mapping has a batching window, which shows in the records (S-106).
        """
        mapping = MappedQueue(self, self._clock, has_window=has_window)
        self._mappings.append(mapping)
        return mapping

    def receive(self, poll: Poll) -> Sequence[Message]:
        """Receive at once, after those who have waited for longer; without telling the poll."""
        self._answer()
        return self._receive(poll)

    def wait(self, poll: Poll) -> None:
        """Receive as soon as there is something."""
        self._polls.append(poll)
        self.changed()

    def give_up(self, poll: Poll) -> None:
        """Do not wait any longer; nothing is told."""
        if poll in self._polls:
            self._polls.remove(poll)

    def give_up_all(self, receiver: "MappedQueue") -> None:
        """A mapping waits for nothing any more."""
        self._polls = deque(poll for poll in self._polls if poll.receiver is not receiver)

    def leave(self, mapping: "MappedQueue") -> None:
        """A mapping reads it no more: time need not pass for what only it has waited for."""
        self._mappings.remove(mapping)
        self.changed()

    def advance(self) -> None:
        """Let time pass up to now."""
        self._tell(self.queue.advance(self._clock.now()), "dropped", _EXPIRED)

    def purge(self, rule: str) -> None:
        """Forget all messages.

        Args:
            rule: Why, for the journal.
        """
        self._tell(self.queue.purge(), "dropped", rule)
        self.changed()

    def close(self) -> None:
        """The queue is deleted: clients of the API get nothing; mappings wait for another `queue` of its name."""
        self._tell(self.queue.close(), "dropped", "the queue was deleted")
        polls, self._polls = self._polls, deque(poll for poll in self._polls if poll.receiver is not None)
        for poll in polls:
            if poll.receiver is None and not poll.abandoned():
                poll.answer(())

    def changed(self) -> None:
        """The queue has changed: answer those who wait once everything of this moment has happened."""
        if self._polls and not self._answering:
            self._answering = True
            # Not at once: several messages sent in one moment are received together, as a batch.
            self._clock.at(self._clock.now(), self._answer_waiting, Order.READ)
        self._plan()

    def _plan(self) -> None:
        """See to it that the queue is woken when it is due.

        A message that somebody waits for is planned to the moment. What happens in the background is planned only if
        nothing earlier is: that it is woken once too often costs nothing, and a plan for each message would.
        """
        awaited = self.queue.awaited() if self._mappings else None
        if awaited != self._awaited_at:
            if self._awaited is not None:
                self._awaited.cancel()
            self._awaited_at = awaited
            self._awaited = None if awaited is None else self._plan_at(awaited, self._wake_awaited, background=False)
        planned = float("inf") if self._due_at is None else self._due_at
        if self.queue.is_due_before(planned):
            due = self.queue.due()
            if due is not None and due < planned:
                self._due_at = due
                self._plan_at(due, self._wake, background=True)

    def _plan_at(self, due: float, wake: Callable[[float], None], *, background: bool) -> Plan:
        return self._clock.at(max(due, self._clock.now()), lambda: wake(due), background=background)

    def _wake_awaited(self, due: float) -> None:
        if self._awaited_at == due:
            self._awaited_at = self._awaited = None
            self._pass()

    def _wake(self, due: float) -> None:
        if self._due_at == due:
            self._due_at = None
            self._pass()

    def _pass(self) -> None:
        self.advance()
        self.changed()

    def _answer_waiting(self) -> None:
        self._answering = False
        self._answer()
        self._plan()

    def _answer(self) -> None:
        """Serve those who wait, in the order in which they have asked."""
        while self._polls:
            poll = self._polls[0]
            messages = () if poll.abandoned() else self._receive(poll)
            if not messages and not poll.abandoned():
                return
            self._polls.popleft()
            # Nothing is handed to a client that has gone: the message would be hidden for nobody.
            if messages:
                poll.answer(messages)

    def _receive(self, poll: Poll) -> Sequence[Message]:
        received: Received = self.queue.receive(
            poll.limit,
            self._clock.now(),
            visibility_timeout=poll.visibility_timeout,
            attempt_id=poll.attempt_id,
            outside=poll.receiver is None,
            receiver=poll.receiver,
        )
        self._tell(received.expired, "dropped", _EXPIRED)
        self._tell(received.dead_lettered, "dead_lettered", _REDRIVEN)
        return received.messages

    def _tell(self, messages: Sequence[Message], state: State, rule: str) -> None:
        """Tell that messages have ended: whoever received one last, else the first mapping, else the queue's own."""
        by_listener: dict[Ended | None, list[str]] = {}
        first = self._mappings[0] if self._mappings else None
        for message in messages:
            mapping = message.receiver if isinstance(message.receiver, MappedQueue) else first
            by_listener.setdefault(mapping.ended if mapping else self._ended, []).append(message.id)
        for ended, ids in by_listener.items():
            if ended is not None:
                ended(ids, state, rule)


class MappedQueue:
    """The queue as one mapping reads it: the driver's `MessageQueue`.

    Attributes:
        ended: Told of messages that the queue itself gives up.
    """

    def __init__(self, polled: PolledQueue, clock: Clock, *, has_window: bool) -> None:
        self.ended: Ended | None = None
        self._polled = polled
        self._clock = clock
        self._has_window = has_window
        self._stopped = False
        self._in_hand: dict[str, QueueMessage] = {}

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return self._polled.queue.arn

    @property
    def in_hand(self) -> Sequence[QueueMessage]:
        """The messages that are being handled."""
        return [*self._in_hand.values()]

    def holds(self, message_id: str) -> bool:
        """Tell whether a message is being handled."""
        return message_id in self._in_hand

    def tell(self, ended: Ended) -> None:
        """Name whom to tell of messages that the queue itself gives up."""
        self.ended = ended

    def receive(
        self, limit: int, visibility_timeout: float | None, answer: Callable[[Sequence[QueueMessage]], None]
    ) -> None:
        """A long poll; it waits for ever, as waiting costs nothing here."""

        def received(messages: Sequence[Message]) -> None:
            delivered = [self._delivered(message) for message in messages]
            self._in_hand.update((message.id, message) for message in delivered)
            answer(delivered)

        if self._stopped:
            return
        self._polled.wait(Poll(limit, received, visibility_timeout, receiver=self))

    def delete(self, messages: Sequence[QueueMessage], answer: Callable[[Sequence[str]], None]) -> None:
        """Delete messages by their handles."""
        now = self._clock.now()
        refused = []
        for message in messages:
            self._in_hand.pop(message.id, None)
            if self._polled.queue.delete(message.event["receiptHandle"], now) not in {"done", "gone"}:
                refused.append(message.id)
        self._polled.changed()
        answer(refused)

    def release(self, messages: Sequence[QueueMessage], at: float) -> None:
        """From now on, messages that were not handled are waited for; they become visible by themselves."""
        del at
        now = self._clock.now()
        for message in messages:
            self._in_hand.pop(message.id, None)
            self._polled.queue.release(message.event["receiptHandle"], now)
        self._polled.changed()

    def stop(self) -> None:
        """Receive nothing any more: polls that wait are given up, and further ones are never answered."""
        self._stopped = True
        self._polled.give_up_all(self)

    def leave(self) -> None:
        """Nothing of it is in hand any more."""
        self._polled.leave(self)

    def _delivered(self, message: Message) -> QueueMessage:
        return queue_message(
            delivery(message, self._polled.queue, self._polled.epoch),
            queue_arn=self.arn,
            received_at=message.received_at,
            has_window=self._has_window,
        )


def delivery(message: Message, queue: SqsQueue, epoch: float = 0.0) -> dict[str, Any]:
    """A received message in SQS's own words, with all its attributes."""
    shown: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": queue.handle(message),
        "Body": message.body,
        "Attributes": system_attributes(message, fifo=queue.attributes.fifo, epoch=epoch),
        "MD5OfBody": md5_of_body(message.body),
    }
    if message.attributes:
        shown["MessageAttributes"] = message.attributes
        shown["MD5OfMessageAttributes"] = md5_of_attributes(message.attributes)
    return shown
