"""The declarations of a template, as far as the local service runs them, resolved and under CloudFormation's names."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import msgspec

from landfast.sources.alarms import Alarm
from landfast.template.findings import Findings
from landfast.template.names import Place, function_reference

T = TypeVar("T")


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A resource of the stack.

    Attributes:
        logical_id: The resource's key under Resources, after SAM's translation.
        name: The resource's physical name.
        arn: The resource's ARN.
    """

    logical_id: str
    name: str
    arn: str

    @property
    def event_source_arn(self) -> str | None:
        """The ARN by which event source mappings name it, if it can be one's source."""
        return self.arn


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of an identity policy, lists written out. What only AWS can resolve stays as its JSON text.

    Attributes:
        policy: The policy's name, or its logical id where it has none.
        sid: The statement's own id.
        effect: ``Allow`` or ``Deny``.
        action: Actions as written, wildcards included.
        not_action: The opposite of `action`.
        resource: ARNs, wildcards included.
        not_resource: The opposite of `resource`.
        condition: Operators, keys and values.
    """

    policy: str
    sid: str | None = None
    effect: Literal["Allow", "Deny"]
    action: tuple[str, ...] = ()
    not_action: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    not_resource: tuple[str, ...] = ()
    condition: Mapping[str, Any] = {}


class Role(Declared, frozen=True, kw_only=True):
    """An execution role of the template.

    Attributes:
        statements: Those of its inline policies and of the template's policies attached to it.
        managed_policy_arns: The policies attached to it that the template does not declare.
        permissions_boundary: The ARN of its boundary.
    """

    statements: tuple[Statement, ...]
    managed_policy_arns: tuple[str, ...]
    permissions_boundary: str | None = None


class Layer(Declared, frozen=True, kw_only=True):
    """A layer version.

    Attributes:
        content: The folder of its content.
        build_method: How ``sam build`` makes `content` from the sources, e.g. ``python3.13``; None if it does not. A
            built template still names it, and its content then holds a folder ``python``.
    """

    content: Path
    build_method: str | None = None


class EventInvokeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for asynchronous events of one qualifier (S-07, S-08).

    Attributes:
        on_success: The ARN of the destination; None without one.
        on_failure: The ARN of the destination; None without one.
        properties: CloudFormation's own, resolved, as `landfast.delivery` reads them.
    """

    on_success: str | None = None
    on_failure: str | None = None
    properties: Mapping[str, Any]


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """An alias.

    Attributes:
        name: The alias's name.
        arn: The qualified ARN.
        version: The number of the version it points at, or ``$LATEST``.
        weights: The part, 0 to 1, of the calls that other versions get, by number.
        description: For people.
    """

    name: str
    arn: str
    version: str
    weights: Mapping[str, float] = {}
    description: str = ""


class Function(Declared, frozen=True, kw_only=True):
    """A function.

    Attributes:
        handler: ``module.function``.
        runtime: For example ``python3.13``.
        code: The folder of its code.
        layers: In the order in which they are unpacked.
        environment: The declared variables.
        timeout: In seconds.
        memory_size: In MiB.
        reserved_concurrent_executions: None for no reservation.
        architecture: ``x86_64`` or ``arm64``.
        role: None if the role is not in the template.
        log_group: The name of its log group.
        log_format: ``Text`` or ``JSON``.
        application_log_level: The lowest level of the function's own log entries that are kept, with ``JSON``.
        system_log_level: The same of Lambda's entries.
        ephemeral_storage_size: In MiB.
        dead_letter_target_arn: A queue or topic.
        recursive_loop: The setting for a chain of calls that does not end (S-34).
        versions: Numbers of the published versions.
        aliases: By name.
        event_invoke_configs: By qualifier, ``$LATEST`` included. A qualifier inherits from no other (S-08).
        description: For people.
        tags: By their keys.
        policies: The statements of its own policy, as IAM writes them, by qualifier; those of the function itself
            have none.
    """

    handler: str
    runtime: str
    code: Path
    layers: tuple[Layer, ...] = ()
    environment: Mapping[str, str] = {}
    timeout: int = 3
    memory_size: int = 128
    reserved_concurrent_executions: int | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    role: Role | None = None
    log_group: str
    log_format: Literal["Text", "JSON"] = "Text"
    application_log_level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] = "INFO"
    system_log_level: Literal["DEBUG", "INFO", "WARN"] = "INFO"
    ephemeral_storage_size: int = 512
    dead_letter_target_arn: str | None = None
    recursive_loop: Literal["Terminate", "Allow"] = "Terminate"
    versions: tuple[str, ...] = ()
    aliases: Mapping[str, Alias] = {}
    event_invoke_configs: Mapping[str, EventInvokeConfig] = {}
    description: str = ""
    tags: Mapping[str, str] = {}
    policies: Mapping[str, Sequence[Mapping[str, Any]]] = {}


