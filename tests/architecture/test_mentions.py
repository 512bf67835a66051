# --- the tool ---
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

_THIS = Path(__file__)
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
