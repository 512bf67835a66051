"""What belongs to a pipeline is found from marks and names, and goes; the rest stands."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from landfast.cli.app import app
from landfast.starter import StarterError
from landfast.starter.pipelines import files, going, known_in, take_out

FILES = {
    "template.yaml": (
        "Top: 1\nResources:\n  # --- shared ---\n  Table:\n    Type: T\n\n"
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
    ".github/flow.yml": "on: x\n# --- first ---\njobs: y\n",
    ".venv/take_it.py": "x = 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two pipelines, one of which feeds the other."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["pipelines", *arguments, "--project", str(project)])


def contents(project: Path) -> dict[str, str]:
    return {str(path.relative_to(project)): path.read_text() for path in project.rglob("*") if path.is_file()}


def test_a_removed_pipeline_leaves_nothing_behind_and_touches_nothing_else(project: Path) -> None:
    assert run(project, "remove", "first").exit_code == 0
    left = contents(project)
    assert {*left} == {
        "template.yaml", "functions/give_it/app.py", "tests/test_take_item.py", "docs.md", "mine.py",
        ".github/flow.yml", ".venv/take_it.py",
    }  # fmt: skip
    assert not (project / "functions" / "take_it").exists()
    assert "take_it" not in left["template.yaml"]
    assert "Bus:" in left["template.yaml"]
    assert "Next: Give" not in left["template.yaml"]
    assert left["docs.md"] == "# D\n\n## B\n\n| c | <!-- --- second --- -->\n| d |\n"
    assert left["mine.py"] == FILES["mine.py"]
    assert left[".github/flow.yml"] == "on: x\n"


def test_a_pipeline_that_is_fed_goes_without_the_one_that_feeds_it(project: Path) -> None:
    assert run(project, "remove", "second").exit_code == 0
    template = (project / "template.yaml").read_text()
    assert "Last: 1" in template
    assert "Next: Give" not in template
    assert "G:" not in template
    assert "X:" in template


def test_keeping_one_removes_all_others_and_doing_it_again_nothing(project: Path) -> None:
    assert run(project, "keep", "second").exit_code == 0
    before = contents(project)
    again = run(project, "keep", "second")
    assert (again.exit_code, again.output) == (0, "nothing to remove\n")
    assert contents(project) == before


def test_the_pipelines_are_listed_with_their_functions(project: Path) -> None:
    assert run(project, "list").output.split() == ["first", "take_it", "second", "give_it"]


@pytest.mark.parametrize(
    ("remove", "keep", "problem"),
    [
        ("nobody", None, "there is no pipeline nobody; there is: first, second"),
        (None, "first,nobody", "there is no pipeline nobody"),
        ("", None, "there is no pipeline named"),
        ("first,second", None, "no pipeline would be left"),
    ],
)
def test_what_cannot_be_done_is_one_line(project: Path, remove: str | None, keep: str | None, problem: str) -> None:
    with pytest.raises(StarterError, match=problem) as raised:
        going(project, remove=remove, keep=keep)
    assert len(str(raised.value).splitlines()) == 1


def test_a_folder_without_a_template_has_no_pipelines(tmp_path: Path) -> None:
    with pytest.raises(StarterError, match="no such template"):
        known_in(tmp_path)


def test_a_pipeline_that_is_gone_already_is_no_mistake_if_the_project_came_with_it(project: Path) -> None:
    (project / "starter.toml").write_text('name = "my-app"\npipelines = ["first", "second", "late mails"]\n')
    told = run(project, "remove", "late-mails")
    assert (told.exit_code, told.output) == (0, "nothing to remove\n")


def test_a_dry_run_says_what_would_go_and_removes_nothing(project: Path) -> None:
    told = run(project, "remove", "first", "--dry-run").output
    assert "deleted  functions/take_it/app.py" in told
    assert told.endswith("would remove: first\n")
    assert contents(project) == FILES


@pytest.mark.usefixtures("repository")
def test_changes_that_git_does_not_have_are_not_lost(project: Path) -> None:
    (project / "mine.py").write_text("x = 2\n")
    with pytest.raises(StarterError, match="not committed"):
        take_out(project, ["first"])
    assert (project / "functions" / "take_it").exists()
    take_out(project, ["first"], force=True)
    assert not (project / "functions" / "take_it").exists()


@pytest.mark.usefixtures("repository")
def test_what_git_ignores_is_no_part_of_a_project(project: Path) -> None:
    (project / ".gitignore").write_text("/notes/\n")
    (project / "notes").mkdir()
    (project / "notes" / "take_it.md").write_text("x")
    (project / "new.md").write_text("x")
    found = {path.as_posix() for path in files(project)}
    assert "new.md" in found
    assert {"notes/take_it.md"}.isdisjoint(found)
