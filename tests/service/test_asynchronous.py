import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError

from landfast.dataplane.errors import DeliveryFailed
from landfast.delivery.actions import Deliver
from landfast.journal import Dropped, Finished, Invoked, Retrying, Settled
from landfast.runtime.model import Result, RuntimeClosedError, Throttled
from tests.service.conftest import ARN, FAILURES, Stage, answered, errored, eventually, refused, to_queue

if TYPE_CHECKING:
    from collections.abc import Iterator


def settled(stage: Stage, count: int = 1) -> bool:
    return eventually(lambda: len(stage.journal(Settled)) == count)


def context(delivery: Deliver[Any]) -> dict[str, Any]:
    found: Any = delivery.body["requestContext"]
    return dict(found)


def numbers(stage: Stage) -> set[Any]:
    return {delivery.body["responsePayload"] for delivery in stage.targets.delivered}


def send(stage: Stage, payload: bytes = b'{"order": 7}', request_id: str = "e1", name: str = "orders") -> None:
    stage.accept(name, payload, request_id=request_id, origin="invoke", trace="")


def test_an_event_runs_and_its_record_lands(stage: Stage) -> None:
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    [delivery] = stage.targets.delivered
    assert delivery.body["requestPayload"] == {"order": 7}
    assert delivery.body["responsePayload"] == {"order": 7}
    assert not stage.store.events("orders")


def test_s_003_all_attempts_share_one_request_id_and_the_waits_are_a_minute_and_two(stage: Stage) -> None:
    stage.runtime.handler = lambda _: errored("no stock")
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    assert [call["request_id"] for call in stage.runtime.calls] == ["e1"] * 3
    started = [entry.at for entry in stage.journal(Invoked)]
    ended = [entry.at for entry in stage.journal(Finished)]
    assert started[1] - ended[0] >= 60
    assert started[2] - ended[1] >= 120
    [delivery] = stage.targets.delivered
    assert context(delivery)["approximateInvokeCount"] == 3


def test_s_010_with_reserved_concurrency_0_an_event_is_accepted_and_given_up_at_once(stage: Stage) -> None:
    stage.queue(to_queue(FAILURES), "stopped")
    send(stage, name="stopped")
    assert settled(stage)
    assert stage.runtime.calls == []
    [delivery] = stage.targets.delivered
    assert context(delivery)["condition"] == "ZeroReservedConcurrency"


def test_s_030_a_queued_event_runs_with_the_code_in_place_when_it_runs(stage: Stage) -> None:
    versions: Iterator[Result] = iter([errored("old code"), answered("new code")])
    stage.runtime.handler = lambda _: next(versions)
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    assert stage.targets.delivered[0].body["responsePayload"] == "new code"


def test_s_031_throttled_events_wait_and_none_is_lost(stage: Stage) -> None:
    throttles = iter([True] * 20)

    def handler(event: object) -> Result:
        return (
            Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if next(throttles, False)
            else answered(event)
        )

    stage.runtime.handler = handler
    stage.queue(to_queue(FAILURES))
    for number in range(10):
        send(stage, json.dumps(number).encode(), f"e{number}")
    assert settled(stage, 10)
    assert numbers(stage) == set(range(10))


def test_s_034_a_chain_of_a_function_that_calls_itself_is_stopped_after_16_calls(stage: Stage) -> None:
    stage.queue({"DestinationConfig": {"OnFailure": {"Destination": FAILURES}}})

    def handler(event: object) -> Result:
        trace = stage.runtime.calls[-1]["trace_id"]
        stage.accept("orders", b"{}", request_id=f"e{len(stage.runtime.calls)}", origin="invoke", trace=trace)
        return answered(event)

    stage.runtime.handler = handler
    send(stage, request_id="e0")
    assert settled(stage, 17)
    assert len(stage.runtime.calls) == 16
    [note] = [entry for entry in stage.journal(Dropped) if entry.metric == "RecursiveInvocationsDropped"]
    assert note.records == ("e16",)


def test_what_was_accepted_is_run_by_the_next_service(tmp_path: Path) -> None:
    first = Stage(tmp_path)

    def closed(_: object) -> Result:
        raise RuntimeClosedError

    first.runtime.handler = closed
    first.queue(to_queue(FAILURES))
    for number in range(20):
        send(first, json.dumps(number).encode(), f"e{number}")
    assert eventually(lambda: len(first.runtime.calls) == 20)
    first.close()
    second = Stage(tmp_path)
    second.queue(to_queue(FAILURES))
    assert settled(second, 20)
    assert numbers(second) == set(range(20))
    second.close()


