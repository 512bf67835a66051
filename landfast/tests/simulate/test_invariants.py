"""What holds for every scenario, whatever its records, its mapping and its function."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from landfast.delivery.event_sources import EVENT_SOURCES, StreamSource
from landfast.journal import Checkpointed, Entry, Finished, Invoked, Settled
from landfast.report.account import Limits
from landfast.simulate.account import account
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, read

QUEUE = "arn:aws:sqs:us-east-1:123456789012:failures"
STATES = {"processed", "to_destination", "dropped", "dead_lettered", "filtered", "pending"}

Json = dict[str, Any]

_names = st.integers(1, 12).map(lambda number: f"m{number}")
_behaviours = st.lists(
    st.fixed_dictionaries(
        {"outcome": st.sampled_from(["succeed", "raise", "timeout", "exit", "throttle", "report", "return"])},
        optional={
            "records": st.lists(_names, min_size=1, max_size=4, unique=True),
            "invocations": st.integers(1, 6),
            "report": st.lists(_names, max_size=4),
            "duration": st.sampled_from([0, 0.5, 2, 100]),
            "value": st.sampled_from(
                [
                    None,
                    "x",
                    {"batchItemFailures": [{"itemIdentifier": "$id:m3"}, {"itemIdentifier": "$id:m5"}]},
                    {"batchItemFailures": [{"itemIdentifier": ""}]},
                    {"state": {"seen": 1}},
                ]
            ),
        },
    ),
    max_size=4,
)
_functions = st.fixed_dictionaries(
    {"behaviour": _behaviours, "duration": st.sampled_from([0, 0, 0.25, 3]), "Timeout": st.integers(1, 5)},
    optional={"ReservedConcurrentExecutions": st.integers(0, 3)},
)


def _records(shards: int) -> st.SearchStrategy[list[Json]]:
    one = st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0, 0, 0.3, 1, 20]), st.integers(0, shards - 1))
    return st.lists(one, max_size=12).map(_numbered)


def _numbered(drawn: Sequence[tuple[str, float, int]]) -> list[Json]:
    records, at = [], 0.0
    for number, (key, later, shard) in enumerate(drawn, start=1):
        at += later
        records.append({"id": f"m{number}", "key": key, "at": at, "shard": shard})
    return records


_report = st.sampled_from([[], ["ReportBatchItemFailures"]])
_on_failure = st.sampled_from(
    [{}, {"OnFailure": {"Destination": QUEUE}}, {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}]
)
_until = st.sampled_from([50, 5_000])

_streams = st.fixed_dictionaries(
    {
        "source": st.fixed_dictionaries(
            {"type": st.sampled_from(["kinesis", "dynamodb"]), "records": _records(2)},
            optional={"retention": st.sampled_from([30, 400])},
        ),
        "mapping": st.fixed_dictionaries(
            {
                "StartingPosition": st.just("TRIM_HORIZON"),
                "BatchSize": st.integers(1, 6),
                "MaximumRetryAttempts": st.integers(0, 3),
                "FunctionResponseTypes": _report,
                "BisectBatchOnFunctionError": st.booleans(),
                "ParallelizationFactor": st.sampled_from([1, 1, 2, 3]),
                "DestinationConfig": _on_failure,
            },
            optional={
                "MaximumRecordAgeInSeconds": st.sampled_from([-1, 60]),
                "MaximumBatchingWindowInSeconds": st.sampled_from([1, 5, 40]),
                "TumblingWindowInSeconds": st.sampled_from([10, 60]),
            },
        ),
        "function": _functions,
        "until": _until,
    }
)


def _without_fifo_window(scenario: Json) -> Json:
    """FIFO queues have no batching window."""
    if scenario["source"]["queue"]["FifoQueue"]:
        scenario["mapping"].pop("MaximumBatchingWindowInSeconds", None)
    return scenario


_queues = st.fixed_dictionaries(
    {
        "source": st.fixed_dictionaries(
            {
                "type": st.just("sqs"),
                "records": _records(1),
                "queue": st.fixed_dictionaries(
                    {"VisibilityTimeout": st.integers(5, 40), "FifoQueue": st.booleans()},
                    optional={"RedrivePolicy": st.fixed_dictionaries({"maxReceiveCount": st.integers(1, 4)})},
                ),
            }
        ),
        "mapping": st.fixed_dictionaries(
            {"BatchSize": st.integers(1, 10), "FunctionResponseTypes": _report},
            optional={
                "ScalingConfig": st.fixed_dictionaries({"MaximumConcurrency": st.integers(2, 4)}),
                "MaximumBatchingWindowInSeconds": st.sampled_from([1, 5, 60]),
            },
        ),
        "function": _functions,
        "until": _until,
    }
).map(_without_fifo_window)

_asynchronous = st.fixed_dictionaries(
    {
        "source": st.fixed_dictionaries({"type": st.just("async"), "records": _records(1)}),
        "mapping": st.fixed_dictionaries(
            {"MaximumRetryAttempts": st.integers(0, 2), "DestinationConfig": _on_failure},
            optional={"MaximumEventAgeInSeconds": st.integers(60, 400)},
        ),
        "function": _functions,
        "until": _until,
    }
)


def _run(scenario: Json) -> tuple[Scenario, Json, list[Entry]]:
    note(json.dumps(scenario))
    parsed = read(json.dumps(scenario).encode())
    result, entries = simulate(parsed)
    _check_accounting(scenario, result, entries)
    assert json.dumps(simulate(parsed)[0]) == json.dumps(result)
    told = account(parsed, entries, Limits())
    assert {**told.counts, "ended": told.ended} == {**result["summary"], "system_errors": 0}
    assert {each.record: (each.state, each.at, each.invocations) for each in told.records.shown} == {
        record: (each["state"], each["at"], each["invocations"]) for record, each in result["records"].items()
    }
    return parsed, result, entries


def _check_accounting(scenario: Json, result: Json, entries: Sequence[Entry]) -> None:
    """Every record is there, in one state, reached once; the summary agrees with the lists."""
    ids = [record["id"] for record in scenario["source"]["records"]]
    assert list(result["records"]) == ids
    settled = [record for entry in entries if isinstance(entry, Settled) for record in entry.records]
    assert len(settled) == len(set(settled))
    states = [record["state"] for record in result["records"].values()]
    assert set(states) <= STATES
    summary = result["summary"]
    assert {state: states.count(state) for state in STATES} == {state: summary[state] for state in STATES}
    assert summary["invocations"] == len(result["invocations"])
    assert summary["throttles"] == sum(isinstance(entry, Finished) and entry.outcome == "throttle" for entry in entries)


def _check_order(entries: Sequence[Entry], place: Mapping[str, tuple[Any, int]]) -> None:
    """Nothing is handed to the function while something before it, that order holds for, is undone."""
    done: set[str] = set()
    for entry in entries:
        if isinstance(entry, Settled):
            done.update(entry.records)
        elif isinstance(entry, Invoked):
            batch = set(entry.records)
            for record in entry.records:
                line, position = place[record]
                before = {other for other, (of, at) in place.items() if of == line and at < position}
                assert before <= done | batch, (entry, before - done - batch)
            assert list(entry.records) == sorted(entry.records, key=lambda record: place[record][1])


@given(_streams)
def test_streams_keep_their_promises(scenario: Json) -> None:
    _, result, entries = _run(scenario)
    records = scenario["source"]["records"]
    factor = scenario["mapping"]["ParallelizationFactor"]
    line = {record["id"]: (record["shard"], record["key"] if factor > 1 else "") for record in records}
    place = {record["id"]: (line[record["id"]], index) for index, record in enumerate(records)}
    _check_order(entries, place)
    _check_checkpoints(scenario, entries)
    most = 1 + scenario["mapping"]["MaximumRetryAttempts"]
    assert all(call["attempt"] <= most for call in result["invocations"])
    for delivery in result["deliveries"]:
        whole = delivery["body"].get("object", delivery["body"])
        context = whole["requestContext"]
        if context["condition"] == "RetryAttemptsExhausted":
            assert context["approximateInvokeCount"] == most


def _check_checkpoints(scenario: Json, entries: Sequence[Entry]) -> None:
    """A checkpoint never goes back and never passes a record that is undone."""
    source = EVENT_SOURCES[scenario["source"]["type"]]
    assert isinstance(source, StreamSource)
    shards: dict[int, dict[str, str]] = {}
    for record in scenario["source"]["records"]:
        shard = shards.setdefault(record["shard"], {})
        shard[record["id"]] = source.sequence_numbers(record["shard"])(len(shard) + 1)
    done: set[str] = set()
    reached: dict[Any, str] = {}
    for entry in entries:
        if isinstance(entry, Settled):
            done.update(entry.records)
        elif isinstance(entry, Checkpointed):
            assert isinstance(entry.shard, int)
            passed = {record for record, number in shards[entry.shard].items() if number <= entry.sequence}
            assert passed <= done
            assert reached.get(entry.shard, "") <= entry.sequence
            reached[entry.shard] = entry.sequence


@given(_queues)
def test_queues_keep_their_promises(scenario: Json) -> None:
    _, result, entries = _run(scenario)
    queue = scenario["source"]["queue"]
    records = scenario["source"]["records"]
    most = queue.get("RedrivePolicy", {}).get("maxReceiveCount")
    if most is not None:
        assert all(call["attempt"] <= most for call in result["invocations"])
    if queue["FifoQueue"]:
        _check_order(entries, {record["id"]: (record["key"], index) for index, record in enumerate(records)})
    at_once = scenario["mapping"].get("ScalingConfig", {}).get("MaximumConcurrency")
    if at_once is not None:
        assert _most_at_once(entries) <= at_once


def _most_at_once(entries: Sequence[Entry]) -> int:
    """The most invocations that ran at a time; a try that was throttled never ran."""
    running: set[str] = set()
    most = 0
    for entry, refused in zip(entries, _refused(entries), strict=True):
        if isinstance(entry, Invoked) and not refused:
            running.add(entry.request_id)
            most = max(most, len(running))
        elif isinstance(entry, Finished):
            running.discard(entry.request_id)
    return most


def _refused(entries: Sequence[Entry]) -> list[bool]:
    """Of each entry whether it begins a try that was throttled."""
    begun: dict[str, int] = {}
    refused = [False] * len(entries)
    for place, entry in enumerate(entries):
        if isinstance(entry, Invoked):
            begun[entry.request_id] = place
        elif isinstance(entry, Finished) and entry.outcome == "throttle":
            refused[begun[entry.request_id]] = True
    return refused


@given(_asynchronous)
def test_asynchronous_events_keep_their_promises(scenario: Json) -> None:
    _, result, entries = _run(scenario)
    most = 1 + scenario["mapping"]["MaximumRetryAttempts"]
    assert all(record["invocations"] <= most for record in result["records"].values())
    reserved = scenario["function"].get("ReservedConcurrentExecutions")
    if reserved is not None:
        assert _most_at_once(entries) <= reserved
    for delivery in result["deliveries"]:
        whole = delivery["body"].get("object", delivery["body"])
        [record] = delivery["records"]
        assert whole["requestContext"]["approximateInvokeCount"] == result["records"][record]["invocations"]
        if whole["requestContext"]["condition"] == "RetriesExhausted":
            assert result["records"][record]["invocations"] == most
