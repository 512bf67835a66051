"""Describes the resources of a running stack to other processes (``service.json``)."""

from collections.abc import Iterable

from landfast.dataplane.deployed import DeployedStack
from landfast.service.state import Resource
from landfast.template import Queue, Template
from landfast.template.model import Declared


def resources(template: Template, stack: DeployedStack, endpoint: str) -> tuple[Resource, ...]:
    """Every resource that can be used, in the template's order, the queues last."""
    feeding = _feeding(template)
    described = [
        Resource(
            logical_id=resource.logical_id,
            kind=kind,
            name=resource.name,
            arn=stack.real_arn(resource.arn),
            feeds=resource.logical_id in feeding,
        )
        for kind, group in (
            ("bucket", template.buckets),
            ("stream", template.streams),
            ("table", template.tables),
            ("topic", template.topics),
            ("bus", template.event_buses),
            ("schedule", _schedules(template)),
            ("function", template.functions),
        )
        for resource in group.values()
    ]
    queues = [
        Resource(
            logical_id=queue.logical_id,
            kind="queue",
            name=queue.name,
            arn=queue.arn,
            url=url(queue, template.account, endpoint),
            feeds=queue.logical_id in feeding,
        )
        for queue in template.queues.values()
    ]
    alarms = [
        Resource(logical_id=logical_id, kind="alarm", name=alarm.name, arn=alarm.arn)
        for logical_id, alarm in template.alarms.items()
    ]
    return (*described, *alarms, *queues)


def url(queue: Queue, account: str, endpoint: str) -> str:
    """The URL of a queue at the endpoint."""
    return f"{endpoint}/{account}/{queue.name}"


def _schedules(template: Template) -> dict[str, Declared]:
    """The schedules, and the rules that have one."""
    rules = {key: rule for key, rule in template.rules.items() if rule.schedule_expression is not None}
    return {**template.schedules, **rules}


def _feeding(template: Template) -> set[str]:
    """The logical ids of what hands events on to a function."""
    topics = {one.topic_arn for one in template.subscriptions if one.protocol == "lambda"}
    buses = {rule.event_bus_name for rule in template.rules.values() if _calls(target.arn for target in rule.targets)}
    return {
        *(mapping.source for mapping in template.event_source_mappings.values()),
        *(one.logical_id for one in template.buckets.values() if _calls(each.target_arn for each in one.notifications)),
        *(one.logical_id for one in template.schedules.values() if _calls([one.target.arn])),
        *(
            one.logical_id
            for one in template.rules.values()
            if one.schedule_expression is not None and _calls(target.arn for target in one.targets)
        ),
        *(one.logical_id for one in template.topics.values() if one.arn in topics),
        *(one.logical_id for one in template.event_buses.values() if one.name in buses),
    }


def _calls(targets: Iterable[str]) -> bool:
    return any(target.split(":")[2] == "lambda" for target in targets)
