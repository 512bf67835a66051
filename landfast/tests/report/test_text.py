"""The account for people in the terminal."""

import io
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
import pytest
from rich.console import Console

from landfast.delivery.event_invoke_config import DEFAULT_AGE, DEFAULT_RETRIES
from landfast.delivery.event_sources import ASYNCHRONOUS, DYNAMODB, KINESIS, SQS
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import StreamConfig
from landfast.journal import Accepted, Entry, Finished, Invoked
from landfast.report import text
from landfast.report.account import Account, Again, handled_again
from landfast.report.history import tell
from landfast.report.hold_ups import hold_ups
from landfast.report.timeline import folded
from landfast.report.wording import Wording, duration
from landfast.simulate.account import account, source
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, read
from tests.report.scenarios import SCENARIOS, simulated

HERE = sorted(path.stem for path in SCENARIOS.glob("*.json"))
DESTINATION = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failures"}}}
STREAM = {"StartingPosition": "TRIM_HORIZON"}


def scenario(**fields: Any) -> Scenario:
    return read(msgspec.json.encode(fields))


def kinesis(count: int, mapping: dict[str, Any], *behaviour: dict[str, Any], **records: Any) -> Scenario:
    source = {"type": "kinesis", "records": {"count": count, **records}}
    return scenario(source=source, mapping=STREAM | mapping, function={"behaviour": behaviour})


def told(what: Scenario, *, width: int = 80, terminal: bool = False) -> list[str]:
    return printed(account(what, simulate(what)[1], text.LIMITS), width=width, terminal=terminal)


def printed(told_of: Account, *, width: int = 80, terminal: bool = False) -> list[str]:
    out = io.StringIO()
    colours: Literal["standard"] | None = "standard" if terminal else None
    console = Console(file=out, width=width, force_terminal=terminal, color_system=colours)
    text.write(told_of, console)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def section(lines: list[str], title: str) -> list[str]:
    begin = lines.index(title) + 1
    end = next((index for index in range(begin, len(lines)) if not lines[index]), len(lines))
    return lines[begin:end]


BISECTED = kinesis(
    8,
    {"BatchSize": 8, "MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": True, **DESTINATION},
    {"records": ["r4"], "outcome": "raise"},
)


