"""Mappings of SQS queues: each polls its queue of the event plane, in process."""

import uuid
from collections.abc import Callable

from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueConfig
from landfast.driver.polled_queue import PolledQueue
from landfast.driver.queues import QueueDriver
from landfast.service import chain
from landfast.service.mapped import Mapped, Reader
from landfast.service.world import Shared


class QueueMapping(Mapped[PolledQueue, QueueConfig]):
    """One mapping of a queue."""


class QueueReader(Reader[QueueMapping]):
    """Polls the queue of a mapping."""

    def __init__(self, mapping: QueueMapping, shared: Shared) -> None:
        super().__init__(mapping, shared)
        self._queue = mapping.reads.mapped(has_window=mapping.config.batching_window > 0)
        self._poller = QueuePoller(
            mapping.config,
            settings=mapping.settings,
            new_id=lambda: str(uuid.uuid4()),
            function_arn=mapping.target.spec.arn,
            recursive_loop=mapping.target.recursive_loop,
        )
        self._driver = QueueDriver(
            self._poller,
            self._world.telling(self._told),
            self._queue,
            source=mapping.source,
            function=mapping.target.label,
            function_arn=mapping.target.spec.arn,
            new_trace=chain.begun,
        )

    def start(self) -> None:
        """Begin; from any thread."""
        self._loop.ask(self._driver.begin)

    def stop(self, stopped: Callable[[], None]) -> None:
        """Receive nothing any more, and finish what was received."""
        self._driver.stop(stopped)

    def is_busy(self) -> bool:
        """Tell whether something was received and has not ended."""
        return self._driver.in_flight > 0 or self._poller.in_flight > 0

    def holds(self, message_id: str) -> bool:
        """Tell whether a message was received and is being handled."""
        return self._queue.holds(message_id)

    def _told(self) -> str:
        name, held = self._queue.arn.rpartition(":")[2], len(self._queue.in_hand)
        return f"queue {name}, mapping {self.source} (messages in hand: {held})"

    def states(self) -> list[tuple[int, str]]:
        """Count invocations under way; batches, groups in flight and the largest receive count, for people."""
        held = self._queue.in_hand
        text = f"{self._poller.in_flight} of {self._poller.capacity} batches"
        if self._mapping.config.queue.fifo:
            text += f", {len({message.group for message in held})} groups in flight"
        most = max((message.receive_count for message in held), default=0)
        return [(self._driver.in_flight, f"{text}, received up to {most} times" if most > 1 else text)]
