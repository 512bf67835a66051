"""Loops: functions that write to what calls them."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from landfast.lint.application import Application, Function
from landfast.lint.hazard import Finding, hazard
from landfast.template.model import Declared, Notification

_RECURSION: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"

_WRITES: Final = {
    "bucket": {"s3:PutObject", "s3:PutObject*"},
    "stream": {"kinesis:PutRecord", "kinesis:PutRecords", "kinesis:PutRecord*"},
    "table": {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
    "queue": {"sqs:SendMessage", "sqs:SendMessage*"},
    "topic": {"sns:Publish", "sns:Publish*"},
    "function": {"lambda:InvokeFunction", "lambda:InvokeFunction*"},
}
"""How policies, SAM's own among them, name what writes; a shorter beginning, such as ``sqs:*``, is no evidence."""

_LONGEST: Final = 16
"""Calls in a chain after which Lambda ends it (S-34); a longer circle is none that it sees."""


@hazard("W9551", "A loop: a function writes to what calls it", "S-34", "S-44", source=_RECURSION)
def loops(application: Application) -> Iterator[Finding]:
    """What a function writes calls it again.

    Lambda ends such a chain after about 16 calls if it goes through queues, topics, buckets and functions only; streams
    and tables are not covered. It is reported if a role names the action and the resource, and no filter, prefix or
    suffix stands between; not of functions with RecursiveLoop Allow.
    """
    ways = _Ways(application)
    for function in application.functions.values():
        circle = [] if function.recursive else ways.circle(function.logical_id)
        if circle:
            yield Finding(
                (function.logical_id, "Policies"),
                f"What {function.logical_id} may write calls it again: {' -> '.join(circle)}. Write to another "
                "resource, or let a filter or a prefix tell what it wrote from what it is to handle.",
            )


class _Place(msgspec.Struct, frozen=True):
    """A resource that can be written to, and that may call functions."""

    name: str
    kind: str
    arn: str


class _Ways:
    """To which resources what is in one leads."""

    def __init__(self, application: Application) -> None:
        kinds: dict[str, Mapping[str, Declared | Function]] = {
            "bucket": application.buckets,
            "stream": application.streams,
            "table": application.tables,
            "queue": application.queues,
            "topic": application.topics,
            "function": application.functions,
        }
        self._places = [
            _Place(each.logical_id, kind, each.arn) for kind, declared in kinds.items() for each in declared.values()
        ]
        self._by_arn = {place.arn: place.name for place in self._places}
        self._ways: dict[str, set[str]] = {place.name: set() for place in self._places}
        self._follow_events(application)
        for function in application.functions.values():
            self._follow_writes(function)

    def circle(self, start: str) -> list[str]:
        """The shortest way from a function back to it; empty without one."""
        before = {start: start}
        layer = [start]
        for _ in range(_LONGEST):
            following: list[str] = []
            for name in layer:
                for target in sorted(self._ways[name]):
                    if target == start:
                        return [*_back(name, before, start), start]
                    if target not in before:
                        before[target] = name
                        following.append(target)
            layer = following
        return []

    def _follow_events(self, application: Application) -> None:
        """Note what gets everything that is in a resource."""
        for mapping in application.mappings.values():
            if mapping.source is not None and not mapping.properties.get("FilterCriteria"):
                self._leads(mapping.source.logical_id, mapping.function.arn)
        for bucket in application.buckets.values():
            for each in filter(_is_of_all, bucket.notifications):
                self._leads(bucket.logical_id, each.target_arn)
        for subscription in application.subscriptions:
            if subscription.filter_policy is None:
                self._leads(self._by_arn.get(subscription.topic_arn), subscription.endpoint)
        for config in application.configs.values():
            self._leads(config.function.logical_id, config.on_success)

    def _follow_writes(self, function: Function) -> None:
        """Note what the function's role lets it write."""
        for place in self._places:
            if place.name != function.logical_id and _names_it(function, place):
                self._ways[function.logical_id].add(place.name)

    def _leads(self, source: str | None, target: str | None) -> None:
        if source is None or target is None:
            return
        name = self._by_arn.get(target) or self._by_arn.get(target.rpartition(":")[0])
        if name is not None:
            self._ways[source].add(name)


def _is_of_all(notification: Notification) -> bool:
    return "ObjectCreated" in notification.event and not notification.prefix and not notification.suffix


def _back(name: str, before: dict[str, str], start: str) -> list[str]:
    """The way from the start to a resource."""
    way = [name]
    while way[0] != start:
        way.insert(0, before[way[0]])
    return way


def _names_it(function: Function, place: _Place) -> bool:
    """Tell whether a role names an action that writes, and this resource as a whole."""
    statements = function.role.statements if function.role is not None else ()
    wanted = {place.arn, f"{place.arn}/*"} if place.kind == "bucket" else {place.arn}
    return any(
        statement.effect == "Allow"
        and not statement.condition
        and not wanted.isdisjoint(statement.resource)
        and not _WRITES[place.kind].isdisjoint(statement.action)
        for statement in statements
    )
