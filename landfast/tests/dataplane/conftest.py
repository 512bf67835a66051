"""A running emulator with the shop's resources in it, one of each kind for all tests."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.dataplane import engine as engines
from landfast.dataplane import resources
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine, EngineName
from landfast.dataplane.errors import EngineError
from landfast.dataplane.queues import Message, Queue
from landfast.dataplane.world import World
from landfast.template import Template, read

SHOP = Path(__file__).parent / "shop" / "template.yaml"


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def shop() -> Template:
    return read(SHOP, stack_name="shop", parameters={})


@pytest.fixture(scope="session", params=["moto", "ministack"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    name = cast("EngineName", request.param)
    if name == "ministack":
        try:
            if not engines.ministack_is_cached():
                pytest.skip(f"{engines.MINISTACK} is not in uv's cache")
        except EngineError as error:
            pytest.skip(str(error))
    with engines.start(tmp_path_factory.mktemp(name), name, stack="shop") as running:
        yield running


@pytest.fixture(scope="session")
def clients(engine: Engine) -> Iterator[Clients]:
    made = Clients(engine.url, "us-east-1")
    yield made
    made.close()


@pytest.fixture(scope="session")
def world(shop: Template, clients: Clients, engine: Engine) -> World:
    return resources.create(shop, clients, engine.state.engine)


def drain(clients: Clients, url: str, count: int = 1) -> list[Message]:
    """Take every message out of a queue, once `count` have come or five seconds have passed."""
    queue = Queue(clients, url)
    taken: list[Message] = []
    deadline = time.monotonic() + 5
    while got := queue.receive(wait=1 if len(taken) < count and time.monotonic() < deadline else 0):
        assert queue.delete(got) == []
        taken += got
    return taken
