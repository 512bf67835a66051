"""The template and the scenarios say the same, and between them everything there is to set."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import UNSET

from landfast.simulate.scenario import Queue, Redrive, Scenario
from landfast.template import Function, Template
from landfast.template import read as read_template
from tests.faithful.stage import STACK, scenarios

SCENARIOS = scenarios()
SETTINGS = {
    "BatchSize", "BisectBatchOnFunctionError", "DeadLetterConfig", "DestinationConfig", "FilterCriteria",
    "FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "MaximumEventAgeInSeconds",
    "MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "ProvisionedPollerConfig",
    "ScalingConfig", "StartingPosition", "TumblingWindowInSeconds",
}  # fmt: skip
PLACES = {
    ("async", "sqs"), ("async", "sns"), ("async", "lambda"), ("async", "events"), ("async", "s3"),
    ("kinesis", "sqs"), ("kinesis", "sns"), ("kinesis", "s3"), ("dynamodb", "s3"),
}  # fmt: skip


@pytest.fixture(scope="module")
def template() -> Template:
    found = read_template(STACK, stack_name="faithful", parameters={"Ledger": "ledger"}, region="us-east-1")
    assert not found.not_run
    return found


def test_every_function_plays_a_scenario(template: Template) -> None:
    assert template.functions.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_the_settings_of_its_function_and_source(template: Template, name: str) -> None:
    scenario, function = SCENARIOS[name], template.functions[name]
    reserved = scenario.function.ReservedConcurrentExecutions
    assert function.timeout == scenario.function.Timeout
    assert function.reserved_concurrent_executions == (None if reserved is UNSET else reserved)
    mappings = [one for one in template.event_source_mappings.values() if one.function == name]
    if scenario.source.type == "async":
        assert not mappings
        assert _asynchronous(function) == scenario.mapping
        return
    [mapping] = mappings
    assert _without(mapping.properties, "EventSourceArn", "FunctionName") == scenario.mapping
    if scenario.source.type == "sqs":
        assert _queue(template, mapping.source) == scenario.source.queue


def test_every_setting_is_used_somewhere() -> None:
    assert {setting for scenario in SCENARIOS.values() for setting in scenario.mapping} == SETTINGS
    assert {one.function.ReservedConcurrentExecutions for one in SCENARIOS.values()} == {UNSET, 0, 1}


def test_every_kind_of_destination_is_used_somewhere() -> None:
    used = {(one.source.type, target.split(":")[2]) for one in SCENARIOS.values() for target in _destinations(one)}
    assert used == PLACES


def _asynchronous(function: Function) -> dict[str, Any]:
    settings = _without(function.event_invoke_configs["$LATEST"].properties, "FunctionName", "Qualifier")
    if not settings["DestinationConfig"]:  # SAM writes an empty one
        del settings["DestinationConfig"]
    letters = function.dead_letter_target_arn
    return settings | ({"DeadLetterConfig": {"TargetArn": letters}} if letters else {})


def _queue(template: Template, source: str) -> Queue:
    found = template.queues[source]
    redrive = found.redrive_policy
    return Queue(
        VisibilityTimeout=found.visibility_timeout,
        FifoQueue=found.fifo_queue,
        RedrivePolicy=Redrive(redrive.max_receive_count) if redrive else UNSET,
    )


def _destinations(scenario: Scenario) -> list[str]:
    return [each["Destination"] for each in scenario.mapping.get("DestinationConfig", {}).values()]


def _without(properties: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}
