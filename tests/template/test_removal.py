"""Pipelines can be taken out: all of one is found from its marks and its functions' names, and the rest stands."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.template.alarms import sections_of
from tests.template.rules import RULES
from tests.template.stack import ROOT, TEMPLATE, Stack, targets
from tests.template.test_rules import cannot_fail, lint_findings
from tests.template.wiring import ALARM, BUCKET, FUNCTION, QUEUE, TABLE, TOPIC
from tools import pipelines
from tools.pipelines import Removal, lines, named_after, parts, resource_owners, without

FOLDERS = pipelines.pipelines(TEMPLATE.read_text())
STORES = {QUEUE, TABLE, TOPIC, BUCKET, "AWS::Kinesis::Stream", "AWS::Events::EventBus"}
each = pytest.mark.parametrize("pipeline", FOLDERS if len(FOLDERS) > 1 else [])  # the last one stays


def test_every_pipeline_is_one_section(text: str) -> None:
    sections: list[str] = []
    for _, owner in resource_owners(text):
        if len(parts(owner)) == 1 and owner not in sections[-1:]:
            sections.append(owner)
    assert [section for section in sections if section != "shared"] == [*FOLDERS]
    assert sections.count("shared") <= 2


def test_every_function_folder_belongs_to_a_pipeline() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").rglob("app.py")}
    assert folders == {folder for owned in FOLDERS.values() for folder in owned}


def test_every_mark_names_pipelines() -> None:
    known = {*FOLDERS, *pipelines.SHIPPED, "shared"}
    named = {
        f"{path}: {name}"
        for path in pipelines.files(ROOT)
        if (path.suffix in {".md", ".yaml"} or path.name in {"Makefile", "samples.py"}) and path.parts[0] != "landfast"
        for line in lines((ROOT / path).read_text(), is_template=path == Path("template.yaml"))
        for owner in line.owners
        for name in parts(owner)
    }
    assert len(named) > len(FOLDERS)
    assert {name for name in named if name.rpartition(": ")[2] not in known} == set()


@each
def test_the_rest_of_the_template_validates_and_keeps_the_rules(text: str, pipeline: str) -> None:
    left = [name for name in FOLDERS if name != pipeline]
    rest = Stack.of(without(text, [pipeline], left, is_template=True))
    assert lint_findings(json.dumps(rest.translated)) == []
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
    for path in pipelines.files(ROOT):
        if path.suffix == ".py" and path.parts[0] in {"demo", "functions", "layers", "tests", "tools"}:
            yield path


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Import(names=names):
                yield from (alias.name for alias in names)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two pipelines, one of which feeds the other."""
    files = {
        "template.yaml": (
            "Resources:\n  # --- shared ---\n  Table:\n    Type: T\n\n"
            "  # --- first or second ---\n  Bus:\n    Type: B\n\n"
            "  # --- first ---\n  Take:\n    Handler: take_it.app.handler\n    # --- second ---\n    Next: Give\n"
            "    # --- first ---\n    Last: 1\n\n"
            "  # --- second ---\n  Give:\n    Handler: give_it.app.handler\n\nOutputs:\n  # --- second ---\n  G:\n"
            "  # --- third ---\n  X:\n    Handler: z\n"
        ),
        "functions/take_it/app.py": "import this\n",
        "functions/give_it/app.py": "import this\n",
        "tests/test_take_it_twice.py": "x = 1\n",
        "tests/test_take_item.py": "x = 1\n",
        "events/take_it.json": "{}",
        "tests/only/first.py": "# --- first ---\nx = 1\n",
        "docs.md": (
            "# D\n\n<!-- --- first --- -->\n## A\n\na\n\n<!-- --- shared --- -->\n## B\n\n"
            "| c | <!-- --- second --- -->\n| d |\n"
        ),
        "mine.py": "# --- helpers ---\nx = 1\n",
        "landfast/take_it/app.py": "x = 1\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if name != "template.yaml" else f"Top: 1\n{content}")
    return tmp_path


def run(project: Path, *arguments: str) -> int:
    return pipelines.main([*arguments, "--root", str(project)])


def test_a_removed_pipeline_leaves_nothing_behind_and_touches_nothing_else(project: Path) -> None:
    assert run(project, "remove", "first") == 0
    left = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert left == {
        "template.yaml", "functions/give_it/app.py", "tests/test_take_item.py", "docs.md", "mine.py",
        "landfast/take_it/app.py",
    }  # fmt: skip
    assert not (project / "functions" / "take_it").exists()
    assert "take_it" not in (project / "template.yaml").read_text()
    assert "Bus:" in (project / "template.yaml").read_text()
    assert "Next: Give" not in (project / "template.yaml").read_text()
    assert (project / "docs.md").read_text() == "# D\n\n## B\n\n| c | <!-- --- second --- -->\n| d |\n"
    assert (project / "mine.py").read_text() == "# --- helpers ---\nx = 1\n"


def test_a_pipeline_that_is_fed_goes_without_the_one_that_feeds_it(project: Path) -> None:
    assert run(project, "remove", "second") == 0
    template = (project / "template.yaml").read_text()
    assert "Last: 1" in template
    assert "Next: Give" not in template
    assert "G:" not in template
    assert "X:" in template


def test_keeping_one_removes_all_others_and_doing_it_again_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "keep", "second") == 0
    before = {path: path.read_text() for path in project.rglob("*") if path.is_file()}
    assert run(project, "keep", "second") == 0
    assert capsys.readouterr().out.endswith("nothing to remove\n")
    assert {path: path.read_text() for path in project.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["remove", "nobody"], "there is no pipeline nobody; there is: first, second"),
        (["keep", "first,nobody"], "there is no pipeline nobody"),
        (["remove", ""], "there is no pipeline named"),
        (["remove", "first,second"], "no pipeline would be left"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    before = (project / "template.yaml").read_text()
    assert run(project, *arguments) == 1
    told = capsys.readouterr().err
    assert problem in told
    assert len(told.splitlines()) == 1
    assert (project / "template.yaml").read_text() == before


def test_a_pipeline_that_is_gone_already_is_no_mistake(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "remove", pipelines.SHIPPED[0].replace(" ", "-")) == 0
    assert capsys.readouterr().out == "nothing to remove\n"


def test_a_dry_run_says_what_would_go_and_removes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "remove", "first", "--dry-run") == 0
    assert "deleted  functions/take_it/app.py" in capsys.readouterr().out
    assert (project / "functions/take_it/app.py").exists()
