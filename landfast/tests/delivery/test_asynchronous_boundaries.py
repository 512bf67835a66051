"""Boundaries of asynchronous invocation at which an event is lost, tried once too often, or told wrongly."""

from collections.abc import Mapping

import pytest

from landfast.delivery.actions import Action, Deliver, Invoke, Retry
from landfast.delivery.asynchronous import AsynchronousQueue, Event, configuration
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.settings import Settings

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:failed"
FAILED = Failed({"errorMessage": "no stock", "errorType": "ValueError"})


def queue_of(
    arn: str = FUNCTION, *, reserved: int | None = None, properties: Mapping[str, object] | None = None
) -> AsynchronousQueue:
    destination = {"DestinationConfig": {side: {"Destination": QUEUE} for side in ("OnSuccess", "OnFailure")}}
    config = configuration({**destination, **(properties or {})}, Settings(), function_arn=arn)
    return AsynchronousQueue(arn, config, settings=Settings(), new_id=lambda: "uuid", reserved_concurrency=reserved)


def context(actions: list[Action[Event]]) -> Mapping[str, object]:
    """The `requestContext` of the one record that is sent."""
    [delivery] = [action for action in actions if isinstance(action, Deliver)]
    found = delivery.body["requestContext"]
    assert isinstance(found, dict)
    return found


def test_s_010_only_a_reserved_concurrency_of_zero_is_zero() -> None:
    for reserved in (None, 1):
        actions = queue_of(reserved=reserved).accept(Event(request_id="r1"), 0)
        assert [type(action) for action in actions] == [Invoke]


def test_s_010_a_reserved_concurrency_of_zero_is_reported_in_the_answer_to_the_event() -> None:
    queue = queue_of(reserved=0)
    actions = queue.accept(Event(request_id="r1"), 0)
    assert not [action for action in actions if isinstance(action, Retry)]
    assert context(actions)["condition"] == "ZeroReservedConcurrency"
    assert (queue.due(), len(queue)) == (None, 0)


@pytest.mark.parametrize(("reserved", "outcome", "count"), [(0, None, 0), (None, NotReached(), 0), (None, FAILED, 1)])
def test_s_011_only_attempts_that_reached_the_function_are_counted(
    reserved: int | None, outcome: Outcome | None, count: int
) -> None:
    queue = queue_of(reserved=reserved, properties={"MaximumEventAgeInSeconds": 60})
    actions = queue.accept(Event(request_id="r1"), 0)
    now = 0.0
    while outcome is not None and isinstance(actions[0], Invoke):
        actions = queue.finished("r1", outcome, now)
        if (due := queue.due()) is not None:
            now = due
            actions = queue.advance(now)
    assert context(actions)["approximateInvokeCount"] == count


def test_s_011_throttles_between_two_attempts_are_not_counted() -> None:
    queue = queue_of()
    queue.accept(Event(request_id="r1"), 0)
    for now, outcome in ((0, NotReached()), (1, NotReached("system error")), (3, FAILED)):
        queue.finished("r1", outcome, now)
        due = queue.due()
        assert due is not None
        queue.advance(due)
    assert context(queue.finished("r1", Succeeded(), 63))["approximateInvokeCount"] == 2


def test_s_012_the_age_is_that_since_the_event_was_accepted() -> None:
    queue = queue_of(properties={"MaximumEventAgeInSeconds": 170})
    queue.accept(Event(request_id="r1"), 0)
    queue.finished("r1", FAILED, 0)
    queue.advance(60)
    actions = queue.finished("r1", FAILED, 60)
    assert context(actions)["condition"] == "EventAgeExceeded"
    assert queue.due() is None


@pytest.mark.parametrize(
    ("called", "told"),
    [
        (FUNCTION, f"{FUNCTION}:$LATEST"),
        (f"{FUNCTION}:$LATEST", f"{FUNCTION}:$LATEST"),
        (f"{FUNCTION}:7", f"{FUNCTION}:7"),
        (f"{FUNCTION}:live", f"{FUNCTION}:live"),
        (f"{FUNCTION}:orders", f"{FUNCTION}:orders"),
    ],
)
@pytest.mark.parametrize("outcome", [FAILED, Succeeded()])
def test_s_014_the_function_arn_of_every_record_is_qualified(called: str, told: str, outcome: Outcome) -> None:
    queue = queue_of(called, properties={"MaximumRetryAttempts": 0})
    queue.accept(Event(request_id="r1"), 0)
    assert context(queue.finished("r1", outcome, 1))["functionArn"] == told


@pytest.mark.parametrize(
    "kind", ["ValueError", "Sandbox.Timedout", "Runtime.ExitError", "Function.ResponseSizeTooLarge"]
)
def test_s_016_the_record_of_every_failure_calls_it_unhandled(kind: str) -> None:
    queue = queue_of(properties={"MaximumRetryAttempts": 0})
    queue.accept(Event(request_id="r1"), 0)
    actions = queue.finished("r1", Failed({"errorType": kind, "stackTrace": []}, "7"), 0)
    [delivery] = [action for action in actions if isinstance(action, Deliver)]
    told = {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"}
    assert delivery.body["responseContext"] == told
