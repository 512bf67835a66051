import json
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import pytest
from aws_lambda_powertools.utilities.batch import process_partial_response
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.batches import EventType, OrderedBatchProcessor, ordered_batch
from backoffice.idempotency import idempotency_config
from backoffice.records import NotABatchError
from tests.unit.backoffice.aws import Context
from tests.unit.backoffice.events import dynamodb_event, fifo_event, kinesis_event, reported, sqs_event

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
    from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from backoffice.dead_letters import DeadLetterQueue


class Handler:
    """Handles Kinesis records or messages whose payload is a name; fails for the names it is told."""

    def __init__(self, *failing: str) -> None:
        self.failing = set(failing)
        self.handled: list[str] = []

    def kinesis(self, record: "KinesisStreamRecord") -> None:
        self.handle(record.kinesis.data_as_json())

    def sqs(self, record: "SQSRecord") -> None:
        self.handle(json.loads(record.body))

    def handle(self, payload: object) -> None:
        name = str(payload)
        self.handled.append(name)
        if name in self.failing:
            raise ValueError(name)


def test_records_of_one_key_are_handled_in_their_order(context: "LambdaContext") -> None:
    handler = Handler()
    records: list[tuple[str, object]] = [(f"k{number % 3}", f"k{number % 3}-{number:02}") for number in range(30)]

    response = ordered_batch(EventType.KinesisDataStreams, handler.kinesis)(kinesis_event(records), context)

    assert response == {"batchItemFailures": []}
    for key in ("k0", "k1", "k2"):
        of_key = [name for name in handler.handled if name.startswith(key)]
        assert of_key == sorted(of_key)
        assert len(of_key) == 10


def test_keys_run_at_the_same_time(context: "LambdaContext") -> None:
    everybody = threading.Barrier(8)

    def handle(_: object) -> None:
        everybody.wait(timeout=10)

    records: list[tuple[str, object]] = [(f"k{number}", "") for number in range(8)]
    response = ordered_batch(EventType.KinesisDataStreams, handle, threads=8)(kinesis_event(records), context)

    assert reported(response) == []


def test_no_more_keys_run_at_once_than_there_are_threads(context: "LambdaContext") -> None:
    lock, running, most = threading.Lock(), 0, 0
    pair = threading.Barrier(2)

    def handle(_: object) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pair.wait(timeout=10)
        with lock:
            running -= 1

    messages: list[tuple[str | None, object]] = [(None, "") for _ in range(20)]
    response = ordered_batch(EventType.SQS, handle, threads=2)(sqs_event(messages), context)

    assert reported(response) == []
    assert most == 2


def test_s_101_a_failed_message_holds_back_only_its_own_group(context: "LambdaContext") -> None:
    handler = Handler("A2")
    event = fifo_event([("A", "A1"), ("A", "A2"), ("B", "B1"), ("A", "A3"), ("C", "C1"), ("A", "A4")])

    response = ordered_batch(EventType.SQS, handler.sqs)(event, context)

    assert reported(response) == ["m1", "m3", "m5"]
    assert sorted(handler.handled) == ["A1", "A2", "B1", "C1"]


def test_messages_of_a_standard_queue_are_independent(context: "LambdaContext") -> None:
    handler = Handler("1")

    response = ordered_batch(EventType.SQS, handler.sqs)(sqs_event([(None, str(n)) for n in range(4)]), context)

    assert reported(response) == ["m1"]
    assert sorted(handler.handled) == ["0", "1", "2", "3"]


def test_a_group_on_a_standard_queue_is_about_fairness_and_holds_nothing_back(context: "LambdaContext") -> None:
    handler = Handler("1")
    event = sqs_event([("tenant", str(n)) for n in range(4)], queue="standard")

    assert reported(ordered_batch(EventType.SQS, handler.sqs)(event, context)) == ["m1"]
    assert len(handler.handled) == 4


def test_s_070_the_lowest_reported_sequence_number_is_the_first_record_not_handled(context: "LambdaContext") -> None:
    handler = Handler("b1", "a2")
    event = kinesis_event([("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2"), ("a", "a3"), ("c", "c1")])

    response = ordered_batch(EventType.KinesisDataStreams, handler.kinesis)(event, context)

    assert reported(response) == ["1001", "1002", "1003", "1004"]
    assert sorted(handler.handled) == ["a1", "a2", "b1", "c1"]


