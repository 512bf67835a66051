"""Other people's tools and SDKs: the aws CLI, the SAM CLI, and the SDK for JavaScript."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from landfast.journal import Settled
from landfast.service.service import Service
from landfast.service.store import read_journal
from tests.clients.conftest import STACK, Clients, at_rest, called

ROOT = Path(__file__).parents[3]
TOUR = Path(__file__).with_name("tour.mjs")
JAVASCRIPT = ROOT / ".tools" / "javascript"
AWS_CLI = "awscli>=1.44,<2"


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=environment["HOME"]
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@cache
def aws_cli() -> str:
    """The aws CLI in uv's cache: an environment of its own, as it wants one botocore and Landfast another."""
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    tool = ["tool", "run", "--python", sys.executable, "--from", AWS_CLI]
    where = ["python", "-c", "import sys; print(sys.prefix)"]
    try:
        found = subprocess.run([uv, "--offline", *tool, *where], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("the aws CLI is had by uv, which is not here")
    if found.returncode:
        pytest.skip(f"the aws CLI is not here: `uv {' '.join(tool[:2])} --from '{AWS_CLI}' aws --version` fetches it")
    return str(Path(found.stdout.strip()) / "bin" / "aws")


def test_the_aws_cli_pauses_a_mapping_and_finds_logs(aws: Clients, environment: dict[str, str]) -> None:
    command = aws_cli()
    uuid = aws("lambda").list_event_source_mappings()["EventSourceMappings"][0]["UUID"]
    update = ("lambda", "update-event-source-mapping", "--uuid", uuid, "--no-enabled", "--output", "json")
    assert json.loads(run(environment, command, *update))["State"] in {"Disabling", "Disabled"}
    assert at_rest(aws, uuid)["State"] == "Disabled"
    aws("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)
    called(aws, Payload=b'{"name": "cli"}')
    read = ("logs", "filter-log-events", "--log-group-name", "/aws/lambda/greeter")  # which version 2's tail asks, too
    assert "greeting cli" in run(environment, command, *read, "--filter-pattern", "greeting")


def test_the_sam_cli_invokes_by_logical_id_and_shows_logs(environment: dict[str, str]) -> None:
    sam = str(Path(sys.executable).with_name("sam"))
    if not Path(sam).exists():
        pytest.skip("the SAM CLI is not in this environment: `make .venv/.ready` installs it")
    invoke = ("remote", "invoke", "Greeter", "--stack-name", STACK, "--event", '{"name": "sam"}')
    assert json.loads(run(environment, sam, *invoke)) == "hello sam"
    assert "greeting sam" in run(environment, sam, "logs", "--stack-name", STACK, "--name", "Greeter")


def test_the_sdk_for_javascript_reads_every_answer(service: Service, environment: dict[str, str]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    if not (JAVASCRIPT / "node_modules" / "@aws-sdk").exists():
        packages = " ".join(f"@aws-sdk/client-{name}" for name in ("cloudformation", "lambda", "sqs"))
        pytest.skip(f"the SDK for JavaScript is not here: `npm install --prefix .tools/javascript {packages}`")
    script = Path(environment["HOME"]) / TOUR.name
    shutil.copy(TOUR, script)
    (script.parent / "node_modules").symlink_to(JAVASCRIPT / "node_modules")
    told = json.loads(run({**environment, "AWS_REGION": "us-east-1"}, node, str(script)))
    assert (told["returned"], json.loads(told["streamed"])) == ("hello js", "hello stream")
    assert (set(told["states"]), told["modified"]) == ({"Enabled"}, True)
    assert told["errors"] == [["ResourceNotFoundException", 404], ["ResourceNotFoundException", 404]]
    service.settle()
    settled = [entry for _, entry in read_journal(service.journal) if isinstance(entry, Settled)]
    assert [one.state for one in settled if told["sent"] in one.records] == ["processed"]
