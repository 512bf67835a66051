"""What roles let functions send, and to what: destinations that get nothing, and loops."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from landfast.lint.application import Application, EventSourceMapping, Function
from landfast.lint.forecast import Forecast, bad_event, one_bad_record, retention_of
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import several
from landfast.template.model import Role, Statement

_RETAIN: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"
_RECURSION: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"

_SENDS: Final = {
    "sqs": ("sqs:SendMessage",),
    "sns": ("sns:Publish",),
    "lambda": ("lambda:InvokeFunction",),
    "events": ("events:PutEvents",),
    "s3": ("s3:PutObject", "s3:ListBucket"),
}
"""What Lambda does with a destination in the function's name, by the service of its ARN (S-21)."""

_HARMLESS: Final = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaDynamoDBExecutionRole",
        "AWSLambdaENIManagementAccess",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AWSXrayWriteOnlyAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
    }
)
"""AWS's policies that let nothing be sent to a destination. What others let is not known here."""

_WRITES: Final = {
    "bucket": ("s3:PutObject",),
    "stream": ("kinesis:PutRecord", "kinesis:PutRecords"),
    "table": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "queue": ("sqs:SendMessage",),
    "topic": ("sns:Publish",),
    "function": ("lambda:InvokeFunction",),
}
_LONGEST: Final = 16
"""Calls in a chain after which Lambda ends it (S-34); a longer circle is none that it sees."""


@hazard(
    "E9550", "A destination that the function's role may not write to", "S-21", "S-22", "S-69", "S-128", source=_RETAIN
)
def forbidden_destination(application: Application) -> Iterator[Finding]:
    """Lambda sends what failed, or succeeded, in the name of the function's role. What the role does not allow is not
    sent, and the event is gone. It is reported if all of the role's policies are known: those of the template, and
    AWS's for polling and logging. SAM writes the permission only for a destination with a Type."""
    for config in application.configs.values():
        function = next(application.functions[key] for (key, _), each in application.configs.items() if each is config)
        for side, arn in (("OnSuccess", config.on_success), ("OnFailure", config.on_failure)):
            if arn and (missing := _missing(function.role, arn)):
                told = bad_event(config.properties, function.timeout) if side == "OnFailure" else None
                where = (config.logical_id, "DestinationConfig", side, "Destination")
                yield _forbidden(where, function, arn, missing, told, "an event")
    for function in application.functions.values():
        if function.dead_letter and (missing := _missing(function.role, function.dead_letter)):
            where = (function.logical_id, "DeadLetterConfig")
            told = bad_event({}, function.timeout)
            yield _forbidden(where, function, function.dead_letter, missing, told, "an event")
    for mapping in application.mappings.values():
        arn = mapping.destination
        if arn and mapping.source is not None and (missing := _missing(mapping.function.role, arn)):
            where = (mapping.logical_id, "DestinationConfig", "OnFailure", "Destination")
            yield _forbidden(where, mapping.function, arn, missing, _lost(mapping), "a record")


@hazard("W9551", "A loop: a function writes to what calls it", "S-34", "S-44", source=_RECURSION)
def loops(application: Application) -> Iterator[Finding]:
    """What a function writes calls it again. Lambda ends such a chain after about 16 calls if it goes through queues,
    topics, buckets and functions only; streams and tables are not covered. It is reported if a role names the action
    and the resource, and no filter, prefix or suffix stands between; not of functions with RecursiveLoop Allow."""
    ways = _ways(application)
    for function in application.functions.values():
        if function.recursive:
            continue
        circle = _circle(function.logical_id, ways)
        if circle:
            yield Finding(
                (function.logical_id, "Policies"),
                f"What {function.logical_id} may write calls it again: {' -> '.join(circle)}. Write to another resource, or "
                "let a filter or a prefix tell what it wrote from what it is to handle.",
            )


def _lost(mapping: EventSourceMapping) -> Forecast | None:
    if mapping.source is None:
        return None
    return one_bad_record(mapping, retention_of(mapping.source), reported=mapping.reports_failures)


def _forbidden(  # noqa: PLR0917 - the parts of one sentence
    where: tuple[str, ...], function: Function, arn: str, missing: Sequence[str], told: Forecast | None, what: str
) -> Finding:
    text = ""
    ended = told.count("to_destination", "dropped") if told is not None else 0
    if told is not None and ended:
        text = (
            f" {what.capitalize()} with which it always fails is given up after {told.ended} and "
            f"{several(told.count('invocations'), 'invocation')}, and is gone."
        )
    return Finding(
        where,
        f"The role of {function.logical_id} does not allow {' and '.join(missing)} on {arn.rpartition(':')[2]}, so that "
        f"nothing gets there.{text} Allow it; in SAM, give the destination its Type.",
        told,
    )


