"""One running service, and AWS's own clients for it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.service.service import Options, Service

STACK = "clients"
STATE = "state"
TEMPLATE = Path(__file__).with_name("stack") / "template.yaml"


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


type Clients = Callable[[str], Any]


@contextmanager
def clients_of(service: Service) -> Iterator[Clients]:
    made: dict[str, Any] = {}
    session: Any = boto3.Session("test", "test", region_name="us-east-1")

    def client(name: str) -> Any:
        if name not in made:
            config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
            made[name] = session.client(name, endpoint_url=service.endpoint, config=config)
        return made[name]

    yield client
    for each in made.values():
        each.close()


def called(aws: Clients, **params: Any) -> dict[str, Any]:
    """The answer of an invocation, read to its end, so that its connection can be used again."""
    answer: dict[str, Any] = aws("lambda").invoke(**{"FunctionName": "greeter", **params})
    return {**answer, "Payload": answer["Payload"].read()}


def at_rest(aws: Clients, uuid: str) -> dict[str, Any]:
    for _ in range(2_000):
        mapping = aws("lambda").get_event_source_mapping(UUID=uuid)
        if mapping["State"] in {"Enabled", "Disabled"}:
            return dict(mapping)
    raise AssertionError(f"the mapping {uuid} does not come to rest")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Service]:
    state = tmp_path_factory.mktemp("clients") / STATE
    with Service.start(Options(template=TEMPLATE, state=state, stack=STACK, skip_waits=True)) as started:
        yield started
        assert started.failure is None, started.failure


@pytest.fixture(scope="session")
def aws(service: Service) -> Iterator[Clients]:
    with clients_of(service) as clients:
        yield clients


@pytest.fixture(scope="session")
def environment(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a tool is given: the endpoint, credentials that mean nothing, and no settings of the user's."""
    home = tmp_path_factory.mktemp("home")
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": service.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", str(home / "pycache")),
        "SAM_CLI_TELEMETRY": "0",
    }
