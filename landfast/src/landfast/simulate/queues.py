"""The simulator's queue: messages that arrive, and the long polls that wait for them."""

import uuid
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import UNSET

from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage
from landfast.driver import MessagesEnded, Order, QueueDriver
from landfast.simulate.acceptance import sent_text
from landfast.simulate.scenario import Generated, Queue, Record, Scenario
from landfast.simulate.sqs import SqsQueue
from landfast.simulate.world import ACCOUNT, REGION, START, SimulatedWorld

type Answer = Callable[[Sequence[QueueMessage]], None]


def message_id(record_id: str) -> str:
    """The message id of a record."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, record_id))


def queue_arn(*, fifo: bool) -> str:
    """The ARN of the scenario's queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{'scenario.fifo' if fifo else 'scenario'}"


class SimulatedQueue:
    """One queue on virtual time.

    Args:
        queue: The rules of SQS.
        world: The clock.
    """

    def __init__(self, queue: SqsQueue, world: SimulatedWorld) -> None:
        self._queue = queue
        self._world = world
        self._ended: MessagesEnded = lambda *_: None
        self._polls: deque[tuple[int, float | None, Answer]] = deque()
        self._answering = False
        self._woken_at: float | None = None

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self._queue.arn

    def tell(self, ended: MessagesEnded) -> None:
        """Name whom to tell of messages that the queue itself gives up."""
        self._ended = ended

    def send(self, record: Record) -> None:
        """Take a message in."""
        self._queue.send(message_id(record.id), sent_text(record.payload), self._world.now(), group=record.key)
        self._wait()

    def receive(self, limit: int, visibility_timeout: float | None, answer: Answer) -> None:
        """A long poll; it waits for ever, since on virtual time waiting costs nothing."""
        self._polls.append((limit, visibility_timeout, answer))
        self._wait()

    def delete(self, messages: Sequence[QueueMessage], answer: Callable[[Sequence[str]], None]) -> None:
        """Delete messages by their handles."""
        now = self._world.now()
        refused = [message.id for message in messages if not self._queue.delete(message, now)]
        self._wait()
        answer(refused)

    def release(self, messages: Sequence[QueueMessage], at: float) -> None:
        """Nothing: messages become visible by themselves."""

    def _wait(self) -> None:
        """Answer the long polls once everything of this moment has happened, and again when messages come back."""
        if self._polls and not self._answering:
            self._answering = True
            self._world.at(self._world.now(), self._answer, Order.READ)
        self._wake()

    def _wake(self) -> None:
        due = self._queue.due()
        if due is None:
            self._woken_at = None
            return
        due = max(due, self._world.now())
        if self._woken_at != due:
            self._woken_at = due
            self._world.at(due, lambda: self._return(due))

    def _return(self, due: float) -> None:
        """Time has passed for the queue: messages are visible again, or too old."""
        if self._woken_at == due:
            self._woken_at = None
            self._expired(self._queue.advance(self._world.now()))
            self._wait()

    def _answer(self) -> None:
        self._answering = False
        now, progress = self._world.now(), True
        while self._polls and progress:
            limit, visibility_timeout, answer = self._polls[0]
            received = self._queue.receive(limit, now, visibility_timeout=visibility_timeout)
            progress = bool(received.messages or received.dead_lettered)
            self._expired(received.expired)
            self._ended(received.dead_lettered, "dead_lettered", "S-95 received maxReceiveCount times")
            if received.messages:
                self._polls.popleft()
                answer(received.messages)
        self._wake()

    def _expired(self, message_ids: Sequence[str]) -> None:
        self._ended(message_ids, "dropped", "kept longer than the queue's MessageRetentionPeriod")


def begin(scenario: Scenario, settings: Settings, world: SimulatedWorld, new_id: Callable[[], str]) -> None:
    """Plan the arrivals and begin to poll.

    Raises:
        Refused: AWS would refuse a setting.
    """
    attributes = _attributes(Queue() if scenario.source.queue is UNSET else scenario.source.queue)
    config = configuration(
        scenario.mapping, queue=attributes, function_timeout=scenario.function.Timeout, settings=settings
    )
    arn = queue_arn(fifo=attributes.fifo)
    names: dict[str, str] = {}
    model = SqsQueue(attributes, queue_arn=arn, has_window=config.batching_window > 0, epoch=START)
    queue = SimulatedQueue(model, world)
    poller = QueuePoller(config, settings=settings, new_id=new_id)
    driver = QueueDriver(poller, world, queue, source="sqs", name=names.__getitem__)

    def arrive(record: Record) -> None:
        names[message_id(record.id)] = record.id
        queue.send(record)

    records = scenario.source.records
    ordered = scenario.source.all() if isinstance(records, Generated) else iter(sorted(records, key=_arrival))
    world.arrive(ordered, _arrival, arrive)
    if config.enabled:
        driver.begin()


def _arrival(record: Record) -> float:
    return record.at


def _attributes(queue: Queue) -> QueueAttributes:
    redrive = queue.RedrivePolicy
    return QueueAttributes(
        visibility_timeout=queue.VisibilityTimeout,
        fifo=queue.FifoQueue,
        max_receive_count=None if redrive is UNSET else redrive.maxReceiveCount,
    )
