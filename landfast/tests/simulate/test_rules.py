"""Rules that show only in a whole scenario, or that the simulator's own sources keep."""

import json
from typing import Any

import pytest

from landfast.simulate.run import simulate
from landfast.simulate.scenario import read

STREAM = {"StartingPosition": "TRIM_HORIZON"}


def _run(**scenario: Any) -> dict[str, Any]:
    return simulate(read(json.dumps(scenario).encode()))[0]


def _states(result: dict[str, Any]) -> dict[str, tuple[str, float | None]]:
    return {name: (record["state"], record["at"]) for name, record in result["records"].items()}


@pytest.mark.parametrize("enabled", [False, "false", "False"])
@pytest.mark.parametrize("kind", ["kinesis", "dynamodb", "sqs"])
def test_s_053_a_mapping_that_is_off_reads_nothing(kind: str, enabled: object) -> None:
    mapping = {"Enabled": enabled, **({} if kind == "sqs" else STREAM)}
    result = _run(source={"type": kind, "records": {"count": 3}}, mapping=mapping, until=3600)
    assert result["invocations"] == []
    assert result["summary"]["pending"] == 3


@pytest.mark.parametrize("enabled", [True, "true"])
def test_s_053_a_mapping_that_is_on_reads(enabled: object) -> None:
    result = _run(source={"type": "sqs", "records": {"count": 3}}, mapping={"Enabled": enabled})
    assert result["summary"]["processed"] == 3


def test_s_053_s_054_what_nobody_reads_expires_all_the_same() -> None:
    mapping = {"Enabled": False, **STREAM}
    records = [{"id": "r1"}, {"id": "r2", "at": 50}]
    result = _run(source={"type": "kinesis", "records": records, "retention": 100}, mapping=mapping)
    assert _states(result) == {"r1": ("dropped", 100), "r2": ("dropped", 150)}


@pytest.mark.parametrize("kind", ["async", "sqs"])
def test_arrivals_may_be_written_in_any_order(kind: str) -> None:
    records = [{"id": "late", "at": 5}, {"id": "b", "at": 1}, {"id": "early"}, {"id": "c", "at": 1}]
    result = _run(source={"type": kind, "records": records})
    assert [call["records"] for call in result["invocations"]] in (
        [["early"], ["b"], ["c"], ["late"]],
        [["early"], ["b", "c"], ["late"]],
    )
    assert list(result["records"]) == ["late", "b", "early", "c"]


def test_arrivals_of_two_shards_may_be_mixed() -> None:
    records = [{"id": "a", "at": 5}, {"id": "b", "at": 1, "shard": 1}, {"id": "c", "at": 6}]
    result = _run(source={"type": "kinesis", "records": records}, mapping=STREAM)
    assert [(call["records"], call["shard"]) for call in result["invocations"]] == [(["b"], 1), (["a"], 0), (["c"], 0)]


def test_s_005_s_017_an_answer_of_seven_megabytes_is_a_function_error() -> None:
    target = "arn:aws:sqs:us-east-1:123456789012:failures"
    result = _run(
        source={"type": "async", "records": [{"id": "r1"}]},
        mapping={"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": target}}},
        function={"behaviour": [{"outcome": "return", "value": "x" * 7_000_000}]},
    )
    [delivery] = result["deliveries"]
    assert delivery["body"]["responseContext"]["functionError"] == "Unhandled"
    assert delivery["body"]["responsePayload"] == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


@pytest.mark.parametrize(("size", "state"), [(6_291_554, "processed"), (6_291_555, "dropped")])
def test_s_017_the_largest_answer_is_counted_to_the_byte(size: int, state: str) -> None:
    result = _run(
        source={"type": "async", "records": [{"id": "r1"}]},
        mapping={"MaximumRetryAttempts": 0},
        function={"behaviour": [{"outcome": "return", "value": "x" * size}]},
    )
    assert result["records"]["r1"]["state"] == state


