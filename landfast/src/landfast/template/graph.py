"""The graph of a stack: its resources, and what sends events to what, for pictures and maps.

It is made of what the template declares: notifications, subscriptions, rules, mappings, destinations and dead-letter
queues, and of what the roles of its functions let them put.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

import msgspec

from landfast.template.model import Declared, EventSourceMapping, Function, Template

NodeKind: TypeAlias = Literal["bucket", "stream", "table", "queue", "topic", "bus", "function"]
EdgeKind: TypeAlias = Literal["event", "write", "success", "failure"]

DEFAULT_BUS: Final = "default"
"""The node of the account's own event bus, which no template declares."""

_WRITES: Final[Mapping[NodeKind, tuple[str, ...]]] = {
    "bucket": ("s3:PutObject",),
    "stream": ("kinesis:PutRecord", "kinesis:PutRecords"),
    "table": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
    "queue": ("sqs:SendMessage",),
    "topic": ("sns:Publish",),
    "bus": ("events:PutEvents",),
    "function": ("lambda:InvokeFunction",),
}
"""The actions that put something into a resource, by its kind."""


class Node(msgspec.Struct, frozen=True):
    """A resource that events come from, go through or end in.

    Attributes:
        name: The node's logical id, or `DEFAULT_BUS`.
        kind: The kind of resource.
        noun: AWS's noun for it, such as ``SQS FIFO queue``.
    """

    name: str
    kind: NodeKind
    noun: str


class Edge(msgspec.Struct, frozen=True):
    """A way that events or their effects take.

    Attributes:
        source: The name of the node that sends.
        target: The name of the node that gets.
        kind: ``event`` invokes or delivers, ``write`` is what a function's role lets it put, ``success`` and
            ``failure`` are where results and failures go.
        note: The condition on which something takes this way, in a few words.
        about: The about of a source's failures, the target that it was to reach; empty for all of its targets.
    """

    source: str
    target: str
    kind: EdgeKind
    note: str
    about: str = ""


