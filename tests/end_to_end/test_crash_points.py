"""Every function of the shop, killed before and after each AWS call that it makes: what is left is as if nothing was.

An event is the function's sample: its first record, or two orders of its file. Batches with more records make the same
calls again, and those of threads in another order each time. What is sent at once by several threads, and several
crashes of one event, are in `test_killed_functions.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from landfast.testing import Options, Stack
from tests.end_to_end.audit import say
from tests.end_to_end.conftest import ROOT
from tests.end_to_end.loads import Load, loads
from tests.samples import FUNCTIONS, logical_id, sample


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, layers: Path, _loopback_only: None) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("crash_points") / "state"
    with Stack.start(Options(template=ROOT / "template.yaml", state=state, layers=layers, skip_waits=True)) as running:
        yield running


def event(stack: Stack, function: str) -> Mapping[str, Any] | Callable[[], object]:
    """The sample event of a function, or what makes it happen where only a write does."""
    told: dict[str, Any] = json.loads(sample(function).read_text())
    record = told.get("Records", [{}])[0]
    match record.get("eventSource"):
        case "aws:s3":
            content = b"".join(sample(function).with_suffix(".jsonl").read_bytes().splitlines(keepends=True)[:2])
            bucket, key = source(stack, function, "bucket"), record["s3"]["object"]["key"]
            return partial(stack.s3(bucket).put, key, content)
        case "aws:dynamodb":
            table = stack.table(source(stack, function, "table")).name
            put = stack.client("dynamodb").put_item
            return partial(put, TableName=table, Item=record["dynamodb"]["NewImage"])
        case None:
            return told
        case _:
            return {"Records": [record]}


def source(stack: Stack, function: str, kind: str) -> str:
    """The logical id of the one bucket or table whose events reach a function."""
    named = [each.logical_id for each in stack.service.running.of_kind(kind) if each.feeds]
    assert len(named) == 1, f"{function}: which {kind} of {named} is its own?"
    return named[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_is_killed_at_any_of_its_calls_leaves_what_it_leaves_undisturbed(
    stack: Stack, function: str
) -> None:
    repeats = loads().get(function, Load).repeats
    points = stack.crash_points(logical_id(function), event(stack, function), repeats=repeats)
    say(str(points))
    points.check()
