"""The template, read and translated once; no network."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.template.stack import TEMPLATE, Stack


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()


@pytest.fixture(scope="session")
def text() -> str:
    return TEMPLATE.read_text()


@pytest.fixture(scope="session")
def stack(text: str) -> Stack:
    return Stack.of(text)