class Redrive(msgspec.Struct, frozen=True, kw_only=True):
    """The redrive policy of a queue: where messages go that were received too often.

    Attributes:
        dead_letter_target_arn: The dead-letter queue.
        max_receive_count: After how many receives.
    """

    dead_letter_target_arn: str
    max_receive_count: int


class Queue(Declared, frozen=True, kw_only=True):
    """An SQS queue; times are in seconds.

    Attributes:
        url: The URL that ``Ref`` gives, in AWS's own form.
        attributes: The attributes that are declared, as CreateQueue takes them; encryption with a key of KMS left out.
    """

    url: str
    fifo_queue: bool = False
    content_based_deduplication: bool = False
    visibility_timeout: int = 30
    message_retention_period: int = 345_600
    redrive_policy: Redrive | None = None
    attributes: Mapping[str, str] = {}


class Topic(Declared, frozen=True, kw_only=True):
    """An SNS topic."""

    fifo_topic: bool = False
    content_based_deduplication: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription of a queue or a function to a topic.

    Attributes:
        logical_id: Its own, or the topic's if it is declared there.
        topic_arn: The topic.
        protocol: The kind of endpoint.
        endpoint: The ARN of the queue, function, version or alias.
        filter_policy: None to take everything.
        filter_policy_scope: The part of a message that the policy looks at.
        raw_message_delivery: True if the queue gets the bare message.
        dead_letter_target_arn: The queue for undeliverable messages.
    """

    logical_id: str
    topic_arn: str
    protocol: Literal["sqs", "lambda"]
    endpoint: str
    filter_policy: Mapping[str, Any] | None = None
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = "MessageAttributes"
    raw_message_delivery: bool = False
    dead_letter_target_arn: str | None = None


class Stream(Declared, frozen=True, kw_only=True):
    """A Kinesis stream.

    Attributes:
        mode: The capacity mode.
        shard_count: None in mode ``ON_DEMAND``.
        retention_period_hours: 24 to 8760.
        max_record_size_in_kib: 1024 to 10240.
    """

    mode: Literal["PROVISIONED", "ON_DEMAND"] = "PROVISIONED"
    shard_count: int | None = None
    retention_period_hours: int = 24
    max_record_size_in_kib: int = 1024


class Table(Declared, frozen=True, kw_only=True):
    """A DynamoDB table. Keys and indexes are as CreateTable takes them.

    Attributes:
        stream_view_type: None if it has no stream.
        stream_arn: The stream's ARN in the template; the real label is only known when the table exists.
        time_to_live_attribute: None if nothing expires.
    """

    key_schema: tuple[Mapping[str, Any], ...]
    attribute_definitions: tuple[Mapping[str, Any], ...]
    billing_mode: Literal["PROVISIONED", "PAY_PER_REQUEST"] = "PROVISIONED"
    provisioned_throughput: Mapping[str, int] | None = None
    global_secondary_indexes: tuple[Mapping[str, Any], ...] = ()
    local_secondary_indexes: tuple[Mapping[str, Any], ...] = ()
    stream_view_type: str | None = None
    stream_arn: str | None = None
    time_to_live_attribute: str | None = None

    @property
    def event_source_arn(self) -> str | None:
        """The ARN of its stream, if it has one: mappings read that."""
        return self.stream_arn


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One event type that a bucket reports to one target.

    Attributes:
        target_arn: A function (maybe qualified), queue or topic.
        event: For example ``s3:ObjectCreated:*``.
        prefix: Keys must begin with it.
        suffix: Keys must end with it.
    """

    target_arn: str
    event: str
    prefix: str = ""
    suffix: str = ""


