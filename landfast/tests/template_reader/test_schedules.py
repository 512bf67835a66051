"""Schedules of EventBridge Scheduler, as templates declare them."""

import pytest

from landfast.template import Schedule, ScheduleTarget
from tests.template_reader.conftest import Reading


def declared(properties: str, target: str = "Arn: !GetAtt Jobs.Arn") -> str:
    return f"""
        Resources:
          Jobs: {{Type: AWS::SQS::Queue}}
          Group: {{Type: AWS::Scheduler::ScheduleGroup, Properties: {{Name: reports}}}}
          S:
            Type: AWS::Scheduler::Schedule
            Properties: {{{properties}, FlexibleTimeWindow: {{Mode: "OFF"}}, Target: {{RoleArn: r, {target}}}}}
    """


def test_a_schedule_is_read_with_its_target(reading: Reading) -> None:
    target = (
        "Arn: !GetAtt Jobs.Arn, Input: hello, SqsParameters: {MessageGroupId: g}, "
        "RetryPolicy: {MaximumRetryAttempts: 2}, DeadLetterConfig: {Arn: 'arn:aws:sqs:us-east-1:123456789012:dead'}"
    )
    properties = (
        "Name: nightly, GroupName: !Ref Group, ScheduleExpression: 'cron(0 9 * * ? *)', State: DISABLED, "
        "ScheduleExpressionTimezone: Asia/Seoul, "
        "StartDate: '2026-01-01T00:00:00Z', EndDate: '2027-01-01T00:00:00+01:00'"
    )
    template = reading(declared(properties, target))
    assert template.schedules["S"] == Schedule(
        logical_id="S",
        name="nightly",
        arn="arn:aws:scheduler:us-east-1:123456789012:schedule/reports/nightly",
        expression="cron(0 9 * * ? *)",
        timezone="Asia/Seoul",
        start=1_767_225_600.0,
        end=1_798_758_000.0,
        enabled=False,
        target=ScheduleTarget(
            arn=template.queues["Jobs"].arn,
            input="hello",
            message_group_id="g",
            maximum_retry_attempts=2,
            dead_letter_arn=template.queues["dead"].arn,
        ),
    )
    assert template.not_run == ()


def test_sams_schedules_are_rules_and_schedules(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          F:
            Type: AWS::Serverless::Function
            Properties:
              Handler: a.h
              Runtime: python3.13
              CodeUri: functions/
              Events:
                Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
                Daily: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        """
    )
    assert template.rules["FHourly"].schedule_expression == "rate(1 hour)"
    assert template.schedules["FDaily"].target.arn == template.functions["F"].arn
    assert template.not_run == ()


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("ScheduleExpression: hourly", "Properties.ScheduleExpression: 'hourly' is none of rate(...)"),
        ("ScheduleExpression: rate(1 day), StartDate: soon", "Properties.StartDate: 'soon' is no date and time"),
        (
            "ScheduleExpression: rate(1 day), ScheduleExpressionTimezone: Mars/Base",
            "Properties.ScheduleExpression: 'Mars/Base' is no time zone",
        ),
    ],
)
def test_a_schedule_that_aws_refuses_is_named(reading: Reading, properties: str, message: str) -> None:
    template = reading(declared(properties))
    assert dict(template.schedules) == {}
    [line] = template.not_run
    assert line.startswith(f"S (AWS::Scheduler::Schedule): not run locally: {message}")


def test_a_rules_schedule_that_is_none_is_named(reading: Reading) -> None:
    text = "Resources:\n  R: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(5 minute)}}\n"
    assert reading(text).not_run == (
        ("R (AWS::Events::Rule): not run locally: Properties.ScheduleExpression: rate(5 minute): write minutes"),
    )


@pytest.mark.parametrize(
    "arn", ["arn:aws:scheduler:::aws-sdk:ec2:stopInstances", "arn:aws:states:us-east-1:1:stateMachine:m"]
)
def test_a_target_that_is_not_called_here_is_named(reading: Reading, arn: str) -> None:
    template = reading(declared("ScheduleExpression: rate(1 day)", f"Arn: '{arn}'"))
    assert dict(template.schedules) == {}
    [line] = template.not_run
    assert line.startswith("S (AWS::Scheduler::Schedule): not run locally: Properties.Target.Arn: ")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "Arn: !GetAtt Jobs.Arn, RetryPolicy: {MaximumRetryAttempts: 186}",
            "RetryPolicy.MaximumRetryAttempts: wants at most",
        ),
        (
            "Arn: !GetAtt Jobs.Arn, RetryPolicy: {MaximumEventAgeInSeconds: 59}",
            "RetryPolicy.MaximumEventAgeInSeconds: wants at least 60",
        ),
        ("Arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', Input: '{'", "Input: is not JSON: "),
    ],
)
def test_a_target_that_aws_refuses_costs_its_schedule(reading: Reading, target: str, message: str) -> None:
    template = reading(declared("ScheduleExpression: rate(1 day)", target))
    assert dict(template.schedules) == {}
    [line] = template.not_run
    assert line.startswith(f"S (AWS::Scheduler::Schedule): not run locally: Properties.Target.{message}")