def test_s_048_s_076_a_large_state_and_large_records_all_land() -> None:
    heavy = [{"id": f"r{number}", "at": 1, "data": "x" * 1_040_000} for number in range(2, 6)]
    result = _run(
        source={"type": "kinesis", "records": [{"id": "r1"}, *heavy]},
        mapping={**STREAM, "TumblingWindowInSeconds": 900, "BatchSize": 100},
        function={"behaviour": [{"outcome": "return", "value": {"state": {"s": "x" * 1_000_000}}}]},
    )
    assert result["summary"]["processed"] == 5
    assert {len(call["records"]) for call in result["invocations"]} == {0, 1, 3}


def test_s_054_s_077_behind_a_failing_last_invocation_nothing_waits_for_ever() -> None:
    result = _run(
        source={
            "type": "kinesis",
            "retention": 300,
            "records": [{"id": "r1", "at": 1, "key": "k"}, {"id": "r2", "at": 100, "key": "k"}],
        },
        mapping={**STREAM, "TumblingWindowInSeconds": 10},
        function={"behaviour": [{"records": ["r1"], "outcome": "return", "value": {"state": {}}}]},
        until=86_400,
    )
    assert result["records"]["r1"]["state"] == "processed"
    assert result["records"]["r2"]["state"] == "dropped"
    assert 400 <= result["records"]["r2"]["at"] <= 412
    assert result["summary"]["pending"] == 0


@pytest.mark.parametrize("kind", ["kinesis", "dynamodb"])
@pytest.mark.parametrize("outcome", ["raise", "throttle"])
def test_s_054_what_is_not_read_behind_a_failing_batch_expires(kind: str, outcome: str) -> None:
    result = _run(
        source={"type": kind, "retention": 300, "records": [{"id": "r1"}, {"id": "r2", "at": 10}]},
        mapping=STREAM,
        function={"behaviour": [{"records": ["r1"], "outcome": outcome}]},
    )
    assert _states(result)["r2"] == ("dropped", 310) or result["records"]["r2"]["state"] == "processed"
    assert result["records"]["r1"]["state"] == "dropped"


def test_s_134_a_busy_tenant_waits_behind_a_quiet_one_and_the_function_sees_which() -> None:
    busy = [{"id": f"a{number}", "key": "a"} for number in range(1, 31)]
    result = _run(
        source={"type": "sqs", "records": [*busy, {"id": "b1", "key": "b", "at": 1}]},
        mapping={"BatchSize": 1, "ScalingConfig": {"MaximumConcurrency": 2}},
        function={"duration": 10, "Timeout": 20},
    )
    place = [call["records"] for call in result["invocations"]].index(["b1"])
    assert place < 10
    assert result["summary"]["processed"] == 31


def test_s_134_only_messages_of_the_group_reach_the_function() -> None:
    pattern = json.dumps({"attributes": {"MessageGroupId": ["a"]}})
    result = _run(
        source={"type": "sqs", "records": [{"id": "r1", "key": "a"}, {"id": "r2", "key": "b"}, {"id": "r3"}]},
        mapping={"FilterCriteria": {"Filters": [{"Pattern": pattern}]}},
    )
    assert {name: state for name, (state, _) in _states(result).items()} == {
        "r1": "processed",
        "r2": "filtered",
        "r3": "filtered",
    }


def test_a_function_may_take_half_an_hour() -> None:
    result = _run(source={"type": "async", "records": [{"id": "r1"}]}, function={"Timeout": 1800, "duration": 1799})
    assert (result["records"]["r1"]["state"], result["summary"]["ended"]) == ("processed", 1799)


def test_s_135_a_kafka_topic_takes_what_a_stream_gives_up() -> None:
    result = _run(
        source={"type": "kinesis", "records": [{"id": "r1"}]},
        mapping={
            **STREAM,
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnFailure": {"Destination": "kafka://failed"}},
        },
        function={"behaviour": [{"outcome": "raise"}]},
    )
    assert [(each["kind"], each["target"]) for each in result["deliveries"]] == [("kafka", "kafka://failed")]
    assert result["records"]["r1"]["state"] == "to_destination"
