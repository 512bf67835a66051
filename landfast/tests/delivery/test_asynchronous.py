import heapq
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landfast.delivery.actions import Action, Deliver, Drop, Invoke, Retry, Settle
from landfast.delivery.asynchronous import (
    EVENT_LIMIT,
    TRANSITIONS,
    AsynchronousConfig,
    AsynchronousQueue,
    Event,
    GiveUp,
    Phase,
    Progress,
    Start,
    Succeed,
    Wait,
    configuration,
)
from landfast.delivery.concurrency import Concurrency
from landfast.delivery.errors import Refused
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.settings import Settings, from_ids

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:failed"
DONE = "arn:aws:sqs:eu-west-1:111122223333:done"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:admins"
START = 1767225600
"""2026-01-01T00:00:00Z."""

ERROR = {"errorMessage": "no stock", "errorType": "ValueError", "requestId": "r1", "stackTrace": ["  File\n"]}
FAILED = Failed(ERROR)
TO_QUEUE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}

type Script = Callable[[Event, int], Outcome]
type Situation = tuple[dict[str, object], dict[str, list[Outcome]], float, list[float]]
"""Properties, what each try of each event comes to, how long a try takes, and when the events arrive."""


@dataclass
class Run:
    """A queue driven to its end on virtual time by a function that takes `duration` seconds."""

    queue: AsynchronousQueue
    script: Script
    duration: float = 0
    now: float = 0
    actions: list[tuple[float, Action[Event]]] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=Counter)
    running: list[tuple[float, int, str, Outcome]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)
    room: Concurrency = field(default_factory=lambda: Concurrency(None))

    def accept(self, event: Event) -> None:
        self.carry_out(self.queue.accept(event, self.now))

    def carry_out(self, actions: Sequence[Action[Event]]) -> None:
        for action in actions:
            self.actions.append((self.now, action))
            if isinstance(action, Invoke):
                self.tries[action.request_id] += 1
                let_in = self.room.start()
                outcome = self.script(action.records[0], self.tries[action.request_id]) if let_in else NotReached()
                if let_in and isinstance(outcome, NotReached):
                    self.room.end()
                ends = self.now + (0 if isinstance(outcome, NotReached) else self.duration)
                heapq.heappush(self.running, (ends, next(self.order), action.request_id, outcome))

    def step(self) -> bool:
        due = self.queue.due()
        if self.running and (due is None or self.running[0][0] <= due):
            self.now, _, request_id, outcome = heapq.heappop(self.running)
            if not isinstance(outcome, NotReached):
                self.room.end()
            self.carry_out(self.queue.finished(request_id, outcome, self.now))
        elif due is not None:
            self.now = max(self.now, due)
            self.carry_out(self.queue.advance(self.now))
        else:
            return False
        return True

    def to_the_end(self) -> "Run":
        while self.step():
            pass
        return self

    def times[A](self, kind: type[A]) -> list[float]:
        return [at for at, action in self.actions if isinstance(action, kind)]

    def all[A](self, kind: type[A]) -> list[A]:
        return [action for _, action in self.actions if isinstance(action, kind)]


def make_queue(
    properties: Mapping[str, object] | None = None, *, options: Settings | None = None, reserved: int | None = None
) -> AsynchronousQueue:
    ids = itertools.count(1)
    options = options or Settings()
    return AsynchronousQueue(
        FUNCTION,
        configuration(properties or {}, options, function_arn=FUNCTION),
        settings=options,
        new_id=lambda: f"uuid-{next(ids)}",
        reserved_concurrency=reserved,
        epoch=START,
    )


def always(outcome: Outcome) -> Script:
    return lambda _event, _try: outcome


def in_turn(*outcomes: Outcome) -> Script:
    return lambda _event, number: outcomes[min(number, len(outcomes)) - 1]


def run(
    properties: Mapping[str, object],
    script: Script,
    *,
    event: Event | None = None,
    options: Settings | None = None,
    reserved: int | None = None,
    duration: float = 0,
) -> Run:
    made = Run(make_queue(properties, options=options, reserved=reserved), script, duration)
    made.accept(event or Event(request_id="r1", payload={"orderId": "A-7"}))
    return made.to_the_end()


def body(made: Run, index: int = 0) -> dict[str, object]:
    return dict(made.all(Deliver)[index].body)


def context(made: Run, index: int = 0) -> dict[str, object]:
    found = body(made, index)["requestContext"]
    assert isinstance(found, dict)
    return found


def ending(made: Run) -> tuple[str, str]:
    (settled,) = made.all(Settle)
    return settled.state, settled.rule


# Acceptance and success


def test_s_001_an_accepted_event_is_invoked_at_once() -> None:
    queue, event = make_queue(), Event(request_id="r1")
    assert queue.accept(event, 5) == [Invoke("r1", [event], 1)]
    assert queue.due() is None
    assert len(queue) == 1


