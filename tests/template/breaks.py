"""Changes of the template that break its rules, made from what it has, whichever pipelines are there.

Each is a rule and a change of the template's resources that it has to find.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from backoffice import clients
from backoffice.batches import REPORT_MS
from tests.template import alarms, dashboard, deployments, rules, stores
from tests.template.stack import Stack, as_list, target, targets
from tests.template.wiring import (
    BUCKET,
    EVENT_RULE,
    INVOKE_CONFIG,
    POLL,
    SEND,
    TABLE,
    Rule,
    queue_mappings,
    stream_mappings,
)

type Source = dict[str, Any]
type Change = Callable[[Source], None]
type Break = tuple[Rule, Change]

P = "Properties"


def of(stack: Stack) -> list[Break]:
    """Return all of them."""
    source = _Source(stack.source["Resources"])
    every = (
        _queues, _streams, _asynchronous, _functions, _roles, _alarms, _metrics, _deliveries, _stores, _policies,
        _aliases, _rollbacks, _dashboards,
    )  # fmt: skip
    return [each for some in every for each in some(source)]


def is_about_something(rule: Rule, stack: Stack) -> bool:
    """Say whether the template has what the rule is about, so that it could be broken."""
    about: dict[Rule, Callable[[Stack], object]] = {
        rules.queues_outlast_their_function_six_times_and_its_window: queue_mappings,
        rules.queues_give_five_tries_and_then_keep_the_message_longer: queue_mappings,
        rules.hopeless_messages_can_be_sent_to_their_own_dead_letter_queue: queue_mappings,
        rules.queues_report_single_messages: queue_mappings,
        alarms.source_queues_are_watched_by_the_age_of_their_oldest_message: queue_mappings,
        rules.streams_isolate_what_fails_and_keep_it: stream_mappings,
        alarms.streams_that_fall_behind_are_told_before_records_are_given_up: stream_mappings,
        alarms.streams_that_nobody_reads_are_told: stream_mappings,
        rules.asynchronous_functions_state_both_numbers_and_both_destinations: lambda each: each.all(INVOKE_CONFIG),
        rules.no_destination_is_fifo: _destination_queues,
        rules.the_last_delivery_is_known_to_the_replay: lambda each: "MAX_RECEIVE_COUNT:" in each.text,
        rules.invocations_are_allowed_to_their_source_alone: lambda each: "AWS::Lambda::Permission" in each.text,
        rules.functions_outlast_every_call_they_make: lambda each: [
            name for name in _Source(each.source["Resources"]).functions() if longest_call_ms(each, name)
        ],
        stores.buckets_are_private: lambda each: each.all(BUCKET),
        stores.what_is_overwritten_or_deleted_can_be_had_back: lambda each: each.all(TABLE) | each.all(BUCKET),
        stores.data_outlives_its_stack: lambda each: _Source(each.source["Resources"]).data(),
        deployments.names_of_buckets_leave_room_for_the_stacks: lambda each: [
            bucket for bucket in each.all(BUCKET).values() if "BucketName" in bucket
        ],
    }
    found = about[rule](stack) if rule in about else True
    return next(found, None) is not None if isinstance(found, Iterator) else bool(found)


def longest_call_ms(stack: Stack, function: str) -> int:
    """Return how long the longest call may take that a function makes; 0 if it calls nobody."""
    folder = stack.properties(function)["Handler"].partition(".")[0]
    return max((clients.limits(service).longest_call_ms for service in rules.services(folder)), default=0)


def _destination_queues(stack: Stack) -> set[str]:
    configs = [*stack.all(INVOKE_CONFIG).values(), *stack.all("AWS::Lambda::EventSourceMapping").values()]
    named = {name for config in configs for name in targets(config.get("DestinationConfig", {}))}
    return named & set(stack.all("AWS::SQS::Queue"))


def drop(path: str) -> Callable[[Source], None]:
    """Return what deletes a part of the template's resources, given as `Resource.Key.Key`."""
    *parents, last = path.split(".")

    def change(resources: Source) -> None:
        found = _at(resources, parents)
        del found[int(last) if isinstance(found, list) else last]

    return change


def put(path: str, value: object) -> Callable[[Source], None]:
    """Return what sets a part of the template's resources."""
    *parents, last = path.split(".")

    def change(resources: Source) -> None:
        found = _at(resources, parents)
        found[int(last) if isinstance(found, list) else last] = value

    return change


