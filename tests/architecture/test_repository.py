import re

import pytest

from tests.architecture.sources import ROOT, attributes, python_files

FAST = (
    # --- the tool ---
    "landfast/tests/architecture",
    "landfast/tests/delivery",
    "landfast/tests/driver",
    "landfast/tests/protocols",
    "landfast/tests/report",
    "landfast/tests/simulate",
    "landfast/tests/starter",
    "landfast/tests/template_reader",
    "tests/starter",
    # --- shared ---
    "tests/architecture",
    "tests/unit",
)
"""The layers where time is virtual."""

TESTS = ["tests"]
TESTS.append("landfast/tests")  # --- the tool ---

LAYERS = sorted(
    {
        f"{tests}/{path.relative_to(ROOT / tests).parts[0]}"
        for tests in TESTS
        for path in (ROOT / tests).rglob("test_*.py")
    }
)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_of_tests_says_what_it_can_find_and_what_it_cannot(layer: str) -> None:
    text = (ROOT / layer / "README.md").read_text()
    assert re.search(r"\bfinds?\b", text)
    assert re.search(r"\b(cannot|can't|not)\b", text)


def test_no_fast_test_waits_for_real_time() -> None:
    sleeping = {
        str(path.relative_to(ROOT))
        for path in python_files(*FAST)
        if attributes(path) & {"time.sleep", "asyncio.sleep"}
    }
    assert sleeping == set()


@pytest.mark.parametrize("layer", FAST)
def test_a_fast_layer_blocks_sockets(layer: str) -> None:
    conftests = list((ROOT / layer).rglob("conftest.py"))
    folders = {path.parent for path in (ROOT / layer).rglob("test_*.py")}
    blocked = {path.parent for path in conftests if re.search(r"disable_socket\(\)|\bno_network\b", path.read_text())}
    assert folders <= blocked
