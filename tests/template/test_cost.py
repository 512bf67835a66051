"""docs/cost.md adds up, and counts what the template has."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.template.alarms import watched
from tests.template.deployments import gradual
from tests.template.stack import ROOT, Stack, target
from tests.template.wiring import ALARM, FUNCTION, MAPPING

PAGE = (ROOT / "docs" / "cost.md").read_text()
HOURS = 730
IDLE_POLLS = 5
POLL_SECONDS = 20
STREAM = "AWS::Kinesis::Stream"

type Row = list[str]


def tables() -> list[list[Row]]:
    """Return the tables of the page, as rows of cells, without heads and marks."""
    found: list[list[Row]] = []
    for block in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        lines = [re.sub(r"<!--.*?-->", "", line).strip().strip("|") for line in block.splitlines()]
        found.append([[cell.strip(" *") for cell in line.split("|")] for line in [lines[0], *lines[2:]]])
    return found


IDLE, GRADUAL, EVENTS = tables()


def number(cell: str) -> float:
    return float(cell.replace(",", "") or 0)


@pytest.mark.parametrize("table", [IDLE, GRADUAL], ids=["idle", "gradual"])
def test_a_month_adds_up(table: list[Row]) -> None:
    _, *rows = table
    parts = [row for row in rows if row[0] != "together"]
    assert parts
    assert [row[3] for row in parts] == [f"{number(row[1]) * number(row[2]):.2f}" for row in parts]
    for total in [row[3] for row in rows if row[0] == "together"]:
        assert total == f"{sum(number(row[3]) for row in parts):.2f}"


def test_a_million_events_add_up() -> None:
    head, prices, *rows = EVENTS
    assert rows
    billed = [name not in {"pipeline", "s a call", "MB", "$"} for name in head]
    for row in rows:
        cost = sum(
            number(cell) * number(price)
            for cell, price, is_billed in zip(row, prices, billed, strict=True)
            if is_billed
        )
        assert row[-1] == f"{cost:.2f}", row[0]
        given = dict(zip(head, row, strict=True))
        seconds = number(given["calls"]) * number(given["s a call"]) * number(given["MB"]) / 1024
        assert number(given["GB-s"]) == pytest.approx(seconds, rel=0.001), row[0]
        assert number(given["log GB"]) == pytest.approx(2 * number(given["calls"])), row[0]
        assert number(given["traces"]) == pytest.approx(number(given["calls"]) / 20), row[0]


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield each resource with its section."""
    owner = "shared"
    for line in text[text.index("\nResources:\n") : text.index("\nOutputs:\n")].splitlines():
        if mark := re.match(r"^  # --- (?P<owner>.+) ---$", line):
            owner = mark["owner"]
        elif resource := re.match(r"^  (?P<name>\w+):$", line):
            yield resource["name"], owner


def alarm_metrics(stack: Stack, *, gradually: bool) -> dict[str, int]:
    """Return how many metrics the alarms of each section watch; those of metric math count where each belongs."""
    owners, found = dict(sections(stack.text)), Counter[str]()
    for name, alarm in stack.all(ALARM).items():
        if ("Condition" in stack.wired[name]) != gradually:
            continue
        for each in watched(alarm):
            shared = owners[name] == "shared" and "Metrics" in alarm
            found[owners[target(list(each.by.values()))] if shared else owners[name]] += 1
    return dict(found)


def test_the_alarms_are_those_of_the_template(stack: Stack) -> None:
    told = {row[0].removeprefix("alarm metrics: "): int(row[1]) for row in IDLE if row[0].startswith("alarm metrics")}
    assert told == alarm_metrics(stack, gradually=False)
    told = {
        row[0].removeprefix("gradual deployments: "): int(row[1]) for row in GRADUAL if row[0].startswith("gradual")
    }
    assert told == alarm_metrics(gradual(stack), gradually=True)


def test_everything_else_that_costs_while_nothing_happens_is_that_of_the_template(stack: Stack) -> None:
    told = {
        row[0]: number(row[1]) for row in IDLE[1:] if not row[0].startswith("alarm metrics") and row[0] != "together"
    }
    polls = IDLE_POLLS * HOURS * 3600 / POLL_SECONDS / 1e6
    expected: dict[str, float] = {
        "dashboards": len(stack.all("AWS::CloudWatch::Dashboard")),
        "KMS keys": len(stack.all("AWS::KMS::Key")),
    }
    for mapping in stack.all(MAPPING).values():
        source = target(mapping["EventSourceArn"])
        if stack.type_of(source) == "AWS::SQS::Queue":
            name = (
                stack.properties(source)["QueueName"]["Fn::Sub"]
                .removeprefix("${AWS::StackName}-")
                .removesuffix(".fifo")
            )
            expected[f"idle polls of {name}, in millions"] = polls
    shards = [stream for stream in stack.all(STREAM).values() for _ in range(stream["ShardCount"])]
    if shards:
        expected["shard hours"] = HOURS * len(shards)
        expected["shard hours of extended retention"] = HOURS * len(
            [each for each in shards if each["RetentionPeriodHours"] > 24]
        )
    assert told == pytest.approx(expected)


def test_calls_are_of_full_batches_and_of_the_functions_memory(stack: Stack) -> None:
    functions = {name: owner for name, owner in sections(stack.text) if name in stack.all(FUNCTION)}
    head, _, *rows = EVENTS
    assert [row[0] for row in rows] == list(dict.fromkeys(functions.values()))
    for row in rows:
        given = dict(zip(head, row, strict=True))
        first = next(name for name, owner in functions.items() if owner == row[0])
        assert int(given["MB"]) == stack.properties(first)["MemorySize"]
        sizes = [each["BatchSize"] for each in stack.all(MAPPING).values() if target(each["FunctionName"]) == first]
        if sizes:
            assert number(given["calls"]) == pytest.approx(1 / sizes[0])
