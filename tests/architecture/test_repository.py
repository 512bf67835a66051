import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, attributes, python_files

_THIS = Path(__file__)

FAST = (
    "landfast/tests/architecture",
    "landfast/tests/delivery",
    "landfast/tests/driver",
    "landfast/tests/protocols",
    "landfast/tests/report",
    "landfast/tests/simulate",
    "landfast/tests/template_reader",
    "tests/architecture",
    "tests/unit",
)
"""The layers where time is virtual."""

LAYERS = sorted(
    {
        f"{tests}/{path.relative_to(ROOT / tests).parts[0]}"
        for tests in ("landfast/tests", "tests")
        for path in (ROOT / tests).rglob("test_*.py")
    }
)

_MACHINE = re.compile(r"(?<![\w.])/(work|root|home|Users)/[\w.]")
_REGISTRY = re.compile(r"\b(pypi\.|pythonhosted\.|npmjs\.|artifactory|index[_-]url)")
_MADE = {".git", ".venv", ".tools", ".landfast", ".aws-sam", ".hypothesis", "__pycache__", "node_modules", "dist"}
_BINARY = {".gz", ".png", ".whl", ".zip"}


def written() -> Iterator[Path]:
    """Yield every file that people wrote but the lock and this one."""
    for entry in sorted(ROOT.iterdir()):
        if entry.name in _MADE or entry.name.endswith("_cache") or entry.name == "uv.lock":
            continue
        for path in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
            if path.is_file() and not _is_made(path) and path.suffix not in _BINARY and path != _THIS:
                yield path


def _is_made(path: Path) -> bool:
    return bool(_MADE & set(path.parts)) or any(part.endswith("_cache") for part in path.parts)


def test_no_file_mentions_a_machine_or_a_registry() -> None:
    mentions = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in written()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if _MACHINE.search(line) or _REGISTRY.search(line)
    ]
    assert mentions == []


@pytest.mark.parametrize("text", ["see /home/ann/x", 'cd "/Users/ann"', "--index-url x"])
def test_such_a_mention_would_be_found(text: str) -> None:
    assert _MACHINE.search(text) or _REGISTRY.search(text)


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