def _at(resources: Source, parents: list[str]) -> Any:
    found: Any = resources
    for each in parents:
        found = found[int(each) if isinstance(found, list) else each]
    return found


@dataclass(frozen=True)
class _Source:
    """The template's resources as they are written."""

    resources: Source

    def all(self, kind: str) -> dict[str, Any]:
        return {name: each.get(P, {}) for name, each in self.resources.items() if each["Type"] == kind}

    def functions(self) -> dict[str, Any]:
        return self.all("AWS::Serverless::Function")

    def events(self, *kinds: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield function, path and properties of each of the functions' events of these kinds."""
        for function, properties in self.functions().items():
            for name, event in properties.get("Events", {}).items():
                if event["Type"] in kinds:
                    yield function, f"{function}.{P}.Events.{name}.{P}", event[P]

    def statements(self, function: str, *actions: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield path and statement of what the function's role says of any of these actions."""
        role = target(self.functions()[function]["Role"])
        for number, statement in enumerate(self.resources[role][P]["Policies"][0]["PolicyDocument"]["Statement"]):
            if set(actions) & set(as_list(statement["Action"])):
                yield f"{role}.{P}.Policies.0.PolicyDocument.Statement.{number}", statement

    def alarms(self, *metrics: str) -> Iterator[str]:
        """Yield the alarms on one of these metrics."""
        for name, alarm in self.all("AWS::CloudWatch::Alarm").items():
            if alarm.get("MetricName") in metrics:
                yield name

    def data(self) -> list[str]:
        """Return the tables and buckets of business data."""
        return [name for name in [*self.all("AWS::DynamoDB::Table"), *self.all(BUCKET)] if name != "IdempotencyTable"]


def _queues(source: _Source) -> Iterator[Break]:
    for function, event, properties in source.events("SQS"):
        queue = target(properties["Queue"])
        given = source.resources[queue][P]
        dead = target(given["RedrivePolicy"]["deadLetterTargetArn"])
        timeout = source.functions()[function]["Timeout"]
        for change in (
            put(f"{queue}.{P}.VisibilityTimeout", given["VisibilityTimeout"] - 1),
            drop(f"{queue}.{P}.VisibilityTimeout"),
            put(f"{function}.{P}.Timeout", timeout + 1),
        ):
            yield rules.queues_outlast_their_function_six_times_and_its_window, change
        for change in (
            put(f"{queue}.{P}.RedrivePolicy.maxReceiveCount", 4),
            drop(f"{queue}.{P}.RedrivePolicy"),
            put(f"{dead}.{P}.FifoQueue", not given.get("FifoQueue", False)),
            put(f"{dead}.{P}.MessageRetentionPeriod", given["MessageRetentionPeriod"]),
        ):
            yield rules.queues_give_five_tries_and_then_keep_the_message_longer, change
        [(sending, _)] = source.statements(function, "sqs:SendMessage")
        for change in (
            drop(f"{function}.{P}.Environment.Variables.DEAD_LETTERS_QUEUE"),
            put(f"{function}.{P}.Environment.Variables.DEAD_LETTERS_QUEUE", {"Ref": queue}),
            drop(sending),
            put(f"{sending}.Resource", [{"Fn::GetAtt": [each, "Arn"]} for each in (dead, queue)]),
        ):
            yield rules.hopeless_messages_can_be_sent_to_their_own_dead_letter_queue, change
        yield rules.queues_report_single_messages, drop(f"{event}.FunctionResponseTypes")
        if "MaximumBatchingWindowInSeconds" in properties:
            yield rules.queues_report_single_messages, drop(f"{event}.MaximumBatchingWindowInSeconds")
        else:
            yield rules.queues_report_single_messages, put(f"{event}.BatchSize", 11)
        if "MAX_RECEIVE_COUNT" in source.functions()[function]["Environment"]["Variables"]:
            more = put(f"{queue}.{P}.RedrivePolicy.maxReceiveCount", 6)
            yield rules.the_last_delivery_is_known_to_the_replay, more
        [late] = [
            name
            for name in source.alarms("ApproximateAgeOfOldestMessage")
            if queue in targets(source.resources[name][P]["Dimensions"])
        ]
        tries = given["RedrivePolicy"]["maxReceiveCount"] * given["VisibilityTimeout"]
        for change in (
            drop(late),
            put(f"{late}.{P}.Threshold", tries - 1),
            put(f"{late}.{P}.Threshold", given["MessageRetentionPeriod"] // 2 + 1),
        ):
            yield alarms.source_queues_are_watched_by_the_age_of_their_oldest_message, change


def _streams(source: _Source) -> Iterator[Break]:
    for function, event, properties in source.events("Kinesis", "DynamoDB"):
        for setting in (
            "BisectBatchOnFunctionError",
            "FunctionResponseTypes",
            "MaximumRetryAttempts",
            "MaximumRecordAgeInSeconds",
            "DestinationConfig",
        ):
            yield rules.streams_isolate_what_fails_and_keep_it, drop(f"{event}.{setting}")
        hours = source.resources[target(properties["Stream"])][P].get("RetentionPeriodHours", 24)
        for change in (
            put(f"{event}.MaximumRecordAgeInSeconds", 3600 * hours // 2 + 1),
            put(f"{event}.StartingPosition", "LATEST"),
        ):
            yield rules.streams_isolate_what_fails_and_keep_it, change
        yield alarms.streams_that_nobody_reads_are_told, drop(f"{event}.MetricsConfig")
        for name in source.alarms("IteratorAge"):
            if function in targets(source.resources[name][P]["Dimensions"]):
                late = put(f"{name}.{P}.Threshold", 1000 * properties["MaximumRecordAgeInSeconds"])
                yield alarms.streams_that_fall_behind_are_told_before_records_are_given_up, late
    for name in source.alarms("PolledEventCount"):
        for change in (
            drop(name),
            put(f"{name}.{P}.TreatMissingData", "notBreaching"),
            put(f"{name}.{P}.Statistic", "Sum"),
        ):
            yield alarms.streams_that_nobody_reads_are_told, change


def _asynchronous(source: _Source) -> Iterator[Break]:
    rule = rules.asynchronous_functions_state_both_numbers_and_both_destinations
    for function, properties in source.functions().items():
        config, path = properties.get("EventInvokeConfig"), f"{function}.{P}.EventInvokeConfig"
        if config is None:
            continue
        sides = config["DestinationConfig"]
        for setting in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
            yield rule, drop(f"{path}.{setting}")
        for side, given in sides.items():
            yield rule, drop(f"{path}.DestinationConfig.{side}")
            yield from _destination(given)
    for function, event, _ in source.events("EventBridgeRule"):
        yield rule, drop(f"{function}.{P}.EventInvokeConfig")
        yield alarms.everything_that_delivers_is_watched, drop(f"{event}.DeadLetterConfig")
    for _, _, properties in source.events("Kinesis", "DynamoDB"):
        yield from _destination(properties["DestinationConfig"]["OnFailure"])


def _destination(given: dict[str, Any]) -> Iterator[Break]:
    if given["Type"] == "SQS":
        yield rules.no_destination_is_fifo, put(f"{target(given['Destination'])}.{P}.FifoQueue", value=True)
    if given["Type"] == "Lambda":
        rule = rules.asynchronous_functions_state_both_numbers_and_both_destinations
        yield rule, drop(f"{target(given['Destination'])}.{P}.EventInvokeConfig")


def _functions(source: _Source) -> Iterator[Break]:
    for name, function in source.functions().items():
        folder = function["Handler"].partition(".")[0]
        yield rules.every_handler_is_there, put(f"{name}.{P}.Handler", f"{folder}.app.main")
        given = [each for each in function["Environment"]["Variables"] if not each.startswith("POWERTOOLS_")]
        for each in given[:1]:
            yield rules.every_setting_is_given, drop(f"{name}.{P}.Environment.Variables.{each}")
        yield rules.every_setting_is_given, put(f"{name}.{P}.Environment.Variables.NEW_SETTING", "1")
        longest = max((clients.limits(each).longest_call_ms for each in rules.services(folder)), default=0)
        if longest:
            short = put(f"{name}.{P}.Timeout", (longest + REPORT_MS) // 1000)
            yield rules.functions_outlast_every_call_they_make, short
    for name, permission in source.all("AWS::Lambda::Permission").items():
        for each in ("SourceArn", "SourceAccount"):
            if each in permission:
                yield rules.invocations_are_allowed_to_their_source_alone, drop(f"{name}.{P}.{each}")


def _roles(source: _Source) -> Iterator[Break]:
    own = rules.every_function_has_a_role_and_a_log_group_of_its_own
    for name, function in source.functions().items():
        role, logs = target(function["Role"]), target(function["LoggingConfig"]["LogGroup"])
        statement = f"{role}.{P}.Policies.0.PolicyDocument.Statement.1"
        yield rules.no_function_reaches_outside_its_stack, put(f"{statement}.Resource", "*")
        yield rules.no_function_reaches_outside_its_stack, put(f"{statement}.Action", "s3:*")
        yield own, _without_role(name, role)
        yield own, drop(f"{logs}.{P}.RetentionInDays")
        yield own, drop(f"{name}.{P}.LoggingConfig.LogGroup")
        for actions in (*POLL.values(), *SEND.values()):
            for path, given in source.statements(name, *actions):
                if _is_wiring(function, given):
                    yield rules.functions_may_do_what_their_wiring_needs, drop(path)
    for one, other in pairwise(source.functions().items()):
        yield own, put(f"{one[0]}.{P}.Role", other[1]["Role"])
        yield own, put(f"{one[0]}.{P}.LoggingConfig.LogGroup", other[1]["LoggingConfig"]["LogGroup"])


def _is_wiring(function: dict[str, Any], statement: dict[str, Any]) -> bool:
    """Say whether a statement is about an event's source, or about a place that Lambda sends to for the function."""
    events = [{**each[P], "DeadLetterConfig": None} for each in function.get("Events", {}).values()]
    wired = targets([events, function.get("EventInvokeConfig"), function.get("DeadLetterQueue")])
    return bool(targets(statement["Resource"]) & wired)


def _without_role(function: str, role: str) -> Change:
    """Return what leaves the function's role to SAM."""

    def change(resources: Source) -> None:
        del resources[function][P]["Role"]
        del resources[role]

    return change


def _alarms(source: _Source) -> Iterator[Break]:
    every = [*source.all("AWS::CloudWatch::Alarm")]
    for name in every[:3]:
        nowhere = put(f"{name}.{P}.AlarmDescription", {"Fn::Sub": "Look at ${Runbooks}#nowhere"})
        yield alarms.every_alarm_reaches_the_administrators_and_says_what_to_do, nowhere
        yield alarms.every_alarm_reaches_the_administrators_and_says_what_to_do, drop(f"{name}.{P}.AlarmActions")
    for name in source.alarms("ApproximateNumberOfMessagesVisible"):
        queue = next(iter(targets(source.resources[name][P]["Dimensions"])))
        if queue in _sources(source):
            continue
        yield alarms.every_failure_store_has_an_alarm, drop(name)
        yield alarms.every_failure_store_has_an_alarm, put(f"{name}.{P}.Threshold", 1)
        yield alarms.every_failure_store_has_an_alarm, put(f"{name}.{P}.MetricName", "NumberOfMessagesSent")
    for name in source.alarms("OnFailureDestinationDeliveredEventCount"):
        yield alarms.every_failure_store_has_an_alarm, drop(name)
    for number in range(1, len(source.resources["FunctionsThrottled"][P]["Metrics"])):
        yield alarms.every_function_is_watched_for_throttles, drop(f"FunctionsThrottled.{P}.Metrics.{number}")


def _sources(source: _Source) -> set[str]:
    return {target(properties["Queue"]) for _, _, properties in source.events("SQS")}


def _metrics(source: _Source) -> Iterator[Break]:
    rule = alarms.every_alarm_watches_what_can_be_emitted
    yield rule, put(f"FunctionsThrottled.{P}.Metrics", [{"Id": f"m{number}"} for number in range(11)])
    yield rule, put(f"AlarmsUndelivered.{P}.MetricName", "NotificationsFailed")
    for name, alarm in source.all("AWS::CloudWatch::Alarm").items():
        if alarm.get("Namespace") != {"Ref": "AWS::StackName"}:
            continue
        for change in (
            put(f"{name}.{P}.MetricName", "Nothing"),
            put(f"{name}.{P}.Namespace", "Shop"),
            put(f"{name}.{P}.Dimensions", [{"Name": "service", "Value": "nobody"}]),
        ):
            yield rule, change
        service = alarm["Dimensions"][0]["Value"]
        [function] = [each for each, given in source.functions().items() if given["Handler"].startswith(f"{service}.")]
        for level in ({"Ref": "LogLevel"}, "WARN"):
            logging = {"LogFormat": "JSON", "ApplicationLogLevel": level}
            yield rule, put(f"{function}.{P}.LoggingConfig", logging)


def _deliveries(source: _Source) -> Iterator[Break]:
    rule = alarms.everything_that_delivers_is_watched
    yield rule, put("Nightly", {"Type": "AWS::Scheduler::Schedule", P: {}})
    for name in source.alarms(
        "DestinationDeliveryFailures",
        "AsyncEventsDropped",
        "DeadLetterErrors",
        "InvocationsFailedToBeSentToDlq",
        "NumberOfNotificationsFailed",
    ):
        yield rule, drop(name)
    for name in source.all(EVENT_RULE):
        yield rule, drop(f"{name}.{P}.Targets.0.DeadLetterConfig")
    for name in source.all(BUCKET):
        yield rule, put(f"{name}.{P}.NotificationConfiguration", {"QueueConfigurations": []})


def _stores(source: _Source) -> Iterator[Break]:
    for kind, setting in (
        ("AWS::SQS::Queue", "SqsManagedSseEnabled"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Kinesis::Stream", "StreamEncryption"),
        ("AWS::DynamoDB::Table", "SSESpecification"),
        (BUCKET, "BucketEncryption"),
    ):
        for name in source.all(kind):
            yield stores.what_is_stored_is_encrypted, drop(f"{name}.{P}.{setting}")
    for table in source.all("AWS::DynamoDB::Table"):
        lost = drop(f"{table}.{P}.PointInTimeRecoverySpecification")
        yield stores.what_is_overwritten_or_deleted_can_be_had_back, lost
    for bucket in source.all(BUCKET):
        for setting in ("VersioningConfiguration", "LifecycleConfiguration"):
            yield stores.what_is_overwritten_or_deleted_can_be_had_back, drop(f"{bucket}.{P}.{setting}")
        opened = put(f"{bucket}.{P}.PublicAccessBlockConfiguration.BlockPublicAcls", value=False)
        yield stores.buckets_are_private, opened
    for name in source.data():
        yield stores.data_outlives_its_stack, put(f"{name}.DeletionPolicy", "Delete")
        yield stores.data_outlives_its_stack, put(f"{name}.UpdateReplacePolicy", "Retain")
    yield stores.nothing_else_outlives_its_stack, put("AdministratorsTopic.DeletionPolicy", "Retain")


def _policies(source: _Source) -> Iterator[Break]:
    queues, topics = source.all("AWS::SQS::QueuePolicy"), source.all("AWS::SNS::TopicPolicy")
    for name in [*queues, *topics, *source.all("AWS::S3::BucketPolicy")]:
        yield stores.everything_takes_tls_only, drop(name)
    for name in topics:
        yield stores.everything_takes_tls_only, put(f"{name}.{P}.PolicyDocument.Statement.0.Condition", {})
        yield stores.topics_can_be_used_by_their_account, drop(f"{name}.{P}.PolicyDocument.Statement.1")
    for name, policy in queues.items():
        if len(policy["Queues"]) > 1:
            yield stores.everything_takes_tls_only, put(f"{name}.{P}.Queues", policy["Queues"][:1])
        if len(policy["PolicyDocument"]["Statement"]) > 1:
            sent = drop(f"{name}.{P}.PolicyDocument.Statement.1")
            yield stores.services_may_send_and_only_on_behalf_of_this_stack, sent
    for one, other in pairwise(queues.items()):
        both = [*one[1]["Queues"], *other[1]["Queues"]]
        yield stores.everything_takes_tls_only, put(f"{one[0]}.{P}.Queues", both)
    alarms_may = f"AdministratorsTopicPolicy.{P}.PolicyDocument.Statement.2"
    yield stores.services_may_send_and_only_on_behalf_of_this_stack, drop(alarms_may)
    yield stores.services_may_send_and_only_on_behalf_of_this_stack, put(f"{alarms_may}.Condition", {})


def _aliases(source: _Source) -> Iterator[Break]:
    calls = deployments.everything_calls_the_alias
    for name, function in source.functions().items():
        by_hand = {"FunctionName": {"Ref": name}, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
        yield calls, put("ByHand", {"Type": "AWS::Lambda::Permission", P: by_hand})
        for side, given in function.get("EventInvokeConfig", {}).get("DestinationConfig", {}).items():
            if given["Type"] == "Lambda":
                itself = {"Fn::GetAtt": [target(given["Destination"]), "Arn"]}
                path = f"{name}.{P}.EventInvokeConfig.DestinationConfig.{side}.Destination"
                yield calls, put(path, itself)
                [(allowed, _)] = source.statements(name, "lambda:InvokeFunction")
                yield calls, put(f"{allowed}.Resource", itself)
        every = deployments.every_change_of_a_function_or_of_the_layer_is_a_new_version
        yield every, drop(f"{name}.{P}.AutoPublishAliasAllProperties")
        yield every, drop(f"SharedLayer.{P}.PublishLambdaVersion")
    for bucket, properties in source.all(BUCKET).items():
        if "BucketName" in properties:
            room = deployments.names_of_buckets_leave_room_for_the_stacks
            yield room, put(f"{bucket}.{P}.BucketName.Fn::Sub.0", "${AWS::StackName}-of-orders-${Id}")
            yield room, put(f"{bucket}.{P}.BucketName.Fn::Sub.0", "order-files-${Id}")
            yield room, put(f"{bucket}.{P}.BucketName.Fn::Sub.1.Id", {"Ref": "AWS::StackId"})
    for role in source.all("AWS::IAM::Role"):
        yield deployments.every_role_is_bounded, drop(f"{role}.{P}.PermissionsBoundary")


def _rollbacks(source: _Source) -> Iterator[Break]:
    rule = deployments.gradual_deployments_go_back_by_alarms_that_end_by_themselves
    for name in source.functions():
        alarm = f"{name}Failing"
        watching = f"{name}.{P}.DeploymentPreference.Alarms.Fn::If.1"
        for change in (
            drop(f"{name}.{P}.DeploymentPreference"),
            put(f"{name}.{P}.DeploymentPreference.Enabled", value=False),
            put(f"{name}.{P}.DeploymentPreference.Role", "arn:aws:iam::123456789012:role/other"),
            put(watching, [{"Ref": "AlarmsUndelivered"}]),
            drop(f"{watching}.0"),
            drop(f"{alarm}.Condition"),
            put(f"{alarm}.{P}.Metrics.1.MetricStat.Metric.Dimensions.1.Value", {"Ref": name}),
        ):
            yield rule, change
        if len(source.resources[alarm][P]["Metrics"]) > 2:  # the sum, the errors, and those in batches
            yield rule, drop(f"{alarm}.{P}.Metrics.2")
    moves = f"DeploymentPolicy.{P}.PolicyDocument.Statement.1.Resource"
    for each in ("*", {"Fn::Sub": "arn:${AWS::Partition}:lambda:*:*:function:*"}):
        yield deployments.codedeploy_may_move_every_alias_and_no_other, put(f"{moves}.0", each)


def _dashboards(source: _Source) -> Iterator[Break]:
    shown = f"Dashboard.{P}.DashboardBody.Fn::Sub.1.Widgets.Fn::Join.1"
    [_, listed] = source.resources["Dashboard"][P]["DashboardBody"]["Fn::Sub"][1]["Widgets"]["Fn::Join"]

    def instead(**properties: object) -> Change:
        widget = {"type": "metric", "width": 24, "height": 2, "properties": {"title": "", **properties}}
        return put(f"{shown}.{text}", {"Fn::Sub": json.dumps(widget)})

    yield dashboard.there_is_one_dashboard_in_rows, put("Another", source.resources["Dashboard"])
    yield dashboard.there_is_one_dashboard_in_rows, drop(f"{shown}.1")
    text = len(listed) - 1
    here = "${AWS::Region}"
    for change in (
        instead(region="eu-west-1", metrics=[]),
        instead(region=here, metrics=[["AWS/Lambda", "Invocations", "Resource", "x"]]),
        instead(region=here, metrics=[["Shop", "ScansParked"]]),
        put(f"{shown}.{text}", {"Fn::Sub": '{"type": "alarm", "properties": {"alarms": ["${Nothing.Arn}"]}}'}),
    ):
        yield dashboard.it_names_only_what_is_there, change
    for number in range(text):
        if "ScansParked" not in json.dumps(listed[number]):  # what its alarms show as well
            yield dashboard.it_leaves_nothing_out, drop(f"{shown}.{number}")