def _missing(role: Role | None, arn: str) -> list[str]:
    """The actions on a destination that a role does not allow; none if that cannot be known."""
    parts = arn.split(":")
    if role is None or len(parts) < 6 or not _is_known(role):  # noqa: PLR2004 - an ARN has six parts
        return []
    resources = {"s3:PutObject": f"{arn}/key"}
    actions = _SENDS.get(parts[2], ())
    return [action for action in actions if not _allows(role, action, resources.get(action, arn))]


def _is_known(role: Role) -> bool:
    foreign = {arn.rpartition("/")[2] for arn in role.managed_policy_arns}
    return foreign <= _HARMLESS


def _allows(role: Role, action: str, arn: str) -> bool:
    """Tell whether a statement allows an action, its conditions taken as fulfilled, and what is not known as fitting."""
    return any(
        statement.effect == "Allow" and _has_action(statement, action) and _has_resource(statement, arn)
        for statement in role.statements
    )


def _has_action(statement: Statement, action: str) -> bool:
    if statement.not_action:
        return not any(_fits(action.lower(), each.lower()) for each in statement.not_action)
    return any(_fits(action.lower(), each.lower()) for each in statement.action)


def _has_resource(statement: Statement, arn: str) -> bool:
    if statement.not_resource:
        return True
    return any(each.startswith("{") or _fits(arn, each) for each in statement.resource)


def _fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


class _Place(msgspec.Struct, frozen=True):
    """A resource that can be written to, and that may call functions."""

    name: str
    kind: str
    arn: str


def _ways(application: Application) -> dict[str, set[str]]:
    """To which resources what is in one leads: by events without a filter, and by what roles name."""
    places = [
        *(_Place(each.logical_id, "bucket", each.arn) for each in application.buckets.values()),
        *(_Place(each.logical_id, "stream", each.arn) for each in application.streams.values()),
        *(_Place(each.logical_id, "table", each.arn) for each in application.tables.values()),
        *(_Place(each.logical_id, "queue", each.arn) for each in application.queues.values()),
        *(_Place(each.logical_id, "topic", each.arn) for each in application.topics.values()),
        *(_Place(each.logical_id, "function", each.arn) for each in application.functions.values()),
    ]
    by_arn = {place.arn: place.name for place in places}
    ways: dict[str, set[str]] = {place.name: set() for place in places}

    def leads(source: str | None, target: str) -> None:
        name = by_arn.get(target) or by_arn.get(target.rpartition(":")[0])
        if source is not None and name is not None:
            ways[source].add(name)

    for mapping in application.mappings.values():
        if mapping.source is not None and not mapping.properties.get("FilterCriteria"):
            leads(mapping.source.logical_id, mapping.function.arn)
    for bucket in application.buckets.values():
        for notification in bucket.notifications:
            if "ObjectCreated" in notification.event and not notification.prefix and not notification.suffix:
                leads(bucket.logical_id, notification.target_arn)
    for subscription in application.subscriptions:
        if subscription.filter_policy is None:
            leads(by_arn.get(subscription.topic_arn), subscription.endpoint)
    for (function, _), config in application.configs.items():
        leads(function, config.on_success or "")
    for function_ in application.functions.values():
        for place in places:
            if place.name != function_.logical_id and _names_it(function_, place):
                ways[function_.logical_id].add(place.name)
    return ways


def _names_it(function: Function, place: _Place) -> bool:
    """Tell whether a role names an action that writes, and this resource as a whole; wildcards of all are no evidence."""
    statements = function.role.statements if function.role is not None else ()
    wanted = {place.arn, f"{place.arn}/*"} if place.kind == "bucket" else {place.arn}
    return any(
        statement.effect == "Allow"
        and not statement.condition
        and not wanted.isdisjoint(statement.resource)
        and not set(_WRITES[place.kind]).isdisjoint(statement.action)
        for statement in statements
    )


def _circle(start: str, ways: dict[str, set[str]]) -> list[str]:
    """The shortest way from a function back to it; empty without one."""
    reached: dict[str, list[str]] = {start: [start]}
    layer = [start]
    for _ in range(_LONGEST):
        following: list[str] = []
        for name in layer:
            for target in sorted(ways[name]):
                if target == start:
                    return [*reached[name], start]
                if target not in reached:
                    reached[target] = [*reached[name], target]
                    following.append(target)
        layer = following
    return []
