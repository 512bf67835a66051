"""The simulator and the running service tell the same story of every scenario."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from landfast.journal import Accepted, Delivered, Finished
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Queue
from tests.faithful.stage import Stage, scenarios
from tests.faithful.story import differences
from tests.faithful.versions import lived, simulated

SCENARIOS = scenarios()
AGAIN = [
    name for name, one in SCENARIOS.items() if any(call["attempt"] > 1 for call in simulate(one)[0]["invocations"])
]
RECEIVED_AGAIN = [name for name in AGAIN if SCENARIOS[name].source.type == "sqs"]
RETRIED = [name for name in AGAIN if name not in RECEIVED_AGAIN]
ROUNDING = 1e-4


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_record_ends_where_the_simulator_says(stage: Stage, name: str) -> None:
    live, told = lived(stage.played[name]), simulated(stage.played[name])
    assert live.ends == told.ends
    assert live.invocations == told.invocations
    assert live.throttled == told.throttled


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_attempt_split_and_delivery_is_as_simulated_and_in_its_order(stage: Stage, name: str) -> None:
    live, told = lived(stage.played[name]), simulated(stage.played[name])
    found = list(differences(live.strands, told.strands))
    assert found == []


@pytest.mark.parametrize("name", RETRIED)
def test_no_retry_begins_before_its_time(stage: Stage, name: str) -> None:
    live, told = lived(stage.played[name]), simulated(stage.played[name])
    assert any(told.waits.values())
    for strand, waits in told.waits.items():
        early = [(one, other) for one, other in zip(live.waits[strand], waits, strict=True) if one < other - ROUNDING]
        assert early == [], f"in {strand}"


@pytest.mark.parametrize("name", RECEIVED_AGAIN)
def test_no_message_comes_back_while_it_is_hidden(stage: Stage, name: str) -> None:
    played = stage.played[name]
    queue = played.scenario.source.queue
    assert isinstance(queue, Queue)
    received: dict[str, list[float]] = defaultdict(list)
    for entry in played.entries:
        for message in entry.records if isinstance(entry, Accepted) else ():
            received[message].append(entry.at)
    gaps = [later - earlier for times in received.values() for earlier, later in pairwise(times)]
    assert min(gaps) >= queue.VisibilityTimeout - ROUNDING


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_function_ran_with_the_records_that_the_journal_says(stage: Stage, name: str) -> None:
    played = stage.played[name]
    journal = Counter(
        (entry.request_id, tuple(played.names[record] for record in entry.records))
        for entry in played.entries
        if isinstance(entry, Finished) and entry.outcome != "throttle"
    )
    assert Counter((call.request, call.records) for call in played.calls) == journal


def test_no_more_run_at_a_time_than_the_mapping_allows(stage: Stage) -> None:
    played = stage.played["QueueConcurrency"]
    assert lived(played).peak == simulated(played).peak == 2


def test_a_tumbling_window_hands_its_state_to_the_next_invocation(stage: Stage) -> None:
    calls = stage.played["StreamWindow"].calls
    told = [(call.records, call.window["state"], call.window["isFinalInvokeForWindow"]) for call in calls]
    assert told == [
        (("r1", "r2"), {}, False),
        (("r3",), {"last": "r2"}, False),
        (("r3",), {"last": "r2"}, False),
        ((), {"last": "r3"}, True),
        (("r4",), {}, False),
        ((), {"last": "r4"}, True),
    ]


def test_the_queues_hold_the_records_that_the_journal_says(stage: Stage) -> None:
    for name, arn in (("Failures", "failures"), ("Successes", "successes")):
        bodies = [json.loads(message["Body"]) for message in stage.left[name]]
        assert _sorted(bodies) == _sorted(_delivered(stage, "sqs", arn))


def test_the_dead_letter_queue_holds_the_events_themselves(stage: Stage) -> None:
    letters = [{"body": one["Body"], "attributes": one["MessageAttributes"]} for one in stage.left["DeadLetters"]]
    assert _sorted(letters) == _sorted(_delivered(stage, "dlq", "dead-letters"))


def test_the_topic_has_published_the_records(stage: Stage) -> None:
    bodies = [json.loads(message["Body"]) for message in stage.left["Heard"]]
    assert _sorted(bodies) == _sorted(_delivered(stage, "sns", "notices"))


def test_the_bus_has_passed_the_events_on(stage: Stage) -> None:
    seen = [_chosen(json.loads(message["Body"])) for message in stage.left["Seen"]]
    assert _sorted(seen) == _sorted([_chosen(body) for body in _delivered(stage, "events", "event-bus/outcomes")])


def test_the_bucket_holds_the_records_and_their_payload(stage: Stage) -> None:
    assert stage.parked() == {body["key"]: body["object"] for body in _delivered(stage, "s3", "parked")}


def _delivered(stage: Stage, kind: str, name: str) -> list[Mapping[str, Any]]:
    found = [
        entry.body
        for played in stage.played.values()
        for entry in played.entries
        if isinstance(entry, Delivered) and entry.kind == kind and entry.target.endswith(f":{name}")
    ]
    assert found, f"nothing went to {name}"
    return found


def _sorted(bodies: list[Any]) -> list[str]:
    return sorted(json.dumps(body, sort_keys=True) for body in bodies)


def _chosen(event: Mapping[str, Any]) -> dict[str, Any]:
    """What of an event on the bus is the sender's; the bus itself gives it an id, a time and an account."""
    return {name: event[name] for name in ("source", "detail-type", "resources", "detail", "region")}
