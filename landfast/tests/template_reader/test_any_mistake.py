"""Whatever is wrong in a template, what is right is read, and the rest is told, each in one line."""

import copy
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from landfast.template import Template, TemplateError, read

type Place = tuple[str | int, ...]

PLAIN: dict[str, Any] = {
    "Parameters": {"Size": {"Type": "Number", "Default": 5, "MinValue": 1}},
    "Mappings": {"Map": {"a": {"b": 1}}},
    "Conditions": {"Yes": {"Fn::And": [{"Fn::Equals": ["a", "a"]}, {"Fn::Not": [{"Fn::Equals": ["a", "b"]}]}]}},
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": {"Fn::Sub": ["${AWS::StackName}-${x}", {"x": {"Fn::Select": [0, ["q"]]}}]},
                "VisibilityTimeout": {"Fn::If": ["Yes", 60, {"Ref": "AWS::NoValue"}]},
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 5},
            },
        },
        "Dead": {"Type": "AWS::SQS::Queue", "DependsOn": ["Topic"]},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": []}},
        "News": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"Subscription": [{"Protocol": "lambda", "Endpoint": {"Fn::GetAtt": "F.Arn"}}]},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": "Dead.Arn"}},
        },
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": {"Fn::FindInMap": ["Map", "a", "b"]}}},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyName": "p",
                        "PolicyDocument": {
                            "Statement": [
                                {"Effect": "Allow", "Action": ["s3:*"], "Resource": {"Fn::Join": ["", ["*"]]}}
                            ]
                        },
                    }
                ]
            },
        },
        "F": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": "functions",
                "Handler": "a.b",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Environment": {"Variables": {"A": {"Ref": "Queue"}}},
                "DeadLetterConfig": {"TargetArn": {"Ref": "Topic"}},
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "Name": "live",
                "FunctionName": {"Ref": "F"},
                "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
            },
        },
        "Config": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "F"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 1,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Dead", "Arn"]}}},
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Alias"},
                "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
                "BatchSize": {"Ref": "Size"},
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Dead", "Arn"]}}},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "F"},
                "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com",
            },
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "NotificationConfiguration": {
                    "LambdaConfigurations": [
                        {
                            "Event": "s3:ObjectCreated:*",
                            "Function": {"Fn::GetAtt": ["F", "Arn"]},
                            "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}},
                        }
                    ]
                }
            },
        },
        "Later": {
            "Type": "Custom::S3BucketNotifications",
            "Properties": {
                "BucketName": {"Ref": "Bucket"},
                "NotificationConfiguration": {
                    "QueueConfigurations": [
                        {
                            "Events": ["s3:ObjectRemoved:*"],
                            "QueueArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".csv"}]}},
                        }
                    ]
                },
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmActions": [{"Ref": "Topic"}],
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Metrics": [
                    {
                        "Id": "m",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/Lambda",
                                "MetricName": "Errors",
                                "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "F"}}],
                            },
                            "Period": 60,
                            "Stat": "Sum",
                        },
                        "ReturnData": False,
                    },
                    {"Id": "e", "Expression": "m * 2"},
                ],
                "Threshold": 1,
            },
        },
        "Logs": {
            "Type": "AWS::Logs::SubscriptionFilter",
            "Properties": {
                "LogGroupName": {"Fn::Sub": "/aws/lambda/${F}"},
                "FilterPattern": "ERROR",
                "DestinationArn": {"Fn::GetAtt": ["Stream", "Arn"]},
            },
        },
        "Schedule": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "cron(0 8 * * ? *)",
                "ScheduleExpressionTimezone": "Europe/Berlin",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "StartDate": "2026-12-24T18:00:00Z",
                "Target": {
                    "Arn": {"Fn::GetAtt": ["F", "Arn"]},
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Input": "{}",
                    "RetryPolicy": {"MaximumRetryAttempts": 3},
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Dead", "Arn"]}},
                },
            },
        },
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["x"]},
                "Targets": [
                    {
                        "Id": "f",
                        "Arn": {"Fn::GetAtt": ["F", "Arn"]},
                        "RetryPolicy": {},
                        "InputTransformer": {"InputPathsMap": {"id": "$.id"}, "InputTemplate": '{"id": <id>}'},
                    }
                ],
            },
        },
    },
    "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
}

