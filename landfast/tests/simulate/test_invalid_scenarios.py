"""Scenarios that cannot be run: exit status 2 and one line that names the field, whatever someone writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from landfast.cli.app import app

ASYNC: dict[str, Any] = {"source": {"type": "async", "records": [{"id": "r1"}]}}
KINESIS: dict[str, Any] = {
    "source": {"type": "kinesis", "records": [{"id": "r1"}]},
    "mapping": {"StartingPosition": "TRIM_HORIZON"},
}


def _source(kind: str, **record: object) -> dict[str, Any]:
    mapping = {"StartingPosition": "TRIM_HORIZON"} if kind in {"kinesis", "dynamodb"} else {}
    return {"source": {"type": kind, "records": [{"id": "ok"}, {"id": "r", **record}]}, "mapping": mapping}


def _refused(text: str | bytes, name: str = "-", tmp_path: Path | None = None) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    if tmp_path is not None:
        path = tmp_path / name
        path.write_bytes(content)
        name = str(path)
    ended = CliRunner().invoke(app, ["simulate", name, "--json"], input=content)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), repr(ended.exception)
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.output
    [line] = ended.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("scenario", "field"),
    [
        (_source("sqs", data="x" * 1_100_000), "source.records[1].data"),
        (_source("sqs", data="é" * 600_000), "source.records[1].data"),
        (_source("sqs", data=""), "source.records[1].data"),
        (_source("sqs", key="g" * 129), "source.records[1].key"),
        (_source("kinesis", data="x" * 11_000_000), "source.records[1].data"),
        (_source("kinesis", data="x" * 10_485_760, key="k"), "source.records[1].data"),
        (_source("kinesis", key="k" * 257), "source.records[1].key"),
        (_source("async", data="x" * 1_100_000), "source.records[1].data"),
        (_source("async", data={"a": "é" * 524_288}), "source.records[1].data"),
        (_source("dynamodb", data={"a": "x" * 500_000}), "source.records[1].data"),
        (_source("dynamodb", data="x" * 500_000), "source.records[1].data"),
        (_source("dynamodb", data={"a": {"S": "x" * 500_000}}), "source.records[1].data"),
        (
            _source("dynamodb", data={"dynamodb": {"OldImage": {"a": {"S": "x" * 500_000}}}}),
            "source.records[1].data.dynamodb.OldImage",
        ),
        (_source("dynamodb", key="k" * 2_049), "source.records[1].key"),
        (_source("dynamodb", data={"dynamodb": 5}), "source.records[1].data.dynamodb"),
        (_source("dynamodb", data={"dynamodb": {"NewImage": 5}}), "source.records[1].data.dynamodb.NewImage"),
        (_source("dynamodb", data={"dynamodb": {"Keys": {"a": 5}}}), "source.records[1].data.dynamodb.Keys.a"),
        (_source("dynamodb", data={"dynamodb": {"Keys": {"a": {"N": "x"}}}}), "source.records[1].data.dynamodb.Keys.a"),
        (_source("dynamodb", data={"dynamodb": {"Keys": {"a": {"B": "?"}}}}), "source.records[1].data.dynamodb.Keys.a"),
        (_source("dynamodb", data={"dynamodb": {"Keys": {"a": {"S": 1}}}}), "source.records[1].data.dynamodb.Keys.a"),
        (
            _source("dynamodb", data={"dynamodb": {"SizeBytes": 1}, "eventName": "X"}),
            "source.records[1].data.eventName",
        ),
        (_source("dynamodb", data={"eventName": ["INSERT"]}), "source.records[1].data.eventName"),
        (_source("dynamodb", data={"eventName": "INSERT", "dynamodb": None}), "source.records[1].data.dynamodb"),
        (_source("dynamodb", data=json.loads("[" * 40 + "]" * 40)), "source.records[1].data"),
        (_source("dynamodb", data={"a": {"SS": []}}), "source.records[1].data.a"),
        (_source("kinesis", at=-1), "source.records[1].at"),
        (_source("kinesis", at=1e300), "source.records[1].at"),
        (_source("kinesis", at="soon"), "source.records[1].at"),
        (_source("kinesis", shard=-1), "source.records[1].shard"),
        (_source("kinesis", shard=1.5), "source.records[1].shard"),
        (_source("kinesis", shard=10**30), "source.records[1].shard"),
        (_source("kinesis", key=5), "source.records[1].key"),
        (_source("kinesis", colour="red"), "source.records[1].colour"),
        ({"source": {"type": "async", "records": {"count": 10**30}}}, "source.records.count"),
        ({"source": {"type": "async", "records": {"count": 1, "keys": 0}}}, "source.records.keys"),
        ({"source": {"type": "async", "records": {"count": 1, "shards": 0}}}, "source.records.shards"),
        ({"source": {"type": "async", "records": {"count": 2, "per_second": 1e-300}}}, "source.records.per_second"),
        ({"source": {"type": "async", "records": "many"}}, "source.records"),
        ({"source": {"type": "async", "records": None}}, "source.records"),
        ({"source": []}, "source"),
        ({**KINESIS, "source": {**KINESIS["source"], "retention": 1e300}}, "source.retention"),
        ({**KINESIS, "source": {**KINESIS["source"], "retention": -1}}, "source.retention"),
        ({**KINESIS, "mapping": {}}, "mapping.StartingPosition"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "Enabled": "perhaps"}}, "mapping.Enabled"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "BatchSize": [1]}}, "mapping.BatchSize"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "BatchSize": 10**400}}, "mapping.BatchSize"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "BatchSize": "9" * 5_000}}, "mapping.BatchSize"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "StartingPosition": 5}}, "mapping.StartingPosition"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "FunctionResponseTypes": 5}}, "mapping.FunctionResponseTypes"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "FilterCriteria": 5}}, "mapping.FilterCriteria"),
        ({**KINESIS, "mapping": {**KINESIS["mapping"], "DestinationConfig": 5}}, "mapping.DestinationConfig"),
        ({**KINESIS, "mapping": [1]}, "mapping"),
        ({**ASYNC, "mapping": {"Enabled": False}}, "mapping.Enabled"),
        ({**ASYNC, "mapping": {"MaximumRetryAttempts": 1e300}}, "mapping.MaximumRetryAttempts"),
        ({**ASYNC, "mapping": {"MaximumEventAgeInSeconds": "9" * 5_000}}, "mapping.MaximumEventAgeInSeconds"),
        ({**ASYNC, "function": {"Timeout": 0}}, "function.Timeout"),
        ({**ASYNC, "function": {"Timeout": "3"}}, "function.Timeout"),
        ({**ASYNC, "function": {"duration": -1}}, "function.duration"),
        ({**ASYNC, "function": {"ReservedConcurrentExecutions": -1}}, "function.ReservedConcurrentExecutions"),
        ({**ASYNC, "function": {"behaviour": [{"outcome": "raise", "every": 0}]}}, "function.behaviour[0].every"),
        ({**ASYNC, "function": {"behaviour": [{"outcome": "raise", "records": []}]}}, "function.behaviour[0].records"),
        (
            {**ASYNC, "function": {"behaviour": [{"outcome": "raise", "invocations": 0}]}},
            "function.behaviour[0].invocations",
        ),
        ({**ASYNC, "settings": {"U-13": {"factor": 1e300}}}, "settings.U-13"),
        ({**ASYNC, "settings": {"U-14": True}}, "settings.U-14"),
        ({**ASYNC, "settings": {"U-27": 1e300}}, "settings.U-27"),
        ({**ASYNC, "settings": {"": 1}}, "settings."),
        ({**ASYNC, "settings": []}, "settings"),
        ({**ASYNC, "until": 1e300}, "until"),
        ({**ASYNC, "until": None}, "until"),
        ({**ASYNC, "name": 5}, "name"),
    ],
)
def test_what_cannot_be_is_named_by_its_field(scenario: dict[str, Any], field: str) -> None:
    assert f"{field}:" in _refused(json.dumps(scenario))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5_000])
def test_a_number_that_json_has_not_is_refused(number: str) -> None:
    text = json.dumps(ASYNC)
    assert "not valid JSON" in _refused(text.replace('"r1"', f'"r1","at":{number}'))
    assert "not valid JSON" in _refused(text.replace('"r1"', f'"r1","data":{number}'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source: {type: async, records: [{id: r1, data: .nan}]}", "source.records[0].data:"),
        ("source: {type: async, records: [{id: r1, at: .inf}]}", "source.records[0].at:"),
        ("source: {type: async, records: [{id: 2026-01-01}]}", "source.records[0].id:"),
        (
            "source: {type: async, records: [{id: r1, data: {when: 2026-01-01 10:00:00}}]}",
            "source.records[0].data.when:",
        ),
        ("source: {type: async, records: [{id: r1, data: !!binary aGVsbG8=}]}", "source.records[0].data:"),
        ("source: {type: async, records: [{id: r1, data: !!set {a, b}}]}", "source.records[0].data:"),
        ("source: {type: async, records: [{id: r1, data: {1: one}}]}", "source.records[0].data:"),
        ("1: one", "scenario:"),
        ("source: {type: async, records: [{id: r1, data: {on: 1}}]}", "source.records[0].data:"),
        ("source: {type: async, records: [{id: r1, data: &a [x]}, {id: r2, data: *a}]}", "alias"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nsource: *c", "alias"),
        ("a: &a\n  - *a", "alias"),
        ("source: !!python/object/apply:os.system [echo]", "not valid YAML"),
        ("source: {type: async, records: [{id: r1, data: {a: 1, a: 2}}", "not valid YAML"),
        ("", "scenario:"),
        ("# nothing", "scenario:"),
        ("--- 1\n--- 2", "not valid YAML"),
        ("\tsource: 1", "not valid YAML"),
        ("source: [" + "[" * 100_000, "not valid YAML"),
        ("just text", "scenario:"),
    ],
)
def test_what_yaml_can_say_and_json_cannot_is_named(text: str, told: str, tmp_path: Path) -> None:
    assert told in _refused(text, "scenario.yaml", tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"\x89PNG\r\n\x1a\n", b"\xff\xfe{\x00", bytes(range(256))])
@pytest.mark.parametrize("name", ["scenario.json", "scenario.yaml", "scenario"])
def test_a_file_of_anything_is_one_line(content: bytes, name: str, tmp_path: Path) -> None:
    _refused(content, name, tmp_path)


def test_a_folder_is_one_line(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["simulate", str(tmp_path)])
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (2, 1)
