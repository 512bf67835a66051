"""Alarms: when a metric breaches its threshold, and what their actions get.

Sources: CloudWatch User Guide, "Using Amazon CloudWatch alarms" (M out of N datapoints, missing data), "Configuring how
alarms treat missing data", "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm"; the message to
topics as published recordings have it. CloudWatch looks at more periods than it needs, where data is missing; this
looks at the last N only.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from landfast.delivery.times import iso_milliseconds
from landfast.sources.metric_math import metric_math
from landfast.sources.metrics import Metric, Metrics

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

_COMPARISONS: Final = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that an alarm looks at.

    Attributes:
        id: Its name in expressions.
        metric: The metric.
        statistic: For example ``Sum``.
    """

    id: str
    metric: Metric
    statistic: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm.

    Attributes:
        name: Its name.
        arn: Its ARN.
        description: For people.
        queries: The metrics that it looks at.
        expression: The metric math over them, or the id of the one.
        period: In seconds.
        evaluation_periods: The number of periods that it looks at.
        datapoints_to_alarm: How many of them have to breach.
        threshold: What the value is compared with.
        comparison: How.
        missing: How it treats missing data.
        actions: The ARNs that are told of each state.
    """

    name: str
    arn: str
    description: str = ""
    queries: tuple[Query, ...]
    expression: str
    period: int
    evaluation_periods: int
    datapoints_to_alarm: int
    threshold: float
    comparison: Literal[
        "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"
    ]
    missing: Literal["breaching", "notBreaching", "ignore", "missing"] = "missing"
    actions: dict[State, tuple[str, ...]] = {}

    def breaches(self, value: float) -> bool:
        """Tell whether a value breaches the threshold."""
        match self.comparison:
            case "GreaterThanThreshold":
                return value > self.threshold
            case "GreaterThanOrEqualToThreshold":
                return value >= self.threshold
            case "LessThanThreshold":
                return value < self.threshold
            case _:
                return value <= self.threshold

    def datapoints(self, metrics: Metrics, now: float) -> list[float | None]:
        """The values of the last periods, the newest last; the one that goes on counts as soon as it has data."""
        current = now // self.period * self.period
        has_data = any(
            metrics.statistic(query.metric, query.statistic, self.period, current) is not None for query in self.queries
        )
        last = current if has_data else current - self.period
        value = metric_math(self.expression)
        return [
            value(
                {
                    query.id: metrics.statistic(query.metric, query.statistic, self.period, last - back * self.period)
                    for query in self.queries
                }
            )
            for back in reversed(range(self.evaluation_periods))
        ]

    def evaluated(self, datapoints: Sequence[float | None], before: State) -> State:
        """The state that follows from the values of the last periods."""
        known = [value for value in datapoints if value is not None]
        absent = len(datapoints) - len(known)
        breaching = sum(map(self.breaches, known))
        if not known and self.missing in {"missing", "ignore"}:
            return "INSUFFICIENT_DATA" if self.missing == "missing" else before
        if self.missing == "breaching":
            breaching += absent
        if breaching >= self.datapoints_to_alarm:
            return "ALARM"
        if self.missing == "ignore" and breaching + absent >= self.datapoints_to_alarm:
            return before
        return "OK"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an alarm's state.

    Attributes:
        before: The state before.
        state: The new state.
        at: When, in Unix seconds.
        reason: Why, in a sentence.
    """

    before: State
    state: State
    at: float
    reason: str


def reason(alarm: Alarm, datapoints: Sequence[float | None], state: State) -> str:
    """Say why an alarm has come into a state."""
    known = [value for value in datapoints if value is not None]
    if not known:
        return f"no datapoints were received for {len(datapoints)} period(s), which are treated as {alarm.missing}"
    compared = _COMPARISONS[alarm.comparison]
    was = "was" if state == "ALARM" else "was not"
    shown = ", ".join(f"{value:g}" for value in known)
    return (
        f"Threshold Crossed: of the last {len(datapoints)} datapoint(s) [{shown}] {was} {compared} {alarm.threshold:g}"
    )


def subject(alarm: Alarm, change: Change, region: str) -> str:
    """The subject of a message to a topic."""
    return f'{change.state}: "{alarm.name}" in {region}'[:100]


def message(alarm: Alarm, change: Change, account: str, region: str) -> dict[str, Any]:
    """The message that a topic gets."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description or None,
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": _stamp(change.at),
        "NewStateValue": change.state,
        "NewStateReason": change.reason,
        "StateChangeTime": _stamp(change.at),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": change.before,
        "OKActions": list(alarm.actions.get("OK", ())),
        "AlarmActions": list(alarm.actions.get("ALARM", ())),
        "InsufficientDataActions": list(alarm.actions.get("INSUFFICIENT_DATA", ())),
        "Trigger": _trigger(alarm),
    }


def event(alarm: Alarm, change: Change, account: str, region: str) -> dict[str, Any]:
    """What a function gets that is an action of an alarm."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": account,
        "time": _stamp(change.at),
        "region": region,
        "alarmData": {"alarmName": alarm.name, **_states(change), "configuration": _configuration(alarm)},
    }


def detail(alarm: Alarm, change: Change) -> dict[str, Any]:
    """The detail of the event that EventBridge's default bus gets."""
    return {"alarmName": alarm.name, **_states(change), "configuration": _configuration(alarm)}


def _states(change: Change) -> dict[str, Any]:
    stamp = _stamp(change.at)
    return {
        "state": {"value": change.state, "reason": change.reason, "timestamp": stamp},
        "previousState": {"value": change.before, "timestamp": stamp},
    }


def _configuration(alarm: Alarm) -> dict[str, Any]:
    metrics = [
        {
            "id": query.id,
            "metricStat": {
                "metric": {
                    "namespace": query.metric.namespace,
                    "name": query.metric.name,
                    "dimensions": dict(query.metric.dimensions),
                },
                "period": alarm.period,
                "stat": query.statistic,
            },
            "returnData": query.id == alarm.expression,
        }
        for query in alarm.queries
    ]
    return {"description": alarm.description, "metrics": metrics}


def _trigger(alarm: Alarm) -> dict[str, Any]:
    common = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.missing,
        "EvaluateLowSampleCountPercentile": "",
    }
    if len(alarm.queries) == 1 and alarm.expression == alarm.queries[0].id:
        [query] = alarm.queries
        return {
            "MetricName": query.metric.name,
            "Namespace": query.metric.namespace,
            "StatisticType": "Statistic",
            "Statistic": query.statistic.upper(),
            "Unit": None,
            "Dimensions": [{"value": value, "name": name} for name, value in query.metric.dimensions],
            **common,
        }
    return {**common, "Metrics": [{"Id": "value", "Expression": alarm.expression, "ReturnData": True}]}


def _stamp(seconds: float) -> str:
    """A time as CloudWatch writes it: milliseconds and a zone without colon."""
    return iso_milliseconds(seconds).replace("Z", "+0000")
