"""Every event source of the registry has all its parts: a part that is forgotten fails here, or in mypy."""

import ast
import json
from pathlib import Path
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped] # it ships no types
import msgspec
import pytest

from landfast.delivery.event_sources import (
    EVENT_SOURCES,
    MAPPED,
    AsynchronousSource,
    EventSource,
    Kind,
    MappedSource,
    StreamSource,
    mapped,
)
from landfast.journal import Accepted, Entry, Finished, Invoked, Settled
from landfast.report import page, text
from landfast.report.live import accounts
from landfast.simulate.account import account
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, ScenarioError, read
from landfast.simulate.world import source_arn
from landfast.template import read as read_template
from tests.architecture.sources import ROOT, python_files, tree

TESTS = Path(__file__).parents[1]
STORIES = TESTS / "faithful" / "stack" / "functions" / "scenarios"
LARGER_THAN_ANY_LIMIT = 11 * 1024 * 1024

CONTRACTS: dict[str, str] = {
    "async": "test_functions.py",
    "kinesis": "test_kinesis_*.py",
    "dynamodb": "test_tables_*.py",
    "sqs": "test_sqs_*.py",
}
"""The contract tests of each kind, of what boto3 sees."""

NAMES_OF_NOTHING_ELSE = {"async", "kinesis", "dynamodb"}
"""Kinds whose names mean nothing but the kind; ``sqs`` is the name of a destination as well."""

ASKING = ("delivery", "driver", "report", "service", "simulate", "template")


@pytest.fixture(params=[*EVENT_SOURCES.values()], ids=[*EVENT_SOURCES])
def source(request: pytest.FixtureRequest) -> AsynchronousSource | MappedSource:
    declared: AsynchronousSource | MappedSource = request.param
    return declared


@pytest.fixture(params=[*MAPPED.values()], ids=[*MAPPED])
def read_by_mappings(request: pytest.FixtureRequest) -> MappedSource:
    declared: MappedSource = request.param
    return declared


def scenario(source: EventSource, *, data: object = "x") -> dict[str, Any]:
    """The shortest scenario of a kind."""
    mapping = {"StartingPosition": "TRIM_HORIZON"} if isinstance(source, StreamSource) else {}
    return {"source": {"type": source.kind, "records": [{"id": "r1", "data": data}]}, "mapping": mapping}


def parsed(source: EventSource, **changes: object) -> Scenario:
    return read(msgspec.json.encode(scenario(source, **changes)))


def test_every_kind_is_declared_and_can_be_told_from_the_others() -> None:
    assert set(get_args(Kind)) == EVENT_SOURCES.keys()
    assert all(declared.kind == kind for kind, declared in EVENT_SOURCES.items())
    for name in ("title", "resource_type", "thing", "scenario_resource"):
        assert len({getattr(each, name) for each in MAPPED.values()}) == len(MAPPED), name


def test_the_published_schema_knows_no_other_kinds() -> None:
    schema = json.loads((ROOT / "docs" / "scenario.schema.json").read_bytes())
    assert schema["properties"]["source"]["properties"]["type"]["enum"] == [*get_args(Kind)]