class Graph(msgspec.Struct, frozen=True):
    """The nodes in the template's order by kind, and the edges between them, each once."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, name: str) -> Node:
        """The node of this name."""
        return next(node for node in self.nodes if node.name == name)


def graph_of(template: Template) -> Graph:
    """The graph of what a template declares and the local service runs."""
    arns = {each.arn: each.logical_id for each in _declared(template)}
    arns |= {function: arns[queue] for function, queue in template.functions_outside.items()}
    nodes = [*_nodes(template)]
    edges = [*_sent(template, arns), *_results(template, arns)]
    told = {(edge.source, edge.target) for edge in edges}
    edges += [edge for edge in _writes(template, nodes, arns) if (edge.source, edge.target) not in told]
    if any(DEFAULT_BUS in {edge.source, edge.target} for edge in edges):
        nodes.append(Node(DEFAULT_BUS, "bus", "EventBridge event bus"))
    return Graph(tuple(nodes), tuple(dict.fromkeys(edges)))


def _declared(template: Template) -> Iterator[Declared]:
    for kind in (
        template.buckets,
        template.streams,
        template.tables,
        template.queues,
        template.topics,
        template.event_buses,
        template.functions,
    ):
        yield from kind.values()


def _nodes(template: Template) -> Iterator[Node]:
    yield from (Node(name, "bucket", "S3 bucket") for name in template.buckets)
    yield from (Node(name, "stream", "Kinesis stream") for name in template.streams)
    yield from (Node(name, "table", "DynamoDB table") for name in template.tables)
    for name, queue in template.queues.items():
        yield Node(name, "queue", "SQS FIFO queue" if queue.fifo_queue else "SQS queue")
    for name, topic in template.topics.items():
        yield Node(name, "topic", "SNS FIFO topic" if topic.fifo_topic else "SNS topic")
    yield from (Node(name, "bus", "EventBridge event bus") for name in template.event_buses)
    yield from (Node(name, "function", "Lambda function") for name in template.functions)


def _sent(template: Template, arns: Mapping[str, str]) -> Iterator[Edge]:
    """Yield where a source sends, and where it keeps what it could not deliver."""
    for mapping in template.event_source_mappings.values():
        yield Edge(mapping.source, mapping.function, "event", "event source mapping")
    for bucket in template.buckets.values():
        for notification in bucket.notifications:
            yield from _edge(bucket.logical_id, notification.target_arn, "event", notification.event, arns)
        if bucket.event_bridge:
            yield Edge(bucket.logical_id, DEFAULT_BUS, "event", "notifications of the bucket")
    for queue in template.queues.values():
        if queue.redrive_policy is not None:
            note = f"received {queue.redrive_policy.max_receive_count} times"
            yield from _edge(queue.logical_id, queue.redrive_policy.dead_letter_target_arn, "failure", note, arns)
    yield from _published(template, arns)
    yield from _ruled(template, arns)


def _published(template: Template, arns: Mapping[str, str]) -> Iterator[Edge]:
    for subscription in template.subscriptions:
        topic = arns.get(subscription.topic_arn)
        if topic is not None:
            to, dead = subscription.endpoint, subscription.dead_letter_target_arn
            yield from _edge(topic, to, "event", "subscription", arns)
            yield from _edge(topic, dead, "failure", "not delivered", arns, about=_found(to, arns) or "")


def _ruled(template: Template, arns: Mapping[str, str]) -> Iterator[Edge]:
    buses = {bus.name: bus.logical_id for bus in template.event_buses.values()}
    for rule in template.rules.values():
        if rule.event_pattern is None:
            continue
        bus = buses.get(rule.event_bus_name, DEFAULT_BUS)
        for target in rule.targets:
            about = _found(target.arn, arns) or ""
            yield from _edge(bus, target.arn, "event", f"rule {rule.logical_id}", arns)
            yield from _edge(bus, target.dead_letter_arn, "failure", "not delivered", arns, about=about)


def _results(template: Template, arns: Mapping[str, str]) -> Iterator[Edge]:
    """Yield where the results and failures of functions go."""
    for function in template.functions.values():
        for config in function.event_invoke_configs.values():
            yield from _edge(function.logical_id, config.on_success, "success", "on success", arns)
            yield from _edge(function.logical_id, config.on_failure, "failure", "on failure", arns)
        yield from _edge(function.logical_id, function.dead_letter_target_arn, "failure", "dead-letter queue", arns)
    for mapping in template.event_source_mappings.values():
        yield from _edge(mapping.function, _given_up_to(mapping), "failure", "records given up", arns)


def _given_up_to(mapping: EventSourceMapping) -> str | None:
    config = mapping.properties.get("DestinationConfig") or {}
    found = (config.get("OnFailure") or {}).get("Destination")
    return found if isinstance(found, str) else None


def _writes(template: Template, nodes: Iterable[Node], arns: Mapping[str, str]) -> Iterator[Edge]:
    """Yield what the role of each function lets it put somewhere."""
    places = {name: arn for arn, name in arns.items()}
    for function in template.functions.values():
        for node in nodes:
            if node.name != function.logical_id and _may_put(function, node, places[node.name]):
                yield Edge(function.logical_id, node.name, "write", "by its role")


def _may_put(function: Function, node: Node, arn: str) -> bool:
    statements = function.role.statements if function.role is not None else ()
    return any(
        statement.effect == "Allow"
        and any(fnmatchcase(action, wanted) for action in _WRITES[node.kind] for wanted in statement.action)
        and any(_is_about(resource, arn) for resource in statement.resource)
        for statement in statements
    )


def _is_about(resource: str, arn: str) -> bool:
    """Tell whether a statement's resource is this one or part of it; ``*`` is about nothing in particular."""
    return resource != "*" and (fnmatchcase(arn, resource) or resource.startswith(f"{arn}/"))


def _edge(  # noqa: PLR0917 - as `Edge` has them
    source: str, arn: str | None, kind: EdgeKind, note: str, arns: Mapping[str, str], about: str = ""
) -> Iterator[Edge]:
    """The edge to the resource of an ARN, if the template has it."""
    target = None if arn is None else _found(arn, arns)
    if target is not None:
        yield Edge(source, target, kind, note, about)


def _found(arn: str, arns: Mapping[str, str]) -> str | None:
    """The name of the resource of an ARN, qualified or not."""
    return arns.get(arn) or arns.get(arn.rpartition(":")[0])
