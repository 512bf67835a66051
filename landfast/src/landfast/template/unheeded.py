"""Names the settings of resources that run here, where the settings themselves do nothing here.

A setting is silent only if it is read, or known to change nothing of what is delivered to whom. Whatever AWS adds is
named until somebody has looked at it.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from landfast.template.errors import Mistake, Unavailable
from landfast.template.model import Function
from landfast.template.stack import Stack

_READ: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator "
    "DatapointsToAlarm Dimensions EvaluationPeriods InsufficientDataActions MetricName Metrics Namespace OKActions "
    "Period Statistic Threshold TreatMissingData",
    "AWS::DynamoDB::Table": "AttributeDefinitions BillingMode GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes "
    "ProvisionedThroughput StreamSpecification TableName TimeToLiveSpecification",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "EventBusName EventPattern Name ScheduleExpression State Targets",
    "AWS::Kinesis::Stream": "MaxRecordSizeInKiB Name RetentionPeriodHours ShardCount StreamModeDetails",
    "AWS::Lambda::Alias": "FunctionName FunctionVersion Name RoutingConfig",
    "AWS::Lambda::EventInvokeConfig": "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts "
    "Qualifier",
    "AWS::Lambda::EventSourceMapping": "BatchSize BisectBatchOnFunctionError DestinationConfig Enabled EventSourceArn "
    "FilterCriteria FunctionName FunctionResponseTypes MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds "
    "MaximumRetryAttempts ParallelizationFactor ProvisionedPollerConfig ScalingConfig StartingPosition "
    "StartingPositionTimestamp TumblingWindowInSeconds",
    "AWS::Lambda::Function": "Architectures Code DeadLetterConfig Environment EphemeralStorage FunctionName Handler "
    "Layers LoggingConfig MemorySize PackageType RecursiveLoop ReservedConcurrentExecutions Role Runtime Timeout",
    "AWS::Lambda::Version": "FunctionName",
    "AWS::Logs::SubscriptionFilter": "DestinationArn FilterName FilterPattern LogGroupName",
    "AWS::S3::Bucket": "BucketName NotificationConfiguration VersioningConfiguration",
    "AWS::Scheduler::Schedule": "EndDate FlexibleTimeWindow GroupName Name ScheduleExpression "
    "ScheduleExpressionTimezone StartDate State Target",
    "AWS::SNS::Subscription": "Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy "
    "TopicArn",
    "AWS::SNS::Topic": "ContentBasedDeduplication FifoTopic Subscription TopicName",
    "AWS::SQS::Queue": "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
    "MaximumMessageSize MessageRetentionPeriod QueueName ReceiveMessageWaitTimeSeconds RedriveAllowPolicy "
    "RedrivePolicy VisibilityTimeout",
}
"""By type: the settings that the local service obeys."""

_HARMLESS: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "ActionConfiguration EvaluateLowSampleCountPercentile Unit",
    "AWS::DynamoDB::Table": "ContributorInsightsSpecification DeletionProtectionEnabled OnDemandThroughput "
    "PointInTimeRecoverySpecification ResourcePolicy SSESpecification TableClass WarmThroughput",
    "AWS::Events::EventBus": "DeadLetterConfig KmsKeyIdentifier LogConfig Policy",
    "AWS::Events::Rule": "RoleArn",
    "AWS::Kinesis::Stream": "DesiredShardLevelMetrics StreamEncryption WarmThroughputMiBps",
    "AWS::Lambda::EventSourceMapping": "KmsKeyArn LoggingConfig MetricsConfig",
    "AWS::Lambda::Function": "CodeSigningConfigArn KmsKeyArn PublishToLatestPublished RuntimeManagementConfig "
    "TracingConfig VpcConfig",
    "AWS::Logs::SubscriptionFilter": "Distribution RoleArn",
    "AWS::Lambda::Version": "CodeSha256 RuntimePolicy",
    "AWS::S3::Bucket": "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption "
    "BucketNamePrefix BucketNamespace IntelligentTieringConfigurations MetricsConfigurations OwnershipControls "
    "PublicAccessBlockConfiguration",
    "AWS::Scheduler::Schedule": "KmsKeyArn",
    "AWS::SNS::Subscription": "DeliveryPolicy Region SubscriptionRoleArn",
    "AWS::SNS::Topic": "DeliveryStatusLogging DisplayName KmsMasterKeyId TracingConfig",
    "AWS::SQS::Queue": "KmsDataKeyReusePeriodSeconds KmsMasterKeyId SqsManagedSseEnabled",
}
"""By type: what is about encryption, permissions, networks, billing, logs, metrics or backups."""

_EVERYWHERE: Final = frozenset({"Description", "Tags"})

_REASONS: Final[Mapping[tuple[str, str], str]] = {
    ("AWS::DynamoDB::Table", "ImportSourceSpecification"): "the table begins empty; put items into it at the endpoint",
    ("AWS::DynamoDB::Table", "KinesisStreamSpecification"): "its changes go to no Kinesis stream; map its own stream",
    ("AWS::DynamoDB::Table", "VectorIndexes"): "the engine has no such indexes",
    ("AWS::Events::EventBus", "EventSourceName"): "no partner sends here; put events with `landfast send events`",
    ("AWS::Lambda::Alias", "ProvisionedConcurrencyConfig"): "no environment starts beforehand, first calls are slower",
    ("AWS::Lambda::Function", "CapacityProviderConfig"): "it runs like any function, one event at a time",
    ("AWS::Lambda::Function", "DurableConfig"): (
        "durable executions are not kept, so steps and waits of its SDK fail here; test them with that SDK's own runner"
    ),
    ("AWS::Lambda::Function", "FileSystemConfigs"): (
        "no file system is mounted; let the function find its folder by an environment variable, and give that one here"
    ),
    ("AWS::Lambda::Function", "FunctionScalingConfig"): "environments are started as they are needed",
    ("AWS::Lambda::Function", "SnapStart"): "there are no snapshots, each environment is initialized",
    ("AWS::Lambda::Function", "TenancyConfig"): "tenants share environments here; nothing asks for a tenant id",
    ("AWS::Lambda::Version", "FunctionScalingConfig"): "environments are started as they are needed",
    (
        "AWS::Lambda::Version",
        "ProvisionedConcurrencyConfig",
    ): "no environment starts beforehand, first calls are slower",
    ("AWS::S3::Bucket", "CorsConfiguration"): "the endpoint answers no web page of another origin; use an SDK",
    ("AWS::S3::Bucket", "InventoryConfigurations"): "no inventory is written",
    ("AWS::S3::Bucket", "LifecycleConfiguration"): "objects neither expire nor move; delete one to see an event",
    ("AWS::S3::Bucket", "LoggingConfiguration"): "no access log is written",
    ("AWS::S3::Bucket", "MetadataConfiguration"): "no metadata table is written",
    ("AWS::S3::Bucket", "MetadataTableConfiguration"): "no metadata table is written",
    ("AWS::S3::Bucket", "ObjectLockConfiguration"): "objects are not locked",
    ("AWS::S3::Bucket", "ObjectLockEnabled"): "objects are not locked",
    (
        "AWS::S3::Bucket",
        "ReplicationConfiguration",
    ): "nothing is replicated; put objects into the other bucket yourself",
    ("AWS::S3::Bucket", "WebsiteConfiguration"): "no website is served; get the objects at the endpoint",
    ("AWS::SNS::Subscription", "ReplayPolicy"): "topics have no archive here; publish again what is to come again",
    ("AWS::SNS::Topic", "ArchivePolicy"): "messages are not archived",
    ("AWS::SNS::Topic", "DataProtectionPolicy"): "messages are neither inspected nor refused",
    ("AWS::SNS::Topic", "FifoThroughputScope"): "repeats are found in the whole topic",
    ("AWS::SNS::Topic", "MaximumMessageSize"): "a message may have 256 KiB here",
    ("AWS::SNS::Topic", "SignatureVersion"): "messages are not signed",
}
"""Why a setting does nothing here, and what to do instead; for others, see `_UNKNOWN`."""

_UNKNOWN: Final = "the local service does not know this setting; see whether your functions rely on it"
_OFF: Final[Mapping[str, object]] = {"SnapStart": {"ApplyOn": "None"}, "ObjectLockEnabled": False}
_ONLY_WITH: Final[Mapping[str, str]] = {"LifecycleConfiguration": "s3:Lifecycle"}
"""Settings that change what is delivered only where the resource mentions something: its events here."""

_SHOWN = 3


def unheeded(stack: Stack, running: Collection[str]) -> Iterator[str]:
    """One line for each setting that does nothing here, with the resources that have it.

    Args:
        stack: The resources as declared.
        running: The logical ids of those that are run; the others are named themselves.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        if logical_id not in running or kind not in _READ:
            continue
        known = {*_READ[kind].split(), *_HARMLESS.get(kind, "").split(), *_EVERYWHERE}
        for name in resource.get("Properties", {}):
            is_off = _decided(stack, logical_id, name) in (None, [], {}, _OFF.get(name))
            matters = _ONLY_WITH.get(name, "") in str(resource["Properties"])
            if name not in known and not is_off and matters:
                found.setdefault((kind, name), []).append(logical_id)
    for (kind, name), users in found.items():
        yield f"{some(users)} ({kind}): {name} left out: {_REASONS.get((kind, name), _UNKNOWN)}"


def _decided(stack: Stack, logical_id: str, name: str) -> object:
    try:
        return stack.raw(logical_id, name)
    except (Mistake, Unavailable):
        return stack.resources[logical_id]["Properties"][name]  # it cannot be decided, so it may be on


def not_built(stack: Stack, functions: Mapping[str, Function]) -> Iterator[str]:
    """One line for the functions whose code a Makefile has yet to build, as ``Metadata: BuildMethod`` says."""
    found = [
        logical_id
        for logical_id, function in functions.items()
        if stack.metadata(logical_id, "BuildMethod") == "makefile" and _has_makefile(function.code)
    ]
    if found:
        mend = "run `sam build`, then give --template .aws-sam/build/template.yaml"
        yield f"{some(found)} (AWS::Lambda::Function): its Makefile was not run, its sources run as they are: {mend}"


def some(names: list[str]) -> str:
    """The first few of many names."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _has_makefile(code: Path) -> bool:
    return (code / "Makefile").is_file()
