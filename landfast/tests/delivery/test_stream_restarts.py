"""A shard's machine that is killed goes on where it was: nothing twice, nothing lost, no retries anew."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import given, note
from hypothesis import settings as examples
from hypothesis import strategies as st

from landfast.delivery.actions import Checkpoint, Invoke, KeepLanes
from landfast.delivery.outcomes import Outcome, Succeeded
from landfast.delivery.settings import Settings, from_ids
from landfast.delivery.stream_records import StreamRecord
from tests.delivery.shards import QUEUE, RAISED, THROTTLED, Shard, failing, failures, named, record, records, shard

if TYPE_CHECKING:
    from landfast.delivery.lane_state import LaneState

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}


def again(first: Shard, properties: Mapping[str, object], *, settings: Settings | None = None) -> Shard:
    """The shard after a restart: what was kept, and all records behind the checkpoint."""
    kept = [action for action in first.actions if isinstance(action, Checkpoint | KeepLanes)]
    sequences = [action.sequence for action in kept if isinstance(action, Checkpoint)]
    lanes: tuple[LaneState, ...] = next(
        (action.lanes for action in reversed(kept) if isinstance(action, KeepLanes)), ()
    )
    checkpoint = int(sequences[-1]) if sequences else 0
    left = [one for one in _known(first) if int(one.sequence) > checkpoint]
    second = shard(properties, *left, lanes=lanes, settings=settings)
    second.now = first.now
    return second


def _known(of: Shard) -> list[StreamRecord]:
    """Every record of the shard, read or not."""
    read = [one for lane in of.poller._lanes for batch in lane._work for one in batch.records]
    waiting = [one for lane in of.poller._lanes for one in lane.backlog]
    ended = [one for action in of.actions for one in getattr(action, "records", ())]
    found = {one.sequence: one for one in (*read, *waiting, *ended, *of.stream)}
    return [found[sequence] for sequence in sorted(found)]


def test_s_056_a_batch_goes_on_with_its_attempts_at_the_time_of_its_next_try() -> None:
    properties = {"BatchSize": 2, "MaximumRetryAttempts": 2, **ON_FAILURE}
    first = shard(properties, *records(1, 2, 3))
    first.advance(0)
    first.finish(RAISED)
    [due] = [lane.due for lane in first.lanes()]
    second = again(first, properties)
    second.advance(0)
    assert (second.running, second.poller.due()) == ([], due)
    second.advance(due or 0.0)
    assert [(named(call.records), call.attempt) for call in second.calls()] == [(["r1", "r2"], 2)]
    second.finish(RAISED)
    third = again(second, properties)
    third.run(failing("r1"))
    assert [(named(call.records), call.attempt) for call in third.calls()] == [(["r1", "r2"], 3), (["r3"], 1)]
    [delivery] = third.deliveries()
    assert delivery.body["requestContext"]["approximateInvokeCount"] == 3  # type: ignore[index] # a JSON object


def test_s_060_the_parts_of_a_bisected_batch_stay_apart() -> None:
    properties = {"BatchSize": 4, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
    first = shard(properties, *records(1, 2, 3, 4))
    first.advance(0)
    for _ in range(2):
        first.finish(RAISED)
    first.finish()  # the left half of the left half
    second = again(first, properties)
    second.run(failing("r2"))
    assert second.invocations() == [["r2"], ["r3", "r4"]]
    assert second.settled("dropped") == ["r2"]


def test_s_057_a_throttled_batch_waits_on_and_has_failed_as_often_as_before() -> None:
    properties = {"BatchSize": 2, "MaximumRetryAttempts": 1}
    first = shard(properties, *records(1, 2))
    first.advance(0)
    first.finish(RAISED)
    first.advance(1)
    first.finish(THROTTLED)
    second = again(first, properties)
    second.run(lambda _: RAISED)
    assert [call.attempt for call in second.calls()] == [2]
    assert second.settled("dropped") == ["r1", "r2"]


def test_s_049_what_one_lane_has_done_beyond_the_checkpoint_is_not_done_again() -> None:
    properties = {"BatchSize": 1, "ParallelizationFactor": 2, "MaximumRetryAttempts": 5}
    items = [record(1, key="a"), record(2, key="b"), record(3, key="b"), record(4, key="a"), record(5, key="b")]
    first = shard(properties, *items)
    first.advance(0)
    slow = next(call.lane for call in first.running if named(call.records) == ["r1"])
    first.finish(RAISED, lane=slow)
    for _ in range(2):
        first.finish(lane=1 - slow)
    assert first.checkpoints() == []
    second = again(first, properties)
    second.run(lambda _: Succeeded(None))
    assert sorted(second.settled("processed")) == ["r1", "r4", "r5"]
    assert next(call.attempt for call in second.calls() if named(call.records) == ["r1"]) == 2


def _two_lanes(*items: StreamRecord, **properties: object) -> tuple[Shard, Mapping[str, object]]:
    """A shard whose lane of key `a` has failed and holds the checkpoint, while the one of key `b` goes on."""
    given = {"ParallelizationFactor": 2, "MaximumRetryAttempts": 5, **properties}
    first = shard(given, record(1, key="a"), *items)
    first.advance(0)
    first.finish(RAISED, lane=0)
    return first, given


def test_s_061_the_first_part_of_a_partial_response_is_not_done_again_behind_a_held_checkpoint() -> None:
    items = [record(number, key="b") for number in (2, 3, 4)]
    first, properties = _two_lanes(*items, FunctionResponseTypes=["ReportBatchItemFailures"])
    first.finish(Succeeded(failures("0004")), lane=1)
    assert (first.settled("processed"), first.checkpoints()) == (["r2", "r3"], [])
    second = again(first, properties)
    second.run(lambda _: Succeeded(None))
    assert sorted(second.settled("processed")) == ["r1", "r4"]


def test_s_048_a_record_that_was_turned_away_stays_so_behind_a_held_checkpoint() -> None:
    first, properties = _two_lanes(record(2, key="b", size=7_000_000), record(3, key="b"), **ON_FAILURE)
    assert (named(first.deliveries()[0].records), len(first.running)) == (["r2"], 1)
    second = again(first, properties)
    second.run(lambda _: Succeeded(None))
    assert (second.deliveries(), sorted(second.settled("processed"))) == ([], ["r1", "r3"])


def test_s_048_what_was_cut_off_a_batch_is_not_done_again_behind_a_held_checkpoint() -> None:
    heavy = [record(number, key="b", size=1_200_000) for number in (3, 4, 5, 6, 7)]
    window = {"TumblingWindowInSeconds": 900, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    first, properties = _two_lanes(record(2, key="b"), *heavy, **window)
    first.finish(Succeeded({"state": {"s": "x" * 1_000_000}, **failures("0003")}), lane=1)
    assert [named(call.records) for call in first.running] == [["r3", "r4", "r5", "r6"]]
    for expected in (["r1", "r3", "r4", "r5", "r6", "r7"], ["r1", "r7"]):
        second = again(first, properties)
        second.run(lambda _: Succeeded({"state": {}}))
        assert sorted(second.settled("processed")) == expected
        first.finish(Succeeded({"state": {}}), lane=1)


def test_s_059_what_was_too_old_is_not_given_up_again_behind_a_held_checkpoint() -> None:
    properties = {
        "ParallelizationFactor": 2,
        "BatchSize": 2,
        "MaximumBatchingWindowInSeconds": 40,
        "MaximumRecordAgeInSeconds": 60,
        **ON_FAILURE,
    }
    first = shard(properties, record(1, key="a"), record(2, key="b"), record(3, key="b", at=30.0))
    for moment in (0, 30, 61):
        first.advance(moment)
    first.finish(RAISED, lane=1)
    first.advance(62)
    assert [named(call.records) for call in first.running] == [["r1"], ["r3"]]
    assert named(first.deliveries()[0].records) == ["r2"]
    second = again(first, properties)
    second.run(lambda _: Succeeded(None))
    assert "r2" not in [name for delivery in second.deliveries() for name in named(delivery.records)]


def test_another_number_of_lanes_forgets_their_retries_and_loses_nothing() -> None:
    first = shard({"BatchSize": 2, "MaximumRetryAttempts": 3}, *records(1, 2, 3))
    first.advance(0)
    first.finish(RAISED)
    second = again(first, {"BatchSize": 2, "ParallelizationFactor": 3})
    second.run(lambda _: Succeeded(None))
    assert second.settled("processed") == ["r1", "r2", "r3"]


def test_s_054_what_has_left_the_stream_meanwhile_is_left_out_of_its_batch() -> None:
    properties = {"BatchSize": 3, "MaximumRetryAttempts": 3}
    first = shard(properties, *records(1, 2, 3))
    first.advance(0)
    first.finish(RAISED)
    second = again(first, properties)
    del second.stream[:2]
    second.run(lambda _: Succeeded(None))
    assert [(named(call.records), call.attempt) for call in second.calls()] == [(["r3"], 2)]
    gone = again(first, properties)
    del gone.stream[:]
    gone.put(record(4))
    gone.run(lambda _: Succeeded(None))
    assert [(named(call.records), call.attempt) for call in gone.calls()] == [(["r4"], 1)]


def test_s_075_the_last_invocation_of_a_window_is_tried_on() -> None:
    properties = {"TumblingWindowInSeconds": 10, "MaximumRetryAttempts": 3}
    first = shard(properties, record(1))
    first.advance(0)
    first.finish(Succeeded({"state": {"sum": 1}}))
    first.advance(10)
    first.finish(RAISED)
    second = again(first, properties)
    second.advance(60)
    [call] = second.calls()
    assert (named(call.records), call.attempt) == ([], 2)
    assert call.window is not None
    assert (call.window.final, call.window.state) == (True, {"sum": 1})


def test_u_030_what_was_given_up_of_a_bisected_batch_is_delivered_together_after_a_restart() -> None:
    properties = {"BatchSize": 2, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0, **ON_FAILURE}
    settings = from_ids({"U-30": True})
    first = shard(properties, *records(1, 2), settings=settings)
    first.advance(0)
    for _ in range(2):
        first.finish(RAISED)
    second = again(first, properties, settings=settings)
    second.run(lambda _: RAISED)
    [delivery] = second.deliveries()
    assert named(delivery.records) == ["r1", "r2"]


_settings = st.sampled_from(
    [{}, {"U-30": True}, {"U-14": {"order": "breadth"}}, {"U-14": {"counter": "kept", "exhausted": "any"}}]
)
_properties = st.fixed_dictionaries(
    {
        "BatchSize": st.integers(1, 4),
        "MaximumRetryAttempts": st.integers(0, 2),
        "ParallelizationFactor": st.integers(1, 3),
        "BisectBatchOnFunctionError": st.booleans(),
        "FunctionResponseTypes": st.sampled_from([[], ["ReportBatchItemFailures"]]),
        "DestinationConfig": st.sampled_from([{}, {"OnFailure": {"Destination": QUEUE}}]),
    },
    optional={"TumblingWindowInSeconds": st.just(20), "MaximumBatchingWindowInSeconds": st.just(5)},
)


def _outcome(kind: str, call: Invoke[StreamRecord], properties: Mapping[str, object]) -> Outcome:
    match kind:
        case "raise":
            return RAISED
        case "throttle":
            return THROTTLED
        case "report" if call.records and "TumblingWindowInSeconds" not in properties:
            return Succeeded(failures(call.records[len(call.records) // 2].sequence))
        case _:
            return Succeeded({"state": {}})


@given(_properties, _settings, st.data())
def test_a_machine_that_is_killed_at_any_time_settles_each_record_once(
    properties: dict[str, object], points: dict[str, Any], data: st.DataObject
) -> None:
    note(f"{properties} {points}")
    settings = from_ids(points)
    everything: list[StreamRecord] = []
    failed: Counter[str] = Counter()
    lives = [shard(properties, settings=settings)]
    for _ in range(data.draw(st.integers(1, 30))):
        match data.draw(st.sampled_from(["put", "wait", "finish", "finish", "finish", "kill"])):
            case "put":
                _put(lives[-1], everything, data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4)))
            case "wait":
                lives[-1].advance(lives[-1].now + data.draw(st.sampled_from([0.0, 1.0, 15.0])))
            case "finish" if lives[-1].running:
                call = data.draw(st.sampled_from(lives[-1].running))
                kind = data.draw(st.sampled_from(["succeed", "raise", "raise", "throttle", "report"]))
                outcome = _outcome(kind, call, properties)
                failed.update(named(call.records) if outcome is RAISED else [])
                lives[-1].finish(outcome, lane=call.lane)
            case "kill":
                _restart(lives, everything, properties, settings)
            case _:
                pass
    _restart(lives, everything, properties, settings)
    lives[-1].run(lambda _: Succeeded({"state": {}}))
    states = ("processed", "dropped", "to_destination")
    settled = Counter(name for life in lives for state in states for name in life.settled(state))
    assert settled == Counter(named(everything))
    if not properties["BisectBatchOnFunctionError"] and not properties["FunctionResponseTypes"]:
        assert all(count <= 1 + int(str(properties["MaximumRetryAttempts"])) for count in failed.values())
    if points.get("U-14", {}).get("order") != "breadth":
        _check_order(lives, everything, int(str(properties["ParallelizationFactor"])))


def _put(life: Shard, everything: list[StreamRecord], keys: list[str]) -> None:
    made = [record(len(everything) + number, at=life.now, key=key) for number, key in enumerate(keys, start=1)]
    everything += made
    life.put(*made)
    life.poller.arrived()
    life.advance(life.now)


def _restart(
    lives: list[Shard], everything: list[StreamRecord], properties: Mapping[str, object], settings: Settings
) -> None:
    """Kill the last life; what it had in flight is forgotten, and what it had kept goes on."""
    sequences = [action.sequence for one in lives for action in one.actions if isinstance(action, Checkpoint)]
    kept = [action.lanes for one in lives for action in one.actions if isinstance(action, KeepLanes)]
    checkpoint = int(sequences[-1]) if sequences else 0
    left = [one for one in everything if int(one.sequence) > checkpoint]
    life = shard(properties, *left, lanes=kept[-1] if kept else (), settings=settings)
    life.now = lives[-1].now
    lives.append(life)
    life.advance(life.now)


def _check_order(lives: list[Shard], everything: list[StreamRecord], factor: int) -> None:
    """The records of a key are processed in their order; those of the shard, where it has one lane."""
    key = {one.name: one.key if factor > 1 else "" for one in everything}
    done = [name for life in lives for name in life.settled("processed")]
    for one in set(key.values()):
        mine = [int(name[1:]) for name in done if key[name] == one]
        assert mine == sorted(mine)


def test_s_075_a_window_whose_length_was_changed_is_given_up_and_its_batch_is_not() -> None:
    first = shard({"TumblingWindowInSeconds": 10, "MaximumRetryAttempts": 3}, record(1))
    first.advance(0)
    first.finish(RAISED)
    second = again(first, {"MaximumRetryAttempts": 3})
    second.run(lambda _: Succeeded(None))
    assert [(named(call.records), call.attempt, call.window) for call in second.calls()] == [(["r1"], 2, None)]


@examples(max_examples=40)
@given(
    data=st.data(),
    size=st.integers(1, 4),
    other=st.integers(1, 4),
    lanes=st.integers(1, 3),
    other_lanes=st.integers(1, 3),
    bisects=st.booleans(),
)
def test_a_paused_shard_is_read_on_with_other_settings_and_nothing_is_lost_or_done_twice(
    data: st.DataObject, size: int, other: int, lanes: int, other_lanes: int, *, bisects: bool
) -> None:
    properties = {"BisectBatchOnFunctionError": bisects}
    items = [record(number, key=data.draw(st.sampled_from("abc"))) for number in range(1, 9)]
    first = shard({**properties, "BatchSize": size, "ParallelizationFactor": lanes}, *items)
    first.advance(0)
    done: list[str] = []

    def finish() -> None:
        lane = data.draw(st.sampled_from([call.lane for call in first.running]))
        fails = data.draw(st.booleans())
        call = first.finish(RAISED if fails else Succeeded(None), lane=lane)
        done.extend([] if fails else named(call.records))

    for _ in range(data.draw(st.integers(0, 6))):
        if first.running:
            finish()
        first.advance(first.now + data.draw(st.sampled_from([0, 1, 30])))
    first.poller.pause()
    begun = len(first.calls())
    while first.running:
        finish()
    first.advance(first.now + 600)
    assert len(first.calls()) == begun
    second = again(first, {**properties, "BatchSize": other, "ParallelizationFactor": other_lanes})
    second.run(lambda _: Succeeded(None))
    done += [name for call in second.calls() for name in named(call.records)]
    assert Counter(done) == Counter(named(items))
    assert Counter([*first.settled("processed"), *second.settled("processed")]) == Counter(named(items))
