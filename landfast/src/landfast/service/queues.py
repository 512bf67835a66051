"""SQS queues as event sources: real long polls, deletions and visibility."""

import math
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.queues import Message, Queue, Refusal
from landfast.delivery import actions
from landfast.delivery.actions import Action
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueConfig
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage, queue_message
from landfast.delivery.strict_json import json_text
from landfast.journal import Accepted, Dropped
from landfast.service.actor import Actor, Step, Surroundings
from landfast.service.functions import Target

type Answer = Sequence[Action[QueueMessage]]

_POLL = 10
"""Seconds of a long poll: the engine answers at once when there is something."""

_FIFO_POLL = 1
"""The same for FIFO queues: while it waits, moto does not see that a group that was given back is free again."""

_MARGIN = 2
"""Seconds that a message stays hidden beyond what the mapping needs, should the service be killed."""


class QueueActor(Actor[QueueMessage]):
    """Drives one mapping of a queue.

    SQS counts visibility in whole real seconds, which is too coarse for time that runs faster. So messages are hidden
    for a little longer than the mapping needs, and given back at the moment that the machine names; after a crash they
    come back by themselves. Receive counts and redrive are SQS's own.

    Args:
        source: The mapping's logical id.
        target: The function it calls.
        queue: What it reads.
        arn: The queue's ARN.
        config: The mapping's settings.
        settings: The unconfirmed points.
        surroundings: What it shares with the others.
    """

    def __init__(
        self,
        source: str,
        target: Target,
        queue: Queue,
        arn: str,
        config: QueueConfig,
        *,
        settings: Settings,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(source, target, surroundings)
        self._queue = queue
        self._arn = arn
        self._config = config
        self._poller = QueuePoller(config, settings=settings, new_id=lambda: str(uuid.uuid4()))
        hidden = self.clock.real(config.visibility_timeout)
        self._hidden = math.ceil(hidden + config.function_timeout) + _MARGIN
        self._wait = _FIFO_POLL if config.queue.fifo else _POLL
        self._handles: dict[str, Message] = {}

    @property
    def machine(self) -> QueuePoller:
        """The poller."""
        return self._poller

    @property
    def state(self) -> str:
        """Batches, groups in flight and the largest receive count, for people."""
        held = tuple(self._handles.values())
        text = f"{self._poller.in_flight} of {self._poller.capacity} batches"
        if self._config.queue.fifo:
            text += f", {len({message.group for message in held})} groups in flight"
        most = max((message.receive_count for message in held), default=0)
        return f"{text}, received up to {most} times" if most > 1 else text

    def identify(self, record: QueueMessage) -> str:
        """The message id."""
        return record.id

    def payload(self, invoke: actions.Invoke[QueueMessage]) -> bytes:
        """The batch as the function gets it (S-105)."""
        return json_text({"Records": [message.event for message in invoke.records]}).encode()

    def opening(self, now: float) -> Answer:
        """Nothing: `advance` begins."""
        del now
        return ()

    def carry_out(self, answer: Answer) -> None:
        """Do what the poller asks for; deletions do not hold up anything else."""
        ended = [action for action in answer if isinstance(action, actions.Delete | actions.Settle)]
        if ended:
            self.apart(partial(super().carry_out, ended))
        super().carry_out([action for action in answer if not isinstance(action, actions.Delete | actions.Settle)])

    def perform(self, action: Action[QueueMessage], step: Step) -> None:
        """Ask SQS for it."""
        match action:
            case actions.Receive(limit):
                self.apart(lambda: self._receive(limit))
            case actions.Delete(messages):
                handles = self._taken(messages)
                refused = self._engine("deleting messages", lambda: self._queue.delete(handles))
                self._note_refused("MessagesNotDeleted", refused, step)
            case actions.Return(messages, at):
                handles = self._taken(messages)
                self.later(at, lambda: self.apart(lambda: self._give_back(handles)))
            case _:
                pass  # Retry and Settle are only to be noted

    def _receive(self, limit: int) -> None:
        messages = self._engine(
            "receiving messages", lambda: self._queue.receive(limit, wait=self._wait, visibility=self._hidden)
        )
        received_at = self.clock.now()
        self._handles.update((message.id, message) for message in messages)
        found = [
            queue_message(
                message.raw,
                queue_arn=self._arn,
                received_at=received_at,
                has_window=self._config.batching_window > 0,
            )
            for message in messages
        ]
        if found:
            note = Accepted(
                at=received_at, source=self.source, records=tuple(one.id for one in found), origin=self._arn
            )
            self.surroundings.store.commit([note])
        self.tell(lambda now: self._poller.received(found, now))

    def _give_back(self, handles: list[Message]) -> None:
        step = Step()
        refused = self._engine("returning messages", lambda: self._queue.change_visibility(handles, 0))
        self._note_refused("MessagesNotReturned", refused, step)
        self.commit(step)

    def _taken(self, messages: Sequence[QueueMessage]) -> list[Message]:
        return [self._handles.pop(message.id) for message in messages if message.id in self._handles]

    def _engine[T](self, what: str, call: Callable[[], T]) -> T:
        return self.patience.until_done(what, call, failures=(BotoCoreError, ClientError))

    def _note_refused(self, metric: str, refused: list[Refusal], step: Step) -> None:
        for refusal in refused:
            step.notes.append(
                Dropped(
                    at=self.clock.now(),
                    source=self.source,
                    records=(refusal.message.id,),
                    metric=metric,
                    error=refusal.reason,
                )
            )
