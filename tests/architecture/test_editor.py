"""What the settings of VS Code and of the development container name is there."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from landfast.cli.app import app
from landfast.service.service import Options
from tests.architecture.sources import ROOT
from tests.architecture.workflows import targets


def read(path: str) -> Any:
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


TASKS = read(".vscode/tasks.json")["tasks"]
LAUNCHES = read(".vscode/launch.json")["configurations"]
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
MADE = {".venv/bin/landfast", ".venv/bin/python", ".venv/.ready"}
"""What the first command makes."""


def is_there(command: str) -> bool:
    """Whether a command is `make` with a target, or Landfast's with options that it has."""
    match command.split():
        case ["make", target]:
            return target in targets() | MADE
        case [".venv/bin/landfast", name, *options]:
            called = COMMANDS.get(name)
            return called is not None and set(options) <= {each for known in called.params for each in known.opts}
    return False


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task["label"])
def test_a_task_runs_a_command_that_is_there(task: dict[str, Any]) -> None:
    assert is_there(task["command"])


@pytest.mark.parametrize("command", ["make nothing", ".venv/bin/landfast fly", ".venv/bin/landfast up --fly", "rm x"])
def test_a_command_that_is_not_there_would_be_found(command: str) -> None:
    assert not is_there(command)


@pytest.mark.parametrize("launch", LAUNCHES, ids=lambda launch: launch["name"])
def test_what_the_debugger_starts_is_there(launch: dict[str, Any]) -> None:
    if launch["request"] == "attach":
        assert launch["connect"]["port"] == Options.debug_port
        return
    assert importlib.util.find_spec(launch["module"]) is not None
    asked = set(re.findall(r"\$\{input:(\w+)\}", json.dumps(launch)))
    assert asked <= {each["id"] for each in read(".vscode/launch.json")["inputs"]}


def test_the_interpreter_and_the_tests_are_the_projects() -> None:
    settings = read(".vscode/settings.json")
    assert settings["python.defaultInterpreterPath"].removeprefix("${workspaceFolder}/") in MADE
    assert all((ROOT / path).is_dir() for path in settings["python.testing.pytestArgs"])


def test_every_tag_of_the_template_is_known_to_the_editor() -> None:
    known = {tag.split()[0] for tag in read(".vscode/settings.json")["yaml.customTags"]}
    used = set(re.findall(r"(?<![\w\"'])![A-Z]\w+", (ROOT / "template.yaml").read_text(encoding="utf-8")))
    assert used
    assert used <= known


def test_the_container_has_the_locked_python_and_the_recommended_extensions() -> None:
    container = read(".devcontainer/devcontainer.json")
    python = (ROOT / ".python-version").read_text().strip()
    assert re.fullmatch(rf"mcr\.microsoft\.com/devcontainers/python:\d+-{re.escape(python)}-\w+", container["image"])
    assert is_there(container["postCreateCommand"])
    recommended = read(".vscode/extensions.json")["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended == sorted(recommended)


def test_the_files_of_the_editor_are_kept_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert not {".vscode", ".github", ".devcontainer"} & {Path(line.strip("/")).name for line in ignored if line}
