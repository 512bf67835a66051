"""`docs/what-if.md` says what the simulator says, so that the page cannot go stale."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types
import pytest
from typer.testing import CliRunner

from landfast.cli.app import app
from landfast.report.history import tell
from landfast.report.hold_ups import hold_ups
from landfast.report.wording import duration
from landfast.simulate.account import source
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "what-if.md").read_text(encoding="utf-8")
SCENARIOS = sorted((DOCS / "scenarios").glob("*.json"))
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
LEFT_OUT = "..."


@dataclass(frozen=True)
class Answer:
    """What the simulator says to a scenario."""

    result: Mapping[str, Any]
    longest_hold_up: float


def answer(path: Path) -> Answer:
    scenario = read(path.read_bytes())
    result, entries = simulate(scenario)
    found = [each.ended - each.begun for each in hold_ups(source(scenario), tell(entries)) if each.ended is not None]
    return Answer(result, max(found, default=0.0))


def count(name: str) -> Callable[[Answer], str]:
    return lambda told: f"{told.result['summary'][name]}"


COLUMNS: Mapping[str, Callable[[Answer], str]] = {
    **{name.replace("_", " "): count(name) for name in ("processed", "to_destination", "dropped", "dead_lettered")},
    **{name: count(name) for name in ("pending", "invocations", "throttles")},
    "ended": lambda told: duration(told.result["summary"]["ended"]),
    "most often": lambda told: f"{max(each['invocations'] for each in told.result['records'].values())}",
    "held up": lambda told: duration(told.longest_hold_up),
}


def blocks() -> list[tuple[str, list[str]]]:
    """The commands of the page, each with the output below it."""
    found = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [(command, output.splitlines()) for command, output in found]


def rows() -> list[tuple[str, dict[str, str]]]:
    """The rows of all tables: the scenario that the first cell links to, and the other cells by their column."""
    found: list[tuple[str, dict[str, str]]] = []
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGE, flags=re.MULTILINE):
        header, _, *lines = [
            [cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()
        ]
        for first, *cells in lines:
            [link] = re.findall(r"\]\((scenarios/[a-z-]+\.json)\)", first)
            found.append((link, dict(zip(header[1:], cells, strict=True))))
    return found


def follow(printed: list[str], quoted: list[str]) -> list[str]:
    """The quoted lines that are not in the output, where all lines between two omissions follow each other."""
    place, anywhere = 0, False
    for line in quoted:
        if line == LEFT_OUT:
            anywhere = True
            continue
        candidates = range(place, len(printed)) if anywhere else range(place, place + 1)
        found = next((index for index in candidates if index < len(printed) and printed[index] == line), None)
        if found is None:
            return [line]
        place, anywhere = found + 1, False
    return []


def test_the_page_answers_five_questions_each_with_a_command_a_table_and_what_to_set() -> None:
    assert len(SECTIONS) == 5
    for section in SECTIONS:
        assert section.splitlines()[0].endswith("?")
        assert "```console\n$ landfast simulate docs/scenarios/" in section
        assert re.search(r"^\|---", section, flags=re.MULTILINE)
        assert "**Set** " in section


@pytest.mark.parametrize(("command", "quoted"), blocks())
def test_a_command_prints_what_the_page_quotes(
    command: str, quoted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(DOCS.parent)  # the page is read in the repository's folder
    program, *arguments = shlex.split(command)
    assert program == "landfast"
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 0, ended.output
    printed = [line.rstrip() for line in ended.stdout.splitlines()]
    assert [line for line in quoted if line != LEFT_OUT]
    assert follow(printed, quoted) == []


def test_a_quotation_that_is_not_printed_is_noticed() -> None:
    printed = ["a", "b", "c", "d"]
    assert follow(printed, ["a", "b", LEFT_OUT, "d"]) == []
    assert follow(printed, [LEFT_OUT, "c", "b"]) == ["b"]
    assert follow(printed, ["a", "c"]) == ["c"]


@pytest.mark.parametrize(("link", "cells"), rows())
def test_a_table_says_what_the_simulator_says(link: str, cells: dict[str, str]) -> None:
    told = answer(DOCS / link)
    assert cells == {column: COLUMNS[column](told) for column in cells}


def test_the_page_uses_every_scenario_beside_it() -> None:
    linked = {DOCS / link for link, _ in rows()}
    assert linked == set(SCENARIOS)


@pytest.mark.parametrize("path", sorted((DOCS / "scenarios").rglob("*.json")), ids=lambda path: path.stem)
def test_a_published_scenario_keeps_to_the_published_schema(path: Path) -> None:
    schema = json.loads((DOCS / "scenario.schema.json").read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(path.read_bytes())))
    assert bool(errors) == path.name.endswith(".expected.json"), errors


def test_u_020_only_the_extension_of_receipts_tells_two_scenarios_of_the_fifth_answer_apart() -> None:
    extended, plain = (
        json.loads((DOCS / f"scenarios/visibility-{name}.json").read_bytes()) for name in ("short", "unextended")
    )
    assert plain.pop("settings") == {"U-20": False}
    assert {**extended, "name": ""} == {**plain, "name": ""}
