"""What the tests of the running shop have in common; the fixture `landfast` is the plugin's, for `template.yaml`."""

from pathlib import Path

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Layers are built once for all services that the tests start themselves."""
    return tmp_path_factory.mktemp("layers")
