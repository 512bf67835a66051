"""Batches of SQS, SQS FIFO, Kinesis and DynamoDB Streams: ordered where order is promised, concurrent elsewhere.

``handler = ordered_batch(EventType.KinesisDataStreams, handle)`` is a complete Lambda handler. Its mapping in the
template must have ``FunctionResponseTypes: [ReportBatchItemFailures]``.
"""

from __future__ import annotations

import inspect
import math
import threading
from collections import deque
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from aws_lambda_powertools.utilities.batch import BasePartialBatchProcessor, EventType

from backoffice import clients
from backoffice.correlation import about
from backoffice.crew import Crew
from backoffice.errors import ShopError
from backoffice.observability import count, describe, logger, observed
from backoffice.records import batch_of, identity_of, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aws_lambda_powertools.utilities.batch import FailureResponse, SuccessResponse
    from aws_lambda_powertools.utilities.batch.base import EventSourceDataClassTypes
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from backoffice.dead_letters import DeadLetterQueue
    from backoffice.observability import LambdaHandler
    from backoffice.records import RawRecord

__all__ = ["EventType", "HeldBackError", "OrderedBatchProcessor", "UnfinishedError", "ordered_batch"]

THREADS = 32
"""Threads wait for DynamoDB nearly all of their time, and what they commit side by side shares its calls."""

REPORT_MS = 500
"""What the report takes, once the last call has ended: the log, the metrics, the answer."""

MARGIN_MS = clients.STANDARD.longest_call_ms + REPORT_MS
"""A call that was begun just before the margin (a dead letter, a commit) has ended before the invocation has."""

type Permanent = tuple[type[Exception], ...]


class HeldBackError(ShopError):
    """The record was not handled, to keep an order or the time limit, and is reported so that it comes again."""


class UnfinishedError(ShopError):
    """The record was still being handled near the time limit, and is reported so that it comes again."""


BEHIND_A_FAILURE = HeldBackError("an earlier record of its key failed")
OUT_OF_TIME = HeldBackError("the invocation is near its time limit")
UNFINISHED = UnfinishedError("it was not done near the time limit; what it waited for was left waiting")


@dataclass(frozen=True, slots=True)
class _Handled:
    result: object


@dataclass(frozen=True, slots=True)
class _DeadLettered:
    error: Exception


type _Outcome = _Handled | _DeadLettered | Exception


class _Run:
    """One batch of one invocation, as its threads see it.

    A thread may outlive the invocation: when the margin is reached it is left behind, frozen with the environment,
    and goes on in a later invocation (S-138). So it keeps to what belongs to this batch, and once the batch has
    stopped it begins no record and sends no dead letter, and what becomes of the one it is at is told to nobody: the
    record was reported, and comes again. Its effect may still happen then, which the marker makes happen once.
    """

    def __init__(
        self,
        handle: Callable[[Any], object],
        records: Sequence[EventSourceDataClassTypes],
        lanes: Sequence[list[int]],
        has_time: Callable[[], bool],
        bury: Callable[[int, Exception], _Outcome],
    ) -> None:
        self._handle = handle
        self._records = records
        self._lanes = deque(lanes)
        self._has_time = has_time
        self._bury = bury
        self._outcomes: list[_Outcome] = [OUT_OF_TIME] * len(records)
        self._lock = threading.Lock()
        self._stopped = False

    def work(self) -> None:
        """Handle one lane after the other, until none is left or time is up."""
        while True:
            try:
                lane = self._lanes.popleft()
            except IndexError:
                return
            self._follow(lane)

    def stop(self) -> list[_Outcome]:
        """What has become of each record; from now on nothing changes it."""
        with self._lock:
            self._stopped = True
            return self._outcomes

    def _follow(self, lane: list[int]) -> None:
        for done, position in enumerate(lane):
            if not self._has_time() or not self._noted(position, UNFINISHED):
                return
            outcome = self._attempt(position)
            if not self._noted(position, outcome):
                return
            if isinstance(outcome, Exception):
                for later in lane[done + 1 :]:
                    self._noted(later, BEHIND_A_FAILURE)
                return

    def _attempt(self, position: int) -> _Outcome:
        try:
            return _Handled(self._handle(self._records[position]))
        except Exception as error:  # noqa: BLE001 - whatever a record raises is that record's failure alone
            return error if self._stopped else self._bury(position, error)

    def _noted(self, position: int, outcome: _Outcome) -> bool:
        with self._lock:
            if not self._stopped:
                self._outcomes[position] = outcome
            return not self._stopped


