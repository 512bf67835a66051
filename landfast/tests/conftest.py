"""What all tests have in common: failing examples are printed with what repeats them, and children hear signals."""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "landfast", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("landfast")

# What a shell starts with & ignores the one, what nohup starts the other, and so would all that a test starts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let groups of tests stay together: pytest-xdist 3.8 names them where pytest 9.2 does not look any more.

    https://github.com/pytest-dev/pytest-xdist/issues/1386
    """
    for item in items:
        grouped = getattr(item, "_nodeid", None)
        if grouped is not None:
            item._id = type(item.id).parse(grouped)
