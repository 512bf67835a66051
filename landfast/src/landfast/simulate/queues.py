"""The simulator's queue: messages that arrive, and the mapping that polls it."""

import uuid
from collections.abc import Callable

from msgspec import UNSET

from landfast.delivery.event_sources import QueueSource
from landfast.delivery.event_sources.scenario_records import sent_text
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.driver.polled_queue import PolledQueue
from landfast.driver.queues import QueueDriver
from landfast.simulate.scenario import Generated, Queue, Record, Scenario
from landfast.simulate.world import START, SimulatedWorld, source_arn
from landfast.sources.sqs import SqsQueue


def message_id(record_id: str) -> str:
    """The message id of a record."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, record_id))


def begin(
    scenario: Scenario, settings: Settings, world: SimulatedWorld, new_id: Callable[[], str], source: QueueSource
) -> None:
    """Plan the arrivals and begin to poll.

    Raises:
        Refused: AWS would refuse a setting.
    """
    attributes = _attributes(Queue() if scenario.source.queue is UNSET else scenario.source.queue)
    config = configuration(
        scenario.mapping, queue=attributes, function_timeout=scenario.function.Timeout, settings=settings
    )
    arn = source_arn(source, fifo=attributes.fifo)
    names: dict[str, str] = {}
    queue = PolledQueue(SqsQueue(attributes, arn=arn), world, epoch=START)
    mapped = queue.mapped(has_window=config.batching_window > 0)
    poller = QueuePoller(config, settings=settings, new_id=new_id)
    driver = QueueDriver(poller, world, mapped, source=source.kind, name=names.__getitem__)

    def arrive(record: Record) -> None:
        identity = message_id(record.id)
        names[identity] = record.id
        queue.queue.send(
            identity,
            sent_text(record.payload),
            world.now(),
            group=record.key,
            deduplication_id=identity if attributes.fifo else "",
        )
        queue.changed()

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