def test_s_002_a_missing_payload_is_an_empty_object_for_the_function_and_in_the_record() -> None:
    event = Event.read("r1", b"")
    assert event.payload == {}
    assert body(run(TO_QUEUE, always(FAILED), event=event))["requestPayload"] == {}
    assert Event(request_id="r1").payload == {}


def test_s_003_all_attempts_of_one_event_share_its_request_id() -> None:
    made = run(TO_QUEUE, always(FAILED))
    assert [(action.request_id, action.attempt) for action in made.all(Invoke)] == [("r1", 1), ("r1", 2), ("r1", 3)]
    assert context(made)["requestId"] == "r1"


def test_s_015_a_success_goes_to_its_destination_and_counts_as_processed() -> None:
    made = run({"DestinationConfig": {"OnSuccess": {"Destination": DONE}}}, always(Succeeded({"ok": 1})))
    (delivery,) = made.all(Deliver)
    assert (delivery.kind, delivery.target, delivery.rule) == ("sqs", DONE, "S-15 Success")
    assert body(made) == {
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "requestContext": {
            "requestId": "r1",
            "functionArn": f"{FUNCTION}:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"orderId": "A-7"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"ok": 1},
    }
    assert ending(made) == ("processed", "S-15 Success")


def test_s_015_a_success_without_a_destination_is_processed_and_nothing_is_sent() -> None:
    made = run(TO_QUEUE, always(Succeeded()))
    assert made.all(Deliver) == []
    assert ending(made) == ("processed", "S-15 Success")


def test_s_023_an_oversized_success_record_is_a_delivery_failure_of_a_processed_event() -> None:
    large = Succeeded("x" * EVENT_LIMIT)
    made = run({"DestinationConfig": {"OnSuccess": {"Destination": DONE}}}, always(large))
    assert [drop.metric for drop in made.all(Drop)] == ["DestinationDeliveryFailures"]
    assert ending(made)[0] == "processed"


# Function errors


def test_s_004_the_waits_are_one_minute_and_two() -> None:
    made = run(TO_QUEUE, always(FAILED))
    assert made.times(Invoke) == [0, 60, 180]
    assert [(at, retry.at, retry.rule) for at, retry in zip(made.times(Retry), made.all(Retry), strict=True)] == [
        (0, 60, "S-04 function error"),
        (60, 180, "S-04 function error"),
    ]
    assert made.times(Deliver) == [180]
    assert ending(made) == ("to_destination", "S-04 RetriesExhausted")


def test_s_004_waits_begin_when_an_attempt_has_ended() -> None:
    assert run(TO_QUEUE, always(FAILED), duration=2.5).times(Invoke) == [0, 62.5, 185]


def test_s_004_a_single_retry_waits_one_minute() -> None:
    made = run({**TO_QUEUE, "MaximumRetryAttempts": 1}, always(FAILED))
    assert made.times(Invoke) == [0, 60]
    assert context(made)["approximateInvokeCount"] == 2


def test_s_005_every_kind_of_function_error_consumes_an_attempt() -> None:
    kinds = ["ValueError", "Sandbox.Timedout", "Runtime.ExitError", "Function.ResponseSizeTooLarge"]
    errors = [Failed({"errorType": kind, "errorMessage": kind}) for kind in kinds]
    made = run(TO_QUEUE, in_turn(*errors))
    assert len(made.all(Invoke)) == 3
    assert body(made)["responsePayload"] == errors[2].error


def test_s_007_without_retries_the_first_error_is_the_last() -> None:
    made = run({**TO_QUEUE, "MaximumRetryAttempts": 0}, always(FAILED))
    assert made.times(Invoke) == [0]
    assert ending(made) == ("to_destination", "S-04 RetriesExhausted")


@pytest.mark.parametrize(
    ("properties", "condition", "attempts"),
    [
        ({"MaximumRetryAttempts": 0}, "RetriesExhausted", 1),
        ({}, "RetriesExhausted", 3),
        ({"MaximumEventAgeInSeconds": 60}, "EventAgeExceeded", 1),
        ({"MaximumEventAgeInSeconds": 90}, "EventAgeExceeded", 2),
    ],
)
def test_s_011_the_count_is_that_of_the_attempts_made(
    properties: Mapping[str, object], condition: str, attempts: int
) -> None:
    made = run({**TO_QUEUE, **properties}, always(FAILED))
    assert context(made)["condition"] == condition
    assert context(made)["approximateInvokeCount"] == attempts
    assert len(made.all(Invoke)) == attempts


def test_s_011_a_success_after_failures_counts_them_too() -> None:
    made = run({"DestinationConfig": {"OnSuccess": {"Destination": DONE}}}, in_turn(FAILED, Succeeded()))
    assert context(made)["approximateInvokeCount"] == 2
    assert "functionError" not in str(body(made))


def test_s_012_an_event_whose_retry_would_be_too_old_is_given_up_right_then() -> None:
    made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 90}, always(FAILED))
    assert made.times(Invoke) == [0, 60]
    assert made.times(Deliver) == [60]
    assert ending(made) == ("to_destination", "S-12 EventAgeExceeded")
    assert body(made)["responsePayload"] == ERROR
    assert "responseContext" in body(made)