SERVERLESS: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Globals": {"Function": {"Runtime": "python3.13", "CodeUri": "functions", "Environment": {"Variables": {}}}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Layer": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "layer"}},
        "F": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "a.b",
                "Layers": [{"Ref": "Layer"}],
                "AutoPublishAlias": "live",
                "Policies": [{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}],
                "DeadLetterQueue": {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
                "EventInvokeConfig": {"DestinationConfig": {"OnFailure": {"Type": "SQS"}}},
                "Events": {
                    "Message": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}},
                    "Upload": {"Type": "S3", "Properties": {"Bucket": {"Ref": "Bucket"}, "Events": "s3:*"}},
                    "Rule": {"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["x"]}}},
                },
            },
        },
    },
}


def places(node: object, place: Place = ()) -> Iterator[Place]:
    members: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(node, dict):
        members = iter(node.items())
    elif isinstance(node, list):
        members = iter(enumerate(node))
    for key, member in members:
        yield (*place, key)
        yield from places(member, (*place, key))


def changed(template: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    document = copy.deepcopy(template)
    holder: Any = document
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    return document


def outcome(folder: Path, document: dict[str, Any]) -> Template | str:
    """The template, or the message it is refused with."""
    (folder / "functions").mkdir(exist_ok=True)
    (folder / "layer").mkdir(exist_ok=True)
    path = folder / "template.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        return read(path, stack_name="shop")
    except TemplateError as error:
        return str(error).removeprefix(f"{path}: ")


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["", "x", "Queue", "F", "arn:x", "arn:aws:sqs:us-east-1:123456789012:q", "${Queue.Arn}", "${"]),
    st.sampled_from([[], [1], ["a", "b", "c"], [[]], {}, {"a": 1}, {"a": {"b": []}}]),
    st.sampled_from(
        [
            {"Ref": "Queue"},
            {"Ref": "F"},
            {"Ref": "AWS::NoValue"},
            {"Ref": ["a"]},
            {"Fn::GetAtt": ["Queue", "Arn"]},
            {"Fn::GetAtt": []},
            {"Fn::Sub": "${Queue}"},
            {"Fn::Sub": []},
            {"Fn::Sub": ["${a}", None]},
            {"Fn::If": ["Yes", {"Ref": "Queue"}, 1]},
            {"Fn::If": []},
            {"Fn::If": None},
            {"Fn::ImportValue": "x"},
            {"Fn::Split": [",", "a,b"]},
            {"Fn::Nothing": 1},
        ]
    ),
)


def test_the_templates_are_right_before_they_are_changed(tmp_path: Path) -> None:
    for document in (PLAIN, SERVERLESS):
        template = outcome(tmp_path, document)
        assert isinstance(template, Template)
        assert template.not_run == ()


def test_reading_says_nothing_on_the_screen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        outcome(tmp_path, SERVERLESS)
        outcome(tmp_path, changed(SERVERLESS, ("Resources", "F", "Properties", "Handler"), 1))
    gc.collect()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("document", [PLAIN, SERVERLESS], ids=["plain", "serverless"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_template_with_anything_anywhere_is_read_and_every_line_is_one(
    tmp_path: Path, document: dict[str, Any], data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(list(places(document))))
    result = outcome(tmp_path, changed(document, place, data.draw(anything)))
    if place == ("Resources",) and isinstance(result, str):
        assert result.startswith("Resources: ")
        return
    assert isinstance(result, Template)
    assert not [line for line in result.not_run if "\n" in line]
