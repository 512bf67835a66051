"""Pipelines can be taken out: all of one is found from its marks and its functions' names, and the rest stands."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from landfast.starter import Removal, describe, files, lines, named_after, parts, pipelines, without
from tests.template.alarms import sections_of
from tests.template.rules import RULES
from tests.template.stack import ROOT, TEMPLATE, Stack, targets
from tests.template.test_rules import cannot_fail, lint_findings
from tests.template.wiring import ALARM, BUCKET, FUNCTION, QUEUE, TABLE, TOPIC

FOLDERS = pipelines(TEMPLATE.read_text())
STORES = {QUEUE, TABLE, TOPIC, BUCKET, "AWS::Kinesis::Stream", "AWS::Events::EventBus"}
RESOURCE = re.compile(r"  [A-Za-z0-9]+:$")
each = pytest.mark.parametrize("pipeline", FOLDERS if len(FOLDERS) > 1 else [])  # the last one stays


def test_every_pipeline_is_one_section(text: str) -> None:
    owners = [
        line.section
        for line in lines(text, is_template=True)
        if line.key == "Resources" and RESOURCE.match(line.text) and len(parts(line.section)) == 1
    ]
    sections = [section for section, _ in groupby(owners)]
    assert [section for section in sections if section != "shared"] == [*FOLDERS]
    assert sections.count("shared") <= 2


def test_every_function_folder_belongs_to_a_pipeline() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").rglob("app.py")}
    assert folders == {folder for owned in FOLDERS.values() for folder in owned}


def test_every_mark_names_pipelines() -> None:
    known = {*FOLDERS, *describe(ROOT).pipelines, "the tool", "shared"}
    named = {
        f"{path}: {name}"
        for path in files(ROOT)
        if path.suffix in {".md", ".yaml"} or path.name in {"Makefile", "samples.py"}
        for line in lines((ROOT / path).read_text(), is_template=path == Path("template.yaml"))
        for owner in line.owners
        for name in parts(owner)
    }
    assert len(named) > len(FOLDERS)
    assert {name for name in named if name.rpartition(": ")[2] not in known} == set()


@cache
def rest_without(pipeline: str) -> Stack:
    left = [name for name in FOLDERS if name != pipeline]
    return Stack.of(without(TEMPLATE.read_text(), [pipeline], left, is_template=True))


def test_cfn_lint_finds_nothing_in_any_resource_that_a_removal_changes(stack: Stack) -> None:
    """All of them are linted at once, beside what they refer to; `loose_ends` tell what is gone."""
    whole = stack.translated["Resources"]
    changed = {
        f"{name}{number}": resource
        for number, pipeline in enumerate(FOLDERS if len(FOLDERS) > 1 else [])
        for name, resource in rest_without(pipeline).translated["Resources"].items()
        if resource != whole.get(name)
    }
    assert changed or len(FOLDERS) < 2
    together = json.dumps(stack.translated | {"Resources": whole | changed})
    assert lint_findings(together, "E3019") == []  # of the same name they are, in stacks that are never together


@each
def test_the_rest_of_the_template_holds_together_and_keeps_the_rules(pipeline: str) -> None:
    rest, left = rest_without(pipeline), [name for name in FOLDERS if name != pipeline]
    assert rest.loose_ends() == set()
    handlers = {function["Handler"].partition(".")[0] for function in rest.all(FUNCTION).values()}
    assert handlers == {folder for name in left for folder in FOLDERS[name]}
    assert [line for rule in RULES for line in rule(rest)] == []
    assert cannot_fail(rest) == set()
    runbooks = without((ROOT / "docs" / "runbooks.md").read_text(), [pipeline], left)
    linked = {alarm["AlarmDescription"]["Fn::Sub"].rpartition("#")[2] for alarm in rest.all(ALARM).values()}
    assert linked == sections_of(runbooks)


@each
def test_where_one_pipeline_is_kept_nothing_is_left_that_nothing_refers_to(text: str, pipeline: str) -> None:
    gone = [name for name in FOLDERS if name != pipeline]
    rest = yaml_parse(without(text, gone, [pipeline], is_template=True))["Resources"]
    used = {name for of, each in rest.items() for name in targets(each.get("Properties")) if name != of}
    stores = {name for name, each in rest.items() if each["Type"] in STORES}
    assert stores - used == set()


@each
def test_where_one_pipeline_is_kept_the_rules_that_are_about_something_hold_and_can_fail(
    text: str, pipeline: str
) -> None:
    gone = [name for name in FOLDERS if name != pipeline]
    rest = Stack.of(without(text, gone, [pipeline], is_template=True))
    assert [line for rule in RULES for line in rule(rest)] == []
    assert cannot_fail(rest) == set()


@each
def test_nothing_that_stays_needs_what_goes(pipeline: str) -> None:
    gone = FOLDERS[pipeline]
    removal = Removal.of(ROOT, [pipeline])
    deleted = {path for path in removal.deleted if path.suffix == ".py"}
    assert {ROOT / path for path in deleted} >= {*(ROOT / "functions" / gone[0]).rglob("*.py")}
    for path in _code():
        if path not in deleted:
            text = removal.changed.get(path) or (ROOT / path).read_text()
            assert not [name for name in _imported(text) if named_after(Path(name.replace(".", "/")), gone)], path


def _code() -> Iterator[Path]:
    for path in files(ROOT):
        if path.suffix == ".py" and path.parts[0] in {"demo", "functions", "layers", "tests"}:
            yield path


@cache
def _imported(text: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                found += [f"{module}.{alias.name}" for alias in names]
            case ast.Import(names=names):
                found += [alias.name for alias in names]
    return found
