"""Boundaries of stream mappings at which records are lost, tried once too often, or held for ever."""

import pytest

from landfast.delivery.actions import Drop, Split, Window
from landfast.delivery.event_sources import DYNAMODB, KINESIS, StreamSource
from landfast.delivery.event_sources.dynamodb_items import attribute_size
from landfast.delivery.outcomes import Failed, Outcome, Succeeded
from landfast.delivery.settings import from_ids
from landfast.delivery.shards import ShardTree
from landfast.delivery.stream import lane_of
from landfast.delivery.stream_config import StreamConfig, configuration
from landfast.delivery.stream_records import stream_event
from tests.delivery.shards import (
    QUEUE,
    RAISED,
    STREAM,
    THROTTLED,
    failing,
    failures,
    named,
    record,
    records,
    reporting,
    shard,
)

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
PAYLOAD = 6_291_456
"""The 6 MB of the rule, in bytes."""

ENVELOPE, COMMA = len('{"Records":[]}'), 1


def configured(**properties: object) -> StreamConfig:
    return configuration({"StartingPosition": "TRIM_HORIZON", **properties}, KINESIS)


def test_s_047_batches_have_one_to_ten_thousand_records_and_windows_up_to_300_seconds() -> None:
    assert [configured(BatchSize=size).batch_size for size in (1, 10_000)] == [1, 10_000]
    windows = [configured(MaximumBatchingWindowInSeconds=window).batching_window for window in (0, 300)]
    assert windows == [0, 300]


def test_s_055_the_ends_of_the_ranges_are_accepted() -> None:
    assert [configured(MaximumRetryAttempts=retries).maximum_retry_attempts for retries in (-1, 0, 10_000)] == [
        -1,
        0,
        10_000,
    ]
    assert [configured(MaximumRecordAgeInSeconds=age).maximum_record_age for age in (-1, 60, 604_800)] == [
        -1,
        60,
        604_800,
    ]


# What fits into a payload


@pytest.mark.parametrize(
    ("room", "batches"),
    [(0, [["r1", "r2", "r3"]]), (-1, [["r1", "r2"], ["r3"]])],
    ids=["to the byte", "one byte too many"],
)
def test_s_048_a_payload_has_6_291_456_bytes_with_its_envelope_and_its_commas(
    room: int, batches: list[list[str]]
) -> None:
    last = PAYLOAD - ENVELOPE - 2 * COMMA - 1_000 - 2_000 - room
    stream = shard({}, record(1, size=1_000), record(2, size=2_000), record(3, size=last))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == batches


@pytest.mark.parametrize(("size", "seen"), [(PAYLOAD - ENVELOPE, True), (PAYLOAD - ENVELOPE + 1, False)])
def test_s_048_a_record_goes_to_the_destination_unseen_from_the_first_byte_that_no_payload_holds(
    size: int, *, seen: bool
) -> None:
    stream = shard(ON_FAILURE, record(1, size=size))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1"]] * seen
    assert stream.settled("processed" if seen else "to_destination") == ["r1"]


def test_s_048_what_was_weighed_for_one_batch_does_not_weigh_on_the_next() -> None:
    third = (PAYLOAD - ENVELOPE) // 3
    stream = shard({"MaximumBatchingWindowInSeconds": 10}, *(record(number, size=third) for number in range(1, 8)))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1", "r2"], ["r3", "r4"], ["r5", "r6"], ["r7"]]
    assert stream.started() == [0.0, 0.0, 0.0, 10.0], (
        "the last one waits for the window: alone, it does not fill a payload"
    )


@pytest.mark.parametrize(("room", "started"), [(0, 0.0), (1_000, 10.0)])
def test_s_048_a_payload_that_is_full_does_not_wait_for_the_window(room: int, started: float) -> None:
    last = PAYLOAD - ENVELOPE - COMMA - 1_000 - room
    stream = shard({"MaximumBatchingWindowInSeconds": 10}, record(1, size=1_000), record(2, size=last))
    stream.run(lambda _: Succeeded(None))
    assert stream.invocations() == [["r1", "r2"]]
    assert stream.started() == [started]


# Order


