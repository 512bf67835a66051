"""The rules of alarms: everything that can fail is watched, and every alarm can fire and says what to do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.template.stack import ROOT, Stack, package_of, target, targets
from tests.template.wiring import (
    ALARM,
    BUCKET,
    EVENT_RULE,
    FUNCTION,
    INVOKE_CONFIG,
    MAPPING,
    QUEUE,
    TOPIC,
    Rule,
    Violations,
    asynchronous,
    failure_queues,
    queue_mappings,
    redrives,
    stream_mappings,
)

BATCHES = ROOT / "layers" / "shared" / "backoffice" / "batches.py"
"""What counts records for every function that handles batches."""

MOST_METRICS = 10
"""An alarm on a metric math expression takes no more (CloudWatch User Guide, metric math)."""

PASS_AS_INFO = {"TRACE", "DEBUG", "INFO"}
"""Levels of ApplicationLogLevel at which a JSON line without a level is kept (S-137)."""

METRICS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/SNS", "NumberOfNotificationsFailed"): {"TopicName"},
    ("AWS/Events", "InvocationsFailedToBeSentToDlq"): {"EventBusName", "RuleName"},
    ("AWS/Lambda", "Errors"): {"FunctionName", "Resource", "ExecutedVersion"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "DestinationDeliveryFailures"): {"FunctionName"},
    ("AWS/Lambda", "AsyncEventsDropped"): {"FunctionName"},
    ("AWS/Lambda", "DeadLetterErrors"): {"FunctionName"},
    ("AWS/Lambda", "PolledEventCount"): {"EventSourceMappingUUID"},
    ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"): {"EventSourceMappingUUID"},
}
"""Metrics that AWS emits, with the dimensions it emits them by (each service's guide, CloudWatch metrics)."""

DELIVER = {EVENT_RULE, MAPPING, INVOKE_CONFIG, FUNCTION, TOPIC, "AWS::SNS::Subscription", BUCKET}
"""What hands something on by itself; `everything_that_delivers_is_watched` knows how each tells that it failed."""

REST = {
    QUEUE,
    ALARM,
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::Lambda::Alias",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::LogGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
"""What hands nothing on by itself."""


@dataclass(frozen=True)
class Watched:
    """A metric that an alarm looks at: `by` has its dimensions."""

    namespace: object
    metric: str
    by: dict[str, object]


def watched(alarm: dict[str, Any]) -> list[Watched]:
    """Return the metrics of an alarm, those of its metric math included."""
    if "Metrics" in alarm:
        stated = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    else:
        stated = [alarm]
    return [
        Watched(each["Namespace"], each["MetricName"], {by["Name"]: by["Value"] for by in each["Dimensions"]})
        for each in stated
    ]


def alarms_on(stack: Stack, metric: str) -> Iterator[tuple[dict[str, Any], set[str]]]:
    """Yield each alarm on a metric, with what of the template it watches."""
    for alarm in stack.all(ALARM).values():
        seen = {name for each in watched(alarm) if each.metric == metric for name in targets(list(each.by.values()))}
        if seen:
            yield alarm, seen


def told_at_once(stack: Stack, metric: str) -> set[str]:
    """Return what is watched by the alarms that one failure sets off."""
    return {
        name
        for alarm, seen in alarms_on(stack, metric)
        if alarm["Threshold"] == 0 and alarm["ComparisonOperator"] == "GreaterThanThreshold"
        for name in seen
    }


def every_failure_store_has_an_alarm(stack: Stack) -> Violations:
    for queue in sorted(failure_queues(stack) - told_at_once(stack, "ApproximateNumberOfMessagesVisible")):
        yield f"{queue}: nobody is told of what is visible in it"
    delivered = told_at_once(stack, "OnFailureDestinationDeliveredEventCount")
    for name, mapping, _ in stream_mappings(stack):
        store = target(mapping["DestinationConfig"]["OnFailure"]["Destination"])
        if stack.type_of(store) == BUCKET and not (name in delivered and _counts_events(mapping)):
            yield f"{name}: nobody is told of what arrives in {store}"


def _counts_events(mapping: dict[str, Any]) -> bool:
    return "EventCount" in mapping.get("MetricsConfig", {}).get("Metrics", [])


def every_function_is_watched_for_throttles(stack: Stack) -> Violations:
    for function in sorted(set(stack.all(FUNCTION)) - told_at_once(stack, "Throttles")):
        yield f"{function}: no alarm on Throttles"


def everything_that_delivers_is_watched(stack: Stack) -> Violations:
    for name, resource in stack.translated["Resources"].items():
        if resource["Type"] not in DELIVER | REST:
            yield f"{name}: whether a {resource['Type']} delivers, and what tells that it failed, is not known here"
    yield from _functions_are_watched(stack)
    yield from _rules_are_watched(stack)
    yield from _topics_are_watched(stack)
    for name, bucket in stack.all(BUCKET).items():
        if set(bucket.get("NotificationConfiguration", {})) - {"LambdaConfigurations"}:
            yield f"{name}: nothing tells that S3 could not notify a queue, a topic or a bus"


def _functions_are_watched(stack: Stack) -> Violations:
    functions = stack.all(FUNCTION)
    wanted = {
        "DestinationDeliveryFailures": {
            target(each["FunctionName"])
            for each in [*stack.all(INVOKE_CONFIG).values(), *stack.all(MAPPING).values()]
            if each.get("DestinationConfig")
        },
        "AsyncEventsDropped": asynchronous(stack),
        "DeadLetterErrors": {name for name, each in functions.items() if "DeadLetterConfig" in each},
    }
    for metric, names in wanted.items():
        for function in sorted(names - told_at_once(stack, metric)):
            yield f"{function}: no alarm on {metric}"


def _rules_are_watched(stack: Stack) -> Violations:
    stores = failure_queues(stack)
    lost = [
        each.by
        for alarm in stack.all(ALARM).values()
        for each in watched(alarm)
        if each.metric == "InvocationsFailedToBeSentToDlq" and alarm["Threshold"] == 0
    ]
    for name, rule in stack.all(EVENT_RULE).items():
        for each in rule["Targets"]:
            if not targets(each.get("DeadLetterConfig", {})) & stores:
                yield f"{name}: what it cannot deliver to {each['Id']} is lost"
        if {"EventBusName": rule["EventBusName"], "RuleName": rule.get("Name")} not in lost:
            yield f"{name}: no alarm on InvocationsFailedToBeSentToDlq"


def _topics_are_watched(stack: Stack) -> Violations:
    told = told_at_once(stack, "NumberOfNotificationsFailed")
    for name in sorted(set(stack.all(TOPIC)) - told):
        yield f"{name}: no alarm on NumberOfNotificationsFailed"
    for name, subscription in stack.all("AWS::SNS::Subscription").items():
        if target(subscription["TopicArn"]) not in told:
            yield f"{name}: nothing tells that it was not delivered"


def source_queues_are_watched_by_the_age_of_their_oldest_message(stack: Stack) -> Violations:
    ages = list(alarms_on(stack, "ApproximateAgeOfOldestMessage"))
    for _, _, queue in queue_mappings(stack):
        given = stack.properties(queue)
        tries = given["RedrivePolicy"]["maxReceiveCount"] if queue in redrives(stack) else 1
        failing = tries * given.get("VisibilityTimeout", 30)
        kept = given.get("MessageRetentionPeriod", 345600)
        found = [alarm["Threshold"] for alarm, seen in ages if queue in seen]
        if not any(failing <= threshold <= kept / 2 for threshold in found):
            yield (
                f"{queue}: no alarm on the age of its oldest message between {failing} s, which all tries take, "
                f"and half of the {kept} s that a message is kept"
            )


def streams_that_fall_behind_are_told_before_records_are_given_up(stack: Stack) -> Violations:
    alarms = list(alarms_on(stack, "IteratorAge"))
    for name, mapping, _ in stream_mappings(stack):
        function = target(mapping["FunctionName"])
        given_up = 1000 * mapping["MaximumRecordAgeInSeconds"]
        if not any(alarm["Threshold"] < given_up and function in seen for alarm, seen in alarms):
            yield f"{name}: no alarm on IteratorAge before records are given up"


def streams_that_nobody_reads_are_told(stack: Stack) -> Violations:
    """IteratorAge comes with invocations: of a mapping that is off, only what is missing can tell."""
    told = {
        name
        for alarm, seen in alarms_on(stack, "PolledEventCount")
        if alarm["TreatMissingData"] == "breaching"
        and (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"])
        == ("SampleCount", "LessThanThreshold", 1)
        for name in seen
    }
    for name, mapping, source in stream_mappings(stack):
        if name not in told or not _counts_events(mapping):
            yield f"{name}: nobody is told when {source} is not read"


def every_alarm_watches_what_can_be_emitted(stack: Stack) -> Violations:
    for name, alarm in stack.all(ALARM).items():
        seen = watched(alarm)
        if len(alarm.get("Metrics", [])) > MOST_METRICS:
            yield f"{name}: more than {MOST_METRICS} metrics and expressions"
        for each in seen:
            if str(each.namespace).startswith("AWS/"):
                if METRICS.get((str(each.namespace), each.metric)) != set(each.by):
                    yield f"{name}: AWS emits no {each.namespace} {each.metric} by {sorted(each.by)}"
            else:
                yield from _emits(stack, name, each)


def _emits(stack: Stack, name: str, metric: Watched) -> Violations:
    """Find the function that writes the metric (EMF), and the log levels at which Lambda would drop it."""
    services = {
        function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: function
        for function in stack.all(FUNCTION).values()
    }
    function = services.get(metric.by.get("service"))
    if function is None or set(metric.by) != {"service"}:
        yield f"{name}: no function emits metrics by {metric.by}"
        return
    folder = package_of(function["Handler"].partition(".")[0])
    code = "".join(path.read_text() for path in folder.glob("*.py"))
    code += BATCHES.read_text() if "ordered_batch(" in code else ""
    if f'"{metric.metric}"' not in code:
        yield f"{name}: no code of {folder.name} counts {metric.metric}"
    if function["Environment"]["Variables"].get("POWERTOOLS_METRICS_NAMESPACE") != metric.namespace:
        yield f"{name}: {folder.name} emits into another namespace"
    for level in stack.source["Parameters"]["LogLevel"]["AllowedValues"]:
        if not keeps_metrics(function.get("LoggingConfig", {}), level):
            yield f"{name}: at LogLevel {level}, Lambda drops the metrics of {folder.name} (S-137)"


def keeps_metrics(logging: dict[str, Any], level: str) -> bool:
    """Say whether a line without a level, as EMF is, gets through to CloudWatch with LogLevel at `level`."""
    if logging.get("LogFormat", "Text") == "Text":
        return True
    stated = logging.get("ApplicationLogLevel", "INFO")
    return (level if stated == {"Ref": "LogLevel"} else stated) in PASS_AS_INFO


def every_alarm_reaches_the_administrators_and_says_what_to_do(stack: Stack) -> Violations:
    sections = runbook_sections()
    for name, alarm in stack.all(ALARM).items():
        if alarm.get("AlarmActions") != [{"Ref": "AdministratorsTopic"}]:
            yield f"{name}: does not tell the administrators"
        found = re.fullmatch(
            r"\w[^$]{20,}\. Look: aws [a-z0-9]+ .+ Runbook: \$\{Runbooks\}#(?P<section>[a-z0-9-]+)",
            alarm["AlarmDescription"]["Fn::Sub"],
        )
        if found is None:
            yield f"{name}: does not say what has happened, what to look at and where to read on"
        elif found["section"] not in sections:
            yield f"{name}: names no section of docs/runbooks.md"


def runbook_sections() -> set[str]:
    """Return the sections of the runbooks."""
    return sections_of((ROOT / "docs" / "runbooks.md").read_text())


def sections_of(page: str) -> set[str]:
    """Return the sections of a page, as GitHub makes anchors of headings."""
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def runbooks_are_linked_by_an_absolute_address(stack: Stack) -> Violations:
    given = stack.source["Parameters"]["Runbooks"]
    pattern = given.get("AllowedPattern", "")
    for refused in ("docs/runbooks.md", "/runbooks", "http://wiki.example/runbooks", "runbooks.example", "https://"):
        if re.fullmatch(pattern, refused) or not pattern:
            yield f"Runbooks: takes {refused}"
    for taken in (given["Default"], "https://wiki.example/shop/runbooks"):
        if not re.fullmatch(pattern, taken):
            yield f"Runbooks: refuses {taken!r}"


RULES: list[Rule] = [
    every_failure_store_has_an_alarm,
    every_function_is_watched_for_throttles,
    everything_that_delivers_is_watched,
    source_queues_are_watched_by_the_age_of_their_oldest_message,
    streams_that_fall_behind_are_told_before_records_are_given_up,
    streams_that_nobody_reads_are_told,
    every_alarm_watches_what_can_be_emitted,
    every_alarm_reaches_the_administrators_and_says_what_to_do,
    runbooks_are_linked_by_an_absolute_address,
]
