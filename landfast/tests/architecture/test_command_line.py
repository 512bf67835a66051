"""What is loaded for a command that should end at once."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from landfast.cli import mendable
from landfast.dataplane.errors import EngineError, ResourceError
from landfast.delivery.errors import Refused
from landfast.errors import LandfastError
from landfast.runtime.model import InvalidFunctionError
from landfast.service.state import ServiceError
from landfast.service.store import StoreError
from landfast.template.errors import TemplateError
from tests.architecture.sources import ROOT

HEAVY = {"awslambdaric", "boto3", "botocore", "flask", "moto", "samtranslator", "werkzeug", "yaml"}

_TELL = """
import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv[0] = "landfast"
from landfast.cli import main
main()
"""

_SCENARIO = {"source": {"type": "kinesis", "records": [{"id": "r1"}]}, "mapping": {"StartingPosition": "TRIM_HORIZON"}}


def loaded(*arguments: str) -> set[str]:
    """Return the top-level packages in memory when a command ends."""
    command = [sys.executable, "-c", _TELL, *arguments]
    done = subprocess.run(
        command, input=json.dumps(_SCENARIO), capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert done.stdout, "the command has done nothing"
    return {module.partition(".")[0] for module in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("arguments", [["--help"], ["simulate", "-", "--json"], ["simulate", "-"]], ids=" ".join)
def test_a_quick_command_loads_nothing_heavy(arguments: list[str]) -> None:
    packages = loaded(*arguments)
    assert "typer" in packages
    assert packages & HEAVY == set()


def test_what_the_user_can_mend_has_one_root_that_the_command_line_asks_for() -> None:
    for kind in (ServiceError, StoreError, TemplateError, EngineError, ResourceError, InvalidFunctionError):
        assert issubclass(kind, LandfastError)
    assert mendable.in_one_line(EngineError("moto\n  has ended")) == "moto has ended"
    assert mendable.in_one_line(Refused("settings.U-99", "no such setting")) is not None
    assert mendable.in_one_line(PermissionError(13, "Permission denied", "orders.jsonl")) == (
        "orders.jsonl: Permission denied"
    )
    assert mendable.in_one_line(ReadTimeoutError(endpoint_url="http://127.0.0.1:1")) is not None
    assert mendable.in_one_line(ClientError({"Error": {"Code": "NoSuchBucket"}}, "PutObject")) is not None
    assert mendable.in_one_line(KeyError("a fault of ours")) is None


def test_a_service_and_its_console_start_without_the_linter() -> None:
    program = "import json, sys, landfast.cli.dashboard, landfast.console.server; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    modules = {module.partition(".")[0] for module in json.loads(done.stdout)}
    assert "aiohttp" in modules
    assert not modules & {"cfnlint", "samtranslator", "sympy"}