def test_s_051_shards_that_an_earlier_run_has_done_are_not_read_again() -> None:
    tree = ShardTree()
    tree.know({"a": (), "child": ("a",)}, done=["a"])
    assert tree.begin() == ["child"]


def test_s_049_records_of_one_key_are_in_one_lane_and_keep_their_order() -> None:
    keys = "abcde"
    items = [record(number, key=keys[number % 5]) for number in range(40)]
    stream = shard({"ParallelizationFactor": 4, "BatchSize": 2}, *items)
    stream.run(lambda _: Succeeded(None))
    for key in keys:
        calls = [call for call in stream.calls() if any(item.key == key for item in call.records)]
        handled = [item.name for call in calls for item in call.records if item.key == key]
        assert len({call.lane for call in calls}) == 1
        assert handled == [item.name for item in items if item.key == key]
    assert len({call.lane for call in stream.calls()}) > 1


# Age and retention


def _once_at(moment: float, properties: dict[str, object], *, retention: float = 86_400.0) -> list[str]:
    """Where a record of time 0 ends whose shard is read at `moment`: processed, dropped or at the destination."""
    stream = shard({**properties, **ON_FAILURE}, record(1), retention=retention)
    stream.now = moment
    stream.run(lambda _: Succeeded(None), until=moment)
    return [state for state in ("processed", "dropped", "to_destination") if stream.settled(state)]


@pytest.mark.parametrize(("moment", "state"), [(299.999, "processed"), (300.0, "dropped"), (300.001, "dropped")])
def test_s_054_a_record_is_lost_when_its_retention_is_over(moment: float, state: str) -> None:
    assert _once_at(moment, {}, retention=300.0) == [state]


@pytest.mark.parametrize("source", [KINESIS, DYNAMODB])
def test_s_054_a_stream_keeps_its_records_for_24_hours_by_default(source: StreamSource) -> None:
    assert configuration({"StartingPosition": "TRIM_HORIZON"}, source).retention == 24 * 60 * 60


