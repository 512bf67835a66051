"""Creates the buckets and tables that a template declares. What is there already, with its data, stays."""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import RefusedError
from landfast.dataplane.waiting import is_error, telling, wait_until
from landfast.template import Findings, model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef

DEFAULT_REGION: Final = "us-east-1"
"""The one region that S3 does not want to be told as a bucket's place."""

_TARGETS: Final = {
    "lambda": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    "sns": ("TopicConfigurations", "TopicArn"),
    "sqs": ("QueueConfigurations", "QueueArn"),
}


def create(template: model.Template, clients: Clients, findings: Findings) -> Mapping[str, str]:
    """Create buckets and tables, and name whom buckets notify.

    Args:
        template: The template whose resources are created.
        clients: The clients of the endpoint, which makes the tables' streams and keeps the notifications.
        findings: Takes what is refused, which costs its resource alone.

    Returns:
        The real ARN of each declared one that differs: those of tables' streams.

    Raises:
        ResourceError: The endpoint is not there.
    """
    streams = {}
    for table in template.tables.values():
        try:
            made = _table(clients, table)
        except RefusedError as error:
            findings.loses(table.logical_id, {"Type": "AWS::DynamoDB::Table"}, str(error))
            continue
        if table.stream_arn and made:
            streams[table.stream_arn] = made
    for bucket in template.buckets.values():
        try:
            _bucket(clients, bucket, template.region)
        except RefusedError as error:
            findings.loses(bucket.logical_id, {"Type": "AWS::S3::Bucket"}, str(error))
            continue
        try:
            with telling(bucket.logical_id):
                _notify(clients, bucket)
        except RefusedError as error:
            findings.leaves_out(f"{bucket.logical_id} (AWS::S3::Bucket)", "its notifications", str(error))
    return streams


def _table(clients: Clients, table: model.Table) -> str | None:
    """Make a table; the ARN of its stream."""

    def described() -> Any:  # noqa: ANN401 - only two members of it are read
        return clients.dynamodb.describe_table(TableName=table.name)["Table"]

    with telling(table.logical_id):
        try:
            found = described()
        except ClientError as error:
            if not is_error(error, "ResourceNotFoundException"):
                raise
            found = clients.dynamodb.create_table(**_creation(table))["TableDescription"]
        if found["TableStatus"] != "ACTIVE":
            wait_until(lambda: described()["TableStatus"] == "ACTIVE", table)
        if table.time_to_live_attribute:
            _expire(clients, table.name, table.time_to_live_attribute)
    stream: str | None = found.get("LatestStreamArn")
    return stream


def _creation(table: model.Table) -> "CreateTableInputTypeDef":
    request: Any = {
        "TableName": table.name,
        "KeySchema": list(table.key_schema),
        "AttributeDefinitions": list(table.attribute_definitions),
        "BillingMode": table.billing_mode,
    }
    if table.provisioned_throughput:
        request["ProvisionedThroughput"] = table.provisioned_throughput
    if table.global_secondary_indexes:
        request["GlobalSecondaryIndexes"] = list(table.global_secondary_indexes)
    if table.local_secondary_indexes:
        request["LocalSecondaryIndexes"] = list(table.local_secondary_indexes)
    if table.stream_view_type:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream_view_type}
    return request  # type: ignore[no-any-return] # the members are the template's own


def _expire(clients: Clients, name: str, attribute: str) -> None:
    described = clients.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if described.get("AttributeName") != attribute or described.get("TimeToLiveStatus") != "ENABLED":
        clients.dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )


def _bucket(clients: Clients, bucket: model.Bucket, region: str) -> None:
    with telling(bucket.logical_id):
        try:
            clients.s3.head_bucket(Bucket=bucket.name)
        except ClientError as error:
            if not is_error(error, "404", "NoSuchBucket"):
                raise
            place: Any = {} if region == DEFAULT_REGION else {"LocationConstraint": region}
            clients.s3.create_bucket(Bucket=bucket.name, **({"CreateBucketConfiguration": place} if place else {}))
        if bucket.versioning:
            clients.s3.put_bucket_versioning(Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"})


def _notify(clients: Clients, bucket: model.Bucket) -> None:
    """Name whom a bucket notifies, if that has changed: S3 sends a test event each time."""
    wanted = _configuration(bucket)
    described: Any = clients.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    if {name: part for name, part in described.items() if name != "ResponseMetadata"} != wanted:
        clients.s3.put_bucket_notification_configuration(
            Bucket=bucket.name,
            NotificationConfiguration=wanted,  # type: ignore[arg-type] # the members are made below
        )


def _configuration(bucket: model.Bucket) -> dict[str, Any]:
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if bucket.event_bridge else {}
    for notification in bucket.notifications:
        kind, member = _TARGETS[notification.target_arn.split(":")[2]]
        rules = [
            {"Name": name, "Value": value}
            for name, value in (("Prefix", notification.prefix), ("Suffix", notification.suffix))
            if value
        ]
        identity = uuid.uuid5(
            uuid.NAMESPACE_URL,
            f"{bucket.arn} {notification.target_arn} {notification.event} {notification.prefix} {notification.suffix}",
        )
        entry = {"Id": str(identity), member: notification.target_arn, "Events": [notification.event]}
        filters = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
        configuration.setdefault(kind, []).append({**entry, **filters})
    return configuration
