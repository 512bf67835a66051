"""An SQS queue's event source mapping: polling, batches, concurrency, deletion (S-88 to S-104).

The queue itself keeps the order of groups, counts deliveries and moves messages to its dead-letter queue (S-95, S-99);
the machine only receives, invokes, deletes, and lets go of what failed.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from landfast.delivery.actions import Delete, Drop, Invoke, Receive, Retry, Return, Settle
from landfast.delivery.batch_payload import COMMA, fits, fitting
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.partial_responses import WholeBatch, queue_failures
from landfast.delivery.queue_config import QueueConfig
from landfast.delivery.recursion import METRIC, Lineage, RecursiveLoop, stops
from landfast.delivery.scaling import Scaling
from landfast.delivery.settings import Backoff, Settings
from landfast.delivery.sqs_events import QueueMessage

RECEIVE_LIMIT: Final = 10
"""Messages that one `ReceiveMessage` returns at most."""

LONG_POLLS: Final = 5
"""Calls of `ReceiveMessage` that wait at the same time, at most."""

THROTTLE_BACKOFF: Final = Backoff(base=1.0, factor=2.0, cap=300.0)
"""Waits between the tries of a throttled batch (S-94)."""

QueueAction: TypeAlias = (
    Receive | Invoke[QueueMessage] | Retry[QueueMessage] | Settle[QueueMessage] | Delete[QueueMessage]
    | Return[QueueMessage] | Drop[QueueMessage]
)  # fmt: skip


@dataclass(slots=True)
class _Batch:
    """Messages of one invocation.

    Attributes:
        messages: The messages, in the order in which they were received.
        rest: The messages of the same receive of a FIFO queue that did not fit: they follow when the batch is done.
        throttles: Tries that did not reach the function.
    """

    messages: Sequence[QueueMessage]
    rest: Sequence[QueueMessage] = ()
    throttles: int = 0


class QueuePoller:
    """The state machine of one mapping.

    The driver wakes it at `due()` by `advance`, which also begins it, and answers each `actions.Receive` by `received`
    and each `actions.Invoke` by `finished`. A `Receive` that finds nothing is a long poll: it is answered when messages
    come, or after some seconds with none.

    Args:
        config: The mapping's settings.
        settings: The unconfirmed points.
        new_id: Makes request ids.
        function_arn: The ARN of the function, for the chain of calls (S-34).
        recursive_loop: The function's setting for chains of calls that do not end (S-34).
    """

    def __init__(
        self,
        config: QueueConfig,
        *,
        settings: Settings,
        new_id: Callable[[], str],
        function_arn: str = "",
        recursive_loop: RecursiveLoop = "Terminate",
    ) -> None:
        self.config = config
        self._settings = settings
        self._new_id = new_id
        self._function_arn = function_arn
        self._recursive_loop: RecursiveLoop = recursive_loop
        self._scaling = Scaling(config.scale)
        self._stopping = False
        self._polls = 0
        self._gathered: dict[str, QueueMessage] = {}
        self._gathered_size = 0
        self._window_ends = math.inf
        self._ready: deque[_Batch] = deque()
        self._running: dict[str, _Batch] = {}
        self._held: list[tuple[float, int, _Batch]] = []
        self._holds = itertools.count()

    @property
    def in_flight(self) -> int:
        """The number of batches that are being handled, the throttled ones included."""
        return len(self._running) + len(self._held) + len(self._ready)

    @property
    def capacity(self) -> int:
        """The number of batches that may be handled at once now (S-103)."""
        return self._scaling.capacity

    @property
    def is_done(self) -> bool:
        """True if it was stopped and has nothing in hand any more."""
        return self._stopping and not self.in_flight and not self._gathered

    def stop(self, now: float) -> list[QueueAction]:
        """Receive nothing any more; what was received is handled to its end, without waiting for a fuller batch."""
        self._stopping = True
        self._window_ends = now
        return list(self._go_on(now))

    def due(self) -> float | None:
        """When the machine next wants to be woken."""
        if self.is_done:
            return None
        times = [-math.inf] if self._wanted_polls() else []
        if self._gathered:
            times.append(self._window_ends)
        if self._held:
            times.append(self._held[0][0])
        grows = self._scaling.due()
        if grows is not None:
            times.append(grows)
        return min(times, default=None)

    def advance(self, now: float) -> list[QueueAction]:
        """Do what is due."""
        return list(self._advance(now))

    def received(self, messages: Sequence[QueueMessage], now: float) -> list[QueueAction]:
        """Take in what a `Receive` brought, perhaps nothing."""
        return list(self._take_in(messages, now))

    def finished(self, request_id: str, outcome: Outcome, now: float) -> list[QueueAction]:
        """Take in how an invocation ended."""
        return list(self._finish(self._running.pop(request_id), outcome, now))

    def _advance(self, now: float) -> Iterator[QueueAction]:
        self._scaling.advance(now)
        while self._held and self._held[0][0] <= now:
            yield self._invoke(heapq.heappop(self._held)[2])
        yield from self._go_on(now)

    def _take_in(self, messages: Sequence[QueueMessage], now: float) -> Iterator[QueueAction]:
        self._polls -= 1
        # An empty receive while nothing runs: the number of pollers goes back to where it began.
        if not messages and not self.in_flight:
            self._scaling.idle()
        filters = self.config.filters
        unwanted = [] if filters is None else [each for each in messages if not filters.matches(each.event)]
        if unwanted:
            # Lambda deletes what no filter matches: it does not come back to the queue (S-104).
            yield Delete(unwanted)
            yield Settle(unwanted, "filtered", "S-104")
        rejected = {message.id for message in unwanted}
        wanted = yield from self._stop_loops([message for message in messages if message.id not in rejected])
        self._gather(wanted, now)
        yield from self._go_on(now)

    def _stop_loops(self, messages: Sequence[QueueMessage]) -> Generator[QueueAction, None, Sequence[QueueMessage]]:
        """Make no call for messages with which the function has called itself too often (S-34); what is left.

        Each fails by itself: its receive count rises until its queue gives it up, and its neighbours are handled. In a
        FIFO queue, what comes behind it in its group waits.
        """
        stopped = [message for message in messages if self._is_loop(message)]
        if not stopped:
            return messages
        yield Drop(stopped, METRIC)
        ids = {message.id for message in stopped}
        blocked: set[str] = set()
        left: list[QueueMessage] = []
        back: list[QueueMessage] = []
        for message in messages:
            if message.id in ids and message.group is not None:
                blocked.add(message.group)
            # In a FIFO queue nothing may overtake what goes back, so the rest of its group goes back as well.
            (back if message.id in ids or message.group in blocked else left).append(message)
        yield from self._let_go(back)
        return left

    def _is_loop(self, message: QueueMessage) -> bool:
        trace = message.trace
        return bool(trace) and stops(Lineage.read(trace).depth(self._function_arn), self._recursive_loop)

    def _finish(self, batch: _Batch, outcome: Outcome, now: float) -> Iterator[QueueAction]:
        everything = frozenset(message.id for message in batch.messages)
        match outcome:
            case NotReached():
                yield from self._throttled(batch, now)
            case Failed():
                self._scaling.failed()
                yield from self._end(batch, everything, "S-93", now)
            case Succeeded() if not self.config.report_batch_item_failures:
                yield from self._end(batch, frozenset(), "S-88", now)
            case Succeeded(value):
                failed = queue_failures(value, everything, self._settings)
                yield from self._end(batch, everything if isinstance(failed, WholeBatch) else failed, "S-97", now)
        yield from self._go_on(now)

    def _throttled(self, batch: _Batch, now: float) -> Iterator[QueueAction]:
        """Try again while the messages stay hidden for the function's whole time-out (S-94, U-21)."""
        batch.throttles += 1
        at = now + THROTTLE_BACKOFF.wait(batch.throttles)
        # A try that the function could not end before its messages are visible again would hand them out twice (S-94).
        in_time = not any(self._too_late(message, at) for message in batch.messages)
        if in_time and self._settings.hold_throttled_batches:
            heapq.heappush(self._held, (at, next(self._holds), batch))
            yield Retry(batch.messages, at, "S-94")
        else:
            yield from self._end(batch, frozenset(message.id for message in batch.messages), "S-94", now)

    def _end(self, batch: _Batch, failed: Collection[str], rule: str, now: float) -> Iterator[QueueAction]:
        done = [message for message in batch.messages if message.id not in failed]
        back = [message for message in batch.messages if message.id in failed]
        if done:
            yield Delete(done)
            yield Settle(done, "processed", rule)
        yield from self._let_go(back)
        blocked = {message.group for message in back}
        # What was received together and follows in the same group must not overtake what failed.
        after = [each for each in batch.rest if each.group in blocked or self._too_late(each, now)]
        yield from self._let_go(after)
        groups = {message.group for message in after}
        following = [message for message in batch.rest if message.group not in groups]
        if following:
            self._ready.append(self._batch_of(following))

    def _go_on(self, now: float) -> Iterator[QueueAction]:
        """Form batches, invoke as many as may run, and ask for more."""
        self._form(now)
        while self._ready and len(self._running) + len(self._held) < self.capacity:
            yield self._invoke(self._ready.popleft())
        self._scaling.observe(used_up=self.in_flight >= self.capacity and not self._held, now=now)
        for _ in range(self._wanted_polls()):
            self._polls += 1
            # None leaves the queue its own time-out, so that a change of it holds without another mapping.
            extended = self.config.visibility_timeout != self.config.queue.visibility_timeout
            yield Receive(
                min(RECEIVE_LIMIT, self.config.batch_size), self.config.visibility_timeout if extended else None
            )

    def _invoke(self, batch: _Batch) -> Invoke[QueueMessage]:
        request_id = self._new_id()
        self._running[request_id] = batch
        return Invoke(request_id, batch.messages, max(message.receive_count for message in batch.messages))

    def _gather(self, messages: Sequence[QueueMessage], now: float) -> None:
        if not self._gathered:
            self._window_ends = now + (0.0 if self._stopping else self.config.batching_window)
        for message in messages:
            # A message that has become visible while it waits is received again: the newer receipt is the valid one.
            older = self._gathered.get(message.id)
            self._gathered[message.id] = message
            self._gathered_size += message.size - older.size if older else message.size + COMMA

    def _form(self, now: float) -> None:
        """Close batches: at the window's end, at `BatchSize`, or at the payload's limit (S-89)."""
        full = len(self._gathered) >= self.config.batch_size or not fits(self._gathered_size)
        if not self._gathered or not (full or now >= self._window_ends):
            return
        batch = self._batch_of(list(self._gathered.values()))
        # In a FIFO queue the rest follows its batch; in a standard queue it waits for others, as any message does.
        rest, batch.rest = batch.rest, batch.rest if self.config.queue.fifo else ()
        self._ready.append(batch)
        self._gathered.clear()
        self._gathered_size = 0
        if not self.config.queue.fifo:
            self._gather(rest, now)
            self._form(now)

    def _batch_of(self, messages: Sequence[QueueMessage]) -> _Batch:
        # A batch has one message at least: SQS takes none that is too large for an invocation.
        count = max(1, fitting(message.size for message in messages[: self.config.batch_size]))
        batch = messages[:count]
        ordered = self.config.queue.fifo or self._settings.keep_receive_order
        return _Batch(batch if ordered else batch[::-1], messages[count:])

    def _wanted_polls(self) -> int:
        """Count the calls of `ReceiveMessage` that are still useful: no more than what they bring could be handled."""
        if self._stopping:
            return 0
        size = self.config.batch_size
        room = (self.capacity - self.in_flight) * size - len(self._gathered)
        return max(0, min(LONG_POLLS, math.ceil(room / min(RECEIVE_LIMIT, size))) - self._polls)

    def _too_late(self, message: QueueMessage, now: float) -> bool:
        return message.received_at + self.config.visibility_timeout - now < self.config.function_timeout

    def _let_go(self, messages: Sequence[QueueMessage]) -> Iterator[QueueAction]:
        """Messages that are not deleted come back when their visibility timeout ends (S-93, S-97)."""
        for received_at, together in itertools.groupby(messages, key=lambda message: message.received_at):
            yield Return(list(together), received_at + self.config.visibility_timeout)
