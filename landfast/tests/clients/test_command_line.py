"""``landfast outputs``, ``landfast logs`` and what the command line tells of itself."""

import json
import subprocess
import sys
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.cli.logs import followed
from landfast.service.service import Service
from tests.clients.conftest import Clients, called


def landfast(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_outputs_are_a_table_or_json(service: Service) -> None:
    state = str(service.options.state)
    url = service.running.resource("queue", "Jobs").url
    assert json.loads(landfast("outputs", "--json", "--state", state))["JobsUrl"] == url
    assert "Where jobs go." in landfast("outputs", "--state", state)


def test_the_log_of_a_function_is_shown_while_its_service_runs_and_after_it(
    service: Service, aws: Clients, tmp_path: Path
) -> None:
    called(aws, Payload=b'{"name": "the command line"}')
    shown = landfast("logs", "greeter:live", "--last", "3", "--state", str(service.options.state)).splitlines()
    assert (len(shown), shown[0]) == (3, "greeting the command line")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "stack-MyFunction-ABCDEFGHIJKL.log").write_text("one\ntwo\n")
    assert landfast("logs", "my_function", "--state", str(tmp_path)) == "one\ntwo\n"


def test_a_log_is_followed_from_one_file_to_the_next(tmp_path: Path) -> None:
    log = tmp_path / "orders.log"
    log.write_text("before\n")
    written = iter(["before\none\nhal", "before\none\nhalf\ntwo\n", "three\n"])

    def wait() -> None:
        text = next(written)
        if text.startswith("three"):
            log.rename(tmp_path / "orders.log.1")
        log.write_text(text)

    lines = followed(log, len("before\n"), wait)
    assert [*islice(lines, 4)] == ["one", "half", "two", "three"]


def test_the_command_line_tells_its_version_and_completes_itself() -> None:
    assert landfast("--version") == f"landfast {version('landfast')}\n"
    environment = {"_LANDFAST_COMPLETE": "complete_bash", "COMP_WORDS": "landfast ou", "COMP_CWORD": "1"}
    command = [str(Path(sys.executable).with_name("landfast"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.split() == ["outputs"]
