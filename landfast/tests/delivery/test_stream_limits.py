"""What a stream's invocation weighs, what waits behind something that fails, and how a batch is divided."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies
from hypothesis import settings as settings_of_hypothesis

from landfast.delivery.actions import Drop, Invoke, Window
from landfast.delivery.batch_payload import PAYLOAD_LIMIT
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.settings import Settings, from_ids
from landfast.delivery.stream import lane_of
from landfast.delivery.stream_records import Envelope, StreamRecord, stream_event
from landfast.delivery.strict_json import json_text
from tests.delivery.shards import QUEUE, RAISED, STREAM, Shard, failing, failures, named, record, records, shard

SHARD = "shardId-000000000000"
REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
FIRST = "a"
SECOND = next(key for key in "bcdefgh" if lane_of(key, 2) != lane_of(FIRST, 2))


def _context(body: Mapping[str, object]) -> Mapping[str, Any]:
    context = body["requestContext"]
    assert isinstance(context, Mapping)
    return context


def _info(body: Mapping[str, object]) -> Mapping[str, Any]:
    info = body["KinesisBatchInfo"]
    assert isinstance(info, Mapping)
    return info


# What an invocation weighs


def _weight(call: Invoke[StreamRecord]) -> int:
    """The bytes of the event as the live service sends it; each record has those of its `size`."""
    event = stream_event(
        call.records, lambda item: {"r": "x" * (item.size - 8)}, window=call.window, shard_id=SHARD, stream_arn=STREAM
    )
    return len(json_text(event).encode())


WINDOW = {"TumblingWindowInSeconds": 900, "BatchSize": 100}


def test_s_048_s_076_the_state_of_a_window_counts_towards_the_payload() -> None:
    state = {"sum": "x" * 1_000_000}
    heavy = [record(number, at=1.0, size=1_040_000) for number in range(2, 9)]
    stream = shard(WINDOW, record(1), *heavy)
    stream.run(lambda _: Succeeded({"state": state}))
    assert stream.invocations() == [["r1"], ["r2", "r3", "r4", "r5", "r6"], ["r7", "r8"], []]
    weights = [_weight(call) for call in stream.calls()]
    assert max(weights) <= PAYLOAD_LIMIT
    assert max(weights) > PAYLOAD_LIMIT - 1_040_000


def test_s_048_s_076_what_follows_a_partial_response_is_cut_to_fit_beside_the_state_that_it_brought() -> None:
    heavy = [record(number, size=1_200_000) for number in range(2, 7)]
    stream = shard({**WINDOW, **REPORT}, record(1), *heavy)
    answers = iter([failures(heavy[0].sequence)])
    stream.run(lambda _: Succeeded({"state": {"sum": "x" * 1_000_000}, **next(answers, {})}))
    assert stream.invocations() == [["r1", "r2", "r3", "r4", "r5", "r6"], ["r2", "r3", "r4", "r5"], ["r6"], []]
    assert max(_weight(call) for call in stream.calls()) <= PAYLOAD_LIMIT


@settings_of_hypothesis(max_examples=40, deadline=None)
@given(
    sizes=strategies.lists(strategies.integers(10, PAYLOAD_LIMIT + 10), max_size=8),
    states=strategies.lists(strategies.integers(0, 6_400_000), min_size=1, max_size=4),
    report=strategies.booleans(),
    bisect=strategies.booleans(),
)
def test_s_048_no_invocation_is_ever_heavier_than_it_may_be_and_every_record_ends(
    sizes: list[int], states: list[int], *, report: bool, bisect: bool
) -> None:
    properties = {
        **WINDOW,
        "BisectBatchOnFunctionError": bisect,
        "MaximumRetryAttempts": 1,
        **(REPORT if report else {}),
    }
    items = [record(number, size=size) for number, size in enumerate(sizes, start=1)]
    grown = itertools.cycle({"s": "x" * size, "n": "\n" * (size // 5)} for size in states)

    def answer(call: Invoke[StreamRecord]) -> Outcome:
        assert _weight(call) <= PAYLOAD_LIMIT
        failed = failures(call.records[-1].sequence) if report and call.records else {}
        return Succeeded({"state": next(grown), **failed})

    stream = shard(properties, *items)
    stream.run(answer)
    ended = [name for state in ("processed", "dropped") for name in stream.settled(state)]
    assert sorted(ended) == sorted(item.name for item in items)


def test_s_048_the_envelope_of_a_window_is_weighed_to_the_byte() -> None:
    room = PAYLOAD_LIMIT - Envelope(SHARD, STREAM)(Window(0.0, 900.0, {}))
    batches = []
    for size in (room - 1, room):
        stream = shard(WINDOW, record(1, size=1000), record(2, size=size - 1000))
        stream.advance(0.0)
        batches.append(named(stream.calls()[0].records))
        assert batches[-1] == ["r1"] or _weight(stream.calls()[0]) == PAYLOAD_LIMIT
    assert batches == [["r1", "r2"], ["r1"]]


def test_s_048_s_075_what_stands_around_the_records_is_weighed_as_it_is_sent() -> None:
    envelope = Envelope(SHARD, STREAM)
    states: list[Mapping[str, object]] = [{}, {"sum": 1}, {"sum": "\n\u00e9"}, {"sum": "x" * 1000}, {}]
    windows = [
        Window(900.0 * number, 900.0 * (number + 1), state, final, early)
        for number, (state, final, early) in enumerate(itertools.product(states, (False, True), (False, True)))
    ]
    for window in (None, *windows):
        event = stream_event((), lambda _: {}, window=window, shard_id=SHARD, stream_arn=STREAM)
        assert envelope(window) == len(json_text(event).encode())


def test_s_076_a_window_ends_early_when_no_record_fits_beside_its_state() -> None:
    state = {"sum": "x" * 1_000_000}
    stream = shard({**WINDOW, "BatchSize": 1}, record(1), record(2, size=5_500_000))
    stream.run(lambda _: Succeeded({"state": state}))
    assert stream.invocations() == [["r1"], [], ["r2"], []]
    windows = [call.window for call in stream.calls() if call.window]
    told = [(window.final, window.terminated_early, bool(window.state)) for window in windows]
    assert told == [(False, False, False), (True, True, True), (False, False, False), (True, False, True)]


def test_s_048_s_076_the_first_record_decides_whether_its_window_goes_on_and_what_does_not_fit_is_cut_off() -> None:
    stream = shard({**WINDOW, **REPORT}, record(1), record(2), record(3, size=5_500_000))
    answers = iter([failures("0002")])
    stream.run(lambda _: Succeeded({"state": {"sum": "x" * 1_000_000}, **next(answers, {})}))
    assert stream.invocations() == [["r1", "r2", "r3"], ["r2"], [], ["r3"], []]


def test_s_076_the_rest_of_a_batch_does_not_go_on_with_a_state_beyond_its_limit() -> None:
    stream = shard({**WINDOW, **REPORT}, *records(1, 2))

    def answer(call: Invoke[StreamRecord]) -> Outcome:
        if len(call.records) > 1:
            return Succeeded({"state": {"sum": "x" * 1_100_000}, **failures(call.records[1].sequence)})
        return Succeeded({"state": {}})

    stream.run(answer)
    assert stream.invocations() == [["r1", "r2"], [], ["r2"], []]
    assert [call.window.terminated_early for call in stream.calls() if call.window] == [False, True, False, False]


def test_s_076_a_state_that_no_event_can_hold_is_a_failure() -> None:
    stream = shard({**WINDOW, "MaximumRetryAttempts": 1, **ON_FAILURE}, record(1))
    stream.run(lambda call: Succeeded({"state": {"sum": "x" * 6_291_400 if call.records else ""}}))
    assert stream.settled("to_destination") == ["r1"]


# What waits behind something that fails


def _never_final(call: Invoke[StreamRecord]) -> Outcome:
    return Succeeded({"state": {}}) if call.records else Succeeded(None)


def test_s_054_s_077_behind_a_failing_last_invocation_records_expire() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "BatchSize": 1}, record(1, at=1.0), record(2, at=2.0), retention=300)
    stream.put(record(3, at=10.5))
    stream.run(_never_final)
    assert stream.settled("processed") == ["r1", "r2"]
    assert stream.settled("dropped") == ["r3"]


def test_s_054_the_last_invocation_of_a_window_has_an_age_of_its_own() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, record(1, at=1.0), retention=300)
    stream.run(_never_final)
    assert stream.started()[-1] < 10 + 300 <= stream.now
    assert stream.poller._lanes[0].open_window is None


def test_s_054_the_last_invocation_is_not_made_at_exactly_its_retention() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, record(1, at=1.0), retention=255)
    stream.run(_never_final)
    *_, last_but_one, last = stream.started()
    assert (last - last_but_one, last + 12) == (12, 10 + 255)


def test_s_054_what_expired_is_counted_once() -> None:
    stream = shard({}, *records(1, 2), retention=300)
    stream.run(failing("r1"))
    drops = [(named(action.records), action.metric) for action in stream.actions if isinstance(action, Drop)]
    assert drops == [(["r1", "r2"], "DroppedEventCount")]


def test_s_059_the_last_invocation_is_made_once_more_at_exactly_its_maximum_age() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "MaximumRecordAgeInSeconds": 63}, record(1, at=1.0))
    stream.run(_never_final)
    assert stream.started()[-1] == 10 + 63


@pytest.mark.parametrize("outcome", [RAISED, NotReached("throttle")])
def test_s_059_the_last_invocation_is_given_up_at_the_maximum_age(outcome: Outcome) -> None:
    properties = {"TumblingWindowInSeconds": 10, "MaximumRecordAgeInSeconds": 60}
    stream = shard(properties, record(1, at=1.0), record(2, at=69.0))
    stream.run(lambda call: Succeeded({"state": {}}) if call.records else outcome, until=200)
    assert "r2" in stream.settled("processed")
    started = zip(stream.started(), stream.calls(), strict=True)
    first = [at for at, call in started if call.window and call.window.final and call.window.start == 0]
    assert first[-1] <= 10 + 60
    assert [action.metric for action in stream.actions if isinstance(action, Drop)][:1] == ["DroppedEventCount"]


def test_s_054_u_011_behind_a_shard_that_a_lane_holds_the_other_lanes_records_expire() -> None:
    stream = shard(
        {"ParallelizationFactor": 2},
        record(1, key=FIRST),
        settings=from_ids({"U-11": True}),
        retention=100,
    )
    stream.advance(0.0)
    stream.finish(RAISED)
    stream.put(record(2, at=0.5, key=SECOND))
    answered = 0
    while stream.poller.due() is not None and stream.now < 300 and not stream.settled("dropped"):
        stream.advance(stream.poller.due() or 0.0)
        while stream.running:
            stream.finish(RAISED)
            answered += 1
    assert answered > 5
    assert stream.settled("dropped")[0] == "r2"


@pytest.mark.parametrize("outcome", [RAISED, NotReached("throttle"), NotReached("system error")])
def test_s_054_the_right_half_expires_behind_the_left_one(outcome: Outcome) -> None:
    stream = shard({"BisectBatchOnFunctionError": True}, *records(1, 2), retention=300)
    answers = iter([RAISED])
    stream.run(lambda _: next(answers, outcome))
    assert sorted(stream.settled("dropped")) == ["r1", "r2"]


def test_s_135_a_kafka_topic_is_a_destination() -> None:
    on_failure = {"DestinationConfig": {"OnFailure": {"Destination": "kafka://failed-orders"}}}
    stream = shard({"MaximumRetryAttempts": 0, **on_failure}, *records(1))
    stream.run(failing("r1"))
    assert [(each.kind, each.target) for each in stream.deliveries()] == [("kafka", "kafka://failed-orders")]


def test_u_024_the_condition_of_the_record_belongs_to_the_setting() -> None:
    conditions = []
    for settings in (Settings(), from_ids({"U-24": {"condition": "RecordTooLarge"}})):
        stream = shard(ON_FAILURE, record(1, size=PAYLOAD_LIMIT), settings=settings)
        stream.run(lambda _: Succeeded(None))
        conditions += [_context(delivery.body)["condition"] for delivery in stream.deliveries()]
    assert conditions == ["PayloadSizeExceeded", "RecordTooLarge"]


@pytest.mark.parametrize("drop", [True, False])
def test_u_024_with_a_destination_it_goes_there_at_once_whatever_is_dropped_without_one(drop: bool) -> None:  # noqa: FBT001 - parametrised
    stream = shard(ON_FAILURE, record(1, size=PAYLOAD_LIMIT), record(2), settings=from_ids({"U-24": {"drop": drop}}))
    stream.advance(0.0)
    assert stream.settled("to_destination") == ["r1"]
    assert stream.invocations() == [["r2"]]


# How a batch is divided


BISECT = {"MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": True, **ON_FAILURE}


def _bisected(part: dict[str, str], properties: Mapping[str, object], size: int, *failing_names: str) -> Shard:
    stream = shard({"BatchSize": size, **properties}, *records(*range(1, size + 1)), settings=from_ids({"U-14": part}))
    stream.run(failing(*failing_names))
    return stream


def test_u_014_the_odd_record_can_go_to_the_left_half() -> None:
    assert _bisected({"odd_record": "right"}, BISECT, 3, "r1").invocations()[1] == ["r1"]
    assert _bisected({"odd_record": "left"}, BISECT, 3, "r1").invocations()[1] == ["r1", "r2"]


def test_u_014_both_halves_can_be_tried_before_the_parts_of_either() -> None:
    whole = ["r1", "r2", "r3", "r4"]
    left = _bisected({"order": "left"}, BISECT, 4, "r1").invocations()
    assert left == [whole, ["r1", "r2"], ["r1"], ["r1"], ["r2"], ["r3", "r4"]]
    breadth = _bisected({"order": "breadth"}, BISECT, 4, "r1").invocations()
    assert breadth == [whole, ["r1", "r2"], ["r3", "r4"], ["r1"], ["r1"], ["r2"]]


def test_u_014_the_halves_can_go_on_with_the_count_of_the_whole() -> None:
    fresh = _bisected({"counter": "fresh"}, BISECT, 4, "r1")
    assert [call.attempt for call in fresh.calls()] == [1, 1, 1, 2, 1, 1]
    kept = _bisected({"counter": "kept"}, BISECT, 4, "r1")
    assert [call.attempt for call in kept.calls()] == [1, 2, 3, 3, 2]
    assert [_context(each.deliveries()[0].body)["approximateInvokeCount"] for each in (fresh, kept)] == [2, 3]


def test_u_014_a_batch_that_could_be_split_can_be_given_up_whole() -> None:
    properties = {**BISECT, "MaximumRetryAttempts": 0}
    assert _bisected({"exhausted": "single"}, properties, 4, "r1").settled("to_destination") == ["r1"]
    assert _bisected({"exhausted": "any"}, properties, 4, "r1").settled("to_destination") == ["r1", "r2", "r3", "r4"]


def test_u_030_what_is_given_up_of_a_bisected_batch_is_one_record_each_or_one_for_all() -> None:
    told = []
    for merged in (False, True):
        properties = {**BISECT, "MaximumRetryAttempts": 0, "BatchSize": 4}
        stream = shard(properties, *records(1, 2, 3, 4, 5), settings=from_ids({"U-30": merged}))
        stream.run(failing("r1", "r4"))
        assert stream.settled("to_destination") == ["r1", "r4"]
        assert sorted(stream.settled("processed")) == ["r2", "r3", "r5"]
        infos = [_info(delivery.body) for delivery in stream.deliveries()]
        told.append([(info["batchSize"], info["startSequenceNumber"], info["endSequenceNumber"]) for info in infos])
    assert told == [[(1, "0001", "0001"), (1, "0004", "0004")], [(2, "0001", "0004")]]


def test_u_014_u_030_the_one_record_for_all_has_the_count_of_the_part_that_was_tried_most() -> None:
    properties = {**BISECT, "MaximumRetryAttempts": 0, "BatchSize": 3}
    settings = from_ids({"U-14": {"counter": "kept"}, "U-30": True})
    stream = shard(properties, *records(1, 2, 3), settings=settings)
    stream.run(failing("r1", "r3"))
    assert [(call.attempt, named(call.records)) for call in stream.calls()][-1] == (3, ["r3"])
    [delivery] = stream.deliveries()
    assert _context(delivery.body)["approximateInvokeCount"] == 3


def test_u_030_the_one_record_for_all_has_the_request_and_the_version_of_the_last_part() -> None:
    stream = shard({**BISECT, "MaximumRetryAttempts": 0}, *records(1, 2), settings=from_ids({"U-30": True}))
    stream.run(lambda call: Failed({"errorType": "ValueError"}, executed_version="-".join(named(call.records))))
    [delivery] = stream.deliveries()
    assert _context(delivery.body)["requestId"] == stream.calls()[-1].request_id
    response = delivery.body["responseContext"]
    assert isinstance(response, Mapping)
    assert response["executedVersion"] == "r2"
