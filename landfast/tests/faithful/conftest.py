"""One service for each engine, on which every scenario has been played."""

from collections.abc import Iterator

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.dataplane.engine import EngineName, ministack_is_cached
from landfast.dataplane.errors import EngineError
from tests.faithful.stage import Stage


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session", params=["moto", "ministack"])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _loopback_only: None
) -> Iterator[Stage]:
    engine: EngineName = request.param
    if engine == "ministack":
        _skip_without_ministack()
    made = Stage(tmp_path_factory.mktemp(engine), engine)
    try:
        made.play()
        assert made.service.failure is None, made.service.failure
        yield made
    finally:
        made.close()


def _skip_without_ministack() -> None:
    try:
        cached = ministack_is_cached()
    except EngineError as error:
        pytest.skip(str(error))
    if not cached:
        pytest.skip("ministack is not here: `landfast up --engine ministack` fetches it")
