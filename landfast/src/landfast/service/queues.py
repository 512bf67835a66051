"""SQS queues at the engine, as mappings poll them: real long polls, deletions and visibility."""

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.queues import Message, Queue, Refusal
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueConfig
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage, queue_message
from landfast.driver import MessagesEnded, QueueDriver
from landfast.journal import Dropped
from landfast.service.clock import Clock
from landfast.service.functions import Target
from landfast.service.world import LiveWorld, Shared

_POLL = 10
"""Seconds of a long poll: the engine answers at once when there is something."""

_FIFO_POLL = 1
"""The same for FIFO queues: while it waits, moto does not see that a group that was given back is free again."""

_MARGIN = 2
"""Seconds that a message stays hidden beyond what the mapping needs, should the service be killed."""


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """One mapping of a queue.

    Attributes:
        source: Its logical id.
        target: The function it calls.
        queue: What it reads.
        arn: The queue's ARN.
        config: Its settings.
        settings: The unconfirmed points.
    """

    source: str
    target: Target
    queue: Queue
    arn: str
    config: QueueConfig
    settings: Settings


class EngineQueue:
    """One queue.

    SQS counts visibility in whole real seconds, which is too coarse for time that runs faster. So messages are hidden
    for a little longer than the mapping needs, and given back at the moment that the machine names; after a crash they
    come back by themselves. Receive counts and redrive are the engine's own: a message that comes back after its last
    receive is moved to the dead-letter queue by the next poll, and told so here, since the engine tells nobody (S-95).

    Args:
        queue: At the engine.
        arn: The queue's ARN.
        config: The settings of the mapping.
        world: The world, as the mapping sees it.
        clock: How long a visibility timeout takes in real seconds.
    """

    def __init__(
        self,
        queue: Queue,
        arn: str,
        config: QueueConfig,
        world: LiveWorld,
        clock: Clock,
    ) -> None:
        self._arn = arn
        self._queue = queue
        self._config = config
        self._world = world
        self._ended: MessagesEnded = lambda *_: None
        hidden = clock.real(config.visibility_timeout)
        self._hidden = math.ceil(hidden + config.function_timeout) + _MARGIN
        self._wait = _FIFO_POLL if config.queue.fifo else _POLL
        self._handles: dict[str, Message] = {}

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self._arn

    @property
    def in_hand(self) -> tuple[Message, ...]:
        """The messages that are being handled."""
        return tuple(self._handles.values())

    def tell(self, ended: MessagesEnded) -> None:
        """Name whom to tell of messages that the queue itself gives up."""
        self._ended = ended

    def receive(
        self, limit: int, visibility_timeout: float | None, answer: Callable[[Sequence[QueueMessage]], None]
    ) -> None:
        """A long poll in a thread of its own."""
        del visibility_timeout  # the machine says when messages come back

        def poll() -> None:
            messages = self._engine(
                "receiving messages", lambda: self._queue.receive(limit, wait=self._wait, visibility=self._hidden)
            )
            self._world.post(lambda: self._received(messages, answer))

        self._world.apart(poll)

    def delete(self, messages: Sequence[QueueMessage], answer: Callable[[Sequence[str]], None]) -> None:
        """Delete messages, in a thread of its own."""
        handles = self._taken(messages)

        def delete() -> None:
            refused = self._engine("deleting messages", lambda: self._queue.delete(handles))
            self._world.post(lambda: answer([refusal.message.id for refusal in refused]))

        self._world.apart(delete)

    def release(self, messages: Sequence[QueueMessage], at: float) -> None:
        """Make messages visible at the time `at`."""
        handles = self._taken(messages)
        most = self._config.queue.max_receive_count
        dead = [message.id for message in messages if most is not None and message.receive_count >= most]

        def give_back() -> None:
            refused = self._engine("returning messages", lambda: self._queue.change_visibility(handles, 0))
            self._world.post(lambda: self._given_back(refused, dead))

        self._world.at(at, lambda: self._world.apart(give_back))

    def _given_back(self, refused: Sequence[Refusal], dead: Sequence[str]) -> None:
        now = self._world.now()
        notes = [
            Dropped(
                at=now,
                source=self._world.source,
                records=(refusal.message.id,),
                metric="MessagesNotReturned",
                error=refusal.reason,
            )
            for refusal in refused
        ]
        if notes:
            self._world.commit(notes, ())
        if dead:
            self._ended(dead, "dead_lettered", "S-95 received maxReceiveCount times")

    def _received(self, messages: Sequence[Message], answer: Callable[[Sequence[QueueMessage]], None]) -> None:
        self._handles.update((message.id, message) for message in messages)
        has_window = self._config.batching_window > 0
        now = self._world.now()
        answer(
            [
                queue_message(message.raw, queue_arn=self._arn, received_at=now, has_window=has_window)
                for message in messages
            ]
        )

    def _taken(self, messages: Sequence[QueueMessage]) -> list[Message]:
        return [self._handles.pop(message.id) for message in messages if message.id in self._handles]

    def _engine[T](self, what: str, call: Callable[[], T]) -> T:
        return self._world.engine_retries.until_done(what, call, failures=(BotoCoreError, ClientError))


class QueueReader:
    """Polls the queue of a mapping.

    Args:
        mapping: The mapping.
        shared: What all sources have in common.
    """

    def __init__(self, mapping: QueueMapping, shared: Shared) -> None:
        self._mapping = mapping
        self._shared = shared
        world = LiveWorld(shared, mapping.target, mapping.source)
        self._queue = EngineQueue(mapping.queue, mapping.arn, mapping.config, world, shared.loop.clock)
        self._poller = QueuePoller(mapping.config, settings=mapping.settings, new_id=lambda: str(uuid.uuid4()))
        self._driver = QueueDriver(
            self._poller, world, self._queue, source=mapping.source, function=mapping.target.label
        )

    @property
    def source(self) -> str:
        """The name of the mapping."""
        return self._mapping.source

    @property
    def target(self) -> Target:
        """The function that it calls."""
        return self._mapping.target

    def start(self) -> None:
        """Begin."""
        self._shared.loop.post(self._driver.begin, self.source)

    def is_busy(self) -> bool:
        """Whether something was received and has not ended."""
        return self._driver.in_flight > 0 or self._poller.in_flight > 0

    def states(self) -> list[tuple[int, str]]:
        """How many invocations are under way; batches, groups in flight and the largest receive count, for people."""
        held = self._queue.in_hand
        text = f"{self._poller.in_flight} of {self._poller.capacity} batches"
        if self._mapping.config.queue.fifo:
            text += f", {len({message.group for message in held})} groups in flight"
        most = max((message.receive_count for message in held), default=0)
        return [(self._driver.in_flight, f"{text}, received up to {most} times" if most > 1 else text)]