def test_the_published_schema_takes_a_scenario_of_every_kind(source: EventSource) -> None:
    schema = json.loads((ROOT / "docs" / "scenario.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(scenario(source))


def test_a_scenario_of_every_kind_is_played_told_and_drawn(
    source: EventSource, capsys: pytest.CaptureFixture[str]
) -> None:
    played = parsed(source)
    result, entries = simulate(played)
    assert result["records"]["r1"]["state"] == "processed"
    text.write(account(played, entries, text.LIMITS))
    told = capsys.readouterr().out
    assert f"{source.kind}: 1 {source.noun}" in told
    for name in source.defaults:
        assert name in told
    drawn = page.page([account(played, entries, page.LIMITS)])
    assert f"{source.kind}: 1 {source.noun}" in drawn
    assert "<svg" in drawn


def test_a_record_that_its_service_would_refuse_is_refused(source: EventSource) -> None:
    with pytest.raises(ScenarioError, match="could never arrive"):
        simulate(parsed(source, data="x" * LARGER_THAN_ANY_LIMIT))


def test_the_journal_of_a_service_is_told_in_the_words_of_its_source(source: AsynchronousSource | MappedSource) -> None:
    origin = "invoke" if isinstance(source, AsynchronousSource) else source_arn(source)
    about: dict[str, Any] = {"source": "Mapping", "records": ("e1",)}
    entries: list[Entry] = [
        Accepted(at=1.0, origin=origin, **about),
        Invoked(at=1.0, request_id="q", attempt=1, **about),
        Finished(at=2.0, request_id="q", outcome="succeed", **about),
        Settled(at=2.0, state="processed", rule="S-88", **about),
    ]
    [told] = accounts(entries, text.LIMITS)
    assert f"1 {source.noun}" in told.setting[0].texts[0]


def test_an_arn_tells_what_a_mapping_reads(read_by_mappings: MappedSource) -> None:
    assert mapped(source_arn(read_by_mappings)) is read_by_mappings
    assert mapped("arn:aws:elasticache:us-east-1:123456789012:cluster:c") is None
    assert mapped("") is None


def test_a_template_that_declares_a_source_has_its_mapping(read_by_mappings: MappedSource, tmp_path: Path) -> None:
    name = read_by_mappings.resource_type.rpartition("::")[2]
    properties, attribute = PROPERTIES[read_by_mappings.kind]
    position = "StartingPosition: LATEST" if isinstance(read_by_mappings, StreamSource) else "Enabled: true"
    path = tmp_path / "template.yaml"
    (tmp_path / "functions").mkdir()
    path.write_text(
        f"""
Resources:
  F: {{Type: AWS::Lambda::Function, Properties: {{Code: functions, Handler: a.b, Runtime: python3.13, Role: r}}}}
  {name}: {{Type: {read_by_mappings.resource_type}, Properties: {properties}}}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref F, EventSourceArn: !GetAtt {name}.{attribute}, {position}}}
"""
    )
    template = read_template(path, stack_name="s")
    assert template.not_run == ()
    assert mapped(template.event_source_mappings["M"].source_arn) is read_by_mappings


PROPERTIES: dict[str, tuple[str, str]] = {
    "kinesis": ("{ShardCount: 1}", "Arn"),
    "dynamodb": (
        "{KeySchema: [{AttributeName: id, KeyType: HASH}], StreamSpecification: {StreamViewType: NEW_IMAGE}}",
        "StreamArn",
    ),
    "sqs": ("{}", "Arn"),
}
"""What a template must say of a source at least, and the attribute that mappings name."""


def test_every_kind_has_a_story_that_both_worlds_tell(source: EventSource) -> None:
    played = {read(path.read_bytes()).source.type for path in STORIES.glob("*.json")}
    assert source.kind in played


def test_every_kind_has_contract_tests(source: EventSource) -> None:
    found = [
        node.name
        for path in (TESTS / "contract").glob(CONTRACTS[source.kind])
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert found


def test_the_readme_and_the_architecture_name_every_source(read_by_mappings: MappedSource) -> None:
    for page_ in (ROOT / "landfast" / "README.md", ROOT / "landfast" / "ARCHITECTURE.md"):
        assert read_by_mappings.title.casefold() in page_.read_text().casefold(), page_


def test_whoever_asks_for_the_name_of_a_kind_asks_for_all_of_them() -> None:
    """A comparison lets a new kind fall through; a match with `assert_never` does not get past mypy."""
    found = {
        f"{path.name}:{node.lineno}"
        for path in python_files(*ASKING)
        if path.parent.name != "event_sources"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Compare) or (isinstance(node, ast.Match) and "assert_never" not in ast.unparse(node))
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and constant.value in NAMES_OF_NOTHING_ELSE
    }
    assert found == set()
