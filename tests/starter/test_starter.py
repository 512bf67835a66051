"""The starter is the application alone, and a project that is made of it is named after itself everywhere."""

import re
import shutil
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from landfast.starter import describe, files, make
from tests.architecture.sources import imported, top
from tests.template.stack import ROOT
from tools import starter
from tools.starter import BuildError, copy, pack

LINK = re.compile(r"\]\((?P<target>[^)\s#]+)")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application as it is copied out of the repository; nothing may change it."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    copy(ROOT, folder)
    (folder / "vendor").mkdir()
    return folder


@pytest.fixture
def project(application: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(application, tmp_path / "project")


@pytest.fixture(scope="module")
def made(application: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of another name that is made of the starter's zip."""
    at = tmp_path_factory.mktemp("made")
    pack(application, at / "starter.zip")
    make(at / "our-kiosk", str(at / "starter.zip"))
    return at / "our-kiosk"


def written(folder: Path) -> Iterator[tuple[str, str]]:
    for path in files(folder):
        yield path.as_posix(), (folder / path).read_text()


def test_nothing_of_the_tools_is_in_it(application: Path) -> None:
    left = {
        f"{name}:{number}: {line}"
        for name, text in written(application)
        for number, line in enumerate(text.splitlines(), start=1)
        if f"--- {starter.THE_TOOL} ---" in line
        or re.search(r"\bcd landfast\b|\blandfast/(src|tests)|(?<![\w./])tools/(?!setup\.sh)", line)
    }
    assert left == set()


def test_its_code_imports_nothing_of_the_repository_that_is_not_in_it(application: Path) -> None:
    own = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"landfast"}
    missing = {
        (path.relative_to(application).as_posix(), module)
        for path in application.rglob("*.py")
        for module in imported(path)
        if top(module) in own
        if not any((application / f"{module.replace('.', '/')}{end}").exists() for end in ("", ".py"))
    }
    assert missing == set()


def test_its_commands_run_no_module_that_is_not_in_it(application: Path) -> None:
    run = set(re.findall(r"(?<= -m )(?!pytest|pip|venv)[a-z_.]+", (application / "Makefile").read_text()))
    assert "demo" in run
    assert {module for module in run if not [*application.glob(f"{module.replace('.', '/')}*")]} == set()


def test_every_link_of_its_pages_leads_to_one_of_its_files(application: Path) -> None:
    links = [
        (name, found["target"])
        for name, text in written(application)
        if name.endswith(".md")
        for found in LINK.finditer(re.sub(r"`[^`\n]*`", "", text))
        if not re.match(r"[a-z]+:", found["target"])
    ]
    assert len(links) > 4
    assert [(name, to) for name, to in links if not (application / name).parent.joinpath(to).exists()] == []


def test_a_project_is_named_after_itself_everywhere(made: Path) -> None:
    named = {name for name, text in written(made) if re.search(r"\bour-kiosk\b", text)}
    assert named >= {"README.md", "pyproject.toml", "samconfig.toml", "starter.toml", "template.yaml", "uv.lock"}
    assert (made / "README.md").read_text().startswith("# our-kiosk\n")
    assert re.search(r"^Description: .?our-kiosk\b", (made / "template.yaml").read_text(), re.MULTILINE)
    assert tomllib.loads((made / "pyproject.toml").read_text())["project"]["name"] == "our-kiosk"
    stacks = re.findall(r"^stack_name = \"(.*)\"$", (made / "samconfig.toml").read_text(), re.MULTILINE)
    assert stacks
    assert all(stack.startswith("our-kiosk") for stack in stacks)
    left = {name for name, text in written(made) if starter.NAME in text or starter.VARIABLE in text}
    assert left == set()


def test_but_for_the_name_a_project_is_the_application(application: Path, made: Path) -> None:
    expected = {name: text.replace(starter.NAME, "our-kiosk") for name, text in written(application)}
    assert dict(written(made)) == expected
    modes = {path: (application / path).stat().st_mode & 0o100 for path in files(application)}
    assert {path: (made / path).stat().st_mode & 0o100 for path in files(application)} == modes


def test_the_same_files_give_the_same_bytes(application: Path, project: Path, tmp_path: Path) -> None:
    for path in project.rglob("*"):
        path.touch()
    for name, folder in (("one.zip", application), ("other.zip", project)):
        pack(folder, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_the_zip_begins_with_the_one_folder_that_cookiecutter_wants(application: Path, tmp_path: Path) -> None:
    pack(application, tmp_path / "starter.zip")
    with zipfile.ZipFile(tmp_path / "starter.zip") as archive:
        first, second, *rest = archive.namelist()
    assert (first, second) == ("landfast-shop/", "landfast-shop/cookiecutter.json")
    assert all(name.startswith(f"landfast-shop/{starter.VARIABLE}/") for name in rest)


def test_braces_that_cookiecutter_would_take_for_its_own_are_found(project: Path, tmp_path: Path) -> None:
    with (project / "README.md").open("a") as file:
        file.write("{{ braces }}\n")
    with pytest.raises(BuildError, match=r"^README\.md:\d+: \{\{ would be cookiecutter's"):
        pack(project, tmp_path / "starter.zip")


def test_a_part_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(starter, "PARTS", ("template.yaml", "nowhere"))
    with pytest.raises(BuildError, match=r"^nowhere: "):
        copy(ROOT, tmp_path / "project")


def test_what_it_says_of_its_pipelines_is_what_its_template_has(application: Path) -> None:
    marked = re.findall(r"^  # --- ([a-z ]+) ---$", (application / "template.yaml").read_text(), re.MULTILINE)
    own = {name for name in marked if not re.search(r"\b(or|and|shared)\b", name)}
    assert own
    assert own <= {*describe(application).pipelines}  # which also names those that were taken out
