"""Metrics in the logs of functions: those of the embedded metric format, and nothing of what only looks like it."""

import json
from typing import Any

import pytest

from landfast.sources.embedded_metrics import embedded_metrics
from landfast.sources.metrics import Metric

DIRECTIVE = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": [{"Name": "orders", "Unit": "Count"}]}


def line(*directives: object, **members: object) -> str:
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": directives}, "service": "parcels", **members})


def found(text: str) -> list[tuple[Metric, float]]:
    return list(embedded_metrics(text))


def metric(*dimensions: tuple[str, str], name: str = "orders") -> Metric:
    return Metric("Shop", name, dimensions)


def test_a_metric_is_measured_for_each_of_its_sets_of_dimensions() -> None:
    sets = {**DIRECTIVE, "Dimensions": [["service"], [], ["zone", "service"]]}
    assert found(line(sets, orders=3, zone="a") + "\n") == [
        (metric(("service", "parcels")), 3.0),
        (metric(), 3.0),
        (metric(("service", "parcels"), ("zone", "a")), 3.0),
    ]
    named = {name: part for name, part in DIRECTIVE.items() if name != "Dimensions"}
    for directive in (named, {**named, "Dimensions": []}, {**named, "Dimensions": None}):
        assert found("INFO " + line(directive, orders=0.5)) == [(metric(), 0.5)]


def test_several_values_of_a_metric_are_all_measured() -> None:
    assert [value for _, value in found(line(DIRECTIVE, orders=[1, 2.5]))] == [1.0, 2.5]


@pytest.mark.parametrize("value", ["3", None, True, {"a": 1}, [[1]], 1e120, 10**400], ids=lambda value: str(value)[:20])
def test_what_is_no_number_is_not_measured(value: object) -> None:
    assert found(line(DIRECTIVE, orders=value)) == []


@pytest.mark.parametrize(
    "part",
    [
        {"Namespace": None},
        {"Dimensions": 5},
        {"Dimensions": [5]},
        {"Dimensions": [[5]]},
        {"Dimensions": [[["service"]]]},
        {"Metrics": 5},
        {"Metrics": [5]},
        {"Metrics": ["orders"]},
        {"Metrics": {"Name": "orders"}},
        {"Metrics": [{"Unit": "Count"}]},
    ],
    ids=str,
)
def test_a_line_with_a_malformed_directive_has_no_metrics(part: dict[str, Any]) -> None:
    assert found(line({**DIRECTIVE, **part}, orders=1)) == []


@pytest.mark.parametrize(
    "text",
    [
        '"_aws"',
        '{"_aws"',
        '{"_aws": 5}',
        '{"_aws": {"CloudWatchMetrics": {}}}',
        '{"a": {"_aws": {}}}',
        line(DIRECTIVE, orders=1) + "}",
        '{"a":' * 2_000 + '"_aws"',
    ],
    ids=lambda text: text[:40],
)
def test_a_line_that_only_looks_like_one_has_no_metrics(text: str) -> None:
    assert found(text) == []
