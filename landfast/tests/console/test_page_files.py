"""What the files of the page must be, read without running them."""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import landfast.console

PAGE = Path(landfast.console.__file__).parent / "page"
FILES = sorted(path for path in PAGE.rglob("*") if path.is_file())
OURS = [path for path in FILES if path.parent.name != "vendor"]
MODULES = [path for path in OURS if path.suffix == ".js"]
LANGUAGES = ("en", "ko")

_SERVED = {".css", ".html", ".js"}
_IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)|\bimport\s*\(?\s*["']([^"']+)""", re.MULTILINE
)
_TOKEN = re.compile(r'\s+|//[^\n]*|\.\.\.\w+,|("(?:[^"\\]|\\.)*")|(\w+)(?=\s*:)|([{}:,])', re.DOTALL)
_XML = "http://www.w3.org/"
"""What begins like an address and is the name of a vocabulary."""


def name(path: Path) -> str:
    return path.relative_to(PAGE).as_posix()


def texts(source: str) -> dict[str, Any]:
    """The texts of a module, which is JSON but for bare names, comments, commas and the texts of other modules.

    Raises:
        ValueError: It is more than that: texts are data.
    """
    begun = source.index("export default")
    body, at = [], begun + len("export default")
    end = source.rindex(";")
    while at < end:
        if (match := _TOKEN.match(source, at)) is None:
            raise ValueError(f"no plain text at {source[at : at + 40]!r}")
        text, word, sign = match.groups()
        body.append(text or (word and f'"{word}"') or sign or "")
        at = match.end()
    loaded: dict[str, Any] = json.loads(re.sub(r",(?=})", "", "".join(body)))
    return loaded


def forms(text: object) -> Iterator[str]:
    """The forms of a text by number: the one that it is, or each that it has."""
    if isinstance(text, Mapping):
        assert "other" in text
        yield from text.values()
    else:
        assert isinstance(text, str)
        yield text


def every_text() -> dict[str, Any]:
    return {key: text for path in PAGE.glob("languages/*.js") for key, text in texts(path.read_text()).items()}


def test_the_page_is_small() -> None:
    """What a browser is sent, licences left out: all of it, though each view needs only a part."""
    sent = {name(path): len(zlib.compress(path.read_bytes())) for path in FILES if path.suffix in _SERVED}
    assert len(sent) > 15
    assert sum(sent.values()) <= 120_000, sent


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_of_the_page_names_nothing_elsewhere(path: Path) -> None:
    assert not path.is_symlink()
    if path.suffix in {".js", ".css", ".html"}:
        source = path.read_text(encoding="utf-8")
        addresses = re.findall(r"(?:https?|wss?):(?://|%2F%2F)[^\s\"'`)]*", source, re.IGNORECASE)
        assert [one for one in addresses if not one.startswith(_XML)] == []
        assert "sourceMappingURL" not in source


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_by_names_that_also_hold_in_one_file(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    imported = [one or other for one, other in _IMPORT.findall(source)]
    for one in imported:
        if one.startswith("console/"):
            assert (PAGE / one.removeprefix("console/")).is_file(), one
        else:
            assert one in {"preact", "preact/hooks", "htm"}
    assert "innerHTML" not in source
    assert re.search(r"\beval\(|new Function\(|document\.write\(", source) is None


@pytest.mark.parametrize("path", sorted(PAGE.glob("languages/*.js")), ids=name)
def test_every_text_is_there_in_every_language_with_the_same_values(path: Path) -> None:
    for key, by_language in texts(path.read_text(encoding="utf-8")).items():
        assert set(by_language) == set(LANGUAGES), key
        assert all(form.strip() for text in by_language.values() for form in forms(text)), key
        values = [
            {value for form in forms(text) for value in re.findall(r"\{(\w+)\}", form)} for text in by_language.values()
        ]
        assert values[0] == values[1], key


def test_a_text_belongs_to_one_module() -> None:
    found: dict[str, str] = {}
    for path in sorted(PAGE.glob("languages/*.js")):
        for key in texts(path.read_text(encoding="utf-8")):
            assert key not in found, f"{key}: {name(path)} and {found[key]}"
            found[key] = name(path)


@pytest.mark.parametrize("path", [path for path in MODULES if path.parent.name != "languages"], ids=name)
def test_a_module_asks_only_for_texts_that_there_are(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    known = every_text()
    for key in re.findall(r"""\bt\(\s*["']([^"']+)["']""", source):
        assert key in known, key
    for beginning in re.findall(r"\bt\(\s*`([^`$]+)\$\{", source):
        assert any(key.startswith(beginning) for key in known), beginning


def test_no_text_is_left_that_nobody_asks_for() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in MODULES if path.parent.name != "languages")
    beginnings = tuple(re.findall(r"`([\w.]+\.)\$\{", sources))
    unused = [
        key for key in every_text() if not re.search(rf"""["'`]{re.escape(key)}["'`]""", sources)
        and not key.startswith(beginnings)
    ]  # fmt: skip
    assert unused == []


def test_the_vendored_libraries_are_those_whose_checksums_are_kept() -> None:
    kept = dict(line.split()[::-1] for line in (PAGE / "vendor" / "SHA256SUMS").read_text().splitlines())
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in PAGE.glob("vendor/*.js")}
    assert found == kept
    assert {path.name for path in PAGE.glob("vendor/*.LICENSE")} >= {"preact.LICENSE", "htm.LICENSE"}


@pytest.mark.parametrize("source", ['export default { "a": `text` };', 'export default { "a": t("b") };'])
def test_texts_that_are_computed_would_be_found(source: str) -> None:
    with pytest.raises(ValueError, match="no plain text"):
        texts(source)