def test_attempts_made_before_a_restart_count(tmp_path: Path) -> None:
    first = Stage(tmp_path, speed=1.0)
    first.runtime.handler = lambda _: errored("no stock")
    first.queue(to_queue(FAILURES))
    send(first)
    assert eventually(lambda: len(first.journal(Retrying)) == 1)
    first.close()
    second = Stage(tmp_path)
    second.runtime.handler = lambda _: errored("no stock")
    second.queue(to_queue(FAILURES))
    assert settled(second)
    assert len(second.runtime.calls) == 2
    assert context(second.targets.delivered[0])["approximateInvokeCount"] == 3
    second.close()


def test_an_event_whose_id_waits_already_is_taken_once(stage: Stage) -> None:
    release = threading.Event()

    def handler(event: object) -> Result:
        release.wait(5)
        return answered(event)

    stage.runtime.handler = handler
    stage.queue(to_queue(FAILURES))
    send(stage)
    send(stage)
    release.set()
    assert settled(stage)
    assert len(stage.runtime.calls) == 1


def test_a_slow_event_does_not_delay_the_others(stage: Stage) -> None:
    release = threading.Event()

    def handler(event: object) -> Result:
        if event == "slow":
            assert release.wait(5)
        return answered(event)

    stage.runtime.handler = handler
    stage.queue(to_queue(FAILURES))
    send(stage, b'"slow"', "slow")
    for number in range(10):
        send(stage, b"{}", f"e{number}")
    assert settled(stage, 10)
    release.set()
    assert settled(stage, 11)


def test_s_022_a_refused_delivery_is_noted_and_the_event_counts_as_dropped(stage: Stage) -> None:
    stage.runtime.handler = lambda _: errored("no stock")
    stage.targets.refusal = refused
    stage.queue({**to_queue(FAILURES), "MaximumRetryAttempts": 0})
    send(stage)
    assert settled(stage)
    [note] = stage.journal(Dropped)
    assert (note.metric, note.records) == ("DestinationDeliveryFailures", ("e1",))
    assert "AccessDenied" in note.error
    assert stage.journal(Settled)[0].state == "dropped"


def test_s_026_the_dead_letter_queue_keeps_what_the_destination_refuses(stage: Stage) -> None:
    stage.runtime.handler = lambda _: errored("no stock")
    stage.targets.refusal = lambda delivery: refused(delivery) if delivery.kind == "sqs" else None
    stage.queue({**to_queue(FAILURES), "MaximumRetryAttempts": 0, "DeadLetterConfig": {"TargetArn": FAILURES}})
    send(stage)
    assert settled(stage)
    assert [delivery.kind for delivery in stage.targets.delivered] == ["dlq"]
    assert stage.journal(Settled)[0].state == "to_destination"


def test_a_delivery_waits_for_an_engine_that_is_away_and_says_so(stage: Stage) -> None:
    failures = iter([True, True])

    def away(delivery: Deliver[Any]) -> Exception | None:
        if not next(failures, False):
            return None
        error = DeliveryFailed(delivery.target, "away")
        error.__cause__ = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        return error

    stage.targets.refusal = away
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    assert len(stage.targets.delivered) == 1
    assert [entry.rule.partition(":")[0] for entry in stage.journal(Retrying)] == ["delivery to arn"] * 2
    assert stage.journal(Settled)[0].state == "processed"


def test_a_lambda_destination_is_an_asynchronous_event_of_the_other_function(stage: Stage) -> None:
    stage.queue({"DestinationConfig": {"OnSuccess": {"Destination": ARN + "stopped"}}})
    stage.queue({"DestinationConfig": {"OnFailure": {"Destination": FAILURES}}}, "stopped")
    send(stage)
    assert eventually(lambda: len(stage.targets.delivered) == 1)
    record: Any = stage.targets.delivered[0].body["requestPayload"]
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestPayload"] == {"order": 7}


def test_an_error_that_nobody_expected_stops_the_service_instead_of_a_thread(stage: Stage) -> None:
    def broken(_: object) -> Result:
        raise ZeroDivisionError

    stage.runtime.handler = broken
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert eventually(lambda: bool(stage.crashes))
    [(where, error)] = stage.crashes
    assert where == "orders"
    assert isinstance(error, ZeroDivisionError)
    stage.crashes.clear()
