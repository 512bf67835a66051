"""What is measured, its statistics, and metric math over them."""

import re

import pytest

from landfast.sources.metric_math import UnreadableMathError, metric_math
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
        ("SUM(12 / [a, b])", 16.0),
        ("MAX(-METRICS())", -1.0),
        ("SUM([METRICS(), a])", 7.0),
        ("MAX(IF(a > b, METRICS(), 0))", 3.0),
        ("(b - a) ** 0.5", None),
        ("a * 1e308 * 10", None),
        ("a ** 9999", None),
    ],
)
def test_metric_math_combines_the_values_of_a_period(expression: str, value: float | None) -> None:
    assert metric_math(expression)({"a": 3.0, "b": 1.0, "c": None}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "SEARCH('{AWS/Lambda} Errors', 'Sum')",
        "ANOMALY_DETECTION_BAND(a, 2)",
        "a b",
        "a.b",
        "__import__('os')",
        "METRICS('e')",
        "FILL(a, REPEAT)",
        "1e999",
        f"1{'0' * 400}",
        f"{'9' * 2_000}",
        f"{'(' * 1_000}a{')' * 1_000}",
    ],
)
def test_what_is_not_read_is_told(expression: str) -> None:
    with pytest.raises(UnreadableMathError, match="is not read here"):
        metric_math(expression)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("METRICS() * 2", "tells the values of several metrics, not one"),
        ("[a]", "tells the values of several metrics, not one"),
        ("SUM(METRICS() + METRICS())", "several metrics cannot be combined with several others"),
        ("IF([a], a, b)", "IF with such arguments"),
        ("FILL(a, [b])", "FILL with such arguments"),
        ("+".join("a" * 200), "down to 100 levels"),
        (f"{'-' * 500}a", "down to 100 levels"),
        ("a" * 3_000, "at most 2,048 characters, not 3,000"),
    ],
    ids=lambda text: text[:30],
)
def test_an_expression_that_is_no_value_of_a_period_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(UnreadableMathError, match=re.escape(reason)):
        metric_math(expression)