class OrderedBatchProcessor(BasePartialBatchProcessor):
    """Powertools' batch processor with one order per key, the keys side by side, and never an exception of its own.

    Records of one order key are handled one after the other. After one fails, the later ones of its key are
    reported without being handled; other keys go on. See ``ordered_batch`` for the arguments.

    Attributes:
        dead_lettered: The messages of the latest batch that went to the dead-letter queue: id and error.
    """

    def __init__(
        self,
        source: EventType,
        *,
        threads: int = THREADS,
        margin_ms: int = MARGIN_MS,
        permanent: Permanent = (),
        dead_letters: DeadLetterQueue | None = None,
    ) -> None:
        if source is EventType.Kafka:
            raise ValueError(
                "OrderedBatchProcessor: Kafka is not supported; use SQS, KinesisDataStreams or DynamoDBStreams"
            )
        if threads < 1 or margin_ms < 0:
            raise ValueError("OrderedBatchProcessor: threads must be at least 1 and margin_ms at least 0")
        if bool(permanent) != bool(dead_letters):
            raise ValueError("OrderedBatchProcessor: give both or neither of permanent and dead_letters")
        if dead_letters and source is not EventType.SQS:
            raise ValueError(
                "OrderedBatchProcessor: only queues have dead-letter queues; a stream's mapping has OnFailure"
            )
        super().__init__(source, raise_on_entire_batch_failure=False)
        self._threads = threads
        self._margin_ms = margin_ms
        self._permanent = permanent
        self._dead_letters = dead_letters
        self._crew = Crew("batch")
        self.dead_lettered: list[tuple[str, Exception]] = []

    def process(self) -> list[SuccessResponse | FailureResponse]:
        """Handle the batch; one entry a record, in the batch's order, whatever order they were handled in."""
        self.dead_lettered = []
        raw: list[dict[str, Any]] = self.records
        records = [self._to_batch_type(record, self.event_type) for record in raw]
        lanes = in_order(raw, self.event_type)
        context = getattr(self, "lambda_context", None)
        margin_ms = min(self._margin_ms, _remaining_ms(context) / 2)  # so that every invocation gets on
        run = _Run(
            self._handling(),
            records,
            lanes,
            has_time=lambda: _remaining_ms(context) >= margin_ms,
            bury=lambda position, error: self._buried(raw[position], error, context),
        )
        tasks = self._crew.start(run.work, min(self._threads, len(lanes)))
        left_ms = _remaining_ms(context) - margin_ms
        done, left_behind = wait(tasks, None if math.isinf(left_ms) else max(0.0, left_ms / 1000))
        outcomes = run.stop()
        if left_behind:
            self._crew.leave()
            self._crew = Crew("batch")
        for task in done:
            task.result()
        return [self._entry(record, outcome) for record, outcome in zip(records, outcomes, strict=True)]

    def _handling(self) -> Callable[[Any], object]:
        """The handler of this batch, whichever the processor is given next."""
        handle = self.handler
        if not self._handler_accepts_lambda_context:
            return handle
        context = self.lambda_context
        return lambda record: handle(record, lambda_context=context)

    def _buried(self, record: RawRecord, error: Exception, context: LambdaContext | None) -> _Outcome:
        """What becomes of a record that raised `error`: dead-lettered if that is permanent, else failed."""
        if self._dead_letters is None or not isinstance(error, self._permanent):
            return error
        try:
            self._dead_letters.send(record, error, context.aws_request_id if context else "none")
        except Exception as refusal:  # noqa: BLE001 - then it fails as it would have without the queue
            extra = {"record": identity_of(record, self.event_type), **describe(refusal)}
            logger.error("dead letter not sent", extra=extra)
            return error
        return _DeadLettered(error)

    def _entry(self, record: EventSourceDataClassTypes, outcome: _Outcome) -> SuccessResponse | FailureResponse:
        match outcome:
            case _Handled(result):
                return self.success_handler(record, result)
            case _DeadLettered(error):
                self.dead_lettered.append((identity_of(record.raw_event, self.event_type), error))
                return self.success_handler(record, None)
            case _:
                return self.failure_handler(record, (type(outcome), outcome, outcome.__traceback__))

    def _process_record(self, record: dict[str, Any]) -> SuccessResponse | FailureResponse:
        data = self._to_batch_type(record, self.event_type)
        try:
            return self._entry(data, _Handled(self._handling()(data)))
        except Exception as error:  # noqa: BLE001 - as above
            return self._entry(data, error)

    async def _async_process_record(self, record: dict[str, Any]) -> NoReturn:
        raise NotImplementedError("OrderedBatchProcessor handles records in threads; use process()")


