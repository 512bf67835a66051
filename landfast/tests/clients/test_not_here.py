"""Calls that the engine would take although their events would be lost: each is refused, and nothing is made."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from landfast.eventplane import not_here
from tests.clients.conftest import Clients

ROLE = "arn:aws:iam::123456789012:role/any"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:greeter"
TOPIC = "arn:aws:sns:us-east-1:123456789012:any"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:any"
BUCKET = "arn:aws:s3:::any-bucket"
DEFINITION = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}

CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    ("cloudwatch", "PutCompositeAlarm", {"AlarmName": "a", "AlarmRule": "TRUE"}, "the alarms of the template"),
    (
        "cloudwatch",
        "PutMetricAlarm",
        {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"},
        "the alarms of the template",
    ),
    (
        "dynamodb",
        "EnableKinesisStreamingDestination",
        {"TableName": "orders", "StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/any-stream-name"},
        "Read the table's own stream",
    ),
    ("dynamodb", "ExportTableToPointInTime", {"TableArn": TABLE, "S3Bucket": "any-bucket"}, "no notification"),
    (
        "firehose",
        "CreateDeliveryStream",
        {"DeliveryStreamName": "d", "ExtendedS3DestinationConfiguration": {"RoleARN": ROLE, "BucketARN": BUCKET}},
        "Put them into the bucket yourself",
    ),
    (
        "firehose",
        "UpdateDestination",
        {"DeliveryStreamName": "d", "CurrentDeliveryStreamVersionId": "1", "DestinationId": "1"},
        "no notification",
    ),
    (
        "logs",
        "CreateExportTask",
        {"logGroupName": "/aws/lambda/greeter", "fromTime": 0, "to": 1, "destination": "any-bucket"},
        "no notification",
    ),
    (
        "logs",
        "PutSubscriptionFilter",
        {
            "logGroupName": "/aws/lambda/greeter",
            "filterName": "f",
            "filterPattern": "",
            "destinationArn": FUNCTION,
        },
        "the subscription filters of the template",
    ),
    (
        "s3",
        "PutBucketReplication",
        {
            "Bucket": "any-bucket",
            "ReplicationConfiguration": {
                "Role": ROLE,
                "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": BUCKET}}],
            },
        },
        "Put the objects into the other bucket yourself",
    ),
    ("secretsmanager", "RotateSecret", {"SecretId": "s", "RotationLambdaARN": FUNCTION}, "PutSecretValue"),
    (
        "ses",
        "CreateConfigurationSetEventDestination",
        {"ConfigurationSetName": "c", "EventDestination": {"Name": "d", "MatchingEventTypes": ["send"]}},
        "nobody is told",
    ),
    (
        "ses",
        "SetIdentityNotificationTopic",
        {"Identity": "a@example.com", "NotificationType": "Delivery", "SnsTopic": TOPIC},
        "nobody is told",
    ),
    ("stepfunctions", "RedriveExecution", {"executionArn": MACHINE}, "state machines are not run"),
    ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}, "state machines are not run"),
    ("stepfunctions", "StartSyncExecution", {"stateMachineArn": MACHINE}, "state machines are not run"),
    ("stepfunctions", "TestState", {"definition": json.dumps(DEFINITION)}, "state machines are not run"),
]


@pytest.mark.parametrize(
    ("named", "operation", "params", "reason"),
    CALLS,
    ids=[f"{service} {operation}" for service, operation, *_ in CALLS],
)
def test_a_call_whose_events_would_be_lost_is_refused_by_name_with_the_reason(
    aws: Clients, named: str, operation: str, params: dict[str, Any], reason: str
) -> None:
    api = aws(named)
    name = next(python for python, action in api.meta.method_to_api_mapping.items() if action == operation)
    with pytest.raises(ClientError) as refused:
        getattr(api, name)(**params)
    error = refused.value.response["Error"]
    assert error["Code"] == "NotImplementedException"
    assert error["Message"].startswith(f"{operation} is not available: ")
    assert reason in error["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_every_refusal_is_tried_here() -> None:
    tried = {(service, operation) for service, operation, *_ in CALLS}
    told = {(service, operation) for service in not_here.SERVICES for operation in not_here._REASONS[service]}
    assert told - tried == {("scheduler", "")}  # tests/service/test_corner.py


def test_what_the_engine_keeps_of_such_services_is_kept(aws: Clients) -> None:
    machine = aws("stepfunctions").create_state_machine(name="kept", definition=json.dumps(DEFINITION), roleArn=ROLE)
    names = [each["stateMachineArn"] for each in aws("stepfunctions").list_state_machines()["stateMachines"]]
    assert names == [machine["stateMachineArn"]]
    aws("secretsmanager").create_secret(Name="kept", SecretString="sesame")
    assert aws("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "sesame"
