"""What is measured, its statistics, and metric math over them."""

import pytest

from landfast.sources.metric_math import UnreadableMathError, math
from landfast.sources.metrics import LONGEST, Metric, Metrics

SIZE = Metric("Shop", "Size")


@pytest.mark.parametrize(
    ("statistic", "value"), [("Sum", 9.0), ("Average", 3.0), ("Minimum", 1.0), ("Maximum", 6.0), ("SampleCount", 3.0)]
)
def test_a_period_has_its_statistics(statistic: str, value: float) -> None:
    metrics = Metrics([SIZE])
    for at, measured in ((600.0, 1.0), (659.9, 2.0), (899.0, 6.0), (900.0, 100.0)):
        metrics.put(SIZE, measured, at)
    assert metrics.statistic(SIZE, statistic, 300, 600.0) == value
    assert metrics.statistic(SIZE, statistic, 300, 1_200.0) is None


def test_what_nobody_looks_at_and_what_is_too_old_is_not_kept() -> None:
    metrics = Metrics([SIZE])
    metrics.put(Metric("Shop", "Other"), 1.0, 60.0)
    metrics.put(SIZE, 1.0, 60.0)
    metrics.put(SIZE, 1.0, 120.0 + LONGEST)
    assert list(metrics.measured(SIZE, 0.0)) == [120.0 + LONGEST]
    assert list(metrics.measured(Metric("Shop", "Other"), 0.0)) == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a", 3.0),
        ("SUM(METRICS())", 4.0),
        ("SUM(FILL(METRICS(), 10))", 14.0),
        ("AVG(METRICS())", 2.0),
        ("MAX([a, b]) - MIN([a, b])", 2.0),
        ("a / b * 100", 300.0),
        ("a / (b - 1)", None),
        ("c + 1", None),
        ("FILL(c, 0) + 1", 1.0),
        ("SUM(METRICS() * 2)", 8.0),
        ("IF(a > b, a, -b)", 3.0),
        ("IF(a < b, a, -b)", -1.0),
        ("a >= 3", 1.0),
    ],
)
def test_metric_math_combines_the_values_of_a_period(expression: str, value: float | None) -> None:
    assert math(expression)({"a": 3.0, "b": 1.0, "c": None}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "SEARCH('{AWS/Lambda} Errors', 'Sum')",
        "ANOMALY_DETECTION_BAND(a, 2)",
        "a b",
        "a.b",
        "__import__('os')",
        "METRICS('e')",
    ],
)
def test_what_is_not_read_is_told(expression: str) -> None:
    with pytest.raises(UnreadableMathError, match="is not read here"):
        math(expression)
