"""CloudFormation's names for what it creates: physical names, ARNs, and the values of ``Ref`` and ``Fn::GetAtt``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping

import msgspec

_SUFFIX_LENGTH = 12
_FIFO = ".fifo"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a stack.

    Attributes:
        stack_name: The stack's name.
        region: For example ``us-east-1``.
        account: Twelve digits.
    """

    stack_name: str
    region: str
    account: str

    @property
    def partition(self) -> str:
        """``aws``, or the name of China's or the United States government's."""
        for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return partition
        return "aws"

    @property
    def url_suffix(self) -> str:
        """The domain of the endpoints."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def stable_id(self, logical_id: str) -> uuid.UUID:
        """The same for the same stack and logical id, always."""
        return uuid.uuid5(
            uuid.NAMESPACE_URL, f"{self.partition}/{self.region}/{self.account}/{self.stack_name}/{logical_id}"
        )

    def generated(self, logical_id: str) -> str:
        """The name that CloudFormation makes up for a resource without one, always the same."""
        return f"{self.stack_name}-{logical_id}{_suffix(self, logical_id)}"

    def function_arn(self, name: str) -> str:
        """The unqualified ARN of a function."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{name}"

    def pseudo_parameters(self) -> dict[str, object]:
        """CloudFormation's own parameters, ``AWS::NoValue`` apart."""
        stack_id = (
            f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:"
            f"stack/{self.stack_name}/{self.stable_id('')}"
        )
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackId": stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": self.url_suffix,
        }


class Kind(msgspec.Struct, frozen=True):
    """The names of one type's resources. Texts are format strings over `fields`.

    Attributes:
        name_property: The property that gives the physical name; empty where there is none.
        longest: The longest name.
        ref: The value of ``Ref``.
        attributes: The values of ``Fn::GetAtt``.
    """

    name_property: str
    longest: int
    ref: str
    attributes: Mapping[str, str]


STREAM_LABEL = "stream/2000-01-01T00:00:00.000"
"""A table's stream is labelled when it is created; until then, this is its label."""

_AWS = "arn:{partition}"
_HERE = "{region}:{account}"
_QUEUE_URL = "https://sqs.{region}.{url_suffix}/{account}/{name}"
_FUNCTION = f"{_AWS}:lambda:{_HERE}:function:{{name}}"
_OF_FUNCTION = f"{_AWS}:lambda:{_HERE}:function:{{function}}"
_LAYER = f"{_AWS}:lambda:{_HERE}:layer:{{name}}:1"
_TOPIC = f"{_AWS}:sns:{_HERE}:{{name}}"
_KEY = f"{_AWS}:kms:{_HERE}:key/{{id}}"
_POLICY = f"{_AWS}:iam::{{account}}:policy{{path}}{{name}}"