@pytest.mark.parametrize(("duration", "attempts"), [(0, 1), (1, 1)])
def test_s_012_age_and_wait_that_make_exactly_the_maximum_exceed_it(duration: float, attempts: int) -> None:
    made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 60}, always(FAILED), duration=duration)
    assert len(made.all(Invoke)) == attempts
    assert made.times(Deliver) == [duration]


def test_s_012_one_second_more_lets_the_retry_start() -> None:
    made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 61}, always(FAILED))
    assert made.times(Invoke) == [0, 60]


def test_s_012_an_event_out_of_retries_is_exhausted_and_not_too_old() -> None:
    made = run({**TO_QUEUE, "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}, always(FAILED))
    assert context(made)["condition"] == "RetriesExhausted"


@pytest.mark.parametrize(
    ("properties", "outcome", "reserved", "condition"),
    [
        ({}, Succeeded(), None, "Success"),
        ({}, FAILED, None, "RetriesExhausted"),
        ({"MaximumEventAgeInSeconds": 60}, FAILED, None, "EventAgeExceeded"),
        ({"MaximumEventAgeInSeconds": 60}, NotReached(), None, "EventAgeExceeded"),
        ({}, Succeeded(), 0, "ZeroReservedConcurrency"),
    ],
)
def test_s_009_the_conditions_are_spelt_as_on_aws(
    properties: Mapping[str, object], outcome: Outcome, reserved: int | None, condition: str
) -> None:
    both = {"DestinationConfig": {side: {"Destination": QUEUE} for side in ("OnSuccess", "OnFailure")}}
    made = run({**both, **properties}, always(outcome), reserved=reserved)
    assert [delivery.body["requestContext"] for delivery in made.all(Deliver)] == [context(made)]
    assert context(made)["condition"] == condition


# Tries that do not reach the function


def test_s_006_throttled_tries_wait_from_one_second_to_five_minutes_and_use_no_retry() -> None:
    made = run(TO_QUEUE, in_turn(*[NotReached()] * 11, FAILED))
    waits = [after - before for before, after in itertools.pairwise(made.times(Invoke))]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 60, 120]
    assert {invoke.attempt for invoke in made.all(Invoke)[:12]} == {1}
    assert context(made)["approximateInvokeCount"] == 3
    assert ending(made) == ("to_destination", "S-04 RetriesExhausted")


def test_s_006_system_errors_are_like_throttles_and_named_in_the_rule() -> None:
    made = run(TO_QUEUE, in_turn(NotReached("system error"), NotReached("throttle"), Succeeded()))
    assert [retry.rule for retry in made.all(Retry)] == ["S-06 system error", "S-06 throttle"]
    assert ending(made)[0] == "processed"


def test_s_006_the_waits_begin_anew_once_the_function_was_reached() -> None:
    made = run(TO_QUEUE, in_turn(NotReached(), NotReached(), FAILED, NotReached(), Succeeded()))
    assert made.times(Invoke) == [0, 1, 3, 63, 64]
    assert [invoke.attempt for invoke in made.all(Invoke)] == [1, 1, 1, 2, 2]


def test_s_006_an_event_throttled_throughout_ages_out_with_a_count_of_zero_and_no_response() -> None:
    made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 60}, always(NotReached()))
    assert made.times(Invoke) == [0, 1, 3, 7, 15, 31]
    assert made.times(Deliver) == [60]
    assert context(made)["condition"] == "EventAgeExceeded"
    assert context(made)["approximateInvokeCount"] == 0
    assert list(body(made)) == ["version", "timestamp", "requestContext", "requestPayload"]
    assert ending(made) == ("to_destination", "S-06 EventAgeExceeded")


def test_u_029_a_throttled_event_ages_out_when_its_age_has_passed_or_ahead_of_the_next_try() -> None:
    ends = []
    for ahead in (False, True):
        options = from_ids({"U-29": ahead})
        made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 60}, always(NotReached()), options=options)
        ends += made.times(Deliver)
    assert ends == [60, 31]


def test_s_006_an_event_throttled_after_an_attempt_keeps_its_last_response() -> None:
    made = run({**TO_QUEUE, "MaximumEventAgeInSeconds": 90}, in_turn(FAILED, NotReached()))
    assert made.times(Invoke) == [0, 60, 61, 63, 67, 75]
    assert context(made)["approximateInvokeCount"] == 1
    assert body(made)["responsePayload"] == ERROR


