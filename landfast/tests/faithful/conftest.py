"""A service on which every scenario has been played; with LANDFAST_EVERY_ENGINE=1, one for each engine."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from tests.engines import ENGINES, EVERY, each, skip_without
from tests.faithful.stage import Stage

if TYPE_CHECKING:
    from landfast.dataplane.engine import EngineName


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session", params=each("faithful", ENGINES if EVERY else ENGINES[:1]))
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _loopback_only: None
) -> Iterator[Stage]:
    engine: EngineName = request.param
    skip_without(engine)
    made = Stage(tmp_path_factory.mktemp(engine), engine)
    try:
        made.play()
        assert made.service.failure is None, made.service.failure
        yield made
    finally:
        made.close()
