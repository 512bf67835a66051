"""Batches of SQS, SQS FIFO, Kinesis and DynamoDB Streams: ordered where order is promised, concurrent elsewhere.

``handler = ordered_batch(EventType.KinesisDataStreams, handle)`` is a complete Lambda handler. Its mapping in the
template must have ``FunctionResponseTypes: [ReportBatchItemFailures]``.
"""

from __future__ import annotations

import inspect
import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from aws_lambda_powertools.utilities.batch import BasePartialBatchProcessor, EventType

from backoffice.correlation import about
from backoffice.errors import ShopError
from backoffice.observability import count, describe, logger, observed
from backoffice.records import batch_of, in_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.batch import FailureResponse, SuccessResponse
    from aws_lambda_powertools.utilities.batch.base import EventSourceDataClassTypes
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from backoffice.observability import LambdaHandler

__all__ = ["EventType", "HeldBackError", "OrderedBatchProcessor", "ordered_batch"]

THREADS = 32
"""Threads wait for DynamoDB nearly all of their time, and what they commit side by side shares its calls."""
MARGIN_MS = 2_000


class HeldBackError(ShopError):
    """The record was not handled, to keep an order or the time limit, and is reported so that it comes again."""


BEHIND_A_FAILURE = HeldBackError("an earlier record of its key failed")
OUT_OF_TIME = HeldBackError("the invocation is near its time limit")


@dataclass(frozen=True, slots=True)
class _Handled:
    result: object


type _Outcome = _Handled | Exception


class OrderedBatchProcessor(BasePartialBatchProcessor):
    """Powertools' batch processor with one order per key, the keys side by side, and never an exception of its own.

    Records of one order key are handled one after the other. After one fails, the later ones of its key are
    reported without being handled; other keys go on. See ``ordered_batch`` for the arguments.
    """

    def __init__(self, source: EventType, *, threads: int = THREADS, margin_ms: int = MARGIN_MS) -> None:
        if source is EventType.Kafka:
            raise ValueError(
                "OrderedBatchProcessor: Kafka is not supported; use SQS, KinesisDataStreams or DynamoDBStreams"
            )
        if threads < 1 or margin_ms < 0:
            raise ValueError("OrderedBatchProcessor: threads must be at least 1 and margin_ms at least 0")
        super().__init__(source, raise_on_entire_batch_failure=False)
        self._threads = threads
        self._margin_ms = margin_ms

    def process(self) -> list[SuccessResponse | FailureResponse]:
        """Handle the batch; one entry a record, in the batch's order, whatever order they were handled in."""
        records = [self._to_batch_type(record, self.event_type) for record in self.records]
        lanes = deque(in_order(self.records, self.event_type))
        outcomes: list[_Outcome] = [OUT_OF_TIME] * len(records)
        margin_ms = self._margin()

        def work() -> None:
            while True:
                try:
                    lane = lanes.popleft()
                except IndexError:
                    return
                self._run_lane(lane, records, outcomes, margin_ms)

        helpers = min(self._threads, len(lanes)) - 1
        started = [_pool(self._threads).submit(work) for _ in range(helpers)]
        work()
        for helper in started:
            helper.result()
        return [self._entry(record, outcome) for record, outcome in zip(records, outcomes, strict=True)]

    def _run_lane(self, lane: list[int], records: list[Any], outcomes: list[_Outcome], margin_ms: int) -> None:
        for done, position in enumerate(lane):
            if self._remaining_ms() < margin_ms:
                return
            outcomes[position] = outcome = self._attempt(records[position])
            if isinstance(outcome, Exception):
                for later in lane[done + 1 :]:
                    outcomes[later] = BEHIND_A_FAILURE
                return

    def _attempt(self, record: EventSourceDataClassTypes) -> _Outcome:
        try:
            if self._handler_accepts_lambda_context:
                return _Handled(self.handler(record, lambda_context=self.lambda_context))
            return _Handled(self.handler(record))
        except Exception as error:  # noqa: BLE001 - whatever a record raises is that record's failure alone
            return error

    def _remaining_ms(self) -> float:
        context = getattr(self, "lambda_context", None)
        return context.get_remaining_time_in_millis() if context else math.inf

    def _margin(self) -> int:
        """Never more than half of the time left, so that every invocation gets on."""
        return int(min(self._margin_ms, self._remaining_ms() / 2))

    def _entry(self, record: EventSourceDataClassTypes, outcome: _Outcome) -> SuccessResponse | FailureResponse:
        if isinstance(outcome, _Handled):
            return self.success_handler(record, outcome.result)
        return self.failure_handler(record, (type(outcome), outcome, outcome.__traceback__))

    def _process_record(self, record: dict[str, Any]) -> SuccessResponse | FailureResponse:
        data = self._to_batch_type(record, self.event_type)
        return self._entry(data, self._attempt(data))

    async def _async_process_record(self, record: dict[str, Any]) -> NoReturn:
        raise NotImplementedError("OrderedBatchProcessor handles records in threads; use process()")


def ordered_batch(
    source: EventType, handle: Callable[[Any], object], *, threads: int = THREADS, margin_ms: int = MARGIN_MS
) -> LambdaHandler[PartialItemFailureResponse]:
    """A Lambda handler that handles each record of `source` by `handle` and reports the others (S-70, S-97, S-101).

    An empty batch is a success; an event that is no batch of `source` raises ``NotABatchError`` (S-123), and a batch
    that failed entirely is reported like any other (S-120).

    Args:
        source: What feeds the function: ``EventType.SQS``, ``KinesisDataStreams`` or ``DynamoDBStreams``.
        handle: Handles one record, a Powertools data class of that source; raises when it cannot. It is called from
            several threads at once, but for one order key (group, partition key, item) from one at a time.
        threads: The most keys handled at once.
        margin_ms: No record is begun with less time left, in milliseconds, so that the invocation can still report.
            It should exceed the longest time that one record takes.

    Raises:
        TypeError: `handle` is a coroutine function, which a thread would not run (S-122).
    """
    if inspect.iscoroutinefunction(handle):
        raise TypeError(f"{handle.__qualname__} is a coroutine function: records are handled by plain functions")
    processor = OrderedBatchProcessor(source, threads=threads, margin_ms=margin_ms)

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
            logger.error(
                "record failed", extra={"record": reported["itemIdentifier"], **describe(error), **about(error)}
            )
    failed = len(processor.fail_messages) - held_back
    count("RecordsHandled", len(processor.success_messages))
    count("RecordsFailed", failed)
    count("RecordsHeldBack", held_back)
    if held_back:
        logger.warning("records held back", extra={"held_back": held_back, "failed": failed})


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="batch")
