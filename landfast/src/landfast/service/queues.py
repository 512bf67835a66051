"""Mappings of SQS queues: each polls its queue of the event plane, in process."""

import uuid
from dataclasses import dataclass

from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueConfig
from landfast.delivery.settings import Settings
from landfast.driver.polled_queue import PolledQueue
from landfast.driver.queues import QueueDriver
from landfast.service import chain
from landfast.service.functions import Target
from landfast.service.world import LiveWorld, Shared


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """One mapping of a queue.

    Attributes:
        source: Its logical id.
        target: The function it calls.
        queue: What it reads.
        config: Its settings.
        settings: The unconfirmed points.
    """

    source: str
    target: Target
    queue: PolledQueue
    config: QueueConfig
    settings: Settings


class QueueReader:
    """Polls the queue of a mapping.

    Args:
        mapping: The mapping.
        shared: What all sources have in common.
    """

    def __init__(self, mapping: QueueMapping, shared: Shared) -> None:
        self._mapping = mapping
        self._loop = shared.loop
        self._queue = mapping.queue.mapped(has_window=mapping.config.batching_window > 0)
        self._poller = QueuePoller(
            mapping.config,
            settings=mapping.settings,
            new_id=lambda: str(uuid.uuid4()),
            function_arn=mapping.target.spec.arn,
            recursive_loop=mapping.target.recursive_loop,
        )
        self._driver = QueueDriver(
            self._poller,
            LiveWorld(shared, mapping.target, mapping.source),
            self._queue,
            source=mapping.source,
            function=mapping.target.label,
            function_arn=mapping.target.spec.arn,
            new_trace=chain.begun,
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
        """Begin; from another thread than the driver's."""
        self._loop.ask(self._driver.begin)

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
