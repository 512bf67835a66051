"""Drives one mapping of an SQS queue (section D of the rules)."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from landfast.delivery.actions import Action, Delete, Invoke, Receive, Return, Settle, State
from landfast.delivery.message_ends import MessageEnds
from landfast.delivery.queue import QueuePoller
from landfast.delivery.recursion import Lineage
from landfast.delivery.sqs_events import QueueMessage
from landfast.delivery.strict_json import json_bytes
from landfast.driver.driver import Driver
from landfast.driver.outbox import Done, Outbox, Step
from landfast.driver.world import World
from landfast.journal import Accepted, Entry, Settled

Ended: TypeAlias = Callable[[Sequence[str], State, str], None]
"""Told of messages that have ended: their ids, where they ended, and the rule."""


class MessageQueue(Protocol):
    """An SQS queue, as a mapping uses it."""

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        ...

    def tell(self, ended: Ended) -> None:
        """Name whom to tell of messages that the queue itself gives up."""
        ...

    def receive(
        self, limit: int, visibility_timeout: float | None, answer: Callable[[Sequence[QueueMessage]], None]
    ) -> None:
        """A long poll for up to `limit` messages; its answer may be that there are none.

        Args:
            limit: The most messages to receive, 10 or fewer.
            visibility_timeout: Seconds for which they are hidden; None for the queue's own setting.
            answer: Told what was received.
        """
        ...

    def delete(self, messages: Sequence[QueueMessage], answer: Callable[[Sequence[str]], None]) -> None:
        """Delete messages by their handles; answers with the ids of those that could not be, which come again."""
        ...

    def release(self, messages: Sequence[QueueMessage], at: float) -> None:
        """Let messages become visible again at the time `at`, where they would not by themselves."""
        ...

    def stop(self) -> None:
        """Receive nothing any more: polls that wait are given up."""
        ...

    def leave(self) -> None:
        """Nothing of it is in hand any more: the queue is nothing to this mapping now."""
        ...


class QueueDriver(Driver[QueueMessage, QueuePoller]):
    """Polls a queue for a mapping.

    Args:
        machine: The poller.
        world: The world, as this source sees it.
        queue: The queue that is polled.
        source: The name of the mapping.
        function: The name of the function in the journal.
        name: Tells the name of a message in the journal; its message id without it.
        function_arn: Unqualified, for the chain of calls (S-34); nothing goes on with a call without it.
        new_trace: Makes the trace header of a chain that begins with a message.
    """

    def __init__(
        self,
        machine: QueuePoller,
        world: World,
        queue: MessageQueue,
        *,
        source: str,
        function: str = "",
        name: Callable[[str], str] = str,
        function_arn: str = "",
        new_trace: Callable[[], str] = str,
    ) -> None:
        super().__init__(machine, world, source=source, function=function)
        self._function_arn = function_arn
        self._new_trace = new_trace
        self._queue = queue
        self._name = name
        self._ends = MessageEnds()
        # The queue itself moves messages to its dead-letter queue: the journal would never say so (S-95).
        queue.tell(self.ended)
        self._not_deleted: set[str] = set()
        self._deleting = 0
        self._stopped: Callable[[], None] | None = None

    def stop(self, stopped: Callable[[], None]) -> None:
        """Receive nothing any more, and finish what is in hand.

        Args:
            stopped: Told once that has ended.
        """
        self._stopped = stopped
        self._queue.stop()
        self.carry_out(self.machine.stop(self.world.now()))

    def rested(self) -> None:
        """Tell when nothing is in hand any more."""
        if self._stopped is not None and self.machine.is_done and not self._deleting:
            stopped, self._stopped = self._stopped, None
            self._queue.leave()
            stopped()

    def identify(self, record: QueueMessage) -> str:
        """Return the message's name in the journal."""
        return self._name(record.id)

    def payload(self, invoke: Invoke[QueueMessage]) -> bytes:
        """The batch as the function gets it (S-105)."""
        texts = (message.text or json_bytes(message.event) for message in invoke.records)
        return b'{"Records":[' + b",".join(texts) + b"]}"

    def trace(self, record: QueueMessage) -> str:
        """The message's own, with this function's call in it."""
        return self.trace_of((record,))

    def trace_of(self, records: Sequence[QueueMessage]) -> str:
        """The first message's, with the longest chain of all of them and this function's call in it."""
        if not self._function_arn:
            return ""
        lineage = Lineage()
        for trace in dict.fromkeys(record.trace for record in records):
            lineage = lineage.joined(Lineage.read(trace))
        return lineage.called(self._function_arn).write(records[0].trace or self._new_trace())

    def carry_out(self, answer: Sequence[Action[QueueMessage]], notes: Sequence[Entry] = ()) -> None:
        """Do what the poller asks for; a deletion and the end of what it deletes hold up nothing else."""
        ends = [action for action in answer if isinstance(action, Delete | Settle)]
        if ends:
            if notes:
                self.world.commit(notes, ())  # an invocation has ended when it has, not when its messages are deleted
            Outbox(self.perform, self._keep).take(ends)
            answer = [action for action in answer if not isinstance(action, Delete | Settle)]
            notes = ()
        super().carry_out(answer, notes)

    def perform(self, action: Action[QueueMessage], step: Step, done: Done) -> None:
        """Carry out one action; a message that could not be deleted comes again and has not ended (S-109)."""
        if isinstance(action, Settle):
            messages = {message.id: message for message in action.records}
            # A message can be received again while its first delivery still runs: it ends once.
            ended = self._ends.end(message_id for message_id in messages if message_id not in self._not_deleted)
            self._ends.let_go([*messages])
            if not ended:
                done()
                return
            action = Settle([messages[message_id] for message_id in ended], action.state, action.rule)
        super().perform(action, step, done)

    def fulfil(self, action: Action[QueueMessage], step: Step, done: Done) -> None:
        """Ask the queue for it."""
        match action:
            case Receive(limit, visibility_timeout):
                self._queue.receive(limit, visibility_timeout, self._received)
            case Return(messages, at):
                self._ends.let_go([message.id for message in messages])
                self._queue.release(messages, at)
            case Delete(messages):
                self._delete(messages, step, done)
                return
            case _:
                pass  # Retry and Settle are only to be noted
        done()

    def ended(self, message_ids: Sequence[str], state: State, rule: str) -> None:
        """The queue itself has decided about messages: it moved them to its dead-letter queue, or they grew too old."""
        names = tuple(self._name(message_id) for message_id in self._ends.end(message_ids))
        if names:
            self.world.commit(
                [Settled(at=self.world.now(), source=self.source, records=names, state=state, rule=rule)], ()
            )

    def _delete(self, messages: Sequence[QueueMessage], step: Step, done: Done) -> None:
        self._deleting += 1

        def deleted(refused: Sequence[str]) -> None:
            self._deleting -= 1
            self._not_deleted.difference_update(message.id for message in messages)
            self._not_deleted.update(refused)
            if refused:
                step.notes.append(
                    self._dropped(
                        tuple(map(self._name, refused)), "MessagesNotDeleted", "the receipt is not valid any more"
                    )
                )
            done()

        self._queue.delete(messages, deleted)

    def _received(self, messages: Sequence[QueueMessage]) -> None:
        now = self.world.now()
        notes = []
        if messages:
            self._ends.received(message.id for message in messages)
            records = tuple(map(self.identify, messages))
            received_at = messages[0].received_at
            notes.append(Accepted(at=received_at, source=self.source, records=records, origin=self._queue.arn))
        self.carry_out(self.machine.received(messages, now), notes)
