"""Subscriptions of log groups, as templates declare them."""

import pytest

from tests.template_reader.conftest import Reading

HERE = "us-east-1:123456789012"


def declared(properties: str) -> str:
    function = "{Handler: a.h, Runtime: python3.13, Code: functions/"
    return f"""
        Resources:
          F: {{Type: AWS::Lambda::Function, Properties: {function}, FunctionName: f}}}}
          G: {{Type: AWS::Lambda::Function, Properties: {function}}}}}
          Logs: {{Type: AWS::Logs::LogGroup, Properties: {{LogGroupName: !Sub '/aws/lambda/${{F}}'}}}}
          S: {{Type: AWS::Logs::SubscriptionFilter, Properties: {{{properties}}}}}
    """


def test_a_subscription_of_a_functions_log_group_is_read(reading: Reading) -> None:
    template = reading(declared("LogGroupName: !Ref Logs, FilterPattern: ERROR, DestinationArn: !GetAtt G.Arn"))
    [found] = template.log_subscriptions
    assert (found.log_group, found.filter_pattern) == ("/aws/lambda/f", "ERROR")
    assert found.destination_arn == template.functions["G"].arn
    assert template.not_run == ()


def test_the_stream_that_gets_log_events_may_be_of_elsewhere(reading: Reading) -> None:
    template = reading(declared(f"LogGroupName: /aws/lambda/f, DestinationArn: 'arn:aws:kinesis:{HERE}:stream/logs'"))
    assert set(template.streams) == {"logs"}
    assert len(template.log_subscriptions) == 1


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (
            "LogGroupName: other, DestinationArn: !GetAtt G.Arn",
            "LogGroupName: nothing here writes to the log group other",
        ),
        (
            "LogGroupName: !Ref Logs, DestinationArn: !GetAtt F.Arn",
            "DestinationArn: the function would be called for each",
        ),
        (
            f"LogGroupName: !Ref Logs, DestinationArn: 'arn:aws:firehose:{HERE}:deliverystream/d'",
            "DestinationArn: only functions and streams get log events here",
        ),
        (
            "LogGroupName: !Ref Logs, DestinationArn: !GetAtt G.Arn, FilterPattern: '[ip, code]'",
            "FilterPattern: patterns of space-delimited fields are not read here",
        ),
    ],
)
def test_a_subscription_that_is_not_followed_is_named(reading: Reading, properties: str, reason: str) -> None:
    template = reading(declared(properties))
    assert list(template.log_subscriptions) == []
    [line] = template.not_run
    assert line.startswith(f"S (AWS::Logs::SubscriptionFilter): not run locally: Properties.{reason}")
