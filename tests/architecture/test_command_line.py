"""What is loaded for a command that should end at once."""

import json
import subprocess
import sys

import pytest

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
