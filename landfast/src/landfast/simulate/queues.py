"""The simulator's queues: messages that arrive, and the long polls that wait for them."""

import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from msgspec import UNSET

from landfast.delivery.actions import Action, Delete, Receive, Settle, State
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage
from landfast.journal import Settled
from landfast.simulate.acceptance import sent_text
from landfast.simulate.agenda import Order
from landfast.simulate.drivers import ACCOUNT, REGION, START, Driver, Machine, arrivals
from landfast.simulate.result import Tally
from landfast.simulate.scenario import Generated, Queue, Record, Scenario
from landfast.simulate.sqs import SqsQueue


class QueueDriver(Driver[QueueMessage]):
    """An SQS queue and the mapping that polls it."""

    def __init__(self, scenario: Scenario, settings: Settings, tally: Tally) -> None:
        super().__init__(scenario, settings, tally)
        attributes = _attributes(Queue() if scenario.source.queue is UNSET else scenario.source.queue)
        config = configuration(
            scenario.mapping, queue=attributes, function_timeout=scenario.function.Timeout, settings=settings
        )
        name = "scenario.fifo" if attributes.fifo else "scenario"
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        self._queue = SqsQueue(attributes, queue_arn=arn, has_window=config.batching_window > 0, epoch=START)
        self._poller = QueuePoller(config, settings=settings, new_id=self.new_id)
        self._polls: deque[Receive] = deque()
        self._names: dict[str, str] = {}
        self._kept_back: set[str] = set()
        self._ended: set[str] = set()
        self._answering = False

    def identifier(self, record_id: str) -> str:
        """The message id of a record."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, record_id))

    def name(self, record: QueueMessage) -> str:
        """The id of a message in the scenario."""
        return self._names[record.id]

    def begin(self) -> None:
        """Plan the arrivals, and begin to poll if the mapping is on."""
        records = self.scenario.source.records
        ordered = self.scenario.source.all() if isinstance(records, Generated) else iter(sorted(records, key=_arrival))
        arrivals(ordered, _arrival, self.agenda, self._arrive)
        if self._poller.config.enabled:
            self.agenda.wake(self._poller, self._advance)

    def fulfil(self, machine: Machine[QueueMessage], action: Action[QueueMessage]) -> None:  # noqa: ARG002 - there is one
        """Delete, or take in a long poll; what returns to the queue does so by itself."""
        if isinstance(action, Delete):
            for message in action.messages:
                if self._queue.delete(message, self.agenda.now):
                    self._kept_back.discard(message.id)
                else:
                    self._kept_back.add(message.id)
            self._wait()
        elif isinstance(action, Receive):
            self._polls.append(action)
            self._wait()

    def note(self, action: Action[QueueMessage], machine: Machine[QueueMessage]) -> None:
        """Put an action into the journal; a message that could not be deleted comes again and has not ended (S-109)."""
        if isinstance(action, Settle):
            undecided = (message for message in action.records if message.id not in self._ended)
            ended = [message for message in undecided if message.id not in self._kept_back]
            self._ended.update(message.id for message in ended)
            action = replace(action, records=ended)
            if not ended:
                return
        super().note(action, machine)

    def _advance(self) -> None:
        self.carry_out(self._poller, self._poller.advance(self.agenda.now))

    def _arrive(self, record: Record) -> None:
        message_id = self.identifier(record.id)
        self._names[message_id] = record.id
        self._queue.send(message_id, sent_text(record.payload), self.agenda.now, group=record.key)
        self._wait()

    def _wait(self) -> None:
        """Answer the long polls once everything of this moment has happened, and again when messages come back."""
        if self._polls and not self._answering:
            self._answering = True
            self.agenda.at(self.agenda.now, Order.READ, self._answer)
        self.agenda.wake(self._queue, self._return)

    def _return(self) -> None:
        """Time has passed for the queue: messages are visible again, or too old."""
        self._expire(self._queue.advance(self.agenda.now))
        self._wait()

    def _answer(self) -> None:
        self._answering = False
        now, progress = self.agenda.now, True
        while self._polls and progress:
            poll = self._polls[0]
            received = self._queue.receive(poll.limit, now, visibility_timeout=poll.visibility_timeout)
            progress = bool(received.messages or received.dead_lettered)
            self._expire(received.expired)
            self._settle(received.dead_lettered, "dead_lettered", "S-95 received maxReceiveCount times")
            if received.messages:
                self._polls.popleft()
                self.carry_out(self._poller, self._poller.received(received.messages, now))
        self.agenda.wake(self._queue, self._return)

    def _expire(self, message_ids: Sequence[str]) -> None:
        self._settle(message_ids, "dropped", "kept longer than the queue's MessageRetentionPeriod")

    def _settle(self, message_ids: Sequence[str], state: State, rule: str) -> None:
        self._ended.update(message_ids)
        if message_ids:
            names = tuple(self._names[message_id] for message_id in message_ids)
            self.tally.note(Settled(at=self.agenda.now, source="sqs", records=names, state=state, rule=rule))


def _arrival(record: Record) -> float:
    return record.at


def _attributes(queue: Queue) -> QueueAttributes:
    redrive = queue.RedrivePolicy
    return QueueAttributes(
        visibility_timeout=queue.VisibilityTimeout,
        fifo=queue.FifoQueue,
        max_receive_count=None if redrive is UNSET else redrive.maxReceiveCount,
    )
