"""A running service in a process of its own, and what is needed to look at it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.config import Config
from botocore.session import Session
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.cli.app import run
from landfast.dataplane import engine as engines
from landfast.dataplane.engine import EngineName
from landfast.journal import Entry
from landfast.service.state import Running, ServiceError, StateDirectory
from landfast.service.store import read_journal
from tests.engines import ENGINES, skip_without

PATIENCE = 180.0


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


class Client:
    """A user's view of a running service."""

    def __init__(self, running: Running, journal: Path) -> None:
        self.running = running
        self.path = journal
        self._session = Session()
        self._session.set_credentials("test", "test")
        self._made: dict[str, Any] = {}

    def aws(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._session.create_client(
                service,
                region_name=self.running.region,
                endpoint_url=self.running.endpoint,
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self._made[service]

    def close(self) -> None:
        for client in self._made.values():
            client.close()

    def name(self, kind: str, logical_id: str) -> str:
        [name] = [one.name for one in self.running.of_kind(kind) if one.logical_id == logical_id]
        return name

    def url(self, logical_id: str) -> str:
        [url] = [one.url for one in self.running.of_kind("queue") if one.logical_id == logical_id]
        return url

    def take(self, logical_id: str, wanted: Callable[[Any], bool]) -> Any:
        """The first record in a queue that is wanted; the others stay where they are."""
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest:
            answer = self.aws("sqs").receive_message(
                QueueUrl=self.url(logical_id), MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=1
            )
            for message in answer.get("Messages", []):
                record = json.loads(message["Body"])
                if wanted(record):
                    self.aws("sqs").delete_message(
                        QueueUrl=self.url(logical_id), ReceiptHandle=message["ReceiptHandle"]
                    )
                    return record
        raise AssertionError(f"nothing wanted came to {logical_id}: {self.tail()}")

    def journal[E: Entry](self, kind: type[E]) -> list[E]:
        return [entry for _, entry in read_journal(self.path) if isinstance(entry, kind)]

    def tail(self) -> list[Entry]:
        return [entry for _, entry in read_journal(self.path)][-10:]


class Process:
    """`landfast up` in a process of its own; its functions may tell by files what they do."""

    def __init__(self, template: Path, state: Path, *arguments: str, preexec: Callable[[], None] | None = None) -> None:
        self.state = state
        self.directory = StateDirectory(state)
        command = [sys.executable, "-c", "from landfast.cli import main; main()", "up", "--template", str(template)]
        self.process = subprocess.Popen(
            [*command, "--no-sandbox", "--state", str(state), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=template.parent,
            preexec_fn=preexec,  # noqa: PLW1509 - a test's process has no threads that would matter
        )

    def ready(self) -> Client:
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest and self.process.poll() is None:
            with suppress(ServiceError):  # it is not ready yet
                running = self.directory.running()
                assert running.pid == self.process.pid
                return Client(running, self.directory.journal)
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"it did not start: {self.process.communicate()[0]}")

    def signal(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> str:
        """What it has printed, when it has ended."""
        return self.process.communicate(timeout=PATIENCE)[0]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts services; whatever is left of them at the end is ended."""
    started: list[Process] = []

    def start(template: Path, *arguments: str) -> Process:
        process = Process(template, tmp_path / "state", *arguments)
        started.append(process)
        return process

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()
    engines.stop(tmp_path / "state")


def landfast(*arguments: str, state: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command of the command line, to its end.

    `up` has a process of its own, for it takes signals over; the others need none, which would cost them half a second.
    """
    command = [*arguments, "--state", str(state)]
    if command[0] == "up":
        main = [sys.executable, "-c", "from landfast.cli import main; main()"]
        return subprocess.run(
            [*main, *command], capture_output=True, text=True, check=False, timeout=PATIENCE, input=stdin,
            env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
    status: str | int | None = None
    out, err = BytesIO(), BytesIO()
    with (
        redirect_stdout(TextIOWrapper(out, write_through=True)),
        redirect_stderr(TextIOWrapper(err, write_through=True)),
        patch.object(sys, "stdin", TextIOWrapper(BytesIO((stdin or "").encode()))),
        patch.object(sys, "argv", ["landfast", *command]),
        patch.dict(os.environ, COLUMNS="200"),
    ):
        try:
            run()
        except SystemExit as ending:
            status = ending.code
        assert not isinstance(status, str), "the status of a shell is a number"
        return subprocess.CompletedProcess(command, status or 0, out.getvalue().decode(), err.getvalue().decode())


def eventually(condition: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Whether it becomes true, at the latest after so many real seconds."""
    latest = time.monotonic() + within
    while not condition():
        if time.monotonic() > latest:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineName:
    """Each engine that is here."""
    name: EngineName = request.param
    skip_without(name)
    return name
