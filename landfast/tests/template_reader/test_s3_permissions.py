"""Whose permission lets a bucket invoke a function."""

import pytest

from tests.template_reader.conftest import Naming, Reading

NOTIFIED = """
Resources:
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Code: functions, Handler: a.b, Runtime: python3.13}}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: ACTION, Principal: PRINCIPAL, FunctionName: !Ref F}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt F.Arn}]}
"""


@pytest.mark.parametrize(
    ("principal", "action"),
    [
        ("events.amazonaws.com", "lambda:InvokeFunction"),
        ("sns.amazonaws.com", "lambda:InvokeFunction"),
        ("'111122223333'", "lambda:InvokeFunction"),
        ("s3.amazonaws.com", "lambda:GetFunction"),
    ],
)
def test_s_043_what_another_may_do_s3_may_not(naming: Naming, principal: str, action: str) -> None:
    text = NOTIFIED.replace("PRINCIPAL", principal).replace("ACTION", action)
    assert "Not authorized to invoke function" in naming(text)


def test_s_043_s3_may_do_what_it_was_permitted(reading: Reading) -> None:
    text = NOTIFIED.replace("PRINCIPAL", "s3.amazonaws.com").replace("ACTION", "lambda:InvokeFunction")
    assert len(reading(text).buckets["Bucket"].notifications) == 1
