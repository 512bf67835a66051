"""CloudWatch's alarms, as far as their metrics are measured here."""

from collections.abc import Mapping
from typing import Final, Literal

from landfast.sources.alarms import Alarm, Query, State
from landfast.sources.metric_math import UnreadableMathError, metric_math
from landfast.sources.metrics import DAY, HOUR, LONGEST, MINUTE, STATISTICS, Metric
from landfast.sources.target_arns import not_here
from landfast.template.errors import Mistake, Unavailable
from landfast.template.stack import Properties, Stack
from landfast.template.unheeded import some


class _Dimension(Properties, frozen=True, kw_only=True):
    name: str
    value: str


class _Metric(Properties, frozen=True, kw_only=True):
    namespace: str
    metric_name: str
    dimensions: tuple[_Dimension, ...] = ()


class _MetricStat(Properties, frozen=True, kw_only=True):
    metric: _Metric
    period: int
    stat: str


class _Query(Properties, frozen=True, kw_only=True):
    id: str
    expression: str | None = None
    metric_stat: _MetricStat | None = None
    return_data: bool = True


class _AlarmProperties(Properties, frozen=True, kw_only=True):
    actions_enabled: bool = True
    alarm_description: str = ""
    comparison_operator: str
    datapoints_to_alarm: int | None = None
    dimensions: tuple[_Dimension, ...] = ()
    evaluation_periods: int | None = None
    extended_statistic: str | None = None
    metric_name: str | None = None
    metrics: tuple[_Query, ...] = ()
    namespace: str | None = None
    period: int | None = None
    statistic: str | None = None
    threshold: float | None = None
    threshold_metric_id: str | None = None
    treat_missing_data: Literal["breaching", "notBreaching", "ignore", "missing"] = "missing"


_COMPARISONS = frozenset(
    {
        "GreaterThanThreshold",
        "GreaterThanOrEqualToThreshold",
        "LessThanThreshold",
        "LessThanOrEqualToThreshold",
    }
)
_ACTIONS: Final[Mapping[State, str]] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
_TOLD: Final = frozenset({"sns", "lambda"})


def alarms(stack: Stack, measured: Mapping[str, frozenset[str]]) -> dict[str, Alarm]:
    """The template's alarms by logical id; those that cannot be followed here are named.

    Args:
        stack: The resources.
        measured: The metrics that are measured, by AWS's namespaces; those of other namespaces are functions' own.
    """
    unmeasured: dict[str, list[str]] = {}

    def alarm(logical_id: str) -> Alarm:
        declared = stack.properties(logical_id, _AlarmProperties)
        where = (logical_id, "Properties")
        if declared.threshold is None or declared.comparison_operator not in _COMPARISONS:
            raise Unavailable((*where, "ComparisonOperator"), "only fixed thresholds are compared with")
        if declared.evaluation_periods is None:
            raise Mistake((*where, "EvaluationPeriods"), "is missing; give the number of periods to look at")
        queries, expression, period = _queries(declared, logical_id)
        _check_span(logical_id, declared.evaluation_periods, period)
        for query in queries:
            if not _is_measured(query.metric, measured):
                unmeasured.setdefault(f"{query.metric.namespace} {query.metric.name}", []).append(logical_id)
        identity = stack.identity(logical_id)
        return Alarm(
            name=identity.name,
            arn=identity.attributes["Arn"],
            description=declared.alarm_description,
            queries=queries,
            expression=expression,
            period=period,
            evaluation_periods=declared.evaluation_periods,
            datapoints_to_alarm=declared.datapoints_to_alarm or declared.evaluation_periods,
            threshold=declared.threshold,
            comparison=declared.comparison_operator,  # type: ignore[arg-type] # it was looked up above
            missing=declared.treat_missing_data,
            actions={
                state: _actions(stack, logical_id, name) if declared.actions_enabled else ()
                for state, name in _ACTIONS.items()
            },
        )

    found = stack.each("AWS::CloudWatch::Alarm", alarm)
    for metric, users in unmeasured.items():
        title = f"{some(list(dict.fromkeys(users)))} (AWS::CloudWatch::Alarm)"
        stack.findings.leaves_out(title, f"the metric {metric}", "it is not measured here")
    for logical_id in stack.of_type("AWS::CloudWatch::CompositeAlarm"):
        stack.cannot_run(logical_id, "alarms of alarms are not followed; look at those that it is made of")
    return found


def _check_span(logical_id: str, periods: int, period: int) -> None:
    most = LONGEST if period >= HOUR else DAY
    if not 0 < periods * period <= most:
        problem = f"{periods} periods of {period} s are looked at; AWS allows up to {most:,} s of such periods"
        raise Mistake((logical_id, "Properties", "EvaluationPeriods"), problem)


def _is_measured(metric: Metric, measured: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether a metric of a service of AWS's is measured; others are functions' own, and are."""
    return not metric.namespace.startswith("AWS/") or metric.name in measured.get(metric.namespace, ())


def _queries(declared: _AlarmProperties, logical_id: str) -> tuple[tuple[Query, ...], str, int]:
    """The metrics of an alarm, the expression over them, and the period in seconds."""
    where = (logical_id, "Properties")
    if not declared.metrics:
        if declared.metric_name is None or declared.namespace is None:
            raise Mistake((*where, "MetricName"), "is missing; give MetricName and Namespace, or Metrics")
        if declared.statistic is None:
            raise Unavailable((*where, "ExtendedStatistic"), "percentiles are not measured here")
        metric = _Metric(namespace=declared.namespace, metric_name=declared.metric_name, dimensions=declared.dimensions)
        return (_query("m1", metric, declared.statistic, logical_id),), "m1", _period(declared.period, logical_id)
    stats = [(each.id, each.metric_stat) for each in declared.metrics if each.metric_stat is not None]
    queries = tuple(_query(key, stat.metric, stat.stat, logical_id) for key, stat in stats)
    returned = [each for each in declared.metrics if each.return_data]
    if len(returned) != 1 or not stats:
        raise Mistake((*where, "Metrics"), "wants metrics, and one of them with ReturnData")
    expression = returned[0].expression or returned[0].id
    try:
        metric_math(expression)
    except UnreadableMathError as error:
        raise Unavailable((*where, "Metrics"), str(error)) from None
    return queries, expression, _period(stats[0][1].period, logical_id)


def _query(key: str, metric: _Metric, statistic: str, logical_id: str) -> Query:
    if statistic not in STATISTICS:
        raise Unavailable((logical_id, "Properties", "Statistic"), f"the statistic {statistic} is not measured here")
    dimensions = tuple(sorted((each.name, each.value) for each in metric.dimensions))
    return Query(id=key, metric=Metric(metric.namespace, metric.metric_name, dimensions), statistic=statistic)


def _period(seconds: int | None, logical_id: str) -> int:
    if not seconds:
        raise Mistake((logical_id, "Properties", "Period"), "is missing; give the period in seconds")
    return max(seconds, MINUTE)  # measured by the minute


def _actions(stack: Stack, logical_id: str, name: str) -> tuple[str, ...]:
    """The actions that are carried out here; others are named."""
    arns = [arn for _, arn in stack.entries(logical_id, [name], str)]
    told = tuple(arn for arn in arns if not_here(arn, _TOLD) is None)
    for arn in arns:
        if arn not in told:
            stack.leaves_out(logical_id, f"action {arn}", "only topics and functions are told here")
    return told