def test_s_049_changes_of_one_item_keep_their_order_and_other_items_go_on(context: "LambdaContext") -> None:
    handled: list[str] = []

    def handle(record: "DynamoDBRecord") -> None:
        assert record.dynamodb is not None
        assert record.dynamodb.sequence_number is not None
        handled.append(record.dynamodb.sequence_number)
        if record.dynamodb.sequence_number == "1000":
            raise ValueError

    one = {"id": {"S": "o1"}, "line": {"N": "1"}}
    same = {"line": {"N": "1"}, "id": {"S": "o1"}}
    other = {"id": {"S": "o1"}, "line": {"N": "2"}}
    response = ordered_batch(EventType.DynamoDBStreams, handle)(dynamodb_event([one, same, other]), context)

    assert reported(response) == ["1000", "1001"]
    assert sorted(handled) == ["1000", "1002"]


def test_s_120_a_batch_that_failed_entirely_is_reported_and_not_raised(context: "LambdaContext") -> None:
    handler = Handler("1", "2")

    response = ordered_batch(EventType.SQS, handler.sqs)(sqs_event([(None, "1"), (None, "2")]), context)

    assert reported(response) == ["m0", "m1"]


def test_s_120_a_first_message_that_fails_alone_is_reported(context: "LambdaContext") -> None:
    handler = Handler("1")

    assert reported(ordered_batch(EventType.SQS, handler.sqs)(fifo_event([("A", "1")]), context)) == ["m0"]


def test_s_123_an_empty_batch_is_a_success(context: "LambdaContext") -> None:
    assert ordered_batch(EventType.SQS, Handler().sqs)({"Records": []}, context) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        ({}, "no members"),
        ({"source": "aws.events", "detail": {}}, "detail"),
        ({"Records": None}, "Records"),
        ({"Records": ["text"]}, "record 0 is of another source"),
        (kinesis_event([("k", 1)]), "record 0 is of another source"),
        ({"Records": [{"eventSource": "aws:sqs", "body": "x", "eventSourceARN": "a"}]}, "record 0 .* lacks"),
    ],
)
def test_s_123_an_event_that_is_no_batch_of_the_source_is_an_error_of_the_invocation(
    event: dict[str, Any], complaint: str, context: "LambdaContext"
) -> None:
    handler = Handler()

    with pytest.raises(NotABatchError, match=complaint):
        ordered_batch(EventType.SQS, handler.sqs)(event, context)
    assert handler.handled == []


def test_a_warm_function_remembers_nothing_of_the_invocation_before(context: "LambdaContext") -> None:
    handler = Handler("A1")
    invoke = ordered_batch(EventType.SQS, handler.sqs)
    event = fifo_event([("A", "A1"), ("A", "A2")])

    first = invoke(event, context)
    handler.failing.clear()
    second = invoke(event, context)

    assert reported(first) == ["m0", "m1"]
    assert reported(second) == []
    assert handler.handled == ["A1", "A1", "A2"]


def test_warm_invocations_use_the_same_threads(context: "LambdaContext") -> None:
    threads: set[threading.Thread] = set()
    everybody = threading.Barrier(3)

    def handle(_: object) -> None:
        threads.add(threading.current_thread())
        everybody.wait(timeout=10)

    invoke = ordered_batch(EventType.SQS, handle, threads=3)
    for _ in range(5):
        invoke(sqs_event([(None, number) for number in range(3)]), context)

    assert len(threads) <= 1 + 3, "the invocation's own and those of one pool"


def test_near_its_time_limit_the_invocation_takes_no_more_records_and_reports_them() -> None:
    context = Context(remaining_ms=10_000)
    handled = []

    def handle(record: "SQSRecord") -> None:
        handled.append(record.message_id)
        context.remaining_ms -= 2_000

    event = fifo_event([("A", number) for number in range(6)])
    response = ordered_batch(EventType.SQS, handle, margin_ms=5_000)(event, cast("LambdaContext", context))

    assert handled == ["m0", "m1", "m2"]
    assert reported(response) == ["m3", "m4", "m5"]


