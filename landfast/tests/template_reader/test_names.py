import re

import pytest

from landfast.template.names import KINDS, Place, function_reference, generated_name
from tests.template_reader.conftest import Reading

HERE = Place(stack_name="shop", region="us-east-1", account="123456789012")


def test_a_name_is_made_of_stack_logical_id_and_suffix_and_stays() -> None:
    name = generated_name(HERE, "Orders", kind="AWS::DynamoDB::Table")
    assert re.fullmatch(r"shop-Orders-[A-Z2-7]{12}", name)
    assert name == generated_name(HERE, "Orders", kind="AWS::DynamoDB::Table")


def test_two_stacks_have_different_names() -> None:
    other = Place(stack_name="shop", region="us-east-1", account="210987654321")
    kind = "AWS::SQS::Queue"
    assert generated_name(HERE, "Orders", kind=kind) != generated_name(other, "Orders", kind=kind)


def test_a_bucket_is_named_in_lower_case() -> None:
    assert re.fullmatch(r"shop-orderfiles-[a-z2-7]{12}", generated_name(HERE, "OrderFiles", kind="AWS::S3::Bucket"))


def test_a_fifo_name_ends_with_fifo() -> None:
    name = generated_name(HERE, "Payments", kind="AWS::SQS::Queue", fifo=True)
    assert re.fullmatch(r"shop-Payments-[A-Z2-7]{12}\.fifo", name)


@pytest.mark.parametrize("kind", [kind for kind, each in KINDS.items() if each.name_property])
def test_a_name_keeps_to_its_limit_and_stays_unique(kind: str) -> None:
    one, other = (generated_name(HERE, "L" * 600 + end, kind=kind) for end in "ab")
    assert len(one) == KINDS[kind].longest
    assert one != other


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f", ("f", None)),
        ("f:live", ("f", "live")),
        ("f:$LATEST", ("f", "$LATEST")),
        ("123456789012:function:f", ("f", None)),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", ("f", None)),
        ("arn:aws-cn:lambda:cn-north-1:123456789012:function:f:7", ("f", "7")),
        ("arn:aws:sqs:us-east-1:123456789012:q", None),
        ("", None),
    ],
)
def test_a_function_is_known_by_name_arn_and_qualifier(text: str, expected: object) -> None:
    assert function_reference(text) == expected


RESOURCES = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}
  Subscription: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: a@b.c}}
  Stream: {Type: AWS::Kinesis::Stream, Properties: {Name: s}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: b}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
  Rule: {Type: AWS::Events::Rule, Properties: {Name: r, ScheduleExpression: rate(1 minute)}}
  BusRule: {Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: !GetAtt Bus.Arn, EventPattern: {source: [x]}}}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: r, Path: /service/}}
  Policy: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: p, PolicyDocument: {Statement: []}}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /l}}
  KeyAlias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: a}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: d
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: KEYS_ONLY}
  Function:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: f, Runtime: python3.13, Handler: a.b, Code: functions}
  Older: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Function}}
  Newer: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt Function.Arn}, DependsOn: Older}
  Alias:
    Type: AWS::Lambda::Alias
    Properties: {Name: live, FunctionName: !Ref Function, FunctionVersion: !GetAtt Newer.Version}
  Layer: {Type: AWS::Lambda::LayerVersion, Properties: {LayerName: l, Content: layer}}
Outputs:
"""
REGIONAL = "us-east-1:123456789012"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/123456789012/q"),
        ("!GetAtt Queue.QueueUrl", "https://sqs.us-east-1.amazonaws.com/123456789012/q"),
        ("!GetAtt Queue.Arn", f"arn:aws:sqs:{REGIONAL}:q"),
        ("!GetAtt Queue.QueueName", "q"),
        ("!Ref Topic", f"arn:aws:sns:{REGIONAL}:t"),
        ("!GetAtt Topic.TopicName", "t"),
        ("!Ref Stream", "s"),
        ("!GetAtt Stream.Arn", f"arn:aws:kinesis:{REGIONAL}:stream/s"),
        ("!Ref Bucket", "b"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::b"),
        ("!GetAtt Bucket.RegionalDomainName", "b.s3.us-east-1.amazonaws.com"),
        ("!Ref Bus", "bus"),
        ("!GetAtt Bus.Arn", f"arn:aws:events:{REGIONAL}:event-bus/bus"),
        ("!Ref Rule", "r"),
        ("!GetAtt Rule.Arn", f"arn:aws:events:{REGIONAL}:rule/r"),
        ("!Ref BusRule", "bus|r"),
        ("!GetAtt BusRule.Arn", f"arn:aws:events:{REGIONAL}:rule/bus/r"),
        ("!Ref Role", "r"),
        ("!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/service/r"),
        ("!Ref Policy", "arn:aws:iam::123456789012:policy/p"),
        ("!GetAtt Logs.Arn", f"arn:aws:logs:{REGIONAL}:log-group:/l:*"),
        ("!Ref KeyAlias", "alias/a"),
        ("!GetAtt Alarm.Arn", f"arn:aws:cloudwatch:{REGIONAL}:alarm:a"),
        ("!Ref Table", "d"),
        ("!GetAtt Table.Arn", f"arn:aws:dynamodb:{REGIONAL}:table/d"),
        ("!GetAtt Table.StreamArn", f"arn:aws:dynamodb:{REGIONAL}:table/d/stream/2000-01-01T00:00:00.000"),
        ("!Ref Function", "f"),
        ("!GetAtt Function.Arn", f"arn:aws:lambda:{REGIONAL}:function:f"),
        ("!GetAtt Older.Version", "1"),
        ("!Ref Newer", f"arn:aws:lambda:{REGIONAL}:function:f:2"),
        ("!Ref Alias", f"arn:aws:lambda:{REGIONAL}:function:f:live"),
        ("!Ref Layer", f"arn:aws:lambda:{REGIONAL}:layer:l:1"),
        ("!Ref AWS::StackName", "shop"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::Partition", "aws"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
    ],
)
def test_ref_and_get_att_give_aws_own_forms(reading: Reading, value: str, expected: str) -> None:
    assert reading(f"{RESOURCES}  O: {{Value: {value}}}\n").outputs == {"O": expected}


def test_ids_are_stable(reading: Reading) -> None:
    text = f"{RESOURCES}  Id: {{Value: !Ref AWS::StackId}}\n  Sub: {{Value: !Ref Subscription}}\n"
    outputs = reading(text).outputs
    assert re.fullmatch(rf"arn:aws:cloudformation:{REGIONAL}:stack/shop/[0-9a-f-]{{36}}", outputs["Id"])
    assert re.fullmatch(rf"arn:aws:sns:{REGIONAL}:t:[0-9a-f-]{{36}}", outputs["Sub"])
    assert reading(text).outputs == outputs


def test_china_and_the_government_have_partitions_of_their_own() -> None:
    china = Place(stack_name="shop", region="cn-north-1", account="123456789012")
    assert (china.partition, china.url_suffix) == ("aws-cn", "amazonaws.com.cn")
    government = Place(stack_name="shop", region="us-gov-west-1", account="123456789012")
    assert (government.partition, government.url_suffix) == ("aws-us-gov", "amazonaws.com")
