"""The console of a small application, asked without a browser; one worker runs all of these tests."""

from pathlib import Path

import pytest

from tests.consoles import application, console, shop

__all__ = ["application", "console", "shop"]

_FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all of these tests, since they share the application."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker(pytest.mark.xdist_group("console"))
