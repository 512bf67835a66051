"""Nothing here may open a socket, but for the pair by which an event loop wakes itself."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_network() -> None:
    disable_socket(allow_unix_socket=True)
