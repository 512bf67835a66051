"""Rehearses a deployment without AWS: `make deploy-rehearsal`.

It starts ministack, an emulator of AWS, on this machine and gives it to the SAM CLI by AWS_ENDPOINT_URL. Then it
deploys what `sam build` has built, twice, deletes it, and looks for what is left: first the trial, of which nothing may
be, then the development stack, of which its data must be. What the emulator cannot make is left out and told.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from deployment.stacks import SAM, SETTINGS, Resource, stack_name
from landfast.testing import LandfastError, ministack_command, ministack_settings

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
REGION = "eu-west-1"
MANAGED = "aws-sam-cli-managed-default"
"""The stack in which the SAM CLI keeps its bucket for uploads; all stacks of an account share it."""

BESIDE = ("aws-sam-translator==1.115.0", "cryptography")
"""What the emulator's CloudFormation needs, which is no requirement of its own."""

PATIENCE = 180.0
"""Seconds for the emulator to answer: at the first time, uv downloads it."""

KEPT = {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}


class RehearsalError(Exception):
    """What went otherwise than on AWS; the message is one line."""


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def emulator(folder: Path) -> Iterator[dict[str, str]]:
    """Run the emulator; yield the environment in which the SAM CLI and boto3 use it and nothing else.

    Raises:
        RehearsalError: It does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings = ministack_settings(port, folder)  # no function runs: this is about deployments
    with (folder / "emulator.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - uv itself
            ministack_command("ministack", beside=BESIDE),
            env=inherited | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_for(process, port, folder / "emulator.log")
            yield inherited | {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_REGION": REGION,
                "SAM_CLI_TELEMETRY": "0",
            }
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    latest = time.monotonic() + PATIENCE
    while time.monotonic() < latest:
        if process.poll() is not None:
            raise RehearsalError(f"the emulator ended: {(log.read_text().splitlines() or ['without a word'])[-1]}")
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RehearsalError(f"the emulator does not answer within {PATIENCE:.0f} s")


def without_what_it_cannot_make(template: dict[str, Any]) -> list[str]:
    """Take out of a template what ministack refuses, and what of the dashboard shows it; return its logical ids."""
    resources = template["Resources"]
    out = [
        name
        for name, each in resources.items()
        if each["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in each["Properties"] and "Condition" not in each
    ]
    for name in out:
        del resources[name]
    widgets = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][1]["Widgets"]["Fn::Join"][1]
    widgets[:] = [each for each in widgets if not any(name in json.dumps(each) for name in out)]
    return out


def everything(session: boto3.Session) -> set[str]:
    """Return what there is in the account, by service and name, of the kinds that the application has."""
    cloudwatch, functions = session.client("cloudwatch"), session.client("lambda")
    iam, kms = session.client("iam"), session.client("kms")
    kinds: dict[str, Callable[[], list[str]]] = {
        "alarm": lambda: [each["AlarmName"] for each in cloudwatch.describe_alarms()["MetricAlarms"]],
        "bucket": lambda: [each["Name"] for each in session.client("s3").list_buckets()["Buckets"]],
        "bus": lambda: [each["Name"] for each in session.client("events").list_event_buses()["EventBuses"]],
        "dashboard": lambda: [each["DashboardName"] for each in cloudwatch.list_dashboards()["DashboardEntries"]],
        "function": lambda: [each["FunctionName"] for each in functions.list_functions()["Functions"]],
        "key": lambda: [
            each["KeyId"]
            for each in kms.list_keys()["Keys"]
            if kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion"
        ],
        "layer": lambda: [each["LayerName"] for each in functions.list_layers()["Layers"]],
        "log group": lambda: [
            each["logGroupName"] for each in session.client("logs").describe_log_groups()["logGroups"]
        ],
        "mapping": lambda: [each["UUID"] for each in functions.list_event_source_mappings()["EventSourceMappings"]],
        "policy": lambda: [each["PolicyName"] for each in iam.list_policies(Scope="Local")["Policies"]],
        "queue": lambda: session.client("sqs").list_queues().get("QueueUrls", []),
        "role": lambda: [each["RoleName"] for each in iam.list_roles()["Roles"]],
        "rule": lambda: [each["Name"] for each in session.client("events").list_rules()["Rules"]],
        "stack": lambda: [
            each["StackName"]
            for each in session.client("cloudformation").list_stacks()["StackSummaries"]
            if each["StackStatus"] != "DELETE_COMPLETE"
        ],
        "stream": lambda: session.client("kinesis").list_streams()["StreamNames"],
        "table": lambda: session.client("dynamodb").list_tables()["TableNames"],
        "topic": lambda: [each["TopicArn"] for each in session.client("sns").list_topics()["Topics"]],
    }
    return {f"{kind} {name}" for kind, names in kinds.items() for name in names() if not name.startswith(MANAGED)}


class Rehearsal:
    """One emulator, and the SAM CLI that takes it for AWS."""

    def __init__(self, environment: dict[str, str], template: Path) -> None:
        self._environment = environment
        self._template = template
        self._session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106 - no secret: the emulator takes any

    def play(self, env: str, *, kept: set[str]) -> None:
        """Deploy an environment twice, delete it, and compare what is left with the types that shall be.

        Raises:
            RehearsalError: A command failed, the second deployment changed something, or something else is left.
        """
        before = everything(self._session)
        say(f"{env}: deployed in {self._deploy(env)[0]:.0f} s")
        seconds, told = self._deploy(env)
        if "No changes to deploy" not in told:
            raise RehearsalError(f"{env}: the second deployment changed something")
        say(f"{env}: deployed again in {seconds:.0f} s, which changed nothing")
        made = everything(self._session) - before
        self._fill_the_buckets(stack_name(SETTINGS, env))
        seconds, told = self._run(sys.executable, "-m", "deployment.stacks", "delete", "--env", env, "--yes")
        left = everything(self._session) - before
        say(f"{env}: deleted in {seconds:.0f} s; of {len(made)} things, {len(left) or 'nothing'} left")
        listed = {line.split()[0] for line in told.partition("left behind")[2].splitlines() if line.startswith("AWS::")}
        found = {each.partition(" ")[0] for each in left}
        if listed != kept or found != {kind.rpartition("::")[2].lower() for kind in kept}:
            raise RehearsalError(f"{env}: left behind are {sorted(left)}; told was {sorted(listed)}")

    def _fill_the_buckets(self, stack: str) -> None:
        pages = self._session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [
            Resource(each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
        ]
        for bucket in found:
            if bucket.kind == "AWS::S3::Bucket":
                # Nobody is called: the emulator would write a log even after the deletion.
                quiet = self._session.client("s3").put_bucket_notification_configuration
                quiet(Bucket=bucket.name, NotificationConfiguration={})
                for content in (b"one", b"another"):
                    self._session.client("s3").put_object(Bucket=bucket.name, Key="an object", Body=content)

    def _deploy(self, env: str) -> tuple[float, str]:
        options = ["--config-env", env, "--config-file", str(SETTINGS), "--no-confirm-changeset"]
        return self._run(str(SAM), "deploy", "--template-file", str(self._template), *options)

    def _run(self, *command: str) -> tuple[float, str]:
        begun = time.monotonic()
        ended = subprocess.run(  # noqa: S603 - this program, or sam
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            say(ended.stdout + ended.stderr)
            raise RehearsalError(f"{' '.join(command[1:5])}: exit status {ended.returncode}")
        return time.monotonic() - begun, ended.stdout + ended.stderr


def main() -> int:
    """Run the command line."""
    if not BUILT.is_file():
        sys.stderr.write("rehearsal: there is nothing built: make build\n")
        return 1
    template = yaml_parse(BUILT.read_text())
    stripped = BUILT.with_name("rehearsal.json")
    try:
        with tempfile.TemporaryDirectory(prefix="landfast-rehearsal-") as folder, emulator(Path(folder)) as environment:
            os.environ.update({name: value for name, value in environment.items() if name.startswith("AWS_")})
            out = without_what_it_cannot_make(template)
            stripped.write_text(json.dumps(template))
            say(f"left out, because the emulator has no alarms on metric math: {', '.join(out) or 'nothing'}")
            rehearsal = Rehearsal(environment, stripped)
            rehearsal.play("trial", kept=set())
            rehearsal.play("default", kept=KEPT)
    except (RehearsalError, LandfastError) as error:
        sys.stderr.write(f"rehearsal: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        stripped.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
