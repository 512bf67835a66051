"""Each pipeline can be deleted: its lines of the template, its folders, events and tests; the rest stands."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.template.pipelines import FOLDERS, belongs_to, resource_owners, without
from tests.template.rules import RULES
from tests.template.stack import ROOT, Stack
from tests.template.test_rules import lint_findings
from tests.template.wiring import FUNCTION

pipelines = pytest.mark.parametrize("pipeline", FOLDERS)


def test_every_pipeline_is_one_section_and_the_three_that_people_clone_come_first(text: str) -> None:
    sections: list[str] = []
    for _, owner in resource_owners(text):
        if not sections or sections[-1] != owner:
            sections.append(owner)
    assert sections == ["shared", *FOLDERS]


def test_every_function_folder_belongs_to_a_pipeline() -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir() if (path / "app.py").exists()}
    assert folders == {folder for owned in FOLDERS.values() for folder in owned}


@pipelines
def test_the_rest_of_the_template_validates_and_keeps_the_rules(text: str, pipeline: str) -> None:
    rest = Stack.of(without(text, pipeline))
    assert lint_findings(json.dumps(rest.translated)) == []
    broken = [line for rule in RULES for line in rule(rest)]
    # Without notices, nobody has to be told that an order was shipped.
    told = ["ShipOrder: has no OnSuccess destination"] if pipeline == "notices" else []
    assert broken == told
    handlers = {function["Handler"].partition(".")[0] for function in rest.all(FUNCTION).values()}
    assert handlers.isdisjoint(FOLDERS[pipeline])
    assert handlers == {folder for name, owned in FOLDERS.items() if name != pipeline for folder in owned}


@pipelines
def test_no_other_function_or_test_needs_the_pipelines_code(pipeline: str) -> None:
    gone = FOLDERS[pipeline]
    rest = [path for path in _code() if not belongs_to(path.relative_to(ROOT), gone)]
    assert len(rest) > 20
    for path in rest:
        assert not [name for name in _names(path) if belongs_to(Path(name.replace(".", "/")), gone)], path


def _code() -> Iterator[Path]:
    yield from (ROOT / "functions").rglob("*.py")
    yield from (ROOT / "tests" / "unit" / "functions").rglob("*.py")


def _names(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, and its words that could name a function or an event."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module=str(module)):
                yield module
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.Constant(value=str(word)) if word.isidentifier():
                yield word


def test_a_function_that_needs_anothers_code_would_be_found() -> None:
    replay = ROOT / "functions" / "replay_scans" / "app.py"
    assert [name for name in _names(replay) if belongs_to(Path(name.replace(".", "/")), ["track_parcels"])]
