"""The fixture `landfast` of the plugin, for the application beside this file."""

from pathlib import Path

import pytest
from pytest_socket import enable_socket, socket_allow_hosts

from landfast.testing import Options


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> None:
    enable_socket()
    socket_allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="session")
def landfast_options(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Options:
    template = Path(__file__).parent / "app" / "template.yaml"
    return Options(template=template, state=tmp_path_factory.mktemp("landfast") / "state", skip_waits=True)
