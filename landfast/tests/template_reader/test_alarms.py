"""CloudWatch's alarms, as templates declare them."""

import pytest

from landfast.sources.alarms import Query
from landfast.sources.metrics import Metric
from tests.template_reader.conftest import Reading

ERRORS = "Namespace: AWS/Lambda, MetricName: Errors, Dimensions: [{Name: FunctionName, Value: f}]"
RULE = "Threshold: 1, ComparisonOperator: GreaterThanOrEqualToThreshold, EvaluationPeriods: 3"


def declared(properties: str) -> str:
    return f"""
        Resources:
          Topic: {{Type: AWS::SNS::Topic}}
          A: {{Type: AWS::CloudWatch::Alarm, Properties: {{{RULE}, {properties}}}}}
    """


def test_an_alarm_on_a_metric_is_read_with_its_actions(reading: Reading) -> None:
    more = "AlarmName: a, AlarmActions: [!Ref Topic], OKActions: ['arn:aws:sns:us-east-1:123456789012:elsewhere']"
    template = reading(declared(f"{ERRORS}, Period: 60, Statistic: Sum, TreatMissingData: notBreaching, {more}"))
    alarm = template.alarms["A"]
    metric = Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),))
    assert alarm.queries == (Query(id="m1", metric=metric, statistic="Sum"),)
    assert (alarm.expression, alarm.period, alarm.threshold, alarm.missing) == ("m1", 60, 1.0, "notBreaching")
    assert (alarm.evaluation_periods, alarm.datapoints_to_alarm) == (3, 3)
    assert alarm.actions["ALARM"] == (template.topics["Topic"].arn,)
    assert alarm.actions["OK"] == (template.topics["elsewhere"].arn,)
    assert template.not_run == ()


def test_actions_that_are_switched_off_are_not_carried_out(reading: Reading) -> None:
    properties = f"{ERRORS}, Period: 60, Statistic: Sum, ActionsEnabled: false, AlarmActions: [!Ref Topic]"
    assert set(reading(declared(properties)).alarms["A"].actions.values()) == {()}


def test_metric_math_is_read(reading: Reading) -> None:
    stat = "{Stat: Sum, Period: 300, Metric: {Namespace: Shop, MetricName: RecordsFailed}}"
    queries = f"[{{Id: all, Expression: 'SUM(METRICS())'}}, {{Id: r, ReturnData: false, MetricStat: {stat}}}]"
    alarm = reading(declared(f"Metrics: {queries}")).alarms["A"]
    assert (alarm.expression, alarm.period, alarm.queries[0].metric.namespace) == ("SUM(METRICS())", 300, "Shop")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (f"{ERRORS}, Period: 60, ExtendedStatistic: p99", "not run locally: Properties.ExtendedStatistic: percentiles"),
        (f"{ERRORS}, Statistic: Sum", "not run locally: Properties.Period: is missing"),
        ("Period: 60, Statistic: Sum", "not run locally: Properties.MetricName: is missing"),
        (
            (
                "Metrics: [{Id: e, Expression: 'ANOMALY_DETECTION_BAND(m, 2)'}, {Id: m, ReturnData: false, MetricStat: "
                "{Stat: Sum, Period: 60, Metric: {Namespace: AWS/SQS, MetricName: ApproximateAgeOfOldestMessage}}}]"
            ),
            "not run locally: Properties.Metrics: ",
        ),
        (
            "Namespace: AWS/ApiGateway, MetricName: 5XXError, Period: 60, Statistic: Sum",
            "the metric AWS/ApiGateway 5XXError left out: it is not measured here",
        ),
        (
            f"{ERRORS}, Period: 60, Statistic: Sum, AlarmActions: ['arn:aws:automate:us-east-1:ec2:stop']",
            "action arn:aws:automate:us-east-1:ec2:stop left out: only topics and functions are told here",
        ),
    ],
)
def test_what_of_an_alarm_is_not_followed_is_named(reading: Reading, properties: str, reason: str) -> None:
    [line] = reading(declared(properties)).not_run
    assert line.startswith(f"A (AWS::CloudWatch::Alarm): {reason}")


@pytest.mark.parametrize(
    ("periods", "period", "most"),
    [
        (1_440, 60, ""),
        (1_441, 60, "86,400"),
        (168, 3_600, ""),
        (169, 3_600, "604,800"),
        (10**9, 60, "86,400"),
        (0, 60, ""),
    ],
)
def test_an_alarm_looks_at_a_day_or_with_periods_of_an_hour_at_a_week(
    reading: Reading, periods: int, period: int, most: str
) -> None:
    properties = f"{ERRORS}, Period: {period}, Statistic: Sum"
    template = reading(declared(properties).replace("EvaluationPeriods: 3", f"EvaluationPeriods: {periods}"))
    if most or not periods:
        [line] = template.not_run
        told = f"{periods} periods of {period} s are looked at; AWS allows up to {most or '86,400'} s"
        assert line.startswith(f"A (AWS::CloudWatch::Alarm): not run locally: Properties.EvaluationPeriods: {told}")
    else:
        assert template.alarms["A"].evaluation_periods == periods


def test_an_alarm_of_alarms_is_named(reading: Reading) -> None:
    text = "Resources:\n  C: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmRule: 'ALARM(a)'}}\n"
    [line] = reading(text).not_run
    assert line.startswith("C (AWS::CloudWatch::CompositeAlarm): not run locally: alarms of alarms are not followed")
