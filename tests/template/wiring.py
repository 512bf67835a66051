"""What in the template is wired to what, and what AWS asks of each kind of wire."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.template.stack import Stack, target, targets

QUEUE = "AWS::SQS::Queue"
FUNCTION = "AWS::Lambda::Function"
MAPPING = "AWS::Lambda::EventSourceMapping"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
ALARM = "AWS::CloudWatch::Alarm"
BUCKET = "AWS::S3::Bucket"
TABLE = "AWS::DynamoDB::Table"
TOPIC = "AWS::SNS::Topic"
EVENT_RULE = "AWS::Events::Rule"

SEND = {
    QUEUE: ["sqs:SendMessage"],
    TOPIC: ["sns:Publish"],
    FUNCTION: ["lambda:InvokeFunction"],
    "AWS::Events::EventBus": ["events:PutEvents"],
    BUCKET: ["s3:PutObject", "s3:ListBucket"],
}
"""What a destination needs (S-21)."""

POLL = {
    QUEUE: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "AWS::Kinesis::Stream": [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    ],
    TABLE: [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ],
}
"""What a source needs (S-69, S-107)."""

type Violations = Iterator[str]
type Rule = Callable[[Stack], Violations]


def queue_mappings(stack: Stack) -> Iterator[tuple[str, dict[str, Any], str]]:
    yield from _mappings(stack, QUEUE)


def stream_mappings(stack: Stack) -> Iterator[tuple[str, dict[str, Any], str]]:
    yield from _mappings(stack, "AWS::Kinesis::Stream")
    yield from _mappings(stack, TABLE)


def _mappings(stack: Stack, kind: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    for name, mapping in stack.all(MAPPING).items():
        source = target(mapping["EventSourceArn"])
        if stack.type_of(source) == kind:
            yield name, mapping, source


def asynchronous(stack: Stack) -> set[str]:
    """Return the functions that S3, a rule or another function's destination invokes, or that are configured for it."""
    invoked = {target(config["FunctionName"]) for config in stack.all(INVOKE_CONFIG).values()}
    for config in stack.all(INVOKE_CONFIG).values():
        invoked |= targets(config["DestinationConfig"])
    for bucket in stack.all(BUCKET).values():
        invoked |= targets(bucket.get("NotificationConfiguration", {}).get("LambdaConfigurations", []))
    for rule in stack.all(EVENT_RULE).values():
        invoked |= targets([each["Arn"] for each in rule["Targets"]])
    return invoked & set(stack.all(FUNCTION))


def redrives(stack: Stack) -> dict[str, str]:
    """Return the dead-letter queue of each queue that has one."""
    return {
        name: target(queue["RedrivePolicy"]["deadLetterTargetArn"])
        for name, queue in stack.all(QUEUE).items()
        if "RedrivePolicy" in queue
    }


def failure_queues(stack: Stack) -> set[str]:
    """Return every queue that something ends in when it fails."""
    found = set(redrives(stack).values())
    for mapping in stack.all(MAPPING).values():
        found |= targets(mapping.get("DestinationConfig", {}))
    for config in stack.all(INVOKE_CONFIG).values():
        found |= targets(config["DestinationConfig"].get("OnFailure", {}))
    for function in stack.all(FUNCTION).values():
        found |= targets(function.get("DeadLetterConfig", {}))
    for rule in stack.all(EVENT_RULE).values():
        found |= targets([each.get("DeadLetterConfig") for each in rule["Targets"]])
        if rule.get("EventPattern", {}).get("source") == ["lambda"]:
            found |= targets([each["Arn"] for each in rule["Targets"]])
    return found & set(stack.all(QUEUE))
