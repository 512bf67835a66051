"""What roles let functions send, and to what: destinations that get nothing."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from landfast.lint.application import Application, EventSourceMapping, Function
from landfast.lint.forecast import Forecast, bad_event, one_bad_record, retention_of
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import several
from landfast.template.errors import Where
from landfast.template.model import Role, Statement

_RETAIN: Final = "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"

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


@hazard(
    "E9550", "A destination that the function's role may not write to", "S-21", "S-22", "S-69", "S-128", source=_RETAIN
)
def forbidden_destination(application: Application) -> Iterator[Finding]:
    """Lambda sends what failed, or succeeded, in the name of the function's role.

    What the role does not allow is not sent, and the event is gone. It is reported if all of the role's policies
    are known: those of the template, and AWS's for polling and logging. SAM writes the permission only for a
    destination with a Type.
    """

    def of(function: Function, arn: str | None, told: Forecast | None, *where: str) -> Iterator[Finding]:
        return _forbidden(application, where, function, arn, told)

    for each in application.configs.values():
        told = bad_event(each.properties, each.function.timeout)
        yield from of(each.function, each.on_success, None, each.logical_id, "DestinationConfig", "OnSuccess")
        yield from of(each.function, each.on_failure, told, each.logical_id, "DestinationConfig", "OnFailure")
    for function in application.functions.values():
        told = bad_event({}, function.timeout)
        yield from of(function, function.dead_letter, told, function.logical_id, "DeadLetterConfig")
    for mapping in application.mappings.values():
        told, steps = _lost(mapping), ("DestinationConfig", "OnFailure", "Destination")
        yield from of(mapping.function, mapping.destination, told, mapping.logical_id, *steps)


def _lost(mapping: EventSourceMapping) -> Forecast | None:
    if mapping.destination is None or mapping.source is None:
        return None
    return one_bad_record(mapping, retention_of(mapping.source), reported=mapping.reports_failures)


def _forbidden(
    application: Application, where: Where, function: Function, arn: str | None, told: Forecast | None
) -> Iterator[Finding]:
    """The finding of a destination, if the role does not allow what it takes."""
    if arn is None or not application.has(arn) or not (missing := _missing(function.role, arn)):
        return
    text = ""
    if told is not None and told.count("to_destination", "dropped"):
        text = f" What always fails is given up after {told.ended} and {several(told.tries, 'try')}, and is gone."
    yield Finding(
        where,
        f"The role of {function.logical_id} does not allow {' and '.join(missing)} on {application.name_of(arn)}, so "
        f"that nothing gets there.{text} Allow it; in SAM, give the destination its Type.",
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
    """Tell whether a statement allows an action; conditions are taken as fulfilled, what is not known as fitting."""
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