def _remaining_ms(context: LambdaContext | None) -> float:
    return context.get_remaining_time_in_millis() if context else math.inf


def ordered_batch(
    source: EventType,
    handle: Callable[[Any], object],
    *,
    permanent: Permanent = (),
    dead_letters: DeadLetterQueue | None = None,
    threads: int = THREADS,
    margin_ms: int = MARGIN_MS,
) -> LambdaHandler[PartialItemFailureResponse]:
    """A Lambda handler that handles each record of `source` by `handle` and reports the others (S-70, S-97, S-101).

    An empty batch is a success; an event that is no batch of `source` raises ``NotABatchError`` (S-123), and a batch
    that failed entirely is reported like any other (S-120).

    At `margin_ms` before the time limit the batch begins no further record and waits no longer: what is unfinished is
    reported, a thread that still hangs in a call is left behind, and the other records are done all the same.

    Args:
        source: What feeds the function: ``EventType.SQS``, ``KinesisDataStreams`` or ``DynamoDBStreams``.
        handle: Handles one record, a Powertools data class of that source; raises when it cannot. It is called from
            several threads at once, but for one order key (group, partition key, item) from one at a time.
        permanent: The errors that no further delivery mends, for a queue: its message goes to `dead_letters` at once,
            with the reason, and is done, so that later ones of its group go on. If it cannot be sent, it has failed
            like any other and follows the queue's own redrive.
        dead_letters: The queue's own dead-letter queue; given together with `permanent`.
        threads: The most keys handled at once.
        margin_ms: In milliseconds, at most half of the time the invocation has. A call that was begun before it
            should have ended within it, so it follows from the clients' time-outs, and the function's own time-out
            should be twice as much or more.

    Raises:
        TypeError: `handle` is a coroutine function, which a thread would not run (S-122).
        ValueError: `permanent` without `dead_letters` or the other way round, or for a stream.
    """
    if inspect.iscoroutinefunction(handle):
        raise TypeError(f"{handle.__qualname__} is a coroutine function: records are handled by plain functions")
    processor = OrderedBatchProcessor(
        source, threads=threads, margin_ms=margin_ms, permanent=permanent, dead_letters=dead_letters
    )

    @observed
    def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
        with processor(batch_of(event, source), handle, context):
            processor.process()
        _account_for(processor)
        return processor.response()

    return handler


def _account_for(processor: OrderedBatchProcessor) -> None:
    held_back = 0
    failures = zip(processor.response()["batchItemFailures"], processor.exceptions, strict=True)
    for reported, (_, error, _) in failures:
        if isinstance(error, HeldBackError):
            held_back += 1
        elif error is not None:
            told = describe(error) | about(error)
            logger.error("record failed", extra={"record": reported["itemIdentifier"], **told})
    for identity, error in processor.dead_lettered:
        logger.error("record dead-lettered", extra={"record": identity, **describe(error), **about(error)})
    failed = len(processor.fail_messages) - held_back
    dead = len(processor.dead_lettered)
    count("RecordsHandled", len(processor.success_messages) - dead)
    count("RecordsFailed", failed)
    count("RecordsHeldBack", held_back)
    count("RecordsDeadLettered", dead)
    if held_back:
        logger.warning("records held back", extra={"held_back": held_back, "failed": failed})
