"""Finds the failure stores of a stack, by asking AWS's APIs: the same questions on AWS and of a running service.

Begin reading with `find`. CloudFormation tells which resources there are, and their services where each sends its
failures.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from botocore.exceptions import ClientError

from landfast.delivery.patterns import Matcher
from landfast.failures.decoding import Routes
from landfast.failures.errors import FailuresError
from landfast.failures.model import Origin, Store
from landfast.sources.event_patterns import event_pattern
from landfast.sources.refusal import Refusal

Clients: TypeAlias = Callable[[str], Any]
"""Gives boto3's client for a service, the same one each time."""

METADATA: Final = "Landfast"
"""The key of a resource's Metadata that says whose failures its functions park there: ``{FailuresOf: LogicalId}``."""

_GONE: Final = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "NotFound", "QueueDoesNotExist", "ResourceNotFoundException"}
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        stores: The stores, in the order of the stack's resources.
        routes: Who reads what.
        mappings: The stack's event source mappings, as Lambda tells them.
        arns: The ARNs of the stack's resources that failures name, by their logical ids.
        untold: One line for each thing that could not be asked about.
    """

    stores: tuple[Store, ...]
    routes: Routes
    mappings: tuple[Mapping[str, Any], ...] = ()
    arns: Mapping[str, str] = {}
    untold: tuple[str, ...] = ()


def find(clients: Clients, stack: str, alarms: Callable[[list[str]], list[str]]) -> Found:
    """Find every failure store of a stack.

    Args:
        clients: The clients.
        stack: The stack's name.
        alarms: Gives the descriptions of alarms, by their names.

    Raises:
        FailuresError: There is no such stack.
    """
    return _Search(clients, stack, alarms).found()


class _Search:
    def __init__(self, clients: Clients, stack: str, alarms: Callable[[list[str]], list[str]]) -> None:
        self._clients = clients
        self._stack = stack
        self._alarms = alarms
        self._resources = _resources(clients("cloudformation"), stack)
        self._origins: dict[str, list[Origin]] = {}
        self._prefixes: dict[str, list[str]] = {}
        self._readers: dict[str, tuple[str, ...]] = {}
        self._queues: dict[str, dict[str, str]] = {}
        self._arns: dict[str, str] = {}
        self._untold: list[str] = []

    def found(self) -> Found:
        mappings = [*self._mappings()]
        for logical_id, name in self._of_type("AWS::Lambda::Function"):
            self._function(logical_id, name)
        for mapping in mappings:
            self._mapping(mapping)
        for logical_id, url in self._of_type("AWS::SQS::Queue"):
            self._queue(logical_id, url)
        self._sources(mappings)
        for _, reference in self._of_type("AWS::Events::Rule"):
            self._rule(reference)
        for _, name in self._of_type("AWS::Scheduler::Schedule"):
            self._schedule(name)
        for arn in self._subscriptions():
            self._subscription(arn)
        for logical_id, name in self._of_type("AWS::S3::Bucket"):
            self._parked(logical_id, name)
        stores = [store for arn in self._origins if (store := self._store(arn)) is not None]
        return Found(
            stores=tuple(self._with_runbooks([*stores, *self._archives()])),
            routes=Routes(readers=self._readers, functions=self._names_of_functions()),
            mappings=tuple(mappings),
            arns=self._arns,
            untold=tuple(self._untold),
        )

    def _names_of_functions(self) -> dict[str, str]:
        return {name: logical_id for logical_id, name in self._of_type("AWS::Lambda::Function")}

    def _of_type(self, kind: str) -> list[tuple[str, str]]:
        return [(logical_id, physical) for logical_id, found, physical in self._resources if found == kind]

    def _mappings(self) -> Iterator[dict[str, Any]]:
        for _, uuid in self._of_type("AWS::Lambda::EventSourceMapping"):
            mapping = self._answer(uuid, partial(self._clients("lambda").get_event_source_mapping, UUID=uuid))
            if mapping is not None:
                yield mapping

    def _sources(self, mappings: list[dict[str, Any]]) -> None:
        """Note the ARNs of the stack's streams, tables and topics."""
        names = {physical: logical_id for logical_id, _, physical in self._resources}
        for arn in (each.get("EventSourceArn", "") for each in mappings):
            name = arn.partition("/")[2].partition("/")[0]  # stream/NAME, or table/NAME/stream/LABEL
            if name in names:
                self._arns[names[name]] = arn
        self._arns |= dict(self._of_type("AWS::SNS::Topic"))

    def _function(self, logical_id: str, name: str) -> None:
        client = self._clients("lambda")
        configuration = self._answer(name, lambda: client.get_function_configuration(FunctionName=name))
        if configuration is None:
            return
        self._arns[logical_id] = configuration["FunctionArn"]
        pages = client.get_paginator("list_function_event_invoke_configs").paginate(FunctionName=name)
        configs = [config for page in pages for config in page["FunctionEventInvokeConfigs"]]
        for config in configs:
            target = (config.get("DestinationConfig", {}).get("OnFailure") or {}).get("Destination")
            if target:
                self._add(
                    target, Origin(role="asynchronous", function=config["FunctionArn"]), f"aws/lambda/async/{name}/"
                )
        dead = (configuration.get("DeadLetterConfig") or {}).get("TargetArn")
        if dead:
            # The letter does not tell how the function was called: as the one that has settings, if there is one.
            called = configs[0]["FunctionArn"] if len(configs) == 1 else configuration["FunctionArn"]
            self._add(dead, Origin(role="function dead letter", function=called.removesuffix(":$LATEST")))

    def _mapping(self, mapping: Mapping[str, Any]) -> None:
        source = mapping.get("EventSourceArn", "")  # clusters of the user's own have no ARN
        if source:
            self._readers[source] = (*self._readers.get(source, ()), mapping["FunctionArn"])
        target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
        if target:
            origin = Origin(role="stream", function=mapping["FunctionArn"], source=source)
            self._add(target, origin, f"aws/lambda/{mapping['UUID']}/")

    def _queue(self, logical_id: str, url: str) -> None:
        attributes = self._attributes(url)
        if attributes is None:
            return
        self._arns[logical_id] = attributes["QueueArn"]
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        if target := redrive.get("deadLetterTargetArn"):
            source = attributes["QueueArn"]
            tries = int(redrive["maxReceiveCount"])
            reader = self._reader(source)
            self._add(target, Origin(role="queue dead letter", function=reader, source=source, tries=tries))

    def _reader(self, queue: str) -> str:
        """The function that reads a queue; of several, the first one."""
        return next(iter(self._readers.get(queue, ())), "")

    def _rule(self, reference: str) -> None:
        bus, _, name = reference.rpartition("|")
        at = {"EventBusName": bus} if bus else {}
        for target in self._targets(name, at):
            if dead := target.get("DeadLetterConfig", {}).get("Arn"):
                self._add(dead, Origin(role="target", function=target["Arn"], source=reference))

    def _targets(self, rule: str, at: Mapping[str, str]) -> list[dict[str, Any]]:
        client = self._clients("events")
        answer = self._answer(rule, lambda: client.list_targets_by_rule(Rule=rule, **at))
        return [] if answer is None else answer["Targets"]

    def _schedule(self, name: str) -> None:
        try:
            target = self._clients("scheduler").get_schedule(Name=name.rpartition("/")[2])["Target"]
        except ClientError as error:
            self._tell(name, error)
            return
        if dead := target.get("DeadLetterConfig", {}).get("Arn"):
            self._add(dead, Origin(role="target", function=target["Arn"], source=name))

    def _subscriptions(self) -> list[str]:
        """The ARNs of all subscriptions to the stack's topics, and of the stack's subscriptions to others."""
        topics = [topic for _, topic in self._of_type("AWS::SNS::Topic")]
        found = [each["SubscriptionArn"] for topic in topics for each in self._subscribers(topic)]
        found += [arn for _, arn in self._of_type("AWS::SNS::Subscription") if arn.rpartition(":")[0] not in topics]
        return [arn for arn in dict.fromkeys(found) if arn.startswith("arn:")]  # others wait to be confirmed

    def _subscribers(self, topic: str) -> list[dict[str, Any]]:
        client = self._clients("sns")
        pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        found = self._answer(topic, lambda: [each for page in pages for each in page["Subscriptions"]])
        return [] if found is None else found

    def _subscription(self, arn: str) -> None:
        client = self._clients("sns")
        answer = self._answer(arn, lambda: client.get_subscription_attributes(SubscriptionArn=arn))
        if answer is None:
            return
        attributes = answer["Attributes"]
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        if dead := redrive.get("deadLetterTargetArn"):
            self._add(dead, Origin(role="subscription", function=attributes["Endpoint"], source=arn))

    def _parked(self, logical_id: str, name: str) -> None:
        client = self._clients("cloudformation")
        detail = client.describe_stack_resource(StackName=self._stack, LogicalResourceId=logical_id)
        metadata = json.loads(detail["StackResourceDetail"].get("Metadata") or "{}")
        owner = (metadata.get(METADATA) or {}).get("FailuresOf")
        functions = dict(self._of_type("AWS::Lambda::Function"))
        if owner is None:
            return
        if owner not in functions:
            self._untold.append(f"{logical_id}: its Metadata names {owner}, which is no function of the stack")
            return
        self._origins.setdefault(f"arn:aws:s3:::{name}", []).append(Origin(role="parked", function=functions[owner]))

    def _archives(self) -> list[Store]:
        """Archives, which EventBridge itself replays: how much is in each is all there is to tell."""
        found = []
        for logical_id, name in self._of_type("AWS::Events::Archive"):
            client = self._clients("events")
            told = self._answer(name, partial(client.describe_archive, ArchiveName=name))
            if told is not None:
                days = told.get("RetentionDays") or 0
                found.append(
                    Store(
                        name=logical_id,
                        kind="archive",
                        arn=told["ArchiveArn"],
                        location=name,
                        count=told.get("EventCount"),
                        retention=days * 86_400.0 or None,
                    )
                )
        return found

    def _add(self, target: str, origin: Origin, prefix: str = "") -> None:
        """Note that failures go to a target: a queue, a bucket, a topic with queues, or a bus with rules."""
        match target.split(":")[2]:
            case "sqs":
                self._origins.setdefault(target, []).append(origin)
            case "s3":
                self._origins.setdefault(target, []).append(origin)
                self._prefixes.setdefault(target, []).append(prefix)
            case "sns":
                for each in self._subscribers(target):
                    if each["Protocol"] == "sqs":
                        self._add(each["Endpoint"], origin)
            case "events":
                for queue in self._behind_bus(target, origin):
                    self._add(queue, origin)
            case _:
                pass  # a function takes them over, and they are its events

    def _behind_bus(self, bus: str, origin: Origin) -> list[str]:
        """The queues that a bus's rules send a function's failures to."""
        client = self._clients("events")
        pages = client.get_paginator("list_rules").paginate(EventBusName=bus)
        rules = self._answer(bus, lambda: [rule for page in pages for rule in page["Rules"]]) or []
        event = _failure_event(bus, origin.function)
        return [
            target["Arn"]
            for rule in rules
            if (matches := _pattern(rule)) is not None and matches(event)
            for target in self._targets(rule["Name"], {"EventBusName": bus})
            if target["Arn"].split(":")[2] == "sqs"
        ]

    def _store(self, arn: str) -> Store | None:
        origins = tuple(dict.fromkeys(self._origins[arn]))
        names = {physical: logical_id for logical_id, _, physical in self._resources}
        if arn.split(":")[2] == "s3":
            bucket = arn.split(":")[5]
            prefixes = () if any(each.role == "parked" for each in origins) else tuple(self._prefixes.get(arn, ()))
            return Store(
                name=names.get(bucket, bucket),
                kind="bucket",
                arn=arn,
                location=bucket,
                prefixes=prefixes,
                origins=origins,
            )
        url = self._url(arn)
        attributes = None if url is None else self._attributes(url)
        if url is None or attributes is None:
            return None
        counts = ("", "NotVisible", "Delayed")
        reader = self._reader(arn)
        return Store(
            name=names.get(url, arn.rpartition(":")[2]),
            kind="queue",
            arn=arn,
            location=url,
            retention=float(attributes["MessageRetentionPeriod"]),
            count=sum(int(attributes[f"ApproximateNumberOfMessages{each}"]) for each in counts),
            origins=origins,
            reader=reader,
            redrives=bool(attributes.get("RedrivePolicy")),
        )

    def _url(self, arn: str) -> str | None:
        for url, attributes in self._queues.items():
            if attributes["QueueArn"] == arn:
                return url
        account, name = arn.split(":")[4:6]
        client = self._clients("sqs")
        answer = self._answer(arn, lambda: client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account))
        return None if answer is None else str(answer["QueueUrl"])

    def _attributes(self, url: str) -> dict[str, str] | None:
        if url not in self._queues:
            client = self._clients("sqs")
            answer = self._answer(url, lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
            if answer is None:
                return None
            self._queues[url] = answer["Attributes"]
        return self._queues[url]

    def _with_runbooks(self, stores: list[Store]) -> Iterator[Store]:
        descriptions = self._alarms([name for _, name in self._of_type("AWS::CloudWatch::Alarm")])
        for store in stores:
            name = store.location.rpartition("/")[2]
            told = (runbook(text, name) for text in descriptions)
            yield msgspec.structs.replace(store, runbook=next(filter(None, told), ""))

    def _answer(self, what: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - any answer of AWS's
        """An answer; None, and a line about it, where what is asked about is not there."""
        try:
            return ask()
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            self._tell(what, error)
            return None

    def _tell(self, what: str, error: ClientError) -> None:
        told = error.response["Error"]
        self._untold.append(f"{what}: {told.get('Message') or told['Code']}")


def physical_function(clients: Clients, stack: str, name: str) -> str:
    """The name of a function that is meant by its logical id; any other name is one already."""
    for logical_id, kind, physical in _resources(clients("cloudformation"), stack):
        if kind == "AWS::Lambda::Function" and logical_id == name:
            return physical
    return name


def runbook(description: str, name: str) -> str:
    """The runbook that an alarm's description gives, as ``Runbook: ADDRESS``, if it names this queue or bucket."""
    words = description.split()
    about = any(name in word.strip("`'\",;()").split("/") for word in words)
    following = words[words.index("Runbook:") + 1 :] if "Runbook:" in words else []
    return following[0] if about and following else ""


def _resources(client: Any, stack: str) -> list[tuple[str, str, str]]:  # noqa: ANN401 - boto3's clients have no common type
    """Logical id, type and physical id of each resource.

    Raises:
        FailuresError: There is no such stack.
    """
    try:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [each for page in pages for each in page["StackResourceSummaries"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise FailuresError(
                f"{stack}: there is no such stack here: look at --stack, --region and --profile"
            ) from None
        raise
    return [
        (each["LogicalResourceId"], each["ResourceType"], each["PhysicalResourceId"])
        for each in found
        if each.get("PhysicalResourceId")
    ]


def _failure_event(bus: str, function: str) -> dict[str, Any]:
    """The event of a bus that carries a failure of a function, as far as patterns can be about it."""
    return {
        "source": "lambda",
        "detail-type": "Lambda Function Invocation Result - Failure",
        "account": function.split(":")[4],
        "region": bus.split(":")[3],
        "resources": [bus, function],
        "detail": {
            "version": "1.0",
            "requestContext": {"functionArn": function, "condition": "RetriesExhausted"},
            "responseContext": {"functionError": "Unhandled"},
        },
    }


def _pattern(rule: Mapping[str, Any]) -> Matcher | None:
    try:
        return event_pattern(rule["EventPattern"]) if rule.get("EventPattern") else None
    except Refusal:
        return None  # of AWS's newest operators we may know none: then the rule is not followed