def test_s_054_what_expired_is_counted_and_is_not_sent_to_the_destination() -> None:
    stream = shard(
        {"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, record(1, at=-400.0), record(2, at=-100.0), retention=300.0
    )
    stream.run(lambda _: Succeeded(None))
    assert (stream.settled("dropped"), stream.settled("to_destination")) == (["r1"], ["r2"])
    assert [action for action in stream.actions if isinstance(action, Drop)] == [
        Drop([record(1, at=-400.0)], "DroppedEventCount")
    ]


@pytest.mark.parametrize(("moment", "state"), [(59.999, "processed"), (60.0, "processed"), (60.001, "to_destination")])
def test_s_059_a_record_is_too_old_when_its_age_is_exceeded(moment: float, state: str) -> None:
    assert _once_at(moment, {"MaximumRecordAgeInSeconds": 60}) == [state]


def test_s_055_the_age_counts_from_the_arrival_and_not_from_the_first_try() -> None:
    stream = shard({"MaximumRecordAgeInSeconds": 60, **ON_FAILURE}, record(1, at=0.0))
    stream.now = 50.0
    stream.run(failing("r1"))
    assert [at for at in stream.started() if at > 60.0] == []
    assert stream.settled("to_destination") == ["r1"]


@pytest.mark.parametrize("outcome", [RAISED, THROTTLED])
def test_s_059_what_is_younger_has_all_its_attempts_when_the_old_are_given_up(outcome: Outcome) -> None:
    properties = {"MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 2, **ON_FAILURE}
    stream = shard(properties, record(1, at=-60.0), record(2, at=0.0))
    outcomes = [outcome, RAISED, RAISED, RAISED]
    stream.run(lambda _: outcomes.pop(0))
    assert stream.invocations() == [["r1", "r2"], ["r2"], ["r2"], ["r2"]]
    assert [call.attempt for call in stream.calls()] == [1, 1, 2, 3]
    assert stream.started()[1:] == [1.0, 2.0, 4.0], "the waits begin anew as well"


# Partial responses


@pytest.mark.parametrize("bisect", [False, True])
@pytest.mark.parametrize("lowest", [2, 3, 4, 5])
def test_s_061_s_070_the_split_is_at_the_lowest_number_wherever_it_is(lowest: int, *, bisect: bool) -> None:
    stream = shard({"BisectBatchOnFunctionError": bisect, **REPORT}, *records(1, 2, 3, 4, 5))
    stream.advance(0.0)
    stream.finish(Succeeded(failures("0005", f"{lowest:04d}")))
    assert stream.invocations()[1:] == [[f"r{number}" for number in range(lowest, 6)]]
    assert stream.settled("processed") == [f"r{number}" for number in range(1, lowest)]
    assert stream.checkpoints() == [f"{lowest - 1:04d}"]
    [split] = [action for action in stream.actions if isinstance(action, Split)]
    assert (len(split.first), len(split.rest)) == (lowest - 1, 6 - lowest)


def test_s_061_a_half_of_a_bisected_batch_can_be_split_by_a_partial_response() -> None:
    stream = shard({"BisectBatchOnFunctionError": True, **REPORT}, *records(1, 2, 3, 4))
    outcomes: list[Outcome] = [RAISED, Succeeded(failures("0002")), Succeeded(None), Succeeded(failures("0004"))]
    stream.run(lambda _: outcomes.pop(0) if outcomes else Succeeded(None))
    assert stream.invocations() == [["r1", "r2", "r3", "r4"], ["r1", "r2"], ["r2"], ["r3", "r4"], ["r4"]]
    assert stream.settled("processed") == ["r1", "r2", "r3", "r4"]


# The counter


def test_s_057_the_waits_of_throttled_tries_begin_anew_once_the_function_was_reached() -> None:
    stream = shard({}, *records(1))
    outcomes: list[Outcome] = [THROTTLED, THROTTLED, RAISED, THROTTLED, Succeeded(None)]
    stream.run(lambda _: outcomes.pop(0))
    assert stream.started() == [0.0, 1.0, 3.0, 4.0, 5.0]


def test_s_072_attempts_before_the_checkpoint_moved_are_not_counted() -> None:
    stream = shard({"MaximumRetryAttempts": 2, **REPORT, **ON_FAILURE}, *records(1, 2, 3))
    outcomes: list[Outcome] = [RAISED, Succeeded(failures("0001")), Succeeded(failures("0003"))]
    stream.run(lambda call: outcomes.pop(0) if outcomes else reporting("r3")(call))
    assert stream.invocations() == [["r1", "r2", "r3"]] * 3 + [["r3"]] * 3
    assert [call.attempt for call in stream.calls()] == [1, 2, 3, 1, 2, 3]
    [delivery] = stream.deliveries()
    context = delivery.body["requestContext"]
    assert isinstance(context, dict)
    assert context["approximateInvokeCount"] == 3


def test_s_072_the_waits_begin_anew_when_the_checkpoint_moves() -> None:
    stream = shard({"MaximumRetryAttempts": 9, **REPORT}, *records(1, 2))
    outcomes: list[Outcome] = [
        RAISED,
        RAISED,
        THROTTLED,
        Succeeded(failures("0002")),
        RAISED,
        THROTTLED,
        Succeeded(None),
    ]
    stream.run(lambda _: outcomes.pop(0))
    waits = [after - before for before, after in zip(stream.started(), stream.started()[1:], strict=False)]
    assert waits == [1.0, 2.0, 1.0, 0.0, 1.0, 1.0]


# The record of a failure


def test_s_063_the_record_has_the_arrivals_and_numbers_of_its_first_and_its_last_record() -> None:
    stream = shard(
        {"MaximumRetryAttempts": 0, **ON_FAILURE}, record(1, at=1767323039.123), record(2, at=1767323040.456)
    )
    stream.now = 1767323041.0
    stream.run(failing("r1"), until=2e9)
    info = stream.deliveries()[0].body["KinesisBatchInfo"]
    assert isinstance(info, dict)
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == ("0001", "0002", 2)
    assert info["approximateArrivalOfFirstRecord"] == "2026-01-02T03:03:59.123Z"
    assert info["approximateArrivalOfLastRecord"] == "2026-01-02T03:04:00.456Z"


@pytest.mark.parametrize("outcome", [Failed({"errorType": "ValueError"}, "7"), Succeeded(failures("0001"), "7")])
def test_s_063_the_record_names_the_version_that_ran_last(outcome: Outcome) -> None:
    stream = shard({"MaximumRetryAttempts": 1, **REPORT, **ON_FAILURE}, *records(1))
    outcomes = [RAISED, outcome]
    stream.run(lambda _: outcomes.pop(0))
    response = stream.deliveries()[0].body["responseContext"]
    assert isinstance(response, dict)
    assert response["executedVersion"] == "7"


# Lanes


@pytest.mark.parametrize("outcome", [RAISED, THROTTLED])
def test_u_011_set_otherwise_a_lane_that_is_tried_again_holds_back_the_shard_until_it_is_done(outcome: Outcome) -> None:
    first, second = (next(key for key in "abcdefgh" if lane_of(key, 2) == lane) for lane in (0, 1))
    properties = {"ParallelizationFactor": 2, "BatchSize": 1}
    stream = shard(properties, record(1, key=first), settings=from_ids({"U-11": True}))
    stream.put(*(record(number, key=second) for number in (2, 3)))
    stream.advance(0.0)
    stream.finish(outcome, lane=0)
    stream.finish(lane=1)
    stream.advance(1.0)
    assert [named(call.records) for call in stream.running] == [["r1"]]
    stream.finish(lane=0)
    assert [named(call.records) for call in stream.running] == [["r3"]]


# Tumbling windows


@pytest.mark.parametrize("final", [False, True])
def test_s_075_the_event_of_a_window_tells_its_time_its_state_and_its_end(*, final: bool) -> None:
    window = Window(start=60.0, end=90.0, state={"count": 2}, final=final, terminated_early=not final)
    event = stream_event(
        [record(1)],
        lambda item: {"eventID": item.name},
        window=window,
        shard_id="shardId-000000000001",
        stream_arn=STREAM,
        epoch=1767225600.0,
    )
    assert event == {
        "Records": [{"eventID": "r1"}],
        "window": {"start": "2026-01-01T00:01:00Z", "end": "2026-01-01T00:01:30Z"},
        "state": {"count": 2},
        "shardId": "shardId-000000000001",
        "eventSourceARN": STREAM,
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": not final,
    }


@pytest.mark.parametrize(("size", "next_batch"), [(1_048_576, ["r2"]), (1_048_577, [])])
def test_s_076_a_state_of_one_mebibyte_goes_on_and_one_byte_more_ends_the_window(
    size: int, next_batch: list[str]
) -> None:
    state = {"s": "x" * (size - len('{"s":""}'))}
    stream = shard({"TumblingWindowInSeconds": 100, "BatchSize": 1}, *records(1, 2))
    stream.advance(0.0)
    stream.finish(Succeeded({"state": state}))
    assert stream.invocations() == [["r1"], next_batch]


def test_s_077_a_window_ends_when_all_that_arrived_in_it_was_read() -> None:
    stream = shard({"TumblingWindowInSeconds": 10}, record(1, at=0.0), record(2, at=9.9), record(3, at=10.0))
    stream.run(lambda _: Succeeded({"state": {}}))
    seen = [(named(call.records), call.window.start, call.window.final) for call in stream.calls() if call.window]
    assert seen == [
        (["r1"], 0.0, False),
        (["r2"], 0.0, False),
        ([], 0.0, True),
        (["r3"], 10.0, False),
        ([], 10.0, True),
    ]


def test_s_076_without_a_window_a_state_is_an_answer_like_any_other() -> None:
    stream = shard({"BatchSize": 1}, *records(1, 2))
    stream.run(lambda _: Succeeded({"state": {"count": 1}}))
    assert stream.settled("processed") == ["r1", "r2"]
    assert [call.window for call in stream.calls()] == [None, None]


# Sizes of items


@pytest.mark.parametrize(("number", "size"), [("7", 2), ("42", 2), ("123", 3), ("12345678", 5), ("-1.5", 2), ("0", 1)])
def test_s_085_a_number_has_a_byte_for_two_digits_and_one_more(number: str, size: int) -> None:
    assert attribute_size({"N": number}) == size
