"""The simulator and the running service tell the same story of every scenario."""

from collections import Counter

import pytest

from landfast.journal import Finished
from landfast.template import read as read_template
from tests.faithful.stage import STACK, Stage, scenarios
from tests.faithful.story import differences
from tests.faithful.versions import lived, simulated

SCENARIOS = scenarios()
SETTINGS = {
    "BatchSize", "BisectBatchOnFunctionError", "DeadLetterConfig", "DestinationConfig", "FilterCriteria",
    "FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "MaximumEventAgeInSeconds",
    "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "ScalingConfig", "StartingPosition",
    "TumblingWindowInSeconds",
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_record_ends_where_the_simulator_says(stage: Stage, name: str) -> None:
    live, told = lived(stage.played[name]), simulated(stage.played[name])
    assert live.ends == told.ends
    assert live.invocations == told.invocations
    assert live.throttled == told.throttled


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_attempt_split_and_delivery_is_as_simulated_and_in_its_order(stage: Stage, name: str) -> None:
    live, told = lived(stage.played[name]), simulated(stage.played[name])
    assert not list(differences(live.strands, told.strands))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_function_ran_with_the_records_that_the_journal_says(stage: Stage, name: str) -> None:
    played = stage.played[name]
    journal = Counter(
        (entry.request_id, tuple(played.names[record] for record in entry.records))
        for entry in played.entries
        if isinstance(entry, Finished) and entry.outcome != "throttle"
    )
    assert Counter((call.request, call.records) for call in played.calls) == journal


def test_no_more_run_at_a_time_than_the_mapping_allows(stage: Stage) -> None:
    played = stage.played["QueueConcurrency"]
    assert lived(played).peak == simulated(played).peak == 2


def test_a_tumbling_window_hands_its_state_to_the_next_invocation(stage: Stage) -> None:
    calls = stage.played["StreamWindow"].calls
    told = [(call.records, call.window["state"], call.window["isFinalInvokeForWindow"]) for call in calls]
    assert told == [
        (("r1", "r2"), {}, False),
        (("r3",), {"last": "r2"}, False),
        (("r3",), {"last": "r2"}, False),
        ((), {"last": "r3"}, True),
        (("r4",), {}, False),
        ((), {"last": "r4"}, True),
    ]
