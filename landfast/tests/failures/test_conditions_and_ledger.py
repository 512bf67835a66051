"""Which failures a condition means, and what the ledger remembers when it is read again."""

import os
from pathlib import Path

import pytest

from landfast.failures import FailuresError, Ledger, chosen_by
from landfast.failures.model import Failure, Kept, Nowhere, Trouble

FAILURE = Failure(
    id="a1",
    store="OrdersFailed",
    what="message of a queue",
    function="ImportOrders",
    reason="RetriesExhausted",
    error=Trouble(type="ValidationError", message="no such field"),
    attempts=3,
    at=1.0,
    way=Nowhere(reason=""),
    kept=Kept(key="k", body="{}", at=1.0),
)


@pytest.mark.parametrize(
    "text",
    [
        "error~Validation and function=ImportOrders",
        "function = importorders",
        'error~"no such"',
        "attempts>2 and attempts<4",
        "store!=Other AND reason!~Age",
    ],
)
def test_a_condition_that_holds_chooses(text: str) -> None:
    assert chosen_by(text)(FAILURE)


@pytest.mark.parametrize("text", ["error~Timeout", "function=Import", "attempts>3", "store~Failed and reason=Age"])
def test_a_condition_that_does_not_hold_does_not_choose(text: str) -> None:
    assert not chosen_by(text)(FAILURE)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a condition is missing"),
        ("error", "'error' is no condition"),
        ("colour=red", "there is no field colour"),
        ("function=a function=b", "'function=b' is no condition"),
        ("function=a and", "a condition is missing"),
        ("attempts>many", "is no number"),
    ],
)
def test_what_is_no_condition_is_named(text: str, told: str) -> None:
    with pytest.raises(FailuresError, match=told):
        chosen_by(text)


def test_the_ledger_remembers_each_step_and_what_was_replayed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "replays.jsonl"
    with Ledger(path) as ledger:
        ledger.note("one", "sending", 1.0)
        ledger.note("one", "accepted", 2.0, "request-1")
        ledger.note("two", "sending", 3.0)
        ledger.note("two", "record", 4.0, "10")
    again = Ledger(path).read()
    assert (again.step("one"), again.step("two"), again.step("three")) == ("accepted", "sending", None)
    assert again.records("two") == {"10"}
    assert again.origin(["", "request-1"]) == "one"
    assert path.stat().st_mode & 0o077 == 0


def test_half_a_line_of_a_killed_process_is_no_step(tmp_path: Path) -> None:
    path = tmp_path / "replays.jsonl"
    with Ledger(path) as ledger:
        ledger.note("one", "sending", 1.0)
    with path.open("ab") as file:
        file.write(b'{"id":"one","step":"acce')
    with Ledger(path) as ledger:
        assert ledger.step("one") == "sending"
        ledger.note("one", "accepted", 2.0)
    assert Ledger(path).read().step("one") == "accepted"


def test_two_replays_of_one_stack_do_not_run_at_once(tmp_path: Path) -> None:
    path = tmp_path / "replays.jsonl"
    with Ledger(path), pytest.raises(FailuresError, match="another replay"), Ledger(path):
        pass
    with Ledger(path):
        assert os.path.exists(path)  # noqa: PTH110 - it was given back
