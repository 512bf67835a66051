"""Traffic of a journal, made a scenario: played by the same settings it ends as it has ended."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from landfast.journal import Entry
from landfast.report.history import tell
from landfast.simulate.recorded import Recorded, recorded
from landfast.simulate.run import simulate
from landfast.simulate.scenario import Scenario, read


def scenario(**fields: Any) -> Scenario:
    return read(msgspec.json.encode(fields))


def played_again(what: Scenario, entries: list[Entry]) -> tuple[Recorded, dict[str, str]]:
    """Play what the journal of a scenario tells, with the scenario's own settings: the end of each record."""
    found = recorded(tell(entries), most=1000)
    again: Any = msgspec.to_builtins(what)
    again["source"]["records"] = msgspec.to_builtins(found.records)
    again["function"]["behaviour"] = msgspec.to_builtins(found.behaviour)
    again["function"]["duration"] = found.duration
    result, _ = simulate(read(msgspec.json.encode(again)))
    ends = {found.events[index]: result["records"][each.id]["state"] for index, each in enumerate(found.records)}
    return found, ends


STREAM = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 8}
QUEUE = {"VisibilityTimeout": 10, "RedrivePolicy": {"maxReceiveCount": 3}}
POISON = {"outcome": "raise", "records": ["r5"]}


@pytest.mark.parametrize(
    "what",
    [
        scenario(
            source={"type": "kinesis", "records": {"count": 16, "per_second": 4}},
            mapping={**STREAM, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 2},
            function={"behaviour": [POISON], "duration": 0.25},
        ),
        scenario(
            source={"type": "kinesis", "records": {"count": 16, "shards": 2}},
            mapping={**STREAM, "MaximumRetryAttempts": 2, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
            function={"behaviour": [{"outcome": "report", "records": ["r5", "r8"]}]},
        ),
        scenario(
            source={"type": "sqs", "records": {"count": 30, "per_second": 2}, "queue": QUEUE},
            mapping={"BatchSize": 1},
            function={"behaviour": [POISON, {"outcome": "timeout", "records": ["r9"], "invocations": 2}]},
        ),
        scenario(
            source={"type": "sqs", "records": {"count": 20}, "queue": QUEUE},
            mapping={"FunctionResponseTypes": ["ReportBatchItemFailures"]},
            function={"behaviour": [{"outcome": "report", "every": 7}]},
        ),
        scenario(
            source={"type": "async", "records": {"count": 6, "per_second": 1}},
            function={
                "behaviour": [
                    {"outcome": "throttle", "records": ["r2"], "invocations": 3},
                    {"outcome": "raise", "records": ["r3"], "invocations": 2},
                    {"outcome": "exit", "records": ["r4"]},
                ]
            },
        ),
    ],
    ids=["bisected", "reported by a stream", "messages one by one", "reported by a queue", "events"],
)
def test_the_same_settings_bring_every_record_to_the_end_that_it_had(what: Scenario) -> None:
    result, entries = simulate(what)

    found, ends = played_again(what, entries)

    assert ends == {record: each["state"] for record, each in result["records"].items()}
    assert Counter(found.ends) == Counter(ends.values())
    assert found.unsure == 0


def test_a_record_that_was_tried_twice_in_vain_fails_twice_and_one_that_was_given_up_always() -> None:
    what = scenario(
        source={"type": "async", "records": [{"id": "late"}, {"id": "lost", "at": 1.5}]},
        function={
            "behaviour": [
                {"outcome": "raise", "records": ["late"], "invocations": 2},
                {"outcome": "timeout", "records": ["lost"]},
            ]
        },
    )

    found = recorded(tell(simulate(what)[1]), most=10)

    assert [(each.outcome, each.records, each.invocations) for each in found.behaviour] == [
        ("raise", ["r1"], 2),
        ("timeout", ["r2"], msgspec.UNSET),
    ]
    assert [(each.id, each.at) for each in found.records] == [("r1", 0.0), ("r2", 1.5)]
    assert found.events == ("late", "lost")


def test_a_batch_that_failed_as_a_whole_is_said_to_be_guessed_at() -> None:
    what = scenario(
        source={"type": "sqs", "records": {"count": 5}, "queue": QUEUE},
        function={"behaviour": [{"outcome": "raise", "records": ["r3"], "invocations": 1}]},
    )

    found = recorded(tell(simulate(what)[1]), most=10)

    assert found.unsure == 1
    assert [each.records for each in found.behaviour] == [["r1"]]


def test_only_the_newest_records_are_told_and_the_others_counted() -> None:
    what = scenario(source={"type": "async", "records": {"count": 9, "per_second": 1}})

    found = recorded(tell(simulate(what)[1]), most=4)

    assert found.events == ("r6", "r7", "r8", "r9")
    assert [each.at for each in found.records] == [0.0, 1.0, 2.0, 3.0]
    assert found.left_out == 5


def test_what_filters_took_out_is_counted_alone() -> None:
    pattern = '{"body": {"id": [{"prefix": "r1"}]}}'
    what = scenario(
        source={"type": "sqs", "records": {"count": 12}},
        mapping={"FilterCriteria": {"Filters": [{"Pattern": pattern}]}},
    )

    found = recorded(tell(simulate(what)[1]), most=100)

    assert found.events == ("r1", "r10", "r11", "r12")
    assert found.filtered == 8


def test_each_message_of_a_fifo_queue_is_of_a_group_of_its_own() -> None:
    what = scenario(source={"type": "sqs", "records": {"count": 3}, "queue": {"FifoQueue": True}})

    found = recorded(tell(simulate(what)[1]), most=100, groups=True)

    assert len({each.key for each in found.records}) == 3
