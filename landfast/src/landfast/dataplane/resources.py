"""Creates what a template declares. What is there already, with its data, stays."""

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from landfast.dataplane import routes
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import EngineName
from landfast.dataplane.waiting import is_error, telling, wait_until
from landfast.dataplane.world import QueueMade, TableMade, World
from landfast.template import model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import CreateTableInputTypeDef
    from mypy_boto3_kinesis.type_defs import CreateStreamInputTypeDef

DEFAULT_REGION: Final = "us-east-1"
"""The one region that S3 does not want to be told as a bucket's place."""

_LATER = frozenset({"RedrivePolicy", "RedriveAllowPolicy"})
_AT_CREATION_ONLY = frozenset({"FifoQueue"})
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def create(template: model.Template, clients: Clients, engine: EngineName = "moto") -> World:
    """Create everything, and point what should call functions at internal queues.

    Args:
        template: What to create.
        clients: Of the endpoint.
        engine: Which emulator it is: what it cannot do is left out and named in the world's `not_run`.

    Raises:
        ResourceError: The endpoint refuses something, told in one line with the logical id.
    """
    queues = {one.logical_id: _queue(clients, one) for one in template.queues.values()}
    for one in template.queues.values():
        _connect(clients, one, queues[one.logical_id].url)
    tables = {one.logical_id: _table(clients, one) for one in template.tables.values()}
    world = World(
        queues=queues,
        topics={one.logical_id: _topic(clients, one) for one in template.topics.values()},
        streams={one.logical_id: _stream(clients, one) for one in template.streams.values()},
        tables=tables,
        buckets={one.logical_id: _bucket(clients, one, template.region) for one in template.buckets.values()},
        event_buses={one.logical_id: _event_bus(clients, one) for one in template.event_buses.values()},
        triggers=(),
        arns=_renamed_streams(template, tables),
        not_run=(),
    )
    return routes.connect(template, clients, world, engine)


def _queue(clients: Clients, queue: model.Queue) -> QueueMade:
    attributes: dict[Any, str] = {key: text for key, text in queue.attributes.items() if key not in _LATER}
    with telling(queue.logical_id):
        try:
            url = clients.sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        except ClientError as error:
            if not is_error(error, *_NO_QUEUE):
                raise
            url = clients.sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
        else:
            changeable = {key: text for key, text in attributes.items() if key not in _AT_CREATION_ONLY}
            if changeable:
                clients.sqs.set_queue_attributes(QueueUrl=url, Attributes=changeable)
        told = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return QueueMade(queue.name, url, told["Attributes"]["QueueArn"])


def _connect(clients: Clients, queue: model.Queue, url: str) -> None:
    policies: dict[Any, str] = {key: text for key, text in queue.attributes.items() if key in _LATER}
    if policies:
        with telling(queue.logical_id):
            clients.sqs.set_queue_attributes(QueueUrl=url, Attributes=policies)


def _topic(clients: Clients, topic: model.Topic) -> str:
    attributes = {}
    if topic.fifo_topic:
        attributes = {
            "FifoTopic": "true",
            "ContentBasedDeduplication": json.dumps(topic.content_based_deduplication),
        }
    with telling(topic.logical_id):
        return clients.sns.create_topic(Name=topic.name, Attributes=attributes)["TopicArn"]


def _stream(clients: Clients, stream: model.Stream) -> str:
    def summary() -> Any:  # noqa: ANN401 - only two members of it are read
        return clients.kinesis.describe_stream_summary(StreamName=stream.name)["StreamDescriptionSummary"]

    with telling(stream.logical_id):
        try:
            summary()
        except ClientError as error:
            if not is_error(error, "ResourceNotFoundException"):
                raise
            request: CreateStreamInputTypeDef = {
                "StreamName": stream.name,
                "StreamModeDetails": {"StreamMode": stream.mode},
            }
            if stream.mode == "PROVISIONED":
                request["ShardCount"] = stream.shard_count or 1
            clients.kinesis.create_stream(**request)
        wait_until(lambda: summary()["StreamStatus"] == "ACTIVE", stream)
        made = summary()
        if made["RetentionPeriodHours"] < stream.retention_period_hours:
            clients.kinesis.increase_stream_retention_period(
                StreamName=stream.name, RetentionPeriodHours=stream.retention_period_hours
            )
        arn: str = made["StreamARN"]
        return arn


def _table(clients: Clients, table: model.Table) -> TableMade:
    def described() -> Any:  # noqa: ANN401 - only three members of it are read
        return clients.dynamodb.describe_table(TableName=table.name)["Table"]

    with telling(table.logical_id):
        try:
            described()
        except ClientError as error:
            if not is_error(error, "ResourceNotFoundException"):
                raise
            clients.dynamodb.create_table(**_creation(table))
        wait_until(lambda: described()["TableStatus"] == "ACTIVE", table)
        if table.time_to_live_attribute:
            _expire(clients, table.name, table.time_to_live_attribute)
        made = described()
    return TableMade(table.name, made["TableArn"], made.get("LatestStreamArn"))


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
    told = clients.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if told.get("AttributeName") != attribute or told.get("TimeToLiveStatus") != "ENABLED":
        clients.dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )


def _bucket(clients: Clients, bucket: model.Bucket, region: str) -> str:
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
    return bucket.name


def _event_bus(clients: Clients, bus: model.EventBus) -> str:
    with telling(bus.logical_id):
        try:
            return clients.events.create_event_bus(Name=bus.name)["EventBusArn"]
        except ClientError as error:
            if not is_error(error, "ResourceAlreadyExistsException"):
                raise
            return clients.events.describe_event_bus(Name=bus.name)["Arn"]


def _renamed_streams(template: model.Template, tables: dict[str, TableMade]) -> dict[str, str]:
    return {
        table.stream_arn: made
        for table in template.tables.values()
        if table.stream_arn and (made := tables[table.logical_id].stream_arn)
    }
