"""The published examples, and what the scenario contract says of inputs and results."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.simulate.run import simulate, summarise
from landfast.simulate.scenario import ScenarioError, read

EXAMPLES = Path(__file__).parents[3] / "docs" / "scenarios" / "examples"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in EXAMPLES.glob("*.expected.json"))
ASYNC: dict[str, Any] = {"source": {"type": "async", "records": [{"id": "r1"}]}}


def _assert_matches(expected: object, actual: Any, path: str = "result") -> None:
    """Lists are complete and in order; of objects only the fields that are given are compared."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            _assert_matches(value, actual[name], f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), path
        for index, item in enumerate(expected):
            _assert_matches(item, actual[index], f"{path}[{index}]")
    else:
        assert actual == expected, path


def test_there_are_examples() -> None:
    assert len(NAMES) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_an_example_gives_its_expected_result(name: str) -> None:
    result, _ = simulate(read((EXAMPLES / f"{name}.json").read_bytes()))
    _assert_matches(json.loads((EXAMPLES / f"{name}.expected.json").read_text()), result)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_scenario_gives_the_same_bytes(name: str) -> None:
    arguments = ["simulate", str(EXAMPLES / f"{name}.json"), "--json"]
    here = CliRunner().invoke(app, arguments).stdout_bytes
    there = subprocess.run([sys.executable, "-m", "landfast", *arguments], capture_output=True, check=True).stdout
    assert here == there
    assert json.loads(here)["summary"]["pending"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": {"type": "mqtt", "records": []}}, "source.type"),
        ({"source": {"type": "async"}}, "source.records"),
        ({"sauce": 1}, "sauce"),
        ({"source": {"type": "async", "records": [{"id": ""}]}}, "source.records[0].id"),
        ({"source": {"type": "async", "records": [{"id": "a"}, {"id": "a"}]}}, "source.records[1].id"),
        (
            {"source": {"type": "kinesis", "records": [{"id": "a", "at": 2}, {"id": "b", "at": 1}]}},
            "source.records[1].at",
        ),
        ({"source": {"type": "async", "records": [{"id": "a", "at": -1}]}}, "source.records[0].at"),
        ({"source": {"type": "async", "records": {"count": -1}}}, "source.records.count"),
        ({"source": {"type": "async", "records": {"count": 1, "per_second": 0}}}, "source.records.per_second"),
        ({"source": {"type": "async", "records": [], "queue": {}}}, "source.queue"),
        ({"function": {"Timeout": 1801}}, "function.Timeout"),
        ({"function": {"behaviour": [{"outcome": "explode"}]}}, "function.behaviour[0].outcome"),
        ({"function": {"behaviour": [{}]}}, "function.behaviour[0].outcome"),
        ({"mapping": {"MaximumRetryAttempts": 3}}, "mapping.MaximumRetryAttempts"),
        ({"mapping": {"MaximumRetries": 3}}, "mapping.MaximumRetries"),
        ({"settings": {"U-99": 1}}, "settings.U-99"),
        ({"settings": {"U-13": {"cap": -1}}}, "settings.U-13"),
        ({"until": 0}, "until"),
    ],
)
def test_an_invalid_scenario_ends_with_status_2_and_one_line_naming_the_field(
    change: dict[str, Any], field: str
) -> None:
    ended = CliRunner().invoke(app, ["simulate", "-", "--json"], input=json.dumps({**ASYNC, **change}))
    assert ended.exit_code == 2
    [line] = ended.stderr.splitlines()
    assert f"{field}:" in line
    assert ended.stdout == ""


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"x"', b'{"source": \xff}', b"[" * 100_000])
def test_what_is_no_scenario_is_refused(text: bytes) -> None:
    with pytest.raises(ScenarioError):
        read(text)


def test_a_file_that_is_not_there_is_one_line_and_status_2(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["simulate", str(tmp_path / "none.json")])
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (2, 1)


