"""The rules of stream mappings, each driven by hand."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from landfast.delivery.actions import Drop, Fetch, Invoke, Retry, Split
from landfast.delivery.batch_payload import PAYLOAD_LIMIT
from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import DYNAMODB, KINESIS, StreamSource
from landfast.delivery.event_sources.dynamodb import dynamodb_record
from landfast.delivery.event_sources.dynamodb_items import change_size
from landfast.delivery.event_sources.kinesis import kinesis_record
from landfast.delivery.outcomes import NotReached, Outcome, Succeeded
from landfast.delivery.settings import Backoff, Settings, from_ids
from landfast.delivery.shards import ShardTree
from landfast.delivery.stream import lane_of
from landfast.delivery.stream_config import configuration
from landfast.delivery.stream_records import StreamRecord
from tests.delivery.shards import (
    QUEUE,
    RAISED,
    STREAM,
    THROTTLED,
    failing,
    failures,
    named,
    payload_of,
    record,
    records,
    reporting,
    shard,
)

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
_CONSTRAINT = "1 validation error detected: Value {} at 'startingPosition' failed to satisfy constraint:"
ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}


# C.1 Polling, batching, order


@pytest.mark.parametrize(("source", "interval"), [(KINESIS, 1.0), (DYNAMODB, 0.25)])
def test_s_045_an_idle_shard_is_read_at_the_base_rate(source: StreamSource, interval: float) -> None:
    idle = shard(source=source)
    idle.advance(2.0)
    reads = [at for at, action in zip(idle.times, idle.actions, strict=True) if isinstance(action, Fetch)]
    assert reads == [index * interval for index in range(int(2 / interval) + 1)]


def test_s_045_what_is_there_is_taken_without_waiting() -> None:
    busy = shard({"BatchSize": 2}, *records(1, 2, 3, 4, 5))
    busy.run(lambda _: Succeeded(None))
    assert busy.invocations() == [["r1", "r2"], ["r3", "r4"], ["r5"]]
    assert busy.started() == [0.0, 0.0, 0.0]


def test_s_046_the_second_batch_waits_for_the_first() -> None:
    one = shard({"BatchSize": 1}, *records(1, 2))
    one.advance(5.0)
    assert one.invocations() == [["r1"]]
    one.finish()
    assert one.invocations() == [["r1"], ["r2"]]


def test_s_047_a_batch_size_above_ten_needs_no_window() -> None:
    assert configuration({"StartingPosition": "LATEST", "BatchSize": 100}, KINESIS).batching_window == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("BatchSize", [0, 10_001, "many", 1.5]),
        ("MaximumBatchingWindowInSeconds", [-1, 301]),
        ("ParallelizationFactor", [0, 11]),
        ("MaximumRetryAttempts", [-2, 10_001]),
        ("MaximumRecordAgeInSeconds", [0, 59, 604_801, -2]),
        ("TumblingWindowInSeconds", [-1, 901]),
        ("BisectBatchOnFunctionError", ["perhaps", 1]),
        ("FunctionResponseTypes", ["ReportBatchItemFailures", ["Other"]]),
        ("ScalingConfig", [{"MaximumConcurrency": 5}]),
        ("Batchsize", [10]),
    ],
)
def test_s_055_settings_out_of_range_are_refused_by_name(name: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(Refused) as refused:
            configuration({"StartingPosition": "LATEST", name: value}, KINESIS)
        assert refused.value.field == name


def test_s_048_a_batch_closes_at_six_megabytes() -> None:
    heavy = [record(number, size=PAYLOAD_LIMIT // 3) for number in range(1, 5)]
    stream = shard({"BatchSize": 100}, *heavy)
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1", "r2"], ["r3", "r4"]]


def test_s_048_the_envelope_and_the_comma_count() -> None:
    room = PAYLOAD_LIMIT - len('{"Records":[,]}')
    batches = []
    for size in (room - 1000, room - 999):
        stream = shard({}, record(1, size=1000), record(2, size=size))
        stream.run(lambda _: Succeeded(None))
        batches.append(stream.invocations())
    assert batches == [[["r1", "r2"]], [["r1"], ["r2"]]]


def test_s_048_a_batch_closes_at_the_end_of_its_window() -> None:
    stream = shard({"MaximumBatchingWindowInSeconds": 10}, record(1, at=1), record(2, at=5), record(3, at=12))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1", "r2"], ["r3"]]
    assert stream.started() == [11.0, 21.0]


def test_s_048_a_full_batch_does_not_wait_for_its_window() -> None:
    stream = shard({"MaximumBatchingWindowInSeconds": 300, "BatchSize": 2}, *records(1, 2))
    stream.run(lambda _: Succeeded(None))
    assert stream.started() == [0.0]


def test_s_048_the_next_window_begins_when_the_previous_invocation_has_ended() -> None:
    stream = shard({"MaximumBatchingWindowInSeconds": 10, "BatchSize": 2}, *records(1, 2), record(3, at=8))
    stream.advance(0.0)
    stream.advance(4.0)
    stream.finish()
    stream.advance(30.0)
    assert stream.started() == [0.0, 14.0]


def test_s_048_a_record_that_no_payload_can_hold_goes_to_the_destination_unseen() -> None:
    stream = shard(ON_FAILURE, record(1), record(2, size=PAYLOAD_LIMIT), record(3))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1"], ["r3"]]
    assert stream.settled("to_destination") == ["r2"]


def test_u_024_without_a_destination_it_is_dropped_and_counted() -> None:
    stream = shard({}, record(1, size=PAYLOAD_LIMIT), record(2))
    stream.run(lambda _: Succeeded(None))
    assert [action.metric for action in stream.actions if isinstance(action, Drop)] == ["DroppedEventCount"]
    assert stream.settled("dropped") == ["r1"]
    assert stream.settled("processed") == ["r2"]


def test_u_024_set_otherwise_it_holds_its_shard_until_it_is_too_old() -> None:
    properties = {"MaximumRecordAgeInSeconds": 60}
    stream = shard(properties, record(1, size=PAYLOAD_LIMIT), record(2, at=30.0), settings=from_ids({"U-24": False}))
    stream.run(lambda _: Succeeded(None))
    assert stream.settled("dropped") == ["r1"]
    assert stream.settled("processed") == ["r2"]
    assert stream.started() == [63.0]


def _two_lanes() -> tuple[str, str]:
    """Two keys that two lanes keep apart."""
    first = "a"
    return first, next(key for key in "bcdefgh" if lane_of(key, 2) != lane_of(first, 2))


def test_s_049_the_lanes_of_a_shard_run_side_by_side() -> None:
    first, second = _two_lanes()
    stream = shard({"ParallelizationFactor": 2}, record(1, key=first), record(2, key=second), record(3, key=first))
    stream.advance(0.0)
    assert sorted(stream.invocations()) == [["r1", "r3"], ["r2"]]


def test_s_049_the_checkpoint_is_the_lowest_record_that_is_not_done() -> None:
    first, second = _two_lanes()
    stream = shard({"ParallelizationFactor": 2}, record(1, key=first), record(2, key=second), record(3, key=first))
    stream.advance(0.0)
    stream.finish(lane=lane_of(second, 2))
    assert stream.checkpoints() == []
    stream.finish(lane=lane_of(first, 2))
    assert stream.checkpoints() == ["0003"]


def test_u_011_a_key_is_always_in_the_same_lane() -> None:
    assert [lane_of(f"key-{number}", 10) for number in range(8)] == [3, 0, 7, 4, 1, 8, 5, 2]


def test_u_011_a_failing_lane_holds_back_only_itself() -> None:
    first, second = _two_lanes()
    stream = shard({"ParallelizationFactor": 2, "BatchSize": 1}, *(record(n, key=first) for n in (1, 2)))
    stream.put(*(record(n, key=second) for n in (3, 4)))
    stream.advance(0.0)
    stream.finish(RAISED, lane=lane_of(first, 2))
    stream.finish(lane=lane_of(second, 2))
    assert [named(call.records) for call in stream.running] == [["r4"]]


def test_u_011_set_otherwise_a_failing_lane_holds_back_the_shard() -> None:
    first, second = _two_lanes()
    settings = from_ids({"U-11": True})
    stream = shard({"ParallelizationFactor": 2, "BatchSize": 1}, record(1, key=first), settings=settings)
    stream.put(*(record(n, key=second) for n in (2, 3)))
    stream.advance(0.0)
    stream.finish(RAISED, lane=lane_of(first, 2))
    stream.finish(lane=lane_of(second, 2))
    assert stream.running == []


@pytest.mark.parametrize(
    ("properties", "source", "code", "text"),
    [
        (
            {},
            KINESIS,
            "InvalidParameterValueException",
            f"{_CONSTRAINT.format('null')} Member must not be null.",
        ),
        (
            {"StartingPosition": "x"},
            KINESIS,
            "ValidationException",
            f"{_CONSTRAINT.format("'x'")} Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
        ),
        (
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1},
            DYNAMODB,
            "InvalidParameterValueException",
            f"Unsupported starting position for arn type: {STREAM}",
        ),
    ],
)
def test_s_050_a_starting_position_is_required_and_checked(
    properties: dict[str, object], source: StreamSource, code: str, text: str
) -> None:
    with pytest.raises(Refused) as refused:
        configuration(properties, source, stream_arn=STREAM)
    assert (refused.value.code, refused.value.message) == (code, text)


def test_s_051_a_shard_is_handled_in_the_order_of_its_sequence_numbers() -> None:
    stream = shard({"BatchSize": 2}, *records(1, 2, 3, 4, 5))
    stream.run(failing("r3", outcome=THROTTLED), until=50.0)
    assert stream.invocations()[0] == ["r1", "r2"]
    assert set(map(tuple, stream.invocations()[1:])) == {("r3", "r4")}


def test_s_051_u_012_children_wait_until_all_their_parents_are_done() -> None:
    tree = ShardTree()
    tree.know({"a": (), "b": (), "child": ("a", "b"), "orphan": ("long gone",)})
    assert tree.begin() == ["a", "b", "orphan"]
    tree.drained("a")
    assert tree.begin() == []
    tree.drained("b")
    assert tree.begin() == ["child"]


def test_u_012_set_otherwise_children_begin_with_their_parents() -> None:
    tree = ShardTree(parents_first=False)
    tree.know({"a": (), "child": ("a",)})
    assert tree.begin() == ["a", "child"]


def test_s_051_a_closed_shard_is_drained_once_all_of_it_is_done() -> None:
    stream = shard({}, *records(1, 2))
    stream.closed = True
    stream.advance(0.0)
    assert not stream.poller.drained
    stream.finish()
    assert stream.poller.drained


def test_s_053_after_a_pause_reading_goes_on_behind_the_last_record_processed() -> None:
    lying = records(*range(1, 10))
    before = shard({"BatchSize": 2}, *lying)
    before.advance(0.0)
    before.finish()
    before.finish()
    assert named(before.running[0].records) == ["r5", "r6"]
    [*_, reached] = before.checkpoints()
    after = shard({"BatchSize": 2}, *(item for item in lying if item.sequence > reached))
    after.run(lambda _: Succeeded(None))
    assert after.invocations() == [["r5", "r6"], ["r7", "r8"], ["r9"]]


def test_s_053_with_lanes_what_was_done_behind_the_lowest_undone_record_is_delivered_again() -> None:
    first, second = _two_lanes()
    lying = [record(1, key=first), record(2, key=second), record(3, key=first), record(4, key=second)]
    before = shard({"ParallelizationFactor": 2, "BatchSize": 1}, *lying)
    before.advance(0.0)
    before.finish(lane=lane_of(first, 2))
    before.finish(lane=lane_of(first, 2))
    assert before.settled("processed") == ["r1", "r3"]
    [*_, reached] = before.checkpoints()
    assert reached == "0001"
    after = shard({"ParallelizationFactor": 2}, *(item for item in lying if item.sequence > reached))
    after.run(lambda _: Succeeded(None))
    assert sorted(after.invocations()) == [["r2", "r4"], ["r3"]]


def test_s_054_expired_records_are_lost_even_with_endless_retries() -> None:
    stream = shard(ON_FAILURE, *records(1), record(2, at=250.0), retention=300.0)
    stream.run(failing("r1"))
    assert stream.settled("dropped") == ["r1"]
    assert stream.settled("processed") == ["r2"]
    assert stream.deliveries() == []


# C.2 Retry, age, bisect


@pytest.mark.parametrize("retries", [0, 1, 2, 3])
def test_s_056_attempts_are_one_more_than_the_retries(retries: int) -> None:
    stream = shard({"MaximumRetryAttempts": retries, **ON_FAILURE}, *records(1))
    stream.run(failing("r1"))
    assert [call.attempt for call in stream.calls()] == list(range(1, retries + 2))
    assert _context(stream.deliveries()[0].body)["approximateInvokeCount"] == retries + 1


def test_s_057_throttles_do_not_count() -> None:
    stream = shard({"MaximumRetryAttempts": 0, **ON_FAILURE}, *records(1))
    outcomes: list[Outcome] = [THROTTLED, THROTTLED, THROTTLED, RAISED]
    stream.run(lambda _: outcomes.pop(0))
    assert len(stream.calls()) == 4
    assert _context(stream.deliveries()[0].body)["approximateInvokeCount"] == 1


def test_s_057_system_errors_do_not_count_either_and_a_batch_never_reached_ages_out() -> None:
    properties = {"MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60, **ON_FAILURE}
    stream = shard(properties, *records(1))
    stream.run(lambda _: NotReached("system error"))
    assert stream.started() == [0.0, 1.0, 3.0, 7.0, 15.0, 27.0, 39.0, 51.0]
    context = _context(stream.deliveries()[0].body)
    assert (context["condition"], context["approximateInvokeCount"]) == ("RecordAgeExceeded", 1)


def test_s_057_u_013_the_waits_give_the_count_that_was_recorded() -> None:
    counts = []
    for settings in (Settings(), from_ids({"U-13": {"cap": 300}})):
        stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, *records(1), settings=settings)
        stream.run(failing("r1"))
        counts += [_context(delivery.body)["approximateInvokeCount"] for delivery in stream.deliveries()]
    assert counts == [8, 6]


def test_u_013_waits_between_tries_grow_up_to_the_cap() -> None:
    settings = Settings(stream_backoff=Backoff(base=1, factor=2, cap=4))
    stream = shard({"MaximumRetryAttempts": 5, **ON_FAILURE}, *records(1), settings=settings)
    stream.run(failing("r1"))
    assert stream.started() == [0.0, 1.0, 3.0, 7.0, 11.0, 15.0]


def test_s_058_the_conditions_are_spelt_as_on_aws() -> None:
    stream = shard({"MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, record(1, at=-100.0))
    stream.put(record(2))
    stream.run(failing("r2"))
    conditions = [_context(delivery.body)["condition"] for delivery in stream.deliveries()]
    assert conditions == ["RecordAgeExceeded", "RetryAttemptsExhausted"]


def test_s_059_the_whole_rest_of_the_batch_is_given_up_and_the_shard_goes_on() -> None:
    stream = shard({"MaximumRetryAttempts": 1, "BatchSize": 3, **ON_FAILURE}, *records(1, 2, 3, 4))
    stream.run(failing("r2"))
    assert stream.settled("to_destination") == ["r1", "r2", "r3"]
    assert stream.settled("processed") == ["r4"]


def test_s_059_only_the_old_records_are_split_off() -> None:
    old, young = record(1, at=-100.0), [record(number, at=0.0) for number in range(2, 7)]
    stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, old, *young)
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r2", "r3", "r4", "r5", "r6"]]
    assert [named(delivery.records) for delivery in stream.deliveries()] == [["r1"]]


def test_s_059_age_is_looked_at_before_every_try() -> None:
    stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, *records(1))
    stream.run(failing("r1"))
    assert stream.started() == [0.0, 1.0, 3.0, 7.0, 15.0, 27.0, 39.0, 51.0]
    assert _context(stream.deliveries()[0].body)["approximateInvokeCount"] == 8


def test_s_060_the_halves_of_a_batch_that_failed_have_all_their_retries() -> None:
    properties = {"MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": True, "BatchSize": 4, **ON_FAILURE}
    stream = shard(properties, *records(1, 2, 3, 4))
    stream.run(failing("r1"))
    assert stream.invocations() == [["r1", "r2", "r3", "r4"], ["r1", "r2"], *[["r1"]] * 3, ["r2"], ["r3", "r4"]]
    assert _context(stream.deliveries()[0].body)["approximateInvokeCount"] == 3


def test_s_060_a_split_costs_no_retry() -> None:
    stream = shard(
        {"MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True, "BatchSize": 8, **ON_FAILURE},
        *records(*range(1, 9)),
    )
    stream.run(failing("r4"))
    assert stream.settled("to_destination") == ["r4"]
    assert sorted(stream.settled("processed")) == ["r1", "r2", "r3", "r5", "r6", "r7", "r8"]


def test_s_062_u_014_an_odd_batch_is_split_below_its_middle() -> None:
    properties = {"MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True, "BatchSize": 7, **ON_FAILURE}
    stream = shard(properties, *records(*range(1, 8)))
    stream.run(failing("r1"))
    splits = [(len(action.first), len(action.rest)) for action in stream.actions if isinstance(action, Split)]
    assert splits == [(3, 4), (1, 2)]


def test_s_062_nothing_behind_a_split_batch_is_invoked_before_both_halves_are_done() -> None:
    properties = {"MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": True, "BatchSize": 2, **ON_FAILURE}
    stream = shard(properties, *records(1, 2, 3, 4))
    stream.run(failing("r1", "r2"))
    assert stream.invocations() == [["r1", "r2"], ["r1"], ["r1"], ["r2"], ["r2"], ["r3", "r4"]]
    assert stream.checkpoints() == ["0001", "0002", "0004"]


def test_s_062_u_014_the_left_half_is_worked_off_before_the_right_one() -> None:
    stream = shard(
        {"MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": True, "BatchSize": 5, **ON_FAILURE},
        *records(1, 2, 3, 4, 5),
    )
    stream.run(failing("r1", "r4"))
    assert stream.invocations() == [
        ["r1", "r2", "r3", "r4", "r5"],
        ["r1", "r2"],
        ["r1"],
        ["r1"],
        ["r2"],
        ["r3", "r4", "r5"],
        ["r3"],
        ["r4", "r5"],
        ["r4"],
        ["r4"],
        ["r5"],
    ]


def test_s_061_a_partial_response_splits_at_the_lowest_number_even_with_bisect() -> None:
    stream = shard(
        {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0, **REPORT, **ON_FAILURE}, *records(1, 2, 3, 4)
    )
    stream.run(reporting("r3"))
    assert stream.invocations() == [["r1", "r2", "r3", "r4"], ["r3", "r4"], ["r3"], ["r4"]]
    assert stream.settled("to_destination") == ["r3"]


def test_s_061_an_invocation_that_fails_is_bisected_though_partial_responses_are_on() -> None:
    stream = shard({"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0, **REPORT}, *records(1, 2))
    stream.run(failing("r2"))
    assert [action.rule for action in stream.actions if isinstance(action, Split)] == ["S-60 bisected"]
    assert stream.invocations() == [["r1", "r2"], ["r1"], ["r2"]]


# C.3 The on-failure record


def test_s_063_the_record_tells_where_the_data_is_and_holds_none() -> None:
    stream = shard({"MaximumRetryAttempts": 1, **ON_FAILURE}, *records(1, 2, at=1767323039.123))
    stream.now = 1767323040.0
    stream.run(failing("r1"), until=2e9)
    assert stream.deliveries()[0].body == {
        "requestContext": {
            "requestId": "request-2",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-01-02T03:04:01.000Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": "0001",
            "endSequenceNumber": "0002",
            "approximateArrivalOfFirstRecord": "2026-01-02T03:03:59.123Z",
            "approximateArrivalOfLastRecord": "2026-01-02T03:03:59.123Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_s_063_the_record_of_a_dynamodb_stream_has_whole_seconds() -> None:
    stream = shard({"MaximumRetryAttempts": 0, **ON_FAILURE}, *records(1, at=1767323039.123), source=DYNAMODB)
    stream.now = 1767323040.0
    stream.run(failing("r1"), until=2e9)
    info = stream.deliveries()[0].body["DDBStreamBatchInfo"]
    assert isinstance(info, dict)
    assert info["approximateArrivalOfFirstRecord"] == "2026-01-02T03:03:59Z"


def test_u_015_the_function_arn_is_the_mappings_own() -> None:
    properties = {"MaximumRetryAttempts": 0, "FunctionName": f"{_FUNCTION}:live", **ON_FAILURE}
    arns = []
    for settings in (Settings(), from_ids({"U-15": False})):
        stream = shard(properties, *records(1), settings=settings)
        stream.run(failing("r1"))
        arns.append(_context(stream.deliveries()[0].body)["functionArn"])
    assert arns == [f"{_FUNCTION}:live", _FUNCTION]


def test_s_065_the_function_error_is_null_when_partial_responses_ran_out() -> None:
    stream = shard({"MaximumRetryAttempts": 0, **REPORT, **ON_FAILURE}, *records(1))
    stream.run(reporting("r1"))
    assert stream.deliveries()[0].body["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": None,
    }


def test_s_065_a_record_too_old_has_no_response_context_and_counts_one_attempt() -> None:
    stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, record(1, at=-61.0))
    stream.run(lambda _: Succeeded(None))
    body = stream.deliveries()[0].body
    assert "responseContext" not in body
    assert _context(body)["approximateInvokeCount"] == 1


def test_s_065_a_record_that_grew_too_old_between_tries_has_its_attempts_and_no_response_context() -> None:
    stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, *records(1))
    stream.run(failing("r1"))
    body = stream.deliveries()[0].body
    assert "responseContext" not in body
    assert _context(body)["approximateInvokeCount"] == len(stream.calls()) == 8


def test_s_067_a_topic_gets_the_same_record_as_a_queue() -> None:
    bodies = []
    for kind in ("sqs", "sns"):
        destination = {"OnFailure": {"Destination": f"arn:aws:{kind}:us-east-1:123456789012:failures"}}
        stream = shard({"MaximumRetryAttempts": 0, "DestinationConfig": destination}, *records(1))
        stream.run(failing("r1"))
        [delivery] = stream.deliveries()
        assert delivery.kind == kind
        bodies.append(delivery.body)
    assert bodies[0] == bodies[1]


def test_s_066_s3_keeps_the_whole_event_as_a_string() -> None:
    destination = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}}
    stream = shard({"MaximumRetryAttempts": 0, **destination}, *records(1, 2, at=1767323040.0))
    stream.now = 1767323040.0
    stream.run(failing("r1"), until=2e9)
    [delivery] = stream.deliveries()
    assert (delivery.kind, delivery.body["bucket"]) == ("s3", "failures")
    start = "aws/lambda/mapping/shardId-000000000000/2026/01/02/2026-01-02T03.04.00-"
    assert str(delivery.body["key"]).startswith(start)
    rendered = [{"name": name, "kinesis": {"data": None}} for name in ("r1", "r2")]
    assert payload_of(delivery) == {"Records": rendered}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"OnSuccess": {"Destination": QUEUE}}, "DestinationConfig.OnSuccess"),
        ({"OnFailure": {}}, "DestinationConfig.OnFailure.Destination"),
        ({"OnFailure": {"Destination": f"{QUEUE}.fifo"}}, "DestinationConfig.OnFailure.Destination"),
        (
            {"OnFailure": {"Destination": "arn:aws:lambda:us-east-1:123456789012:function:f"}},
            "DestinationConfig.OnFailure.Destination",
        ),
        (
            {"OnFailure": {"Destination": "arn:aws:events:us-east-1:123456789012:event-bus/b"}},
            "DestinationConfig.OnFailure.Destination",
        ),
    ],
)
def test_s_068_other_destinations_are_refused(config: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        configuration({"StartingPosition": "LATEST", "DestinationConfig": config}, KINESIS)
    assert refused.value.field == field


def test_s_069_without_a_destination_what_is_given_up_is_dropped_and_counted() -> None:
    stream = shard({"MaximumRetryAttempts": 0, "BatchSize": 1}, *records(1, 2))
    stream.run(failing("r1"))
    assert [action for action in stream.actions if isinstance(action, Drop)] == [Drop(records(1), "DroppedEventCount")]
    assert stream.settled("dropped") == ["r1"]
    assert stream.settled("processed") == ["r2"]


# C.4 Partial batch responses


@pytest.mark.parametrize("value", [[], None, {}, failures(), {"batchItemFailures": None}, ""])
def test_s_070_an_empty_answer_is_success(value: object) -> None:
    stream = shard({"MaximumRetryAttempts": 0, **REPORT}, *records(1, 2))
    stream.run(lambda _: Succeeded(value))
    assert stream.settled("processed") == ["r1", "r2"]


@pytest.mark.parametrize(
    "value",
    [
        failures(""),
        failures(None),
        failures(123),
        {"batchItemFailures": [{"foo": 123}]},
        {"batchItemFailures": [{"foo": None}]},
        {"batchItemFailures": [{"itemIdentifier": "0002"}, {"foo": None}]},
    ],
)
def test_s_070_an_invalid_answer_fails_the_whole_batch(value: object) -> None:
    stream = shard({"MaximumRetryAttempts": 0, **REPORT, **ON_FAILURE}, *records(1, 2))
    stream.run(lambda _: Succeeded(value))
    assert stream.settled("to_destination") == ["r1", "r2"]


def test_s_070_the_checkpoint_moves_to_the_lowest_of_several_failures() -> None:
    stream = shard(REPORT, *records(1, 2, 3, 4))
    stream.advance(0.0)
    stream.finish(Succeeded(failures("0004", "0002")))
    assert stream.invocations()[-1] == ["r2", "r3", "r4"]
    assert stream.checkpoints() == ["0001"]


def test_u_016_an_unknown_identifier_fails_the_whole_batch() -> None:
    for settings, first in ((Settings(), ["r1", "r2"]), (from_ids({"U-16": False}), ["r2"])):
        stream = shard(REPORT, *records(1, 2), settings=settings)
        stream.advance(0.0)
        stream.finish(Succeeded(failures("0002", "no such number")))
        stream.advance(10.0)
        assert stream.invocations()[1] == first


def test_s_071_without_the_response_type_any_answer_is_success() -> None:
    stream = shard({}, *records(1))
    stream.run(lambda _: Succeeded(failures("0001")))
    assert stream.settled("processed") == ["r1"]


def test_s_072_the_counter_starts_afresh_when_the_checkpoint_moves() -> None:
    stream = shard({"BatchSize": 3, "MaximumRetryAttempts": 3, **REPORT, **ON_FAILURE}, *records(1, 2, 3, 4, 5, 6))
    stream.run(reporting("r6"))
    assert stream.invocations() == [["r1", "r2", "r3"], ["r4", "r5", "r6"], *[["r6"]] * 4]
    assert _context(stream.deliveries()[0].body)["approximateInvokeCount"] == 4


def test_s_073_an_answer_that_moves_nothing_is_a_failed_attempt() -> None:
    stream = shard({"MaximumRetryAttempts": 1, **REPORT, **ON_FAILURE}, *records(1, 2, 3))
    stream.run(reporting("r2"))
    assert stream.invocations() == [["r1", "r2", "r3"], ["r2", "r3"], ["r2", "r3"]]
    assert stream.settled("to_destination") == ["r2", "r3"]


def test_s_074_what_comes_after_the_failed_record_is_delivered_again() -> None:
    stream = shard(REPORT, *records(1, 2, 3))
    outcomes = [Succeeded(failures("0002")), Succeeded(None)]
    stream.run(lambda _: outcomes.pop(0))
    assert stream.invocations() == [["r1", "r2", "r3"], ["r2", "r3"]]


# C.5 Tumbling windows


def _summing(call: Invoke[StreamRecord]) -> Outcome:
    assert call.window is not None
    before = call.window.state.get("count", 0)
    assert isinstance(before, int)
    return Succeeded({"state": {"count": before + len(call.records)}})


def test_s_075_a_window_hands_its_state_on_and_ends_with_a_last_invocation() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "BatchSize": 2}, *(record(n, at=float(n)) for n in range(1, 6)))
    stream.put(record(6, at=11.0))
    stream.run(_summing)
    seen = [(named(call.records), call.window.state, call.window.final) for call in stream.calls() if call.window]
    assert seen == [
        (["r1"], {}, False),
        (["r2"], {"count": 1}, False),
        (["r3"], {"count": 2}, False),
        (["r4"], {"count": 3}, False),
        (["r5"], {"count": 4}, False),
        ([], {"count": 5}, True),
        (["r6"], {}, False),
        ([], {"count": 1}, True),
    ]
    assert stream.started()[5] == 10.0


def test_s_076_an_answer_without_state_is_a_failed_attempt() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "MaximumRetryAttempts": 1, **ON_FAILURE}, *records(1))
    stream.run(lambda call: Succeeded({"state": {}}) if call.window and call.window.final else Succeeded(None))
    assert stream.settled("to_destination") == ["r1"]
    assert [call.attempt for call in stream.calls() if call.records] == [1, 2]


def test_s_076_a_state_too_large_ends_the_window_early() -> None:
    stream = shard({"TumblingWindowInSeconds": 100, "BatchSize": 1}, *records(1, 2))
    states: list[dict[str, str]] = [{"big": "x" * 2_000_000}, {}, {}, {}]
    stream.run(lambda _: Succeeded({"state": states.pop(0)}))
    windows = [(named(call.records), call.window.terminated_early) for call in stream.calls() if call.window]
    assert windows == [(["r1"], False), ([], True), (["r2"], False), ([], False)]


def test_s_076_state_and_partial_failures_may_be_combined() -> None:
    stream = shard({"TumblingWindowInSeconds": 100, **REPORT}, *records(1, 2))
    stream.advance(0.0)
    stream.finish(Succeeded({"state": {"seen": 1}, **failures("0002")}))
    [call] = stream.running
    assert call.window is not None
    assert (named(call.records), call.window.state) == (["r2"], {"seen": 1})


def test_s_077_a_batch_never_holds_records_of_two_windows() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, record(1, at=-1.0), *records(2, 3))
    stream.run(_summing)
    assert stream.invocations() == [["r1"], [], ["r2", "r3"], []]


def test_s_077_a_last_invocation_that_fails_holds_the_shard() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, *records(1), record(2, at=12.0))
    stream.run(lambda call: RAISED if not call.records else Succeeded({"state": {}}), until=200.0)
    assert stream.settled("processed") == ["r1"]


def test_s_077_the_usual_retry_settings_hold_for_the_last_invocation() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "MaximumRetryAttempts": 2}, *records(1), record(2, at=12.0))
    stream.run(lambda call: Succeeded({"state": {}}) if call.records else RAISED)
    assert stream.invocations() == [["r1"], [], [], [], ["r2"], [], [], []]
    assert stream.settled("processed") == ["r1", "r2"]


def test_s_077_the_state_of_a_window_is_dropped_with_it() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, *records(1), record(2, at=12.0))
    stream.run(_summing)
    states = [(named(call.records), call.window.state) for call in stream.calls() if call.window]
    assert states == [(["r1"], {}), ([], {"count": 1}), (["r2"], {}), ([], {"count": 1})]


def test_s_077_a_record_that_is_a_little_late_is_in_the_next_window_and_not_lost() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "BatchSize": 2}, record(1, at=9.0))
    stream.now = 9.0
    stream.advance(9.0)
    stream.put(record(2, at=10.1), record(3, at=9.9), record(4, at=10.2))
    stream.now = 10.5
    stream.run(_summing)
    assert stream.invocations() == [["r1"], [], ["r2", "r3"], ["r4"], []]
    assert stream.settled("processed") == ["r1", "r2", "r3", "r4"]


def test_s_077_the_window_of_a_closed_shard_ends_with_it() -> None:
    stream = shard({"TumblingWindowInSeconds": 900}, *records(1))
    stream.closed = True
    stream.run(_summing)
    assert stream.invocations() == [["r1"], []]
    assert stream.started() == [0.0, 0.0]
    assert stream.poller.drained


def test_s_077_a_window_never_ends_before_its_time_though_nothing_more_will_arrive() -> None:
    stream = shard({"TumblingWindowInSeconds": 20})
    stream.poller.advance(0.0)
    stream._take(stream.poller.fetched(records(1), 0.0, nothing_before=math.inf))
    stream.finish(Succeeded({"state": {}}))
    assert stream.invocations() == [["r1"]]
    assert stream.poller.due() == 20.0
    stream.advance(20.0)
    assert stream.invocations() == [["r1"], []]


def test_u_018_windows_begin_at_multiples_of_their_length() -> None:
    starts = []
    for settings in (Settings(), from_ids({"U-18": False})):
        stream = shard({"TumblingWindowInSeconds": 10}, record(1, at=17.0), settings=settings)
        stream.run(_summing)
        starts += [call.window.start for call in stream.calls()[:1] if call.window]
    assert starts == [10.0, 17.0]


def test_u_025_the_last_invocation_may_be_without_records() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, *records(1), settings=from_ids({"U-25": False}))
    stream.run(_summing)
    assert stream.invocations() == [["r1"]]


def test_s_077_the_open_window_is_kept_with_the_checkpoint() -> None:
    stream = shard({"TumblingWindowInSeconds": 10, "BatchSize": 1}, *records(1, 2))
    stream.advance(0.0)
    stream.finish(Succeeded({"state": {"count": 1}}))
    again = shard({"TumblingWindowInSeconds": 10, "BatchSize": 1}, record(2), lanes=stream.lanes())
    again.advance(0.0)
    [call] = again.running
    assert call.window is not None
    assert call.window.state == {"count": 1}


# C.6 Filters


def _with_data(number: int, data: str) -> StreamRecord:
    return record(number, body=data)


PATTERN = {"FilterCriteria": {"Filters": [{"Pattern": '{"data": {"temperature": [{"numeric": [">", 30]}]}}'}]}}
HOT, COLD = "eyJ0ZW1wZXJhdHVyZSI6IDM1fQ==", "eyJ0ZW1wZXJhdHVyZSI6IDV9"


def test_s_078_records_that_match_no_pattern_count_as_processed() -> None:
    stream = shard(PATTERN, _with_data(1, COLD), _with_data(2, HOT), _with_data(3, COLD))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r2"]]
    assert stream.settled("filtered") == ["r1", "r3"]
    assert stream.checkpoints()[-1] == "0003"


def test_s_082_u_019_the_batch_size_counts_after_the_filters() -> None:
    batches = []
    for settings in (Settings(), from_ids({"U-19": False})):
        stream = shard({"BatchSize": 2, **PATTERN}, _with_data(1, COLD), _with_data(2, HOT), settings=settings)
        stream.put(_with_data(3, HOT))
        stream.run(lambda _: Succeeded(None))
        batches.append(stream.invocations())
    assert batches == [[["r2", "r3"]], [["r2"], ["r3"]]]


# C.7 Event records


def test_s_083_a_kinesis_record_has_the_shape_of_aws() -> None:
    assert kinesis_record(
        sequence="4961",
        key="p1",
        data=b'{"a":1}',
        arrived=1767323039.1234,
        shard_id="shardId-000000000000",
        stream_arn=STREAM,
        role_arn="arn:aws:iam::111122223333:role/fn-role",
        region="eu-west-1",
    ) == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "p1",
            "sequenceNumber": "4961",
            "data": "eyJhIjoxfQ==",
            "approximateArrivalTimestamp": 1767323039.123,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:4961",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111122223333:role/fn-role",
        "awsRegion": "eu-west-1",
        "eventSourceARN": STREAM,
    }


def test_s_084_a_dynamodb_record_has_the_shape_of_aws() -> None:
    change = {"Keys": {"id": {"S": "k1"}}, "SequenceNumber": "1"}
    made = dynamodb_record(event_id="c9fb", event_name="INSERT", change=change, stream_arn=STREAM, region="eu-west-1")
    assert made == {
        "eventID": "c9fb",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": STREAM,
    }


@pytest.mark.parametrize(
    ("change", "size"),
    [
        ({"Keys": {"id": {"S": "k1"}}, "NewImage": {"id": {"S": "k1"}}}, 8),
        ({"Keys": {"id": {"S": "testId11"}}, "NewImage": {"id": {"S": "testId11"}}}, 20),
        ({"Keys": {}, "NewImage": {"value": {"N": "42"}}}, 7),
        ({"Keys": {}, "OldImage": {"flag": {"BOOL": True}, "none": {"NULL": True}}}, 10),
        ({"Keys": {}, "NewImage": {"b": {"B": "AAEC"}}}, 4),
        ({"Keys": {}, "NewImage": {"s": {"SS": ["ab", "c"]}}}, 4),
        ({"Keys": {}, "NewImage": {"l": {"L": [{"S": "ab"}, {"S": "c"}]}}}, 9),
        ({"Keys": {}, "NewImage": {"m": {"M": {"k": {"S": "ab"}}}}}, 8),
    ],
)
def test_s_085_the_size_of_a_change_is_that_of_its_names_and_values(change: dict[str, Any], size: int) -> None:
    assert change_size(change) == size


def test_s_086_the_defaults_are_those_of_aws() -> None:
    config = configuration({"StartingPosition": "LATEST"}, KINESIS)
    assert (
        config.batch_size,
        config.batching_window,
        config.maximum_retry_attempts,
        config.maximum_record_age,
        config.bisect,
        config.parallelization_factor,
        config.tumbling_window,
        config.report_batch_item_failures,
        config.on_failure,
    ) == (100, 0, -1, -1, False, 1, 0, False, None)


def test_a_planned_retry_says_why_and_when() -> None:
    stream = shard({}, *records(1))
    stream.advance(0.0)
    stream.finish(RAISED)
    [retry] = [action for action in stream.actions if isinstance(action, Retry)]
    assert (named(retry.records), retry.at, retry.rule) == (["r1"], 1.0, "S-56 the attempt failed")


_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"


def _context(body: Mapping[str, object]) -> Mapping[str, Any]:
    context = body["requestContext"]
    assert isinstance(context, Mapping)
    return context