class Bucket(Declared, frozen=True, kw_only=True):
    """An S3 bucket.

    Attributes:
        notifications: To functions, queues and topics.
        event_bridge: True if it reports to EventBridge's default bus.
        versioning: True if objects have versions.
    """

    notifications: tuple[Notification, ...] = ()
    event_bridge: bool = False
    versioning: bool = False


class EventBus(Declared, frozen=True, kw_only=True):
    """A custom event bus."""


class InputTransformer(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """The text that a target gets instead of the event.

    Attributes:
        input_paths_map: JSON paths by variable.
        input_template: The text with ``<variable>``.
    """

    input_paths_map: Mapping[str, str] = {}
    input_template: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A target of a rule; at most one of the three inputs is set.

    Attributes:
        id: Unique in the rule.
        arn: The ARN of what is called.
        input: A fixed JSON text.
        input_path: The part of the event.
        input_transformer: A text made of parts of the event.
        message_group_id: For a FIFO queue.
        partition_key_path: For a stream: the part of the event that is the partition key.
        maximum_retry_attempts: 0 to 185.
        maximum_event_age_in_seconds: 60 to 86400.
        dead_letter_arn: The queue for what could not be delivered.
    """

    id: str
    arn: str
    input: str | None = None
    input_path: str | None = None
    input_transformer: InputTransformer | None = None
    message_group_id: str | None = None
    partition_key_path: str | None = None
    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None
    dead_letter_arn: str | None = None


class Rule(Declared, frozen=True, kw_only=True):
    """An EventBridge rule.

    Attributes:
        event_bus_name: ``default`` or a name.
        event_pattern: None if it has only a schedule.
        schedule_expression: None if it has only a pattern.
        enabled: True if it is on.
        targets: In their order.
    """

    event_bus_name: str = "default"
    event_pattern: Mapping[str, Any] | None = None
    schedule_expression: str | None = None
    enabled: bool = True
    targets: tuple[Target, ...] = ()


class ScheduleTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The target of a schedule.

    Attributes:
        arn: The ARN of what is called, or of an API's action.
        input: What it gets; None for the schedule's own event.
        message_group_id: For a FIFO queue.
        partition_key: For a stream.
        detail_type: For an event bus.
        source: For an event bus.
        maximum_retry_attempts: 0 to 185.
        maximum_event_age_in_seconds: 60 to 86400.
        dead_letter_arn: The queue for what could not be delivered.
    """

    arn: str
    input: str | None = None
    message_group_id: str | None = None
    partition_key: str | None = None
    detail_type: str | None = None
    source: str | None = None
    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None
    dead_letter_arn: str | None = None


class Schedule(Declared, frozen=True, kw_only=True):
    """A schedule of EventBridge Scheduler.

    Attributes:
        expression: When it is due.
        timezone: Where it is due then.
        start: It is not due before that, in Unix seconds.
        end: It is not due after that.
        enabled: True if it is on.
        target: What gets it.
    """

    expression: str
    timezone: str = "UTC"
    start: float | None = None
    end: float | None = None
    enabled: bool = True
    target: ScheduleTarget


class LogSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription of a function's log group.

    Attributes:
        logical_id: Its key under Resources.
        name: The name of the subscription filter.
        log_group: The log group.
        filter_pattern: Which log events are sent; empty for all.
        destination_arn: The function or stream that gets them.
    """

    logical_id: str
    name: str
    log_group: str
    filter_pattern: str = ""
    destination_arn: str


class EventSourceMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping of a stream or queue of the template to a function of the template.

    Attributes:
        logical_id: The mapping's key under Resources.
        uuid: The mapping's id.
        source: The logical id of the stream, table or queue.
        source_arn: The source's ARN in the template.
        function: The logical id of the function.
        qualifier: The alias or version that is called; None for the newest code.
        properties: CloudFormation's own, resolved; numbers and truth values are such even if they were texts.
    """

    logical_id: str
    uuid: str
    source: str
    source_arn: str
    function: str
    qualifier: str | None
    properties: Mapping[str, Any]


class StackResource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as CloudFormation tells of it.

    Attributes:
        logical_id: The resource's key under Resources, after SAM's translation.
        type: For example ``AWS::SQS::Queue``.
        physical_id: The value of ``Ref``.
        metadata: The resource's Metadata, as written.
    """

    logical_id: str
    type: str
    physical_id: str
    metadata: Mapping[str, Any] = {}


class OutputDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What CloudFormation tells of an output beside its value.

    Attributes:
        description: For people; empty without one.
        export_name: The name by which other stacks know it; empty if it is not exported.
    """

    description: str = ""
    export_name: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A stack as its template declares it. Resources are by logical id, in the template's order.

    Attributes:
        path: The template's file.
        stack_name: Given by the caller.
        region: Given by the caller.
        account: Given by the caller.
        alarms: The alarms whose metrics are read.
        outputs: By name.
        output_details: What is told of an output beside its value, by its name.
        resources: Everything that is there, whether it does anything here or not.
        description: For people.
        parameters: The values that were given or are the defaults, as text.
        functions_outside: The ARN of the queue that keeps the events of a function which does not run here, by the
            function's unqualified ARN.
        stand_ins: One line for each kind of resource that is not the template's and has local stand-ins.
        not_run: One line for each thing that the local service leaves out, with the reason.
    """

    path: Path
    stack_name: str
    region: str
    account: str
    functions: Mapping[str, Function]
    layers: Mapping[str, Layer]
    event_source_mappings: Mapping[str, EventSourceMapping]
    queues: Mapping[str, Queue]
    topics: Mapping[str, Topic]
    subscriptions: Sequence[Subscription]
    streams: Mapping[str, Stream]
    tables: Mapping[str, Table]
    buckets: Mapping[str, Bucket]
    event_buses: Mapping[str, EventBus]
    rules: Mapping[str, Rule]
    schedules: Mapping[str, Schedule] = {}
    log_subscriptions: Sequence[LogSubscription] = ()
    roles: Mapping[str, Role]
    alarms: Mapping[str, Alarm]
    outputs: Mapping[str, str]
    output_details: Mapping[str, OutputDetails] = {}
    resources: tuple[StackResource, ...] = ()
    description: str = ""
    parameters: Mapping[str, str] = {}
    functions_outside: Mapping[str, str] = {}
    stand_ins: tuple[str, ...] = ()
    not_run: tuple[str, ...]

    @property
    def partition(self) -> str:
        """``aws``, or the name of China's or the United States government's."""
        return Place(stack_name=self.stack_name, region=self.region, account=self.account).partition

    @property
    def stack_id(self) -> str:
        """The stack's ARN, as ``AWS::StackId`` gives it."""
        place = Place(stack_name=self.stack_name, region=self.region, account=self.account)
        return str(place.pseudo_parameters()["AWS::StackId"])

    def without(self, findings: Findings) -> Self:
        """The same without the resources that were refused; mappings that would read them are named as well."""
        lost = findings.lost
        for mapping in self.event_source_mappings.values():
            if mapping.source in lost:
                title = f"{mapping.logical_id} (AWS::Lambda::EventSourceMapping)"
                findings.cannot_run(title, f"{lost[mapping.source]} is not run locally")
        return msgspec.structs.replace(
            self,
            queues=_but(self.queues, lost),
            topics=_but(self.topics, lost),
            streams=_but(self.streams, lost),
            tables=_but(self.tables, lost),
            buckets=_but(self.buckets, lost),
            event_buses=_but(self.event_buses, lost),
            rules=_but(self.rules, lost),
            event_source_mappings={
                key: each for key, each in self.event_source_mappings.items() if each.source not in lost
            },
        )

    def function_of(self, reference: str) -> tuple[Function, str | None] | None:
        """The function and the qualifier that a name or an ARN means; None if it is not in this template."""
        return find_function(self.functions, reference)


def _but(resources: Mapping[str, T], lost: Collection[str]) -> dict[str, T]:
    return {key: each for key, each in resources.items() if key not in lost}


def find_function(functions: Mapping[str, Function], reference: str) -> tuple[Function, str | None] | None:
    """The function and the qualifier that a name or an ARN means; None if it is not among them."""
    parts = function_reference(reference)
    if parts is None:
        return None
    name, qualifier = parts
    for function in functions.values():
        qualified = function.arn if qualifier is None else f"{function.arn}:{qualifier}"
        if function.name == name and (not reference.startswith("arn:") or reference == qualified):
            return function, qualifier
    return None


def as_attribute(value: object) -> str:
    """A setting of a queue as its API takes it: text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
