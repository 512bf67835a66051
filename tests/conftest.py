"""What all tests have in common.

Failing examples are printed with what repeats them, children hear Ctrl-C, and the longest tests begin first.
"""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "landfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.register_profile("few", settings.get_profile("landfast"), max_examples=10)
settings.load_profile("landfast")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell lets what it starts with & ignore it, with all children
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = ("test_pipelines", "test_killed_service", "test_killed_functions", "test_pages", "test_starter")
"""They begin first, so that no processor is idle while the last of them ends."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
