"""What roles let functions send, and to what: destinations that get nothing."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from landfast.lint.application import Application, EventSourceMapping, Function
from landfast.lint.forecast import Forecast, bad_event, one_bad_record
from landfast.lint.hazard import Finding, hazard
from landfast.report.wording import several
from landfast.simulate.declared import retention_of
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
    for each in application.configs.values():
        where, of = (each.logical_id, "DestinationConfig"), each.function
        told = partial(bad_event, each.properties, of.timeout)
        yield from _forbidden(application, (*where, "OnSuccess", "Destination"), of, each.on_success, lambda: None)
        yield from _forbidden(application, (*where, "OnFailure", "Destination"), of, each.on_failure, told)
    for function in application.functions.values():
        told = partial(bad_event, {}, function.timeout)
        where = (function.logical_id, "DeadLetterConfig")
        yield from _forbidden(application, where, function, function.dead_letter, told)
    for mapping in application.mappings.values():
        place = (mapping.logical_id, "DestinationConfig", "OnFailure", "Destination")
        yield from _forbidden(application, place, mapping.function, mapping.destination, partial(_lost, mapping))


def _lost(mapping: EventSourceMapping) -> Forecast | None:
    if mapping.source is None:
        return None
    return one_bad_record(mapping, retention_of(mapping.source), reported=mapping.reports_failures)


def _forbidden(
    application: Application, where: Where, function: Function, arn: str | None, play: Callable[[], Forecast | None]
) -> Iterator[Finding]:
    """The finding of a destination, if the role does not allow what it takes; then it is played what is lost."""
    if arn is None or not application.has(arn) or not (missing := _missing(function.role, arn)):
        return
    told = play()
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
