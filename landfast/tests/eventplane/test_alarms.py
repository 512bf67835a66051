"""Alarms, with services around them that only take what is sent."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from landfast.aws_errors import AwsError
from landfast.eventplane.alarms import Alarms
from landfast.journal import AlarmChanged, Dropped
from landfast.sources.alarms import Alarm, Query
from landfast.sources.metrics import Metric
from tests.eventplane.fanout import ACCOUNT, REGION, Recorder, arn, router
from tests.eventplane.world import PlaneInMemory, Rows

START = 1_767_323_040.0
"""The beginning of a minute."""

TOPIC = arn("sns", "alarms")
FUNCTION = arn("lambda", "function:page")
BUS = arn("events", "event-bus/default")
ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),))
VISIBLE = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", "dead"),))

type Missing = Literal["breaching", "notBreaching", "ignore", "missing"]


def alarm(metric: Metric = ERRORS, statistic: str = "Sum", **changes: Any) -> Alarm:
    given: dict[str, Any] = {
        "name": "failing",
        "arn": arn("cloudwatch", "alarm:failing"),
        "description": "look at the log",
        "queries": (Query(id="m1", metric=metric, statistic=statistic),),
        "expression": "m1",
        "period": 60,
        "evaluation_periods": 1,
        "datapoints_to_alarm": 1,
        "threshold": 0.0,
        "comparison": "GreaterThanThreshold",
        "missing": "notBreaching",
        "actions": {"ALARM": (TOPIC,), "OK": (FUNCTION,)},
    }
    return Alarm(**(given | changes))


@dataclass
class Stage:
    """An alarm that is followed."""

    alarm: Alarm
    rows: Rows = field(default_factory=dict)
    start: float = START
    levels: dict[Metric, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recorder = Recorder()
        self.world = PlaneInMemory(self.rows, self.start)
        routed = router(self.recorder, "sns", "lambda", "events")
        self.alarms = Alarms(self.world, routed, [self.alarm], ACCOUNT, REGION, self.levels.items)

    @property
    def state(self) -> str:
        [(_, shown)] = self.alarms.states()
        return shown.state

    def put(self, value: float = 1.0, metric: Metric = ERRORS) -> None:
        self.alarms.put(metric, value, self.world.now())

    def changes(self) -> list[str]:
        return [each.state for each in self.world.noted(AlarmChanged)]


def test_an_alarm_is_ok_until_its_threshold_is_crossed_and_again_when_that_is_over() -> None:
    stage = Stage(alarm())
    assert stage.state == "OK"
    stage.world.pass_by(30)
    stage.put(2.0)
    assert stage.alarms.check()
    assert stage.state == "ALARM"
    [noted] = stage.world.noted(AlarmChanged)
    assert (noted.source, noted.before, noted.state) == ("alarm failing", "OK", "ALARM")
    assert noted.reason == "Threshold Crossed: of the last 1 datapoint(s) [2] was greater than 0"
    assert not stage.alarms.check()
    stage.world.pass_by(150)
    assert stage.changes() == ["ALARM", "OK"]


def test_nobody_waits_for_an_alarm() -> None:
    stage = Stage(alarm())
    stage.put()
    stage.alarms.check()
    assert stage.world.awaited() == []


def test_a_topic_gets_awss_message_and_a_function_awss_event() -> None:
    stage = Stage(alarm())
    stage.put()
    stage.alarms.check()
    [sent] = stage.recorder.sent_to(TOPIC)
    assert sent.subject == f'ALARM: "failing" in {REGION}'
    message = json.loads(sent.body)
    assert (message["AlarmName"], message["NewStateValue"], message["OldStateValue"]) == ("failing", "ALARM", "OK")
    assert (message["AWSAccountId"], message["AlarmDescription"]) == (ACCOUNT, "look at the log")
    assert message["StateChangeTime"] == "2026-01-02T03:04:00.000+0000"
    assert message["Trigger"] == {
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "StatisticType": "Statistic",
        "Statistic": "SUM",
        "Unit": None,
        "Dimensions": [{"value": "f", "name": "FunctionName"}],
        "Period": 60,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    }
    stage.world.pass_by(200)
    [called] = stage.recorder.sent_to(FUNCTION)
    data = json.loads(called.body)["alarmData"]
    assert (data["alarmName"], data["state"]["value"], data["previousState"]["value"]) == ("failing", "OK", "ALARM")
    entry = stage.recorder.sent_to(BUS)[0].entry
    assert entry is not None
    assert (entry["Source"], entry["DetailType"]) == ("aws.cloudwatch", "CloudWatch Alarm State Change")
    assert json.loads(entry["Detail"])["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "Errors"


def test_an_action_that_is_refused_is_in_the_journal() -> None:
    stage = Stage(alarm())
    stage.recorder.refusals[TOPIC] = AwsError("NotFound", "Topic does not exist", status=404)
    stage.put()
    stage.alarms.check()
    [dropped] = stage.world.noted(Dropped)
    assert (dropped.source, dropped.metric) == ("alarm failing", "ActionFailed")
    assert "Topic does not exist" in dropped.error


def test_m_of_n_periods_have_to_breach() -> None:
    stage = Stage(alarm(evaluation_periods=3, datapoints_to_alarm=2))
    stage.put()
    stage.world.pass_by(60)
    assert stage.changes() == []
    stage.put(0.0)
    stage.world.pass_by(60)
    stage.put()
    stage.world.pass_by(60)
    assert stage.changes() == ["ALARM"]
    stage.world.pass_by(240)
    assert stage.changes() == ["ALARM", "OK"]


@pytest.mark.parametrize(
    ("missing", "states"),
    [("breaching", ["ALARM"]), ("notBreaching", []), ("ignore", []), ("missing", [])],
)
def test_missing_data_counts_as_the_alarm_says(missing: Missing, states: list[str]) -> None:
    stage = Stage(alarm(missing=missing, evaluation_periods=2, datapoints_to_alarm=2))
    assert stage.state == ("OK" if missing == "notBreaching" else "INSUFFICIENT_DATA")
    stage.world.pass_by(300)
    assert stage.changes() == states


@pytest.mark.parametrize(
    ("missing", "after"), [("missing", "INSUFFICIENT_DATA"), ("ignore", "ALARM"), ("breaching", "ALARM")]
)
def test_an_alarm_that_has_fired_goes_on_as_it_treats_missing_data(missing: Missing, after: str) -> None:
    stage = Stage(alarm(missing=missing))
    stage.put()
    stage.alarms.check()
    assert stage.state == "ALARM"
    stage.world.pass_by(600)
    assert stage.state == after


def test_what_has_fired_and_is_over_while_time_jumped_is_told_all_the_same() -> None:
    stage = Stage(alarm())
    stage.put()
    stage.world._now += 7_200  # as `--skip-waits` jumps to a retry
    stage.alarms.check()
    assert stage.changes() == ["ALARM", "OK"]


def test_a_level_stays_as_it_was_while_time_jumps() -> None:
    stage = Stage(alarm(VISIBLE, "Maximum", evaluation_periods=5, datapoints_to_alarm=5))
    stage.levels[VISIBLE] = 3.0
    stage.alarms.check()
    assert stage.changes() == []
    stage.world._now += 600
    stage.alarms.check()
    assert stage.changes() == ["ALARM"]
    stage.levels[VISIBLE] = 0.0
    stage.world.pass_by(600)
    assert stage.changes() == ["ALARM", "OK"]


def test_an_alarms_state_survives_a_restart_and_an_alarm_that_is_gone_does_not() -> None:
    stage = Stage(alarm(VISIBLE, "Maximum"))
    stage.levels[VISIBLE] = 1.0
    stage.alarms.check()
    again = Stage(stage.alarm, stage.rows, START + 4_000, levels=stage.levels)
    assert again.state == "ALARM"
    again.world.pass_by(300)
    assert again.changes() == []
    other = Stage(alarm(arn=arn("cloudwatch", "alarm:other")), stage.rows, START + 5_000)
    assert other.state == "OK"
    assert not [key for kind, _, key in stage.rows if kind == "alarms"]


def test_an_alarm_over_several_metrics_adds_them_up() -> None:
    other = Metric("Shop", "RecordsFailed", (("service", "f"),))
    queries = (Query(id="errors", metric=ERRORS, statistic="Sum"), Query(id="records", metric=other, statistic="Sum"))
    stage = Stage(alarm(queries=queries, expression="SUM(FILL(METRICS(), 0))", threshold=2.0))
    stage.put(2.0)
    stage.alarms.check()
    assert stage.changes() == []
    stage.put(1.0, other)
    stage.alarms.check()
    assert stage.changes() == ["ALARM"]
