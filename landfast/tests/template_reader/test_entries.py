"""Targets that do not run here, each beside one that does: which is left out, what is told of it, and what is kept."""

import pytest

from landfast.sources.target_arns import not_here
from tests.template_reader.conftest import Naming, Reading

GONE = "!GetAtt Machine.Arn"
STACK = """
        Resources:
          F:
            Type: AWS::Lambda::Function
            Properties: {Handler: a.h, Runtime: python3.13, Code: functions/, Role: !GetAtt Role.Arn}
          Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
          Machine: {Type: AWS::StepFunctions::StateMachine}
          Q: {Type: AWS::SQS::Queue}
          P:
            Type: AWS::Lambda::Permission
            Properties: {FunctionName: !Ref F, Action: "lambda:InvokeFunction", Principal: s3.amazonaws.com}
"""
NOT_RUN = "Machine (AWS::StepFunctions::StateMachine) is not run locally"


def test_a_target_that_is_not_run_does_not_cost_the_others_of_its_rule(reading: Reading) -> None:
    template = reading(
        f"""{STACK}
          R:
            Type: AWS::Events::Rule
            Properties:
              EventPattern: {{source: [a]}}
              Targets: [{{Id: m, Arn: {GONE}}}, {{Id: f, Arn: !GetAtt F.Arn}}, !Ref AWS::NoValue]
        """
    )
    assert [each.id for each in template.rules["R"].targets] == ["f"]
    assert f"R (AWS::Events::Rule): Targets[0] left out: {NOT_RUN}" in template.not_run


def test_a_subscription_that_is_not_run_does_not_cost_its_topic(reading: Reading) -> None:
    template = reading(
        f"""{STACK}
          T:
            Type: AWS::SNS::Topic
            Properties:
              Subscription: [{{Protocol: firehose, Endpoint: {GONE}}}, {{Protocol: sqs, Endpoint: !GetAtt Q.Arn}}]
        """
    )
    assert [each.endpoint for each in template.subscriptions] == [template.queues["Q"].arn]
    assert template.subscriptions[0].topic_arn == template.topics["T"].arn
    assert [line for line in template.not_run if line.startswith("T ")] == [
        f"T (AWS::SNS::Topic): Subscription[0] left out: {NOT_RUN}"
    ]


@pytest.mark.parametrize(
    ("kind", "configuration", "target", "events"),
    [
        ("AWS::S3::Bucket", "LambdaConfigurations", "Function", "Event: 's3:ObjectCreated:*'"),
        ("AWS::S3::Bucket", "QueueConfigurations", "Queue", "Event: 's3:ObjectCreated:*'"),
        ("Custom::S3BucketNotifications", "QueueConfigurations", "QueueArn", "Events: ['s3:ObjectCreated:*']"),
    ],
)
def test_a_notification_that_is_not_run_does_not_cost_its_bucket(
    reading: Reading, kind: str, configuration: str, target: str, events: str
) -> None:
    runs = "F" if target == "Function" else "Q"
    template = reading(
        f"""{STACK}
          Own: {{Type: AWS::S3::Bucket, Properties: {{BucketName: own}}}}
          B:
            Type: {kind}
            Properties:
              BucketName: {"other" if kind == "AWS::S3::Bucket" else "own"}
              NotificationConfiguration:
                EventBridgeConfiguration: {{}}
                {configuration}: [{{{target}: {GONE}, {events}}}, {{{target}: !GetAtt {runs}.Arn, {events}}}]
        """
    )
    bucket = template.buckets["B" if kind == "AWS::S3::Bucket" else "Own"]
    arn = {**template.functions, **template.queues}[runs].arn
    assert ([each.target_arn for each in bucket.notifications], bucket.event_bridge) == ([arn], True)
    assert f"B ({kind}): NotificationConfiguration.{configuration}[0] left out: {NOT_RUN}" in template.not_run


def alarm(actions: str) -> str:
    return f"""
          A:
            Type: AWS::CloudWatch::Alarm
            Properties:
              {{ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, MetricName: orders, Namespace: shop,
              Period: 60, Statistic: Sum, Threshold: 1, {actions}}}
    """


def test_an_action_that_is_not_run_does_not_cost_its_alarm(reading: Reading) -> None:
    actions = f"AlarmActions: [{GONE}, !Ref T], OKActions: [{GONE}]"
    template = reading(f"{STACK}          T: {{Type: AWS::SNS::Topic}}{alarm(actions)}")
    assert template.alarms["A"].actions == {"ALARM": (template.topics["T"].arn,), "OK": (), "INSUFFICIENT_DATA": ()}
    assert f"A (AWS::CloudWatch::Alarm): AlarmActions[0] left out: {NOT_RUN}" in template.not_run
    assert f"A (AWS::CloudWatch::Alarm): OKActions[0] left out: {NOT_RUN}" in template.not_run


def test_a_mistake_in_one_entry_costs_what_it_is_in_as_aws_refuses_all_of_it(naming: Naming) -> None:
    told = naming(
        """
        Resources:
          T: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: sqs, Endpoint: 'arn:x'}, {Protocol: sqs}]}}
        """
    )
    assert told == "T: Properties.Subscription[1]: Endpoint is missing"


def test_a_list_that_is_not_written_out_is_read_as_a_whole(reading: Reading) -> None:
    topics = "{Type: CommaDelimitedList, Default: 'arn:aws:sns:us-east-1:123456789012:a,arn:b'}"
    declared = alarm("AlarmActions: !Ref Topics")
    template = reading(f"        Parameters: {{Topics: {topics}}}\n        Resources:{declared}")
    assert template.alarms["A"].actions["ALARM"] == ("arn:aws:sns:us-east-1:123456789012:a",)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:events:us-east-1:123456789012:event-bus/orders", None),
        ("arn:aws:events:us-east-1:123456789012:api-destination/orders/1", "api-destination"),
        ("arn:aws:lambda:us-east-1:123456789012:function:orders:live", None),
        ("arn:aws:lambda:us-east-1:123456789012:layer:orders:1", "layer"),
        ("arn:aws:sqs:us-east-1:123456789012:orders", None),
        ("arn:aws:ecs:us-east-1:123456789012:cluster/orders", "ecs"),
        ("orders", "orders"),
    ],
)
def test_what_can_be_a_target_is_told_by_service_and_resource(arn: str, kind: str | None) -> None:
    assert not_here(arn) == kind
