"""The wheel as `uv tool install` installs it, on the Pythons that it is for, in somebody else's project."""

import json
import os
import re
import subprocess
from pathlib import Path

import boto3
import pytest

from landfast.runtime import pythons
from landfast.runtime.pythons import NoPythonError, Pythons

pytestmark = pytest.mark.xdist_group("wheel")

PYTHONS = os.environ.get("LANDFAST_PYTHONS", "3.11 3.13").split()
"""Those that the tool is installed on; each takes some seconds."""

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.12, Handler: app.handler, Timeout: 20}
Resources:
  Work: {Type: AWS::SQS::Queue, Properties: {QueueName: work}}
  Failed: {Type: AWS::SQS::Queue, Properties: {QueueName: failed}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: worker
      CodeUri: worker/
      Events: {Messages: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn}}}
  Broken:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: broken
      CodeUri: broken/
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
"""
WORKER = """
import sys, isodate
def handler(event, context):
    return ["%d.%d" % sys.version_info[:2], isodate.parse_duration("PT1M").seconds]
"""


class Tool:
    """An installed `landfast`."""

    def __init__(self, uv: str, wheel: Path, version: str, home: Path) -> None:
        self.folder = home
        path = os.pathsep.join([str(Path(uv).parent), os.environ["PATH"]])
        names = ("PYTHONPATH", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in names},
            "UV_TOOL_DIR": str(home / "tools"), "UV_TOOL_BIN_DIR": str(home / "bin"), "PATH": path, "COLUMNS": "1000",
        }  # fmt: skip
        try:
            python = Pythons(pytest.fail).find(f"python{version}").executable
        except NoPythonError as error:
            pytest.skip(str(error))
        installed = subprocess.run(
            [uv, "tool", "install", "--quiet", "--python", python, str(wheel)],
            capture_output=True, text=True, check=False, env=self.environment,
        )  # fmt: skip
        assert installed.returncode == 0, installed.stderr

    def start(self, *arguments: str, cwd: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.folder / "bin" / "landfast", *arguments], cwd=cwd, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, cwd: Path) -> tuple[int, str]:
        with self.start(*arguments, cwd=cwd) as process:
            told = process.communicate(timeout=60)[0]
        return process.returncode, told


def ran_on(told: str, version: str) -> str:
    """The Python of the functions: theirs, unless the service has said that it is not here."""
    return version if f"Worker: runs on Python {version}, not python3.12" in told else "3.12"


@pytest.fixture(autouse=True)
def _nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "uv_command", lambda: None)


@pytest.mark.parametrize("version", PYTHONS)
def test_somebody_elses_project_runs_but_for_the_function_whose_packages_cannot_be_had(
    uv: str, wheel: Path, version: str, tmp_path: Path
) -> None:
    tool = Tool(uv, wheel, version, tmp_path / "home")
    project = tmp_path / "project"
    for name, requirement in (("worker", "isodate==0.7.2"), ("broken", "isodate==0.7.2,<0.7")):
        (project / name).mkdir(parents=True)
        (project / name / "requirements.txt").write_text(f"{requirement}\n")
        (project / name / "app.py").write_text(WORKER)
    (project / "template.yml").write_text(TEMPLATE)
    with tool.start("up", cwd=project) as up:
        try:
            assert up.stdout is not None
            told = ""
            while "endpoint" not in told:
                line = up.stdout.readline()
                assert line, told
                told += line
            for what in ("worker/requirements.txt", "broken/requirements.txt"):
                assert f"installing the packages of {project}/{what} for Python 3." in told
            assert "Broken: every call of it fails until this is mended" in told
            [endpoint] = re.findall(r"endpoint +(\S+)", told)
            aws = boto3.Session("test", "test", region_name="us-east-1")
            functions = aws.client("lambda", endpoint_url=endpoint)
            queues = aws.client("sqs", endpoint_url=endpoint)
            work, failed = (queues.get_queue_url(QueueName=name)["QueueUrl"] for name in ("work", "failed"))
            queues.send_message(QueueUrl=work, MessageBody="{}")
            functions.invoke(FunctionName="broken", InvocationType="Event")
            assert json.load(functions.invoke(FunctionName="worker")["Payload"]) == [ran_on(told, version), 60]
            assert "cannot be installed" in functions.invoke(FunctionName="broken")["Payload"].read().decode()
            status, answer = tool.run("settle", cwd=project)
            assert status == 0, answer
            status, answer = tool.run("events", cwd=project)
            assert status == 0
            assert "processed (S-88)" in answer
            [kept] = queues.receive_message(QueueUrl=failed)["Messages"]
            assert "cannot be installed" in kept["Body"]
        finally:
            tool.run("down", cwd=project)
