"""What all tests have in common.

Failing examples are printed with what repeats them, children hear signals, and the longest tests begin first.
"""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "landfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.register_profile("few", settings.get_profile("landfast"), max_examples=10)
settings.load_profile("landfast")

# What a shell starts with & ignores the one, what nohup starts the other, and so would all that a test starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

LONGEST = ("test_pipelines", "test_killed_service", "test_killed_functions", "test_pages", "test_starter")
"""They begin first, so that no processor is idle while the last of them ends."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
