"""Writes docs/conformance.md from the names of the tests; with ``--check`` only tells whether it is up to date.

A rule is kept where a test carries its number: ``test_s_072_...``, or ``test_u_014_...`` for a setting, or several
numbers one after the other. The sentence in the test's name is what we do.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from landfast.delivery.settings import IDS, Backoff, Settings
from tests.rules import ELSEWHERE, NOT_YET, RULES, SECTIONS, UNCONFIRMED

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance.md"
_FOLDERS = (ROOT / "landfast" / "tests", ROOT / "tests")
"""The tool's tests, and the shop's, which keep the rules that are about functions and templates."""
_NAME = re.compile(r"test_((?:[su]_\d{3}_)+)(\w+)")
_NUMBER = re.compile(r"([su])_(\d{3})_")

_LAYERS = (
    "delivery",
    "driver",
    "sources",
    "eventplane",
    "template_reader",
    "unit",
    "template",
    "simulate",
    "service",
    "runtime",
    "dataplane",
    "contract",
    "end_to_end",
)
"""The layers that test rules. The page has the sentences of the first that tests a rule, and links to the others."""

_NAMES = {
    name.lower(): name
    for name in (
        "ARN",
        "AWS",
        "DynamoDB",
        "FIFO",
        "JSON",
        "Kinesis",
        "Lambda",
        "MB",
        "Powertools",
        "S3",
        "SAM",
        "SNS",
        "SQS",
    )
}
"""How words of the tests' names are written."""

_HEAD = """# Conformance

What Landfast does of Lambda's delivery rules. `make conformance` writes this page from the names of the tests, and
`make check` fails when it is out of date or when a rule has lost its last test. Each number, which the code, the
journal and the tests carry, leads to [the rule](rules.md) with its evidence.
"""

_SETTINGS = """## What AWS does not document

Each of these points is a setting: a field of `landfast.delivery.settings.Settings`. A scenario sets it by its number:
`"settings": {"U-13": {"cap": 60}}`.

| | question | setting | default | what it does |
|---|---|---|---|---|"""

_MISSING = """
## Not here yet

| | question | setting | what is missing |
|---|---|---|---|"""


class Rule(NamedTuple):
    """A rule's letter and number."""

    letter: str
    number: int

    def __str__(self) -> str:
        return f"S-{self.number:02}" if self.letter == "S" else f"U-{self.number}"


class Test(NamedTuple):
    """A test that carries the numbers of rules in its name."""

    rules: frozenset[Rule]
    name: str
    sentence: str
    path: Path

    @property
    def layer(self) -> str:
        """The folder of `tests` that it is in."""
        return _layer(self.path)


@cache
def collect() -> Sequence[Test]:
    """Every test that carries the number of a rule."""
    paths = [path for folder in _FOLDERS for path in sorted(folder.rglob("test_*.py"))]
    return tuple(test for path in paths if not _goes_with_a_function(path) for test in _tests_of(path))


def _goes_with_a_function(path: Path) -> bool:
    """Say whether a test is one of the shop's functions', which can be taken out, and the page must not change then."""
    functions = tuple(folder.name for folder in (ROOT / "functions").iterdir())
    return path.stem.removeprefix("test_").startswith(functions)


def _tests_of(path: Path) -> Iterator[Test]:
    for node in ast.walk(ast.parse(path.read_text())):
        found = _NAME.fullmatch(node.name) if isinstance(node, ast.FunctionDef) else None
        if found is not None:
            rules = frozenset(Rule(letter.upper(), int(number)) for letter, number in _NUMBER.findall(found[1]))
            yield Test(rules, found[0], _sentence(found[2]), path.relative_to(ROOT))


def _layer(path: Path) -> str:
    return path.parts[path.parts.index("tests") + 1]


def _sentence(name: str) -> str:
    words = [_NAMES.get(word, word) for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def problems(found: Sequence[Test]) -> Iterator[str]:
    """Rules without a test, and tests of rules that do not exist."""
    rules = {Rule("S", number) for number in RULES} | {Rule("U", number) for number in UNCONFIRMED}
    carried = {rule: test for test in found for rule in test.rules}
    for rule in sorted(rules - carried.keys() - {Rule("U", number) for number in NOT_YET}):
        yield f"{rule} has no test: name one test_{rule.letter.lower()}_{rule.number:03}_..."
    for rule in sorted(carried.keys() - rules):
        yield f"{carried[rule].path}: {carried[rule].name} is named after {rule}, which is not in tests/rules.py"


def page(found: Sequence[Test]) -> str:
    """The page."""
    parts = [_HEAD]
    for title, numbers in SECTIONS.items():
        parts.append(f"## {title}\n\n| | rule | what we do, in the words of its tests |\n|---|---|---|")
        parts += [_row(Rule("S", number), found) for number in numbers]
        parts.append("")
    parts.append(_SETTINGS)
    parts += [_setting(Rule("U", number), found) for number in UNCONFIRMED if number not in NOT_YET]
    if NOT_YET:
        parts.append(_MISSING)
        parts += [
            f"| {_rule_link(Rule('U', number))} | {UNCONFIRMED[number]} | `{IDS[f'U-{number}']}` | {why} |"
            for number, why in NOT_YET.items()
        ]
    return "\n".join(parts) + "\n"


def _row(rule: Rule, found: Sequence[Test]) -> str:
    if rule.number in ELSEWHERE:
        return f"| {_rule_link(rule)} | not here | {ELSEWHERE[rule.number]} |"
    return f"| {_rule_link(rule)} | {RULES[rule.number]} | {_told(rule, found)} |"


def _rule_link(rule: Rule) -> str:
    return f"[{rule}](rules.md#{str(rule).lower()})"


def _setting(rule: Rule, found: Sequence[Test]) -> str:
    setting = IDS[str(rule)]
    defaults = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    default = _default(defaults[setting])
    return f"| {_rule_link(rule)} | {UNCONFIRMED[rule.number]} | `{setting}` | {default} | {_told(rule, found)} |"


def _default(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Backoff(base, factor, cap):
            return f"{base:g} s, times {factor:g}, up to {cap:g} s"
        case _:
            return str(value)


def _told(rule: Rule, found: Sequence[Test]) -> str:
    """The sentences of the first layer that tests the rule, with links to its files, and to those of the others."""
    carrying = sorted((test for test in found if rule in test.rules), key=_place)
    files = [
        (path, [test.sentence for test in of_file]) for path, of_file in groupby(carrying, key=lambda test: test.path)
    ]
    first = carrying[0].layer
    told = [f"{'. '.join(sentences)} ({_link(path)})" for path, sentences in files if _layer(path) == first]
    others = [_link(path) for path, _ in files if _layer(path) != first]
    return "<br>".join(told) + (f"<br>Also: {', '.join(others)}" if others else "")


def _place(test: Test) -> tuple[int, Path]:
    return _LAYERS.index(test.layer) if test.layer in _LAYERS else len(_LAYERS), test.path


def _link(path: Path) -> str:
    return f"[{_layer(path)}/{path.stem.removeprefix('test_')}](../{path})"


def main() -> None:
    """Write the page, or check it."""
    found = collect()
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
