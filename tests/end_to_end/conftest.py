"""The shop in a running service of this process, and what is needed to look at it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from demo.shop import Shop
from landfast.testing import Entry, Options, Service, read_journal
from tests.samples import sample

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


class RunningShop(Shop):
    """The shop with what its service tells, and the command line."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.running)
        self._service = service

    def invoked(self, function: str) -> Any:
        """What the command line tells of a function's answer to its sample event."""
        command = [sys.executable, "-c", "from landfast.cli import main; main()", "invoke", function, "--json"]
        command += ["--event", str(sample(function)), "--state", str(self._service.journal.parent)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        return json.loads(ended.stdout) if ended.stdout else pytest.fail(ended.stderr)

    def wait_for(self, queue: str, wanted: Callable[[Any], bool]) -> Any:
        """The first record in a queue that is wanted; all stay where they are."""
        latest = time.monotonic() + PATIENCE
        while time.monotonic() < latest:
            for message in self.messages(queue):
                if wanted(record := json.loads(message.body)):
                    return record
            time.sleep(0.1)
        raise AssertionError(f"nothing wanted came to {queue}: {[*read_journal(self._service.journal)][-10:]}")

    def journal[E: Entry](self, kind: type[E]) -> list[E]:
        return [entry for _, entry in read_journal(self._service.journal) if isinstance(entry, kind)]


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layers are built once for all services of the tests."""
    return tmp_path_factory.mktemp("layers")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, layers: Path, _loopback_only: None) -> Iterator[RunningShop]:
    state = tmp_path_factory.mktemp("shop") / "state"
    options = Options(template=ROOT / "template.yaml", state=state, layers=layers, skip_waits=True)
    with Service.start(options) as service:
        yield RunningShop(service)
        assert service.failure is None, service.failure