def test_a_bisected_batch_is_drawn_as_a_tree_with_the_left_half_above_the_right() -> None:
    tree = section(told(BISECTED), "Batches that were split")
    assert [line.lstrip("│├└─ ").split("  ")[0] for line in tree] == [
        "r1-r8 (8)", "r1-r4 (4)", "r1,r2 (2)", "r3,r4 (2)", "r3", "r4", "r5-r8 (4)",
    ]  # fmt: skip
    depths = [next(index for index, char in enumerate(line) if char == "r") // 4 for line in tree]
    assert depths == [0, 1, 2, 2, 3, 3, 1]
    assert tree[5].endswith("r4  raise x2  to destination at 1s (S-59)")
    assert tree[0].endswith("S-60 bisected")


def test_the_timeline_names_the_rule_that_followed_each_failure() -> None:
    timeline = section(told(BISECTED), "Timeline")
    assert [line.split()[0] for line in timeline[1:]] == ["0s"] * 6 + ["1s"] * 2
    assert timeline[1].endswith("S-60 bisected")
    assert timeline[6].endswith("again at 1s (S-56 the attempt failed)")
    assert timeline[7].endswith("S-59 RetryAttemptsExhausted")


def test_every_record_is_in_one_group_with_its_state_and_rule() -> None:
    landed = section(told(BISECTED), "Where every record landed, and why")
    assert landed[1].split("  ")[0] == "r4"
    assert "to destination" in landed[1]
    assert "S-59 RetryAttemptsExhausted" in landed[1]
    assert landed[2].startswith("r1-r3,r5-r8 (7)")
    assert "S-46" in landed[2]


def test_a_delivery_tells_its_target_and_count() -> None:
    [delivery] = section(told(BISECTED), "Deliveries")[1:]
    assert delivery.startswith("1s  sqs failures  r4")
    assert delivery.endswith("approximateInvokeCount 2")


def test_a_shard_is_held_up_from_the_first_failure_until_all_of_the_batch_is_done() -> None:
    assert section(told(BISECTED), "Held up by failures") == [
        "shard 0: for 1s (0s to 1s), by r4; 4 other records waited"
    ]


def test_records_behind_a_failing_batch_wait_and_those_of_other_shards_do_not() -> None:
    what = kinesis(6, {"BatchSize": 1, "MaximumRetryAttempts": 2}, {"records": ["r1"], "outcome": "raise"}, shards=2)
    result, entries = simulate(what)
    [hold_up] = hold_ups(source(what), tell(entries))
    assert (hold_up.name, hold_up.begun, hold_up.ended, hold_up.failed, hold_up.waiting) == ("0", 0.0, 3.0, ("r1",), 2)
    assert result["records"]["r2"]["at"] == 0.0


def test_a_hold_up_that_never_ends_says_so() -> None:
    what = msgspec.structs.replace(kinesis(2, {"BatchSize": 1}, {"records": ["r1"], "outcome": "raise"}), until=100.0)
    assert section(told(what), "Held up by failures") == [
        "shard 0: from 0s on, without end in this scenario, by r1; 1 other record waited"
    ]


def test_a_message_group_is_held_up_alone() -> None:
    lines = told(read((SCENARIOS / "fifo-reports.json").read_bytes()))
    [held_up] = section(lines, "Held up by failures")
    assert held_up.startswith("message group B: for 4m ")


def test_the_failures_of_one_group_at_different_times_are_different_hold_ups() -> None:
    messages = [{"id": "m1", "key": "A"}, {"id": "m2", "key": "A", "at": 500}, {"id": "m3", "key": "A", "at": 510}]
    what = scenario(
        source={"type": "sqs", "records": messages, "queue": {"FifoQueue": True}},
        function={"behaviour": [{"records": [each], "outcome": "raise", "invocations": 1} for each in ("m1", "m2")]},
    )
    found = hold_ups(source(what), tell(simulate(what)[1]))
    assert [(each.begun, each.ended, each.failed, each.waiting) for each in found] == [
        (0.0, 30.0, ("m1",), 0),
        (500.0, 530.0, ("m2",), 1),
    ]


def test_a_partial_response_of_a_queue_is_drawn_as_a_split() -> None:
    lines = told(read((SCENARIOS / "examples/fifo-group-order.json").read_bytes()))
    tree = section(lines, "Batches that were split")
    assert tree == [
        "m1-m3 (3)  report  S-97 partial response",
        "├── m1  processed at 0s (S-97)",
        "└── m2,m3 (2)  report  succeed  processed at 1m (S-97)",
    ]


def test_throttled_tries_are_told_though_the_function_never_saw_them() -> None:
    timeline = section(told(read((SCENARIOS / "throttled-queue.json").read_bytes())), "Timeline")
    assert len(timeline) == 1 + 15
    assert all("throttle" in line and "S-94" in line for line in timeline[1:])


def test_a_batch_split_by_age_before_its_first_try_is_drawn() -> None:
    records = [{"id": "poison"}, {"id": "old", "at": 1}, {"id": "young", "at": 50}]
    what = scenario(
        source={"type": "kinesis", "records": records},
        mapping=STREAM | {"MaximumRecordAgeInSeconds": 60},
        function={"behaviour": [{"records": ["poison"], "outcome": "raise"}]},
    )
    assert section(told(what), "Batches that were split") == [
        "old,young (2)  S-59 only the old are given up",
        "├── old  dropped at 1m 3s (S-59)",
        "└── young  succeed  processed at 1m 3s (S-46)",
    ]


def test_many_tries_alike_are_one_line_and_none_is_forgotten() -> None:
    what, entries = simulated("poison-defaults")
    history = tell(entries)
    runs = folded(history)
    assert len(runs) == 4
    assert sum(map(len, runs)) == len(history.tries) == 6915
    assert any("... 6912 more" in line for line in printed(account(what, entries, text.LIMITS)))


def as_a_service_notes(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The journal with what was read noted as accepted, and every try as begun, also one that is throttled."""
    begun: set[str] = set()
    for entry in entries:
        match entry:
            case Invoked():
                begun.add(entry.request_id)
            case Finished() if entry.request_id in begun:
                begun.remove(entry.request_id)
            case Finished():
                yield Invoked(at=entry.at, records=entry.records, request_id=entry.request_id, attempt=1)
            case _:
                yield Accepted(at=entry.at, records=entry.records)
        yield entry


@pytest.mark.parametrize("name", HERE)
def test_it_makes_no_difference_whether_throttled_tries_and_arrivals_are_noted(name: str) -> None:
    what, entries = simulated(name)
    noted = list(as_a_service_notes(entries))
    assert len(noted) > len(entries)
    assert account(what, noted, text.LIMITS) == account(what, entries, text.LIMITS)


def test_what_was_handled_again_after_a_success_is_told() -> None:
    what = read((SCENARIOS / "visibility-unextended.json").read_bytes())
    assert handled_again(tell(simulate(what)[1])) == [Again(tuple(f"r{number}" for number in range(1, 11)), 3)]
    assert section(told(what), "Handled again after it went well") == ["r1-r10 (10): 3 invocations succeeded"]


def test_two_successes_are_one_too_many() -> None:
    tries = [
        entry
        for number in (1, 2)
        for entry in (
            Invoked(at=number, records=("twice", f"once{number}"), request_id=f"{number}", attempt=number),
            Finished(at=number, records=("twice", f"once{number}"), request_id=f"{number}", outcome="succeed"),
        )
    ]
    assert handled_again(tell(tries)) == [Again(("twice",), 2)]


def test_a_large_scenario_is_cut_with_a_line_that_says_how_much_is_left_out() -> None:
    what = kinesis(3000, {"BatchSize": 1}, {"records": ["r2990"], "outcome": "raise", "invocations": 1})
    lines = told(what)
    timeline = section(lines, "Timeline")
    assert len(timeline) == text.LIMITS.tries + 2
    assert timeline[-1] == "... and 2,941 more tries, left out here; --json has all."
    assert any("r2990" in line and "raise" in line for line in timeline), "what failed is not what is left out"


def test_a_large_tree_is_cut() -> None:
    mapping = {"BatchSize": 200, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 0}
    tree = section(told(kinesis(200, mapping, {"every": 1, "outcome": "raise"})), "Batches that were split")
    assert text.LIMITS.nodes <= len(tree) <= text.LIMITS.nodes + 10
    assert sum("... (--json has all)" in line for line in tree) == 1


HOSTILE = ["[bold red]x[/]", "[/]", "\x1b[31mred", "line\nbreak", "<script>", ":smile:"]


def test_hostile_ids_are_printed_as_they_are_or_escaped() -> None:
    records = [{"id": each, "key": each} for each in HOSTILE]
    what = scenario(
        name="[link=x]\x07name",
        source={"type": "sqs", "records": records, "queue": {"FifoQueue": True}},
        function={"behaviour": [{"records": HOSTILE[:1], "outcome": "raise", "invocations": 1}]},
    )
    printed = "\n".join(told(what, width=300))
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert r"[link=x]\x07name" in printed
    assert "[bold red]x[/]" in printed
    assert r"\x1b[31mred" in printed
    assert r"line\nbreak" in printed


@pytest.mark.parametrize("name", HERE)
def test_piped_it_has_no_colours_and_fits_80_columns(name: str) -> None:
    lines = printed(account(*simulated(name), text.LIMITS))
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= 80


def test_a_terminal_gets_colours() -> None:
    assert any("\x1b[31mraise" in line for line in told(BISECTED, terminal=True))


def test_without_records_the_function_is_never_invoked() -> None:
    lines = told(kinesis(0, {}))
    assert section(lines, "Timeline") == ["The function is never invoked."]
    assert section(lines, "Summary") == ["0 invocations: no records. Ended at 0s."]


def test_only_the_account_needs_rich() -> None:
    code = "import sys, landfast.report.page, landfast.simulate.account; print('rich' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


@pytest.mark.parametrize(
    ("records", "short"),
    [
        ([], ""),
        (["r1"], "r1"),
        (["r1", "r2"], "r1,r2 (2)"),
        (["r1", "r2", "r3"], "r1-r3 (3)"),
        (["r1", "r5", "r9", "r13"], "r1..r13 by 4 (4)"),
        (["r3", "r2", "r1"], "r3,r2,r1 (3)"),
        (["r01", "r02", "r03"], "r01-r03 (3)"),
        (["r09", "r10", "r11", "r12"], "r09,r10-r12 (4)"),
        (["a1", "b2", "c3", "d4", "e5"], "a1,b2,c3,d4,... (5)"),
        (["x" * 100], "x" * 57 + "..."),
        (["9" * 5000, "9" * 4999 + "8"], f"{'9' * 57}...,{'9' * 57}... (2)"),
    ],
)
def test_records_in_short(records: list[str], short: str) -> None:
    assert Wording().short(records) == short


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0s"), (0.5, "0.5s"), (59.9996, "1m"), (60, "1m"), (21511, "5h 58m 31s"), (86459.5, "1d 59.5s")],
)
def test_times_in_words(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_the_defaults_that_the_account_names_are_those_that_hold() -> None:
    stream = StreamConfig(KINESIS, "LATEST")
    queue = configuration({}, queue=QueueAttributes(), function_timeout=3.0, settings=Settings())
    assert ASYNCHRONOUS.defaults == {
        "MaximumRetryAttempts": f"{DEFAULT_RETRIES}",
        "MaximumEventAgeInSeconds": f"{DEFAULT_AGE}",
    }
    assert (
        KINESIS.defaults
        == DYNAMODB.defaults
        == {
            "BatchSize": f"{stream.batch_size}",
            "MaximumBatchingWindowInSeconds": f"{stream.batching_window:g}",
            "MaximumRetryAttempts": f"{stream.maximum_retry_attempts}",
            "MaximumRecordAgeInSeconds": f"{stream.maximum_record_age:g}",
            "BisectBatchOnFunctionError": f"{stream.bisect}".lower(),
            "FunctionResponseTypes": "ReportBatchItemFailures" if stream.report_batch_item_failures else "none",
            "ParallelizationFactor": f"{stream.parallelization_factor}",
        }
    )
    assert SQS.defaults == {
        "BatchSize": f"{queue.batch_size}",
        "MaximumBatchingWindowInSeconds": f"{queue.batching_window:g}",
        "FunctionResponseTypes": "ReportBatchItemFailures" if queue.report_batch_item_failures else "none",
    }
