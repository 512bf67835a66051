"""What stands for a value that only AWS has, where the kind of resource that it names is known.

An export, a Systems Manager parameter, a dynamic reference, an output of a nested stack or an attribute of a custom
resource in a place that wants, say, a queue's ARN gets the ARN of a queue that is named after it. That queue is none of
the template, so a local one stands in for it (`outside.py`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from landfast.template.errors import Where
from landfast.template.names import STREAM_LABEL, Place

_RESOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "queue": ("sqs", "{name}"),
    "topic": ("sns", "{name}"),
    "stream": ("kinesis", "stream/{name}"),
    "table": ("dynamodb", f"table/{{name}}/{STREAM_LABEL}"),
    "function": ("lambda", "function:{name}"),
}
"""The service and the last part of an ARN, by the kind of resource."""

_PLACES: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::CloudWatch::Alarm", "AlarmActions"): "topic",
    ("AWS::CloudWatch::Alarm", "InsufficientDataActions"): "topic",
    ("AWS::CloudWatch::Alarm", "OKActions"): "topic",
    ("AWS::Events::Rule", "EventBusName"): "name",
    ("AWS::Events::Rule", "Targets.Arn"): "queue",
    ("AWS::Events::Rule", "Targets.DeadLetterConfig.Arn"): "queue",
    ("AWS::Lambda::EventInvokeConfig", "DestinationConfig.OnFailure.Destination"): "queue",
    ("AWS::Lambda::EventInvokeConfig", "DestinationConfig.OnSuccess.Destination"): "queue",
    ("AWS::Lambda::EventSourceMapping", "DestinationConfig.OnFailure.Destination"): "queue",
    ("AWS::Lambda::EventSourceMapping", "EventSourceArn"): "source",
    ("AWS::Lambda::Function", "DeadLetterConfig.TargetArn"): "queue",
    ("AWS::Logs::SubscriptionFilter", "DestinationArn"): "function",
    ("AWS::S3::Bucket", "NotificationConfiguration.LambdaConfigurations.Function"): "function",
    ("AWS::S3::Bucket", "NotificationConfiguration.QueueConfigurations.Queue"): "queue",
    ("AWS::S3::Bucket", "NotificationConfiguration.TopicConfigurations.Topic"): "topic",
    ("AWS::Scheduler::Schedule", "Target.Arn"): "queue",
    ("AWS::Scheduler::Schedule", "Target.DeadLetterConfig.Arn"): "queue",
    ("AWS::SNS::Subscription", "Endpoint"): "endpoint",
    ("AWS::SNS::Subscription", "RedrivePolicy.deadLetterTargetArn"): "queue",
    ("AWS::SNS::Subscription", "TopicArn"): "topic",
    ("AWS::SQS::Queue", "RedrivePolicy.deadLetterTargetArn"): "queue",
}
"""By resource type and property, the steps of lists left out: what the property names."""

_TRANSPARENT = frozenset({"Fn::GetAtt", "Fn::If", "Fn::ImportValue"})
_PARTS = frozenset({"Fn::Sub", "Fn::Join"})
_LONGEST = 64


def placeholder(name: str, resource: Mapping[str, Any], where: Where, place: Place) -> str | None:
    """The ARN, or the part of one, that stands for the value of this name on AWS.

    Args:
        name: The name of the export, the parameter, what a dynamic reference resolves, or what tells the value.
        resource: The resource that asks, as declared.
        where: The place that asks: logical id, ``Properties``, and so on.
        place: The account and region.

    Returns:
        None if the place does not tell what it wants.
    """
    steps = [step for step in where[2:] if isinstance(step, str) and step not in _TRANSPARENT]
    path = [step for step in steps if not step.startswith("Fn::")]
    functions = {step for step in steps if step.startswith("Fn::")}
    if functions:  # what is given to a function is a part of the text, and may have a name of its own
        path = steps[: next(index for index, step in enumerate(steps) if step.startswith("Fn::"))]
    kind = _PLACES.get((str(resource.get("Type")), ".".join(path)))
    if kind is None or not functions <= _PARTS:
        return None
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:_LONGEST]
    if not plain or functions or kind == "name":
        return plain or None
    properties = resource.get("Properties", {})
    if kind == "source":
        kind = _source(name, properties)
    elif kind == "endpoint":
        kind = "function" if properties.get("Protocol") == "lambda" else "queue"
    if kind == "queue" and str(properties.get("FifoQueue")).lower() == "true":  # its dead-letter queue is one too
        plain += ".fifo"
    service, form = _RESOURCES[kind]
    return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{form.format(name=plain)}"


def _source(name: str, properties: Mapping[str, Any]) -> str:
    """The kind of an event source: queues have no starting position; a table's stream tells by its name only."""
    if "StartingPosition" not in properties:
        return "queue"
    return "table" if re.search("table|dynamo", name, re.IGNORECASE) else "stream"
