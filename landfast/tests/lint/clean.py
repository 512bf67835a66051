"""A template without a hazard, of which each test spoils one setting."""

import copy
import json
from pathlib import Path
from typing import Any

from landfast.lint.hazards import findings

type Document = dict[str, Any]

DAYS_14 = 1_209_600
_APP = Path(__file__).with_name("app")
_DELETED = object()


def arn(logical_id: str) -> Document:
    """The ARN of a resource."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _function(handler: str, timeout: int = 10) -> Document:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": handler,
            "Code": str(_APP),
            "Timeout": timeout,
            "Role": arn("Role"),
            "Environment": {"Variables": {"SECRET_NAME": "prod/orders", "TABLE": {"Ref": "Table"}}},
        },
    }


def _queue(**properties: object) -> Document:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _alarm(*queues: str) -> Document:
    """One alarm on several queues."""
    metrics: list[Document] = [{"Id": "all", "Expression": "SUM(METRICS())"}]
    for number, queue in enumerate(queues):
        metric = {
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateNumberOfMessagesVisible",
            "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}],
        }
        stat = {"Metric": metric, "Period": 60, "Stat": "Maximum"}
        metrics.append({"Id": f"m{number}", "ReturnData": False, "MetricStat": stat})
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Metrics": metrics,
            "Threshold": 0,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        },
    }


def _stream_mapping(source: Document, **properties: object) -> Document:
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": source,
            "FunctionName": {"Ref": "Tracker"},
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": 3,
            "MaximumRecordAgeInSeconds": 3600,
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": arn("Kept")}},
            **properties,
        },
    }


def _role() -> Document:
    allowed = [
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [arn("Failed")]},
        {"Effect": "Allow", "Action": "s3:Put*", "Resource": {"Fn::Sub": "${Kept.Arn}/*"}},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn("Kept")},
        {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": arn("Results")},
    ]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            "Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed}}],
        },
    }


def _table(**properties: object) -> Document:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            **properties,
        },
    }


def clean() -> Document:
    """The template: a queue, a FIFO queue, a stream, a table, a bucket, a rule and a schedule, all set right."""
    return copy.deepcopy(_CLEAN)


_CLEAN: Document = {
    "Parameters": {"Hidden": {"Type": "String", "NoEcho": True, "Default": "x"}},
    "Resources": {
        "Role": _role(),
        "Worker": _function("app.handler"),
        "Tracker": _function("app.handler"),
        "Importer": _function("plain.handler"),
        "Jobs": _queue(
            VisibilityTimeout=60, RedrivePolicy={"deadLetterTargetArn": arn("JobsFailed"), "maxReceiveCount": 5}
        ),
        "JobsFailed": _queue(MessageRetentionPeriod=DAYS_14),
        "Orders": _queue(
            FifoQueue=True,
            VisibilityTimeout=60,
            RedrivePolicy={"deadLetterTargetArn": arn("OrdersFailed"), "maxReceiveCount": 5},
        ),
        "OrdersFailed": _queue(FifoQueue=True),
        "Failed": _queue(MessageRetentionPeriod=DAYS_14),
        "FromRule": _queue(),
        "MayRule": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "FromRule"}], "PolicyDocument": {"Statement": []}},
        },
        "Alarm": _alarm("JobsFailed", "OrdersFailed", "Failed", "FromRule"),
        "ReadsJobs": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": arn("Jobs"),
                "FunctionName": {"Ref": "Worker"},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
        "ReadsOrders": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": arn("Orders"),
                "FunctionName": arn("Worker"),
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
        "Scans": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2, "RetentionPeriodHours": 48}},
        "ReadsScans": _stream_mapping(arn("Scans")),
        "Table": _table(StreamSpecification={"StreamViewType": "NEW_IMAGE"}),
        "Results": _table(),
        "ReadsTable": _stream_mapping({"Fn::GetAtt": ["Table", "StreamArn"]}),
        "Kept": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Inbox": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "NotificationConfiguration": {
                    "LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": arn("Importer")}]
                }
            },
        },
        "Settings": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Importer"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 2,
                "DestinationConfig": {"OnFailure": {"Destination": arn("Failed")}},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["shop"]},
                "Targets": [{"Id": "importer", "Arn": arn("Importer"), "DeadLetterConfig": {"Arn": arn("FromRule")}}],
            },
        },
        "Nightly": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {
                    "Arn": arn("Importer"),
                    "RoleArn": arn("Role"),
                    "DeadLetterConfig": {"Arn": arn("Failed")},
                },
            },
        },
    },
}

GONE = _DELETED
"""In place of a value: the setting is not there."""


def spoilt(changes: dict[str, object]) -> Document:
    """The template with settings changed, by their places such as ``Jobs.VisibilityTimeout``; `GONE` takes one out."""
    document = clean()
    for place, value in changes.items():
        logical_id, *steps = place.split(".")
        if not steps:
            if value is _DELETED:
                del document["Resources"][logical_id]
            else:
                document["Resources"][logical_id] = value
            continue
        holder: Any = document["Resources"][logical_id]["Properties"]
        for step in steps[:-1]:
            holder = holder[int(step)] if isinstance(holder, list) else holder.setdefault(step, {})
        last: Any = int(steps[-1]) if isinstance(holder, list) else steps[-1]
        if value is _DELETED:
            del holder[last]
        else:
            holder[last] = value
    return document


def found(document: Document, folder: Path) -> dict[str, list[str]]:
    """What is found in a template: the messages by the rules' ids."""
    path = folder / "template.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    messages: dict[str, list[str]] = {}
    for hazard, finding in findings(path):
        messages.setdefault(hazard.id, []).append(finding.message)
    return messages
