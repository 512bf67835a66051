"""What docs/starters.md says of offering a starter holds."""

import re
import shlex
import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.starter import FILE, TEMPLATE, Description, describe
from tests.template.stack import ROOT

SECTION = (ROOT / "docs" / "starters.md").read_text().split("\n## Offer a starter\n")[1].split("\n## ")[0]
SHOWN = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = re.findall(r"^\$ landfast (.*)$", SECTION, re.MULTILINE)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder in which a team works, with the starter that the page shows in `our-app`."""
    starter = tmp_path / "our-app"
    (starter / "events").mkdir(parents=True)
    (starter / FILE).write_text(SHOWN[0])
    described = msgspec.toml.decode(SHOWN[0], type=Description)
    sections = "".join(f"  # --- {name} ---\n  R{at}:\n    Type: T\n" for at, name in enumerate(described.pipelines))
    for name in {*described.named, TEMPLATE} - {FILE}:
        content = f"Description: our-app\nResources:\n{sections}" if name == TEMPLATE else "# our-app\n"
        (starter / name.replace("*", "one")).write_text(content)
    return tmp_path


def test_the_description_that_it_shows_is_one(team: Path) -> None:
    assert len(SHOWN) == 1
    assert describe(team / "our-app").name == "our-app"


def test_its_table_has_every_key_of_a_description_and_no_other() -> None:
    assert re.findall(r"^\| `(\w+)` \|", SECTION, re.MULTILINE) == [*Description.__struct_fields__]


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_make_a_project(team: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (team / "here").mkdir()
    monkeypatch.chdir(team / "here")
    shutil.make_archive("our-app", "zip", team, "our-app")
    arguments = shlex.split(command)
    if arguments[3].startswith("https://"):
        arguments[3] = "our-app.zip"  # what such an address answers
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "our-app" not in Path("my-app", TEMPLATE).read_text()


def test_it_has_a_command_for_a_folder_a_zip_and_an_address() -> None:
    origins = [shlex.split(command)[3] for command in COMMANDS]
    assert [origin.partition("://")[0] for origin in origins] == ["../our-app", "our-app.zip", "https"]