def test_yaml_is_read_as_json_is(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("source:\n  type: async\n  records:\n    - id: r1\n")
    ended = CliRunner().invoke(app, ["simulate", str(scenario), "--json"])
    assert json.loads(ended.stdout)["records"]["r1"]["state"] == "processed"


def test_generated_records_have_the_ids_keys_shards_and_times_of_the_contract() -> None:
    source = {"type": "kinesis", "records": {"count": 5, "keys": 2, "per_second": 2, "shards": 3}}
    records = list(read(json.dumps({"source": source}).encode()).source.all())
    assert [(record.id, record.key, record.at, record.shard) for record in records] == [
        ("r1", "k0", 0.0, 0),
        ("r2", "k1", 0.5, 1),
        ("r3", "k0", 1.0, 2),
        ("r4", "k1", 1.5, 0),
        ("r5", "k0", 2.0, 1),
    ]


def test_a_summary_says_what_the_whole_result_says() -> None:
    for name in NAMES:
        scenario = read((EXAMPLES / f"{name}.json").read_bytes())
        assert summarise(scenario) == simulate(scenario)[0]["summary"]


def test_a_value_may_name_records_by_reference() -> None:
    scenario = {
        "source": {"type": "kinesis", "records": {"count": 5}},
        "mapping": {"StartingPosition": "TRIM_HORIZON", "FunctionResponseTypes": ["ReportBatchItemFailures"]},
        "function": {
            "behaviour": [
                {"invocations": 1, "outcome": "return", "value": {"batchItemFailures": [{"itemIdentifier": "$id:r4"}]}}
            ]
        },
    }
    result, _ = simulate(read(json.dumps(scenario).encode()))
    assert [call["records"] for call in result["invocations"]] == [["r1", "r2", "r3", "r4", "r5"], ["r4", "r5"]]


def test_a_throttled_try_is_counted_and_is_no_invocation() -> None:
    scenario = {**ASYNC, "function": {"behaviour": [{"outcome": "throttle", "invocations": 2}]}}
    result, _ = simulate(read(json.dumps(scenario).encode()))
    assert result["summary"]["throttles"] == 2
    assert [(call["at"], call["attempt"]) for call in result["invocations"]] == [(3.0, 1)]


def test_an_invocation_longer_than_the_time_out_times_out() -> None:
    scenario = {**ASYNC, "function": {"Timeout": 2, "duration": 5}}
    result, _ = simulate(read(json.dumps(scenario).encode()))
    assert [(call["outcome"], call["ended"] - call["at"]) for call in result["invocations"]] == [("timeout", 2.0)] * 3


def test_s_050_records_before_the_starting_timestamp_are_never_read() -> None:
    start = 1_767_225_600 + 10
    scenario = {
        "source": {"type": "kinesis", "records": [{"id": "old", "at": 9}, {"id": "new", "at": 11}]},
        "mapping": {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": start},
    }
    result, _ = simulate(read(json.dumps(scenario).encode()))
    assert {name: record["state"] for name, record in result["records"].items()} == {
        "old": "dropped",
        "new": "processed",
    }


def test_s_102_maximum_concurrency_bounds_the_batches_at_once() -> None:
    scenario = {
        "source": {"type": "sqs", "records": {"count": 30}},
        "mapping": {"BatchSize": 20, "MaximumBatchingWindowInSeconds": 1, "ScalingConfig": {"MaximumConcurrency": 2}},
        "function": {"duration": 2, "ReservedConcurrentExecutions": 2},
    }
    result, _ = simulate(read(json.dumps(scenario).encode()))
    assert [len(call["records"]) for call in result["invocations"]] == [20, 10]


def test_s_103_a_queue_goes_on_growing_while_batches_come_and_go() -> None:
    scenario = {"source": {"type": "sqs", "records": {"count": 2_000}}, "function": {"duration": 1}}
    ended = summarise(read(json.dumps(scenario).encode()))["ended"]
    batches, start, growth = 200, 5, 5
    assert start * ended + growth / 2 * ended**2 >= batches
    assert start * (ended - 2) + growth / 2 * (ended - 2) ** 2 < batches