def test_u_001_throttled_tries_can_be_counted() -> None:
    script = in_turn(NotReached(), NotReached(), FAILED)
    made = run(TO_QUEUE, script, options=Settings(count_throttled_attempts=True))
    assert context(made)["approximateInvokeCount"] == 5
    assert len(made.all(Invoke)) == 5
    assert context(made)["condition"] == "RetriesExhausted"


def test_s_031_a_small_reserved_concurrency_delays_events_and_loses_none() -> None:
    made = Run(make_queue(TO_QUEUE, reserved=1), always(Succeeded()), duration=5, room=Concurrency(1))
    for number in range(5):
        made.accept(Event(request_id=f"r{number}"))
    made.to_the_end()
    settled = made.all(Settle)
    assert sorted(settle.records[0].request_id for settle in settled) == ["r0", "r1", "r2", "r3", "r4"]
    assert {settle.state for settle in settled} == {"processed"}
    assert all(after - before >= 5 for before, after in itertools.pairwise(made.times(Settle)))
    assert made.all(Deliver) == []


# Reserved concurrency 0


def test_s_010_with_a_reserved_concurrency_of_zero_the_record_is_written_at_once() -> None:
    made = run(TO_QUEUE, always(Succeeded()), reserved=0)
    assert made.all(Invoke) == []
    assert made.times(Deliver) == [0]
    assert context(made)["condition"] == "ZeroReservedConcurrency"
    assert context(made)["approximateInvokeCount"] == 0
    assert list(body(made)) == ["version", "timestamp", "requestContext", "requestPayload"]
    assert ending(made) == ("to_destination", "S-10 ZeroReservedConcurrency")


def test_u_027_there_can_be_a_wait_before_zero_concurrency_is_reported() -> None:
    made = run(TO_QUEUE, always(Succeeded()), reserved=0, options=Settings(zero_concurrency_wait=30))
    assert made.times(Deliver) == [30]
    assert made.all(Invoke) == []


def test_u_027_concurrency_raised_during_that_wait_lets_the_event_run() -> None:
    queue = make_queue(TO_QUEUE, reserved=0, options=Settings(zero_concurrency_wait=30))
    queue.accept(Event(request_id="r1"), 0)
    queue.reconfigure(AsynchronousConfig(), reserved_concurrency=1)
    assert [type(action) for action in queue.advance(30)] == [Invoke]


def test_u_027_the_wait_is_kept_each_time_that_concurrency_is_zero() -> None:
    queue = make_queue(TO_QUEUE, reserved=0, options=Settings(zero_concurrency_wait=30))
    config = configuration(TO_QUEUE, Settings())
    queue.accept(Event(request_id="r1"), 0)
    queue.reconfigure(config, reserved_concurrency=1)
    queue.advance(30)
    queue.finished("r1", FAILED, 30)
    queue.reconfigure(config, reserved_concurrency=0)
    assert [type(action) for action in queue.advance(90)] == [Retry]
    assert queue.due() == 120


# Where failures go


def test_s_024_a_dead_letter_queue_gets_the_event_unchanged() -> None:
    event = Event.read("r1", b'{ "amount": 1.00 }')
    made = run({"DeadLetterConfig": {"TargetArn": QUEUE}}, always(FAILED), event=event)
    (delivery,) = made.all(Deliver)
    assert (delivery.kind, delivery.target, delivery.rule) == ("dlq", QUEUE, "S-24 RetriesExhausted")
    assert delivery.body == {
        "body": '{ "amount": 1.00 }',
        "attributes": {
            "RequestID": {"DataType": "String", "StringValue": "r1"},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": "no stock"},
        },
    }
    assert made.times(Deliver) == [180]
    assert ending(made)[0] == "to_destination"


def test_s_024_an_event_of_unknown_text_is_written_from_its_payload() -> None:
    made = run({"DeadLetterConfig": {"TargetArn": QUEUE}}, always(FAILED))
    assert body(made)["body"] == '{"orderId":"A-7"}'


def test_s_024_a_dead_letter_queue_has_no_success_side() -> None:
    assert run({"DeadLetterConfig": {"TargetArn": QUEUE}}, always(Succeeded())).all(Deliver) == []


