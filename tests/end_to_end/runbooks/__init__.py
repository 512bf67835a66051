"""The replays of docs/runbooks.md, rehearsed: one module a pipeline, named after its function, with its `REHEARSALS`.

A rehearsal makes something fail, gives the commands of its section, and looks where it has landed.
"""

import importlib
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from landfast.testing import Stack, command_line
from tests.end_to_end.conftest import ROOT
from tests.samples import FUNCTIONS

type Rehearsal = Callable[[Stack, pytest.MonkeyPatch], None]

ON_AWS: Final = " --aws --stack $STACK"
COMMANDS: Final = {
    section.partition("\n")[0]: re.findall(r"^landfast failures .+$", section, re.MULTILINE)
    for section in (ROOT / "docs" / "runbooks.md").read_text().split("\n## ")[1:]
}
"""The commands of each section that has some."""


def replay(stack: Stack, title: str) -> None:
    """Give the commands of a section, locally."""
    for command in COMMANDS[title]:
        assert command.endswith(ON_AWS), command
        arguments = shlex.split(command.removesuffix(ON_AWS))[1:]
        done = CliRunner().invoke(command_line, [*arguments, "--state", str(stack.service.options.state)])
        assert done.exit_code == 0, done.output
        assert re.search(r"\d failures? (replayed|removed)\n", done.output), done.output
    stack.settle()


def not_delivered(stack: Stack, queue: str, target: str, body: Any) -> None:
    """Put into a rule's dead-letter queue what EventBridge would put there after a day."""
    told = {"RULE_ARN": "arn:rule", "TARGET_ARN": target, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}
    stack.queue(queue).send(body, attributes=told)


def rehearsals() -> Mapping[str, Rehearsal]:
    """The rehearsals of the template's functions, by the title of their section."""
    modules = [
        importlib.import_module(f"{__name__}.{name}")
        for name in FUNCTIONS
        if (Path(__file__).parent / f"{name}.py").exists()
    ]
    return {title: rehearsal for module in modules for title, rehearsal in module.REHEARSALS.items()}
