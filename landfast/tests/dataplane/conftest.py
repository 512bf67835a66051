"""A running emulator, one of each kind for all tests."""

from collections.abc import Iterator
from typing import cast

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.dataplane import engine as engines
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine, EngineName
from tests.engines import each, skip_without


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session", params=each("dataplane"))
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    name = cast("EngineName", request.param)
    skip_without(name)
    with engines.start(tmp_path_factory.mktemp(name), name, stack="shop") as running:
        yield running


@pytest.fixture(scope="session")
def clients(engine: Engine) -> Iterator[Clients]:
    made = Clients(engine.url, "us-east-1")
    yield made
    made.close()
