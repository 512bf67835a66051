"""What is measured of a journal."""

from pathlib import Path
from typing import Any

import pytest

from landfast.eventplane import SqsApi
from landfast.journal import Accepted, Deleted, Delivered, Dropped, Entry, Finished, Invoked, Settled
from landfast.service.measures import Measures
from landfast.sources.metrics import MEASURED
from landfast.template import read
from tests.eventplane.world import PlaneInMemory, ids

CORNER = Path(__file__).parent / "corner" / "template.yaml"


@pytest.fixture(scope="module")
def measures() -> Measures:
    queues = SqsApi(PlaneInMemory(), "123456789012", "us-east-1", lambda: "http://127.0.0.1", ids())
    return Measures(read(CORNER, stack_name="corner"), queues, lambda: None)


def finished(outcome: str, source: str = "Worker") -> Finished:
    return Finished(at=1, source=source, request_id="r", outcome=outcome)


def dropped(source: str, metric: str) -> Dropped:
    return Dropped(at=1, source=source, records=("a",), metric=metric)


FAILED = {"Errors": 1, "Invocations": 1}
OF_MAPPING: dict[str, Any] = {"at": 1, "source": "WorkerWork", "records": ("a",)}


@pytest.mark.parametrize(
    ("note", "namespace", "dimension", "expected"),
    [
        (finished("raise"), "AWS/Lambda", "worker", FAILED),
        (finished("timeout", "WorkerWork"), "AWS/Lambda", "worker", FAILED),
        (finished("succeed"), "AWS/Lambda", "worker", {"Errors": 0, "Invocations": 1}),
        (finished("throttle"), "AWS/Lambda", "worker", {"Throttles": 1}),
        (finished("system error"), "AWS/Lambda", "worker", {}),
        (Accepted(at=1, source="Worker", records=("a",)), "AWS/Lambda", "worker", {"AsyncEventsReceived": 1}),
        (Accepted(at=1, source="WorkerWork", records=("a", "b")), "AWS/Lambda", None, {"PolledEventCount": 2}),
        (Invoked(**OF_MAPPING, request_id="r", attempt=1), "AWS/Lambda", None, {"InvokedEventCount": 1}),
        (Deleted(**OF_MAPPING), "AWS/Lambda", None, {"DeletedEventCount": 1}),
        (Settled(**OF_MAPPING, state="filtered", rule=""), "AWS/Lambda", None, {"FilteredOutEventCount": 1}),
        (dropped("Worker", "DeadLetterErrors"), "AWS/Lambda", "worker", {"DeadLetterErrors": 1}),
        (dropped("topic t", "NumberOfNotificationsFailed"), "AWS/SNS", "t", {"NumberOfNotificationsFailed": 1}),
        (
            dropped("rule r", "InvocationsFailedToBeSentToDLQ"),
            "AWS/Events",
            "r",
            {"InvocationsFailedToBeSentToDlq": 1},
        ),
    ],
)
def test_an_entry_of_the_journal_counts_for_its_metrics(
    measures: Measures, note: Entry, namespace: str, dimension: str | None, expected: dict[str, float]
) -> None:
    found = list(measures.of_notes([note]))
    if dimension is None:
        dimension = read(CORNER, stack_name="corner").event_source_mappings["WorkerWork"].uuid
    of_one = {
        metric.name: value for metric, value, _ in found if [value for _, value in metric.dimensions] == [dimension]
    }
    assert of_one == expected
    assert {metric.namespace for metric, _, _ in found} <= {namespace}
    assert {metric.name for metric, _, _ in found} <= MEASURED[namespace]


def test_a_functions_metrics_have_the_dimensions_of_the_alias_that_was_called(measures: Measures) -> None:
    note = Finished(at=1, source="Worker:$LATEST", request_id="r", outcome="raise")
    dimensions = {metric.dimensions for metric, _, _ in measures.of_notes([note]) if metric.name == "Errors"}
    assert dimensions == {
        (("FunctionName", "worker"),),
        (("FunctionName", "worker"), ("Resource", "worker:$LATEST")),
        (("ExecutedVersion", "$LATEST"), ("FunctionName", "worker"), ("Resource", "worker:$LATEST")),
    }


def test_a_rules_dead_letters_are_counted_for_its_bus(measures: Measures) -> None:
    rule = read(CORNER, stack_name="corner").rules["ToBilling"].name
    note = Delivered(at=1, source=f"rule {rule}", records=("e",), kind="dlq", target="q", body={}, rule="r")
    dimensions = [
        metric.dimensions for metric, _, _ in measures.of_notes([note]) if metric.name == "InvocationsSentToDlq"
    ]
    assert dimensions == [(("RuleName", rule),), (("EventBusName", "shared-bus"), ("RuleName", rule))]