@pytest.mark.parametrize(
    ("script", "reserved", "code", "text"),
    [
        (always(Failed({"errorMessage": "no"})), None, "200", "no"),
        (always(NotReached()), None, "429", "Rate Exceeded."),
        (always(NotReached("system error")), None, "500", "ServiceException"),
        (in_turn(FAILED, NotReached("system error")), None, "500", "ServiceException"),
        (in_turn(NotReached("throttle"), FAILED), None, "200", "no stock"),
        (always(Succeeded()), 0, "429", "Rate Exceeded."),
    ],
)
def test_s_024_the_attributes_tell_what_the_last_try_came_to(
    script: Script, reserved: int | None, code: str, text: str
) -> None:
    made = run({"DeadLetterConfig": {"TargetArn": QUEUE}}, script, reserved=reserved)
    attributes = body(made)["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["ErrorCode"]["StringValue"] == code
    assert attributes["ErrorMessage"]["StringValue"] == text


def test_s_024_an_error_without_a_message_has_no_message_attribute() -> None:
    made = run({"DeadLetterConfig": {"TargetArn": QUEUE}}, always(Failed({"errorType": "E", "errorMessage": None})))
    assert "ErrorMessage" not in str(body(made))


def test_s_026_destination_and_dead_letter_queue_both_get_the_failure_each_in_its_own_format() -> None:
    made = run({**TO_QUEUE, "DeadLetterConfig": {"TargetArn": TOPIC}}, always(FAILED))
    assert [(delivery.kind, delivery.target) for delivery in made.all(Deliver)] == [("sqs", QUEUE), ("dlq", TOPIC)]
    assert "requestContext" in body(made, 0)
    assert set(body(made, 1)) == {"body", "attributes"}
    assert ending(made)[0] == "to_destination"


def test_s_023_an_oversized_record_is_dropped_and_counted() -> None:
    large = Event(request_id="r1", payload="x" * (EVENT_LIMIT - 2), size=EVENT_LIMIT)
    made = run(TO_QUEUE, always(FAILED), event=large)
    assert made.all(Deliver) == []
    assert [drop.metric for drop in made.all(Drop)] == ["DestinationDeliveryFailures"]
    assert ending(made) == ("dropped", "S-04 RetriesExhausted")


def test_s_022_a_dead_letter_queue_saves_what_its_destination_could_not_take() -> None:
    large = Event(request_id="r1", payload="x" * (EVENT_LIMIT - 1500))
    failed = Failed({"errorMessage": "y" * 2000})
    made = run({**TO_QUEUE, "DeadLetterConfig": {"TargetArn": DONE}}, always(failed), event=large)
    assert [drop.metric for drop in made.all(Drop)] == ["DestinationDeliveryFailures"]
    assert [delivery.kind for delivery in made.all(Deliver)] == ["dlq"]
    assert ending(made)[0] == "to_destination"


def test_s_027_a_dead_letter_that_does_not_fit_is_deleted_and_counted() -> None:
    large = Event(request_id="r1", payload="x" * 300_000)
    made = run({"DeadLetterConfig": {"TargetArn": TOPIC}}, always(FAILED), event=large)
    assert [drop.metric for drop in made.all(Drop)] == ["DeadLetterErrors"]
    assert ending(made)[0] == "dropped"


def test_s_028_without_a_place_to_go_an_event_is_dropped_and_counted() -> None:
    made = run({}, always(FAILED))
    assert [drop.metric for drop in made.all(Drop)] == ["AsyncEventsDropped"]
    assert ending(made) == ("dropped", "S-04 RetriesExhausted")


def test_s_019_a_record_goes_to_lambda_as_the_event_and_to_s3_as_an_object() -> None:
    other = "arn:aws:lambda:eu-west-1:111122223333:function:notify"
    made = run({"DestinationConfig": {"OnFailure": {"Destination": other}}}, always(FAILED))
    assert made.all(Deliver)[0].kind == "lambda"
    assert context(made)["condition"] == "RetriesExhausted"
    made = run({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::kept"}}}, always(FAILED))
    assert made.all(Deliver)[0].kind == "s3"
    assert body(made)["key"] == "aws/lambda/async/orders/2026/01/01/2026-01-01T00.03.00-uuid-1"


def test_s_018_a_record_goes_to_an_event_bus_as_an_entry() -> None:
    bus = "arn:aws:events:eu-west-1:111122223333:event-bus/ops"
    made = run({"DestinationConfig": {"OnFailure": {"Destination": bus}}}, always(FAILED))
    entry = body(made)
    assert entry["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert entry["resources"] == [bus, f"{FUNCTION}:$LATEST"]
    assert entry["time"] == "2026-01-01T00:03:00Z"


def test_u_003_an_error_that_the_function_reported_can_be_called_handled() -> None:
    made = run(TO_QUEUE, always(FAILED), options=Settings(handled_errors=True))
    assert '"functionError": "Handled"' in json.dumps(body(made))
    assert '"functionError": "Unhandled"' in json.dumps(body(run(TO_QUEUE, always(FAILED))))


# Changes, recursion, restarts, misuse


def test_s_030_queued_events_are_decided_by_the_settings_in_place_when_they_run() -> None:
    queue = make_queue(TO_QUEUE)
    queue.accept(Event(request_id="r1"), 0)
    queue.finished("r1", FAILED, 0)
    queue.reconfigure(configuration({"MaximumRetryAttempts": 1, "DeadLetterConfig": {"TargetArn": DONE}}, Settings()))
    assert [type(action) for action in queue.advance(60)] == [Invoke]
    delivery, settled = queue.finished("r1", FAILED, 60)
    assert isinstance(delivery, Deliver)
    assert (delivery.kind, delivery.target) == ("dlq", DONE)
    assert isinstance(settled, Settle)


def test_s_030_a_lower_maximum_age_is_seen_when_an_event_is_due() -> None:
    queue = make_queue(TO_QUEUE)
    queue.accept(Event(request_id="r1"), 0)
    queue.finished("r1", FAILED, 0)
    queue.reconfigure(AsynchronousConfig(maximum_event_age=60))
    dropped, settled = queue.advance(60)
    assert dropped == Drop([Event(request_id="r1")], "AsyncEventsDropped")
    assert isinstance(settled, Settle)
    assert settled.rule == "S-06 EventAgeExceeded"


def test_s_030_reserved_concurrency_set_to_zero_ends_queued_events_with_the_attempts_they_had() -> None:
    queue = make_queue(TO_QUEUE)
    queue.accept(Event(request_id="r1"), 0)
    queue.finished("r1", FAILED, 0)
    queue.reconfigure(configuration(TO_QUEUE, Settings()), reserved_concurrency=0)
    delivery, _ = queue.advance(60)
    assert isinstance(delivery, Deliver)
    assert '"condition": "ZeroReservedConcurrency", "approximateInvokeCount": 1' in json.dumps(delivery.body)


@pytest.mark.parametrize(("depth", "stopped"), [(15, False), (16, True)])
def test_s_034_the_seventeenth_call_of_a_chain_is_stopped_and_kept(depth: int, stopped: bool) -> None:  # noqa: FBT001 - parametrised
    made = run(TO_QUEUE, always(Succeeded()), event=Event(request_id="r1", depth=depth))
    assert (made.all(Invoke) == []) == stopped
    assert ending(made)[0] == ("to_destination" if stopped else "processed")
    assert [drop.metric for drop in made.all(Drop)] == ["RecursiveInvocationsDropped"] * stopped


def test_s_034_a_function_that_allows_recursion_is_not_stopped() -> None:
    queue = make_queue(TO_QUEUE)
    queue.reconfigure(AsynchronousConfig(), recursive_loop="Allow")
    assert [type(action) for action in queue.accept(Event(request_id="r1", depth=99), 0)] == [Invoke]


def test_s_034_a_stopped_event_with_no_place_to_go_is_dropped_and_counted_twice() -> None:
    made = run({}, always(Succeeded()), event=Event(request_id="r1", depth=16))
    assert [drop.metric for drop in made.all(Drop)] == ["RecursiveInvocationsDropped", "AsyncEventsDropped"]


def test_u_008_the_condition_of_a_recursion_stop_is_a_setting() -> None:
    event = Event(request_id="r1", depth=16)
    made = run(TO_QUEUE, always(Succeeded()), event=event, options=Settings(recursion_condition="Looped"))
    assert context(made)["condition"] == "Looped"
    assert ending(made)[1] == "S-34 Looped"
    assert context(run(TO_QUEUE, always(FAILED), event=event))["condition"] == "RecursiveInvocationDetected"


def test_s_029_after_a_restart_what_waited_goes_on_and_what_ran_runs_again() -> None:
    before = make_queue(TO_QUEUE)
    before.accept(Event(request_id="waits"), 0)
    before.accept(Event(request_id="runs"), 1)
    before.finished("waits", FAILED, 2)
    after = make_queue(TO_QUEUE)
    for event, progress in before.pending():
        after.resume(event, progress)
    assert after.due() == 1
    assert after.advance(10) == [Invoke("runs", [Event(request_id="runs")], 1)]
    assert after.due() == 62
    assert after.advance(62) == [Invoke("waits", [Event(request_id="waits")], 2)]


def test_s_006_an_event_too_old_after_a_restart_is_given_up() -> None:
    queue = make_queue({"DeadLetterConfig": {"TargetArn": QUEUE}})
    queue.resume(Event(request_id="r1"), Progress(accepted=0, due=5))
    delivery, settled = queue.advance(21600)
    assert isinstance(delivery, Deliver)
    assert '"StringValue": "500"' in json.dumps(delivery.body)
    assert isinstance(settled, Settle)
    assert settled.rule == "S-06 EventAgeExceeded"


def test_an_event_larger_than_lambda_takes_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        make_queue().accept(Event(request_id="r1", size=EVENT_LIMIT + 1), 0)
    assert (caught.value.code, caught.value.status) == ("RequestEntityTooLargeException", 413)
    assert caught.value.message == (
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )


@pytest.mark.parametrize("sent", [b"{", b"\xff", b"NaN", b"{} {}"])
def test_an_event_that_is_not_json_is_refused(sent: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Event.read("r1", sent)
    assert caught.value.code == "InvalidRequestContentException"


def test_an_event_keeps_its_text_size_depth_origin_and_trace() -> None:
    event = Event.read("r1", b'{"a": "\xc3\xa9"}', depth=3, origin="one", trace="Root=1")
    expected = Event(
        request_id="r1", payload={"a": "é"}, text='{"a": "é"}', size=11, depth=3, origin="one", trace="Root=1"
    )
    assert event == expected


def test_s_014_the_function_arn_of_a_record_keeps_the_qualifier_that_was_called() -> None:
    queue = AsynchronousQueue(
        f"{FUNCTION}:live", configuration(TO_QUEUE, Settings()), settings=Settings(), new_id=str, reserved_concurrency=0
    )
    delivery, _ = queue.accept(Event(request_id="r1"), START)
    assert isinstance(delivery, Deliver)
    assert f'"functionArn": "{FUNCTION}:live"' in json.dumps(delivery.body)


def test_what_is_no_function_has_no_queue() -> None:
    with pytest.raises(Refused, match="is not the ARN of a function"):
        AsynchronousQueue(QUEUE, AsynchronousConfig(), settings=Settings(), new_id=str)


def test_a_machine_is_not_to_be_told_what_cannot_have_happened() -> None:
    queue = make_queue(TO_QUEUE)
    with pytest.raises(RuntimeError, match="no invocation r1 is running"):
        queue.finished("r1", FAILED, 0)
    queue.accept(Event(request_id="r1"), 0)
    with pytest.raises(RuntimeError, match="already in the queue"):
        queue.accept(Event(request_id="r1"), 0)
    queue.finished("r1", FAILED, 0)
    with pytest.raises(RuntimeError, match="no invocation r1 is running"):
        queue.finished("r1", FAILED, 0)
    with pytest.raises(RuntimeError, match="has ended"):
        queue.resume(Event(request_id="r2"), Progress(accepted=0, due=0, phase=Phase.ENDED))


def test_the_table_of_transitions_is_complete() -> None:
    assert {(phase.value, verdict.__name__): end.value for (phase, verdict), end in TRANSITIONS.items()} == {
        ("waiting", Start.__name__): "running",
        ("waiting", Wait.__name__): "waiting",
        ("waiting", GiveUp.__name__): "ended",
        ("running", Wait.__name__): "waiting",
        ("running", Succeed.__name__): "ended",
        ("running", GiveUp.__name__): "ended",
    }


def test_events_due_at_the_same_time_run_in_the_order_in_which_they_began_to_wait() -> None:
    queue = make_queue()
    for name in ("r1", "r2", "r3"):
        queue.accept(Event(request_id=name), 0)
    for name in ("r2", "r3", "r1"):
        queue.finished(name, FAILED, 0)
    assert [action.request_id for action in queue.advance(60) if isinstance(action, Invoke)] == ["r2", "r3", "r1"]


# Invariants


outcomes: st.SearchStrategy[Outcome] = st.sampled_from([Succeeded(), FAILED, NotReached(), NotReached("system error")])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    properties: dict[str, object] = {}
    if draw(st.booleans()):
        properties["MaximumRetryAttempts"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        properties["MaximumEventAgeInSeconds"] = draw(st.integers(60, 400))
    if draw(st.booleans()):
        properties |= TO_QUEUE
    if draw(st.booleans()):
        properties["DeadLetterConfig"] = {"TargetArn": DONE}
    arrivals = sorted(draw(st.lists(st.integers(0, 300).map(float), min_size=1, max_size=6)))
    scripts = {f"r{number}": draw(st.lists(outcomes, min_size=1, max_size=12)) for number in range(len(arrivals))}
    return properties, scripts, draw(st.sampled_from([0.0, 0.5, 3.0, 50.0])), arrivals


def drive(situation: Situation) -> Run:
    properties, scripts, duration, arrivals = situation

    def script(event: Event, number: int) -> Outcome:
        planned = scripts[event.request_id]
        return planned[min(number, len(planned)) - 1]

    made = Run(make_queue(properties), script, duration)
    for number, arrival in enumerate(arrivals):
        while (upcoming := next_time(made)) is not None and upcoming <= arrival:
            made.step()
        made.now = max(made.now, arrival)
        made.accept(Event(request_id=f"r{number}"))
    return made.to_the_end()


def cycled(planned: Sequence[Outcome], number: int) -> Outcome:
    return planned[(number - 1) % len(planned)]


def next_time(made: Run) -> float | None:
    times = [made.running[0][0]] if made.running else []
    due = made.queue.due()
    return min([*times, due], default=None) if due is not None else min(times, default=None)


@given(situations())
@settings(max_examples=80, deadline=None)
def test_every_accepted_event_ends_in_exactly_one_state(
    situation: Situation,
) -> None:
    made = drive(situation)
    ended = Counter(settle.records[0].request_id for settle in made.all(Settle))
    assert ended == {f"r{number}": 1 for number in range(len(situation[3]))}
    assert len(made.queue) == 0
    last = {action.records[0].request_id: action for action in made.all(Settle)}
    for request_id, settle in last.items():
        kept = [d for d in made.all(Deliver) if d.records[0].request_id == request_id]
        assert (settle.state == "to_destination") == bool(kept)


@given(situations())
@settings(max_examples=80, deadline=None)
def test_an_event_gets_its_attempts_and_no_more_and_is_given_up_only_for_a_reason(
    situation: Situation,
) -> None:
    made = drive(situation)
    properties, scripts, _, arrivals = situation
    config = configuration(properties, Settings())
    for number, accepted in enumerate(arrivals):
        name = f"r{number}"
        planned = scripts[name]
        tried = [planned[min(index, len(planned) - 1)] for index in range(made.tries[name])]
        reached = [outcome for outcome in tried if not isinstance(outcome, NotReached)]
        assert len(reached) <= 1 + config.maximum_retry_attempts
        at, settle = next(
            (at, action)
            for at, action in made.actions
            if isinstance(action, Settle) and action.records[0].request_id == name
        )
        if settle.state == "processed":
            assert isinstance(tried[-1], Succeeded)
        elif settle.rule == "S-04 RetriesExhausted":
            assert len(reached) == 1 + config.maximum_retry_attempts
        else:
            misses = len(tuple(itertools.takewhile(lambda o: isinstance(o, NotReached), reversed(tried))))
            wait = min(300, 2.0 ** (misses - 1)) if misses else 60.0 * len(reached)
            assert at - accepted + wait >= config.maximum_event_age
            assert isinstance(tried[-1], NotReached) or len(reached) <= config.maximum_retry_attempts


@given(situations())
@settings(max_examples=60, deadline=None)
def test_every_retry_happens_when_it_was_announced_and_after_the_right_wait(
    situation: Situation,
) -> None:
    made = drive(situation)
    for number in range(len(situation[3])):
        name = f"r{number}"
        announced = [a.at for a in made.all(Retry) if a.records[0].request_id == name]
        invoked = [at for at, a in made.actions if isinstance(a, Invoke) and a.request_id == name]
        ended = [at for at, a in made.actions if isinstance(a, Settle) and a.records[0].request_id == name]
        aged_out = [at for at in announced if at in ended and at not in invoked]
        assert invoked[1:] + aged_out == announced
        assert len(aged_out) <= 1
        reached = 0
        misses = 0
        for (at, retry), outcome in zip(
            ((at, a) for at, a in made.actions if isinstance(a, Retry) and a.records[0].request_id == name),
            (situation[1][name] + [situation[1][name][-1]] * 40),
            strict=False,
        ):
            if isinstance(outcome, NotReached):
                misses += 1
                assert retry.at - at == min(300, 2 ** (misses - 1)) or retry.at in aged_out
            else:
                reached, misses = reached + 1, 0
                assert retry.at - at == 60 * reached


@given(situations())
@settings(max_examples=50, deadline=None)
def test_the_same_situation_gives_the_same_actions(
    situation: Situation,
) -> None:
    assert drive(situation).actions == drive(situation).actions


@given(situations(), st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_a_restart_at_any_point_loses_no_event_and_gives_no_extra_attempt(situation: Situation, steps: int) -> None:
    properties, scripts, duration, _ = situation
    made = Run(make_queue(properties), lambda event, number: cycled(scripts[event.request_id], number), duration)
    for name in scripts:
        made.accept(Event(request_id=name))
    for _ in range(steps):
        made.step()
    revived = replace(made, queue=make_queue(properties), running=[])
    for event, progress in made.queue.pending():
        revived.queue.resume(event, progress)
    revived.to_the_end()
    assert Counter(settle.records[0].request_id for settle in revived.all(Settle)) == dict.fromkeys(scripts, 1)
    attempts = 1 + configuration(properties, Settings()).maximum_retry_attempts
    assert all(invoke.attempt <= attempts for invoke in revived.all(Invoke))


def test_twenty_thousand_events_wait_in_order_of_their_time() -> None:
    queue = make_queue()
    for number in range(20_000):
        queue.accept(Event(request_id=str(number)), number / 1000)
        queue.finished(str(number), FAILED, number / 1000)
    assert queue.due() == 60
    started = queue.advance(1000)
    assert [action.request_id for action in started if isinstance(action, Invoke)] == list(map(str, range(20_000)))