def test_out_of_time_a_key_is_reported_from_its_first_unhandled_record_on() -> None:
    context = Context(remaining_ms=10_000)

    def handle(_: object) -> None:
        context.remaining_ms -= 2_000

    event = kinesis_event([("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5)])
    invoke = ordered_batch(EventType.KinesisDataStreams, handle, margin_ms=5_000, threads=1)

    assert reported(invoke(event, cast("LambdaContext", context))) == ["1001", "1003"]


def test_a_margin_above_the_functions_own_limit_still_lets_it_get_on() -> None:
    handler = Handler()
    context = cast("LambdaContext", Context(remaining_ms=600_000))

    response = ordered_batch(EventType.SQS, handler.sqs, margin_ms=900_000)(sqs_event([(None, "1")]), context)

    assert reported(response) == []
    assert handler.handled == ["1"]


def test_s_115_the_context_is_known_to_idempotency_before_the_first_record(context: "LambdaContext") -> None:
    config = idempotency_config(event_key_jmespath="id", payload_validation_jmespath=None)
    seen = []

    def handle(_: object) -> None:
        seen.append(config.lambda_context)

    ordered_batch(EventType.SQS, handle)(sqs_event([(None, 1)]), context)

    assert seen == [context]


def test_it_is_a_processor_of_powertools_like_any_other(context: "LambdaContext") -> None:
    seen: list[tuple[str, object]] = []

    def handle(record: "SQSRecord", lambda_context: "LambdaContext") -> str:
        seen.append((record.message_id, lambda_context))
        return record.message_id

    processor = OrderedBatchProcessor(EventType.SQS)
    event = sqs_event([(None, 1), (None, 2)])
    response = process_partial_response(event, handle, processor, context)

    assert response == {"batchItemFailures": []}
    assert sorted(seen) == [("m0", context), ("m1", context)]
    with processor(event["Records"], handle, context):
        entries = processor.process()
    assert [(status, result) for status, result, _ in entries] == [("success", "m0"), ("success", "m1")]


@pytest.mark.parametrize("arguments", [{"threads": 0}, {"margin_ms": -1}])
def test_impossible_settings_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="threads must be at least 1"):
        OrderedBatchProcessor(EventType.SQS, **arguments)


class Hanging:
    """Handles messages whose body is a name; hangs in those it is told until it is let go."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = set(hanging)
        self.begun: list[str] = []
        self.handled: list[str] = []
        self.go_on = threading.Event()
        self.went_on = threading.Semaphore(0)

    def __call__(self, record: "SQSRecord") -> None:
        name = str(json.loads(record.body))
        self.begun.append(name)
        if name in self.hanging:
            assert self.go_on.wait(timeout=60)
            self.handled.append(name)
            self.went_on.release()
        else:
            self.handled.append(name)


def near_the_end() -> "LambdaContext":
    """Half of this short time is the margin; the other half passes in the test, for real."""
    return cast("LambdaContext", Context(remaining_ms=400))


def test_at_the_margin_the_batch_waits_no_longer_and_reports_what_is_unfinished() -> None:
    handle = Hanging("A2")
    event = fifo_event([("A", "A1"), ("A", "A2"), ("A", "A3"), ("B", "B1"), ("B", "B2")])

    response = ordered_batch(EventType.SQS, handle)(event, near_the_end())

    assert reported(response) == ["m1", "m2"]
    assert sorted(handle.handled) == ["A1", "B1", "B2"]
    handle.go_on.set()


def test_a_thread_that_was_left_behind_ends_its_record_and_begins_no_other() -> None:
    handle = Hanging("A1")
    event = fifo_event([("A", "A1"), ("A", "A2")])
    before = set(threading.enumerate())
    response = ordered_batch(EventType.SQS, handle, threads=1)(event, near_the_end())
    left_behind = set(threading.enumerate()) - before

    handle.hanging.clear()
    handle.go_on.set()
    assert handle.went_on.acquire(timeout=60)
    for thread in left_behind:
        thread.join(timeout=60)

    assert reported(response) == ["m0", "m1"]
    assert handle.begun == ["A1"]
    assert all(thread.daemon for thread in left_behind)
    assert not any(thread.is_alive() for thread in left_behind)


def test_threads_that_hang_use_up_none_of_the_next_invocation_s(context: "LambdaContext") -> None:
    handle = Hanging("0", "1", "2", "3")
    event = sqs_event([(None, str(number)) for number in range(8)])
    invoke = ordered_batch(EventType.SQS, handle, threads=4)
    assert len(reported(invoke(event, near_the_end()))) == 8

    handle.hanging.clear()
    assert reported(invoke(event, context)) == []
    assert sorted(handle.handled) == [str(number) for number in range(8)]
    handle.go_on.set()


def test_what_a_thread_left_behind_ends_with_is_no_outcome_of_the_next_invocation(context: "LambdaContext") -> None:
    hanging, failed_late = threading.Event(), threading.Event()
    first = [True]

    def handle(record: "SQSRecord") -> None:
        if first.pop() if first else False:
            assert hanging.wait(timeout=60)
            failed_late.set()
            raise ValueError(record.message_id)
        hanging.set()
        assert failed_late.wait(timeout=60)

    invoke = ordered_batch(EventType.SQS, handle)
    event = sqs_event([(None, "x")])
    assert reported(invoke(event, near_the_end())) == ["m0"]
    assert reported(invoke(event, context)) == []


def test_a_record_left_behind_sends_no_dead_letter_later() -> None:
    sent: list[Any] = []

    class Letters:
        def send(self, *letter: Any) -> None:
            sent.append(letter)

    handle = Hanging("A1")

    def malformed(record: "SQSRecord") -> None:
        handle(record)
        raise ValueError

    invoke = ordered_batch(
        EventType.SQS, malformed, permanent=(ValueError,), dead_letters=cast("DeadLetterQueue", Letters())
    )
    before = set(threading.enumerate())
    assert reported(invoke(sqs_event([(None, "A1")]), near_the_end())) == ["m0"]
    left_behind = set(threading.enumerate()) - before
    handle.go_on.set()
    for thread in left_behind:
        thread.join(timeout=60)

    assert sent == []


def test_kafka_is_refused() -> None:
    with pytest.raises(ValueError, match="Kafka is not supported"):
        OrderedBatchProcessor(EventType.Kafka)


_batches = st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=40)


@settings(deadline=None, max_examples=150, print_blob=True)
@given(batch=_batches, time_for=st.integers(0, 45), threads=st.integers(1, 6))
def test_whatever_fails_order_holds_and_exactly_what_was_not_handled_is_reported(
    batch: list[tuple[str, bool]], time_for: int, threads: int
) -> None:
    hour = 3_600_000  # so that no real time counts
    context = Context(remaining_ms=time_for * 2 * hour)
    lock = threading.Lock()
    handled: dict[str, list[int]] = defaultdict(list)
    succeeded = set()

    def handle(record: "KinesisStreamRecord") -> None:
        number, fails = record.kinesis.data_as_json()
        with lock:
            context.remaining_ms -= hour
            handled[record.kinesis.partition_key].append(number)
        if fails:
            raise ValueError(number)
        with lock:
            succeeded.add(number)

    event = kinesis_event([(key, [number, fails]) for number, (key, fails) in enumerate(batch)])
    invoke = ordered_batch(EventType.KinesisDataStreams, handle, threads=threads, margin_ms=time_for * hour)
    response = invoke(event, cast("LambdaContext", context))

    assert reported(response) == [str(1000 + n) for n in range(len(batch)) if n not in succeeded]
    for key, numbers in handled.items():
        of_key = [n for n, (k, _) in enumerate(batch) if k == key]
        assert numbers == of_key[: len(numbers)], "handled in order, none left out"
        assert all(n in succeeded for n in numbers[:-1]), "nothing after a failure"


def test_s_122_a_coroutine_function_is_refused_at_once() -> None:
    async def handle(record: object) -> None: ...

    with pytest.raises(TypeError, match="handle is a coroutine function"):
        ordered_batch(EventType.SQS, handle)
