import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from landfast.delivery.actions import Deliver, Drop
from landfast.delivery.asynchronous import EVENT_LIMIT, Event
from landfast.delivery.errors import Refused
from landfast.delivery.strict_json import json_text, read_json
from landfast.journal import Accepted, Dropped, Finished, Invoked, Retrying, Settled
from landfast.runtime.model import Answered, RequestTooLargeError, Result, RuntimeClosedError, Throttled
from tests.service.conftest import ARN, FAILURES, REPORT, Stage, answered, errored, eventually, refused, to_queue


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


def test_whoever_waits_for_everything_to_rest_is_told_of_the_function_whose_events_wait(tmp_path: Path) -> None:
    stage = Stage(tmp_path, speed=1.0)
    stage.runtime.handler = lambda _: errored("no stock")
    stage.queue({})
    send(stage)
    assert eventually(lambda: bool(stage.journal(Retrying)))
    told = stage.loop.ask(stage.loop.unsettled)
    assert re.fullmatch(r"planned: function orders \(asynchronous events: 1\) until \S+Z \(in (60|59) s\)", told)
    stage.close()


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
        release.wait(30)
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
            assert release.wait(30)
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


def test_s_019_a_delivery_to_a_bucket_waits_for_an_engine_that_is_away_and_says_so(stage: Stage) -> None:
    stage.targets.buckets.failures = [EndpointConnectionError(endpoint_url="http://127.0.0.1:1")] * 2
    stage.runtime.handler = lambda _: errored("no stock")
    failures = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}}
    stage.queue({**failures, "MaximumRetryAttempts": 0})
    send(stage)
    assert settled(stage)
    [put] = stage.targets.buckets.put
    assert put["Bucket"] == "failures"
    assert json.loads(put["Body"])["requestPayload"] == {"order": 7}
    assert [entry.rule.partition(":")[0] for entry in stage.journal(Retrying)] == ["delivery to arn"] * 2
    assert stage.journal(Settled)[0].state == "to_destination"


def test_a_lambda_destination_is_an_asynchronous_event_of_the_other_function(stage: Stage) -> None:
    stage.queue({"DestinationConfig": {"OnSuccess": {"Destination": ARN + "stopped"}}})
    stage.queue({"DestinationConfig": {"OnFailure": {"Destination": FAILURES}}}, "stopped")
    send(stage)
    assert eventually(lambda: len(stage.targets.delivered) == 1)
    record: Any = stage.targets.delivered[0].body["requestPayload"]
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestPayload"] == {"order": 7}


def _failing_once(error: Exception) -> Callable[[Any], Result]:
    answers: Iterator[Result | Exception] = chain([error], repeat(answered("done")))

    def handler(_: object) -> Result:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("no\nreason"), RecursionError(), RequestTooLargeError(7_000_000), OSError("gone")]
)
def test_s_006_an_error_that_nobody_expected_is_one_invocations_system_error(stage: Stage, error: Exception) -> None:
    stage.runtime.handler = _failing_once(error)
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    failed, ended = stage.journal(Finished)
    assert (failed.outcome, ended.outcome) == ("system error", "succeed")
    assert failed.error["errorMessage"].startswith(f"{type(error).__name__}:")
    assert len(failed.error["errorMessage"].splitlines()) == 1
    [delivery] = stage.targets.delivered
    assert context(delivery)["approximateInvokeCount"] == 1


def test_what_cannot_be_kept_stops_the_service_instead_of_a_thread(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = stage.queue(to_queue(FAILURES))

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    send(stage)
    assert settled(stage)
    monkeypatch.setattr(stage.store, "commit", broken)
    drop = Drop([Event(request_id="e2")], "AsyncEventsDropped")
    stage.loop.post(lambda: driver.carry_out([drop]), driver.source)
    assert eventually(lambda: bool(stage.crashes))
    [(where, error)] = stage.crashes
    assert where == "the store"
    assert isinstance(error, sqlite3.OperationalError)
    stage.crashes.clear()


def test_s_001_an_event_beyond_a_megabyte_is_refused_as_the_machine_refuses_it(stage: Stage) -> None:
    stage.queue(to_queue(FAILURES))
    with pytest.raises(Refused) as refusal:
        send(stage, b'"' + b"x" * EVENT_LIMIT + b'"')
    assert (refusal.value.status, refusal.value.code) == (413, "RequestEntityTooLargeException")
    assert refusal.value.message == (
        "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )
    assert stage.store.events("orders") == []


@pytest.mark.parametrize("payload", [b"{", b'{"x":NaN}', b"[" * 100_000, b'"\xff"', b"\xef\xbb\xbf{}"])
def test_an_event_that_is_no_json_is_refused_and_not_kept(stage: Stage, payload: bytes) -> None:
    stage.queue(to_queue(FAILURES))
    with pytest.raises(Refused) as refusal:
        send(stage, payload)
    assert refusal.value.code == "InvalidRequestContentException"
    assert stage.journal() == []


def test_one_event_sent_twice_at_a_time_is_one_event(stage: Stage) -> None:
    all_sent = threading.Event()

    def handler(event: object) -> Result:
        assert all_sent.wait(30)
        return answered(event)

    stage.runtime.handler = handler
    stage.queue(to_queue(FAILURES))
    senders = [threading.Thread(target=send, args=(stage,)) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    all_sent.set()
    assert settled(stage)
    assert len(stage.journal(Accepted)) == len(stage.runtime.calls) == 1


@pytest.mark.parametrize(
    ("answer", "embedded"),
    [(b'{"x":NaN}', '{"x":NaN}'), (b"\x89PNG", "\ufffdPNG"), (rb'{"x":"\udc80"}', {"x": "\ufffd"}), (b"", None)],
)
def test_s_014_a_record_is_json_whatever_bytes_the_function_returned(
    stage: Stage, answer: bytes, embedded: object
) -> None:
    stage.runtime.handler = lambda _: Answered(answer, "", REPORT)
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    [delivery] = stage.targets.delivered
    assert delivery.body["responsePayload"] == embedded
    assert read_json(json_text(delivery.body).encode()) == delivery.body
    [finished] = stage.journal(Finished)
    assert finished.value == embedded


def test_an_error_whose_text_no_utf8_can_say_is_told_and_kept(stage: Stage) -> None:
    stage.runtime.handler = lambda _: errored("no file \udc80")
    stage.queue(to_queue(FAILURES))
    send(stage)
    assert settled(stage)
    assert [entry.error["errorMessage"] for entry in stage.journal(Finished)] == ["no file \ufffd"] * 3
    [delivery] = stage.targets.delivered
    assert read_json(json_text(delivery.body).encode()) == delivery.body
