"""A small application with every kind of failure, and its console, for tests that look at a running one.

`shop` is the application, as the plugin's fixture `landfast` is (docs/testing.md): send to it, `settle`, `advance`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from landfast.console import Console
from landfast.testing import Options, Stack

APPLICATION = Path(__file__).parent / "browser" / "app"


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Stack]:
    """The application, for all tests of a worker."""
    options = Options(
        template=APPLICATION / "template.yaml",
        state=tmp_path_factory.mktemp("console") / "state",
        stack="corner-shop",
        sandbox=False,
    )
    with Stack.start(options) as stack:
        yield stack


@pytest.fixture
def shop(application: Stack) -> Stack:
    """The application, as it was when it was started."""
    application.reset()
    return application


@pytest.fixture
def console(shop: Stack) -> Console:
    """The console of it, as `landfast up` attaches one."""
    return Console.attach(shop.service)
