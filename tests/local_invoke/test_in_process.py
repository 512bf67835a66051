"""A handler can be called in this process, where a debugger can stop it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local_invoke.errors import CannotRunError
from tests.local_invoke.in_process import Context, asked
from tests.samples import FUNCTIONS, ROOT, is_expected, sample


def test_a_handler_answers_its_sample_event_as_documented() -> None:
    function = FUNCTIONS[-1]
    command = [sys.executable, "-m", "tests.local_invoke.in_process", function]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    raised = {"errorType": ended.stderr.rstrip().rpartition("\n")[2].partition(":")[0].rpartition(".")[2]}
    brace = ended.stdout.rfind("\n{\n") + 1
    answer = json.loads(ended.stdout[brace:]) if ended.returncode == 0 else raised
    assert is_expected(function, answer), ended.stderr


def test_without_a_file_it_is_the_sample_event() -> None:
    function = FUNCTIONS[0]
    assert asked([function]) == (function, json.loads(sample(function).read_text(encoding="utf-8")))


def test_another_event_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"a": 1}')
    assert asked([FUNCTIONS[0], str(tmp_path / "event.json")]) == (FUNCTIONS[0], {"a": 1})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], r"^name a function, "),
        (["nobody"], rf"^there is no function nobody; there is .*{FUNCTIONS[0]}"),
        ([FUNCTIONS[0], "nowhere.json"], r"^nowhere\.json: No such file or directory$"),
        ([FUNCTIONS[0], __file__], r"test_in_process\.py: .*line 1"),
    ],
)
def test_what_cannot_be_called_is_told_in_one_line(arguments: list[str], reason: str) -> None:
    with pytest.raises(CannotRunError, match=reason):
        asked(arguments)


def test_a_handlers_time_runs_out_and_not_below_zero() -> None:
    assert 0 < Context("f", "arn", 128, timeout=30).get_remaining_time_in_millis() <= 30_000
    assert Context("f", "arn", 128, timeout=-1).get_remaining_time_in_millis() == 0
