"""Writes docs/conformance.md from the names of the tests; with ``--check`` only tells whether it is up to date.

A rule is fulfilled where a test carries its number: ``test_s_072_...``, or ``test_u_014_...`` for a setting. The sentence in
the test's name is what we do.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from landfast.delivery.settings import IDS, Settings
from tests.rules import ELSEWHERE, RULES, SECTIONS, UNCONFIRMED

PAGE = Path("docs/conformance.md")
_NAME = re.compile(r"test_([su])_(\d{3})_(.+)")

_HEAD = """# Conformance

What Landfast does of Lambda's delivery rules. `make conformance` writes this page from the names of the tests, and `make
check` fails when it is out of date or a rule has lost its last test. The numbers are those that the code and the tests carry.
"""

_SETTINGS = """## Settings for what AWS does not document

Each is a field of `landfast.delivery.settings.Settings`; a scenario sets it by its number (`"settings": {"U-13": {"cap":
60}}`).

| | question | setting | default | tests |
|---|---|---|---|---|"""


class Rule(NamedTuple):
    """A rule's letter and number."""

    letter: str
    number: int


class Test(NamedTuple):
    """A test that carries a rule in its name."""

    rule: Rule
    sentence: str
    path: Path


def tests(folder: Path = Path("tests")) -> Iterator[Test]:
    """Every test that carries the number of a rule."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            found = _NAME.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
            if found is not None:
                yield Test(Rule(found[1].upper(), int(found[2])), found[3].replace("_", " "), path)


def problems(found: list[Test]) -> Iterator[str]:
    """Rules without a test, and tests of rules that do not exist."""
    carried = {test.rule for test in found}
    for number in RULES:
        if Rule("S", number) not in carried:
            yield f"S-{number:02} has no test: name one test_s_{number:03}_..."
    for number in UNCONFIRMED:
        if Rule("U", number) not in carried:
            yield f"U-{number} has no test: name one test_u_{number:03}_..."
    known = {Rule("S", number) for number in RULES} | {Rule("U", number) for number in UNCONFIRMED}
    for test in found:
        if test.rule not in known:
            yield f"{test.path}: there is no rule {test.rule.letter}-{test.rule.number:02} for a test to be named after"


def page(found: list[Test]) -> str:
    """The page."""
    parts = [_HEAD]
    for title, numbers in SECTIONS.items():
        parts.append(f"## {title}\n\n| | rule | what we do, in the words of its tests |\n|---|---|---|")
        parts += [_row(number, found) for number in numbers]
        parts.append("")
    parts.append(_SETTINGS)
    defaults = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    for number, question in UNCONFIRMED.items():
        setting = IDS[f"U-{number}"]
        said = _sentences(Rule("U", number), found)
        parts.append(f"| U-{number} | {question} | `{setting}` | `{defaults[setting]!r}` | {said} |")
    return "\n".join(parts) + "\n"


def _row(number: int, found: list[Test]) -> str:
    if number in ELSEWHERE:
        return f"| S-{number:02} | not here | {ELSEWHERE[number]} |"
    return f"| S-{number:02} | {RULES[number]} | {_sentences(Rule('S', number), found)} |"


def _sentences(rule: Rule, found: list[Test]) -> str:
    return "<br>".join(
        f"{test.sentence} ([{test.path.stem.removeprefix('test_')}](../{test.path}))"
        for test in found
        if test.rule == rule
    )


def main() -> None:
    """Write the page, or check it."""
    found = list(tests())
    missing = list(problems(found))
    if missing:
        sys.exit("\n".join(missing))
    text = page(found)
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit(f"{PAGE} is out of date. Mend it with: make conformance")


if __name__ == "__main__":
    main()