KINDS: Mapping[str, Kind] = {
    "AWS::CloudWatch::CompositeAlarm": Kind(
        "AlarmName", 255, "{name}", {"Arn": f"{_AWS}:cloudwatch:{_HERE}:alarm:{{name}}"}
    ),
    "AWS::CloudWatch::Alarm": Kind("AlarmName", 255, "{name}", {"Arn": f"{_AWS}:cloudwatch:{_HERE}:alarm:{{name}}"}),
    "AWS::DynamoDB::Table": Kind(
        "TableName",
        255,
        "{name}",
        {
            "Arn": f"{_AWS}:dynamodb:{_HERE}:table/{{name}}",
            "StreamArn": f"{_AWS}:dynamodb:{_HERE}:table/{{name}}/{STREAM_LABEL}",
        },
    ),
    "AWS::Events::EventBus": Kind(
        "Name", 256, "{name}", {"Arn": f"{_AWS}:events:{_HERE}:event-bus/{{name}}", "Name": "{name}"}
    ),
    "AWS::Events::Rule": Kind("Name", 64, "{rule_ref}", {"Arn": f"{_AWS}:events:{_HERE}:rule/{{rule_path}}"}),
    "AWS::IAM::ManagedPolicy": Kind("ManagedPolicyName", 128, _POLICY, {"PolicyArn": _POLICY}),
    "AWS::IAM::Policy": Kind("PolicyName", 128, "{name}", {}),
    "AWS::IAM::Role": Kind(
        "RoleName", 64, "{name}", {"Arn": f"{_AWS}:iam::{{account}}:role{{path}}{{name}}", "RoleId": "{id}"}
    ),
    "AWS::KMS::Alias": Kind("AliasName", 256, "{name}", {}),
    "AWS::KMS::Key": Kind("", 36, "{id}", {"Arn": _KEY, "KeyId": "{id}"}),
    "AWS::Kinesis::Stream": Kind("Name", 128, "{name}", {"Arn": f"{_AWS}:kinesis:{_HERE}:stream/{{name}}"}),
    "AWS::Lambda::Alias": Kind("Name", 128, f"{_OF_FUNCTION}:{{name}}", {"AliasArn": f"{_OF_FUNCTION}:{{name}}"}),
    "AWS::Lambda::EventInvokeConfig": Kind("", 64, "{id}", {}),
    "AWS::Lambda::EventSourceMapping": Kind(
        "",
        36,
        "{id}",
        {"Id": "{id}", "EventSourceMappingArn": f"{_AWS}:lambda:{_HERE}:event-source-mapping:{{id}}"},
    ),
    "AWS::Lambda::Function": Kind("FunctionName", 64, "{name}", {"Arn": _FUNCTION}),
    "AWS::Lambda::LayerVersion": Kind("LayerName", 140, _LAYER, {"LayerVersionArn": _LAYER}),
    "AWS::Lambda::Version": Kind(
        "",
        20,
        f"{_OF_FUNCTION}:{{version}}",
        {"Version": "{version}", "FunctionArn": f"{_OF_FUNCTION}:{{version}}"},
    ),
    "AWS::Logs::LogGroup": Kind("LogGroupName", 512, "{name}", {"Arn": f"{_AWS}:logs:{_HERE}:log-group:{{name}}:*"}),
    "AWS::Logs::SubscriptionFilter": Kind("FilterName", 512, "{name}", {}),
    "AWS::S3::Bucket": Kind(
        "BucketName",
        63,
        "{name}",
        {
            "Arn": f"{_AWS}:s3:::{{name}}",
            "DomainName": "{name}.s3.{url_suffix}",
            "RegionalDomainName": "{name}.s3.{region}.{url_suffix}",
            "DualStackDomainName": "{name}.s3.dualstack.{region}.{url_suffix}",
        },
    ),
    "AWS::Scheduler::Schedule": Kind(
        "Name", 64, "{name}", {"Arn": f"{_AWS}:scheduler:{_HERE}:schedule/{{group}}/{{name}}"}
    ),
    "AWS::Scheduler::ScheduleGroup": Kind(
        "Name", 64, "{name}", {"Arn": f"{_AWS}:scheduler:{_HERE}:schedule-group/{{name}}"}
    ),
    "AWS::SNS::Subscription": Kind("", 36, "{topic}:{id}", {"Arn": "{topic}:{id}"}),
    "AWS::SNS::Topic": Kind("TopicName", 256, _TOPIC, {"TopicArn": _TOPIC, "TopicName": "{name}"}),
    "AWS::SQS::Queue": Kind(
        "QueueName",
        80,
        _QUEUE_URL,
        {"Arn": f"{_AWS}:sqs:{_HERE}:{{name}}", "QueueName": "{name}", "QueueUrl": _QUEUE_URL},
    ),
    "Custom::S3BucketNotifications": Kind("", 36, "{id}", {}),
}
"""Every type whose names are known."""


def generated_name(place: Place, logical_id: str, *, kind: str, fifo: bool = False) -> str:
    """The name of a resource that was given none: ``<stack>-<LogicalId>-<suffix>``, cut to the type's limit.

    CloudFormation's suffix is random; this one is the same for the same stack, so that a restarted service finds
    what it has made. Buckets' names are in lower case, and those of FIFO queues and topics end with ``.fifo``.
    """
    suffix = _suffix(place, logical_id) + (_FIFO if fifo else "")
    name = f"{place.stack_name}-{logical_id}"[: KINDS[kind].longest - len(suffix)] + suffix
    return name.lower() if kind == "AWS::S3::Bucket" else name


def _suffix(place: Place, logical_id: str) -> str:
    digest = hashlib.sha256(place.stable_id(logical_id).bytes).digest()
    return "-" + base64.b32encode(digest).decode()[:_SUFFIX_LENGTH]


_FUNCTION_REFERENCE = re.compile(
    r"(?:(?:arn:[a-z-]+:lambda:[a-z0-9-]+:)?\d{12}:function:)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>\$LATEST|[\w-]+))?"
)


def function_reference(text: str) -> tuple[str, str | None] | None:
    """The function's name and the qualifier in a name, an ARN or a partial ARN; None if it is none of them."""
    match = _FUNCTION_REFERENCE.fullmatch(text)
    return (match["name"], match["qualifier"]) if match else None
