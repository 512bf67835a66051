"""Failures that nobody sees, and secrets that many can."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from landfast.lint.application import Application
from landfast.lint.deliveries import deliveries
from landfast.lint.hazard import Finding, hazard
from landfast.template.intrinsics import function_of
from landfast.template.model import Queue

_ALARMS: Final = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/dead-letter-queues-alarms-cloudwatch.html"
_VARIABLES: Final = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html"

_ELSEWHERE: Final = frozenset({"AWS::CloudFormation::Stack", "AWS::Serverless::Application"})
"""What may have the alarm in a template of its own."""

_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|(?:AUTH|ACCESS|BEARER|API)_?TOKEN"
    r"|(?:CLIENT|APP|JWT|SIGNING|WEBHOOK|SHARED)_?SECRET)$",
    re.IGNORECASE,
)
"""Names of what is secret; a name, a path or an ARN of a secret has a name that says so at its end."""

_SECRET_VALUE: Final = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}|xox[abprs]-[A-Za-z0-9-]{10,}"
)
"""Forms that only secrets have: keys of AWS, private keys, tokens of GitHub and Slack."""

_NO_SECRET: Final = re.compile(r"arn:.*|[\w.-]*(?:/[\w.-]+)+|https?://[^@]*|true|false|\d{0,5}", re.IGNORECASE)
"""What only leads to a secret, or can be none."""

_RESOLVED: Final = re.compile(r"\{\{resolve:(?:secretsmanager|ssm-secure):")


@hazard("W9560", "No alarm on what keeps failures", source=_ALARMS)
def unwatched(application: Application) -> Iterator[Finding]:
    """A failure that is kept and that nobody looks at is deleted when its retention ends.

    It is reported of queues of the template that get failures, that no function reads, and that no alarm of the
    template refers to.
    """
    of: dict[str, dict[str, None]] = {}
    for delivery in deliveries(application):
        if delivery.failures:
            of.setdefault(delivery.to, {})[delivery.by] = None
    read = {mapping.source.logical_id for mapping in application.mappings.values() if mapping.source is not None}
    watched = _watched(application)
    for queue in application.queues.values():
        if queue.arn in of and queue.logical_id not in read and not _is_watched(queue, watched):
            whose = ", ".join(of[queue.arn])
            yield Finding(
                (queue.logical_id,),
                f"{queue.logical_id} keeps failures of {whose}, and no alarm watches it. Set an "
                "AWS::CloudWatch::Alarm on its ApproximateNumberOfMessagesVisible.",
            )


@hazard("W9561", "A secret in a function's environment", source=_VARIABLES)
def secrets(application: Application) -> Iterator[Finding]:
    """Whoever may see the function's settings can read its environment, and so can each log that prints it.

    It is reported of variables with a secret's name and a text, of parameters with NoEcho, of dynamic references
    that are resolved there, and of texts in the form of a key or a token. The value is never printed.
    """
    for function in application.functions.values():
        for name, value in function.variables.items():
            kind = _secret(application, name, value)
            if kind is not None:
                yield Finding(
                    (function.logical_id, "Environment", "Variables", name),
                    f"The variable {name} of {function.logical_id} holds {kind}, to be read by whoever may see the "
                    "function. Keep it in Secrets Manager or as a SecureString, and let the function read it there.",
                )


def _watched(application: Application) -> tuple[frozenset[str], str]:
    """The logical ids that alarms refer to, and the texts of the alarms."""
    users = [
        logical_id
        for logical_id, resource in application.stack.resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm" or resource["Type"] in _ELSEWHERE
    ]
    names = frozenset(name for user in users for name in application.names(user))
    return names, " ".join(str(application.stack.resources[user]["Properties"]) for user in users)


def _is_watched(queue: Queue, watched: tuple[frozenset[str], str]) -> bool:
    names, texts = watched
    return queue.logical_id in names or queue.name in texts


def _secret(application: Application, name: str, value: object) -> str | None:
    """Say what kind of secret a variable holds; None for none."""
    if isinstance(value, str):
        if _SECRET_VALUE.search(value):
            return "a key or token"
        if _RESOLVED.search(value):
            return "a secret that is resolved when the stack is deployed"
        if _SECRET_NAME.search(name) and not _NO_SECRET.fullmatch(value):
            return "a secret in the template itself"
    if isinstance(value, dict) and function_of(value) in {"Ref", "Fn::Sub"}:
        return _from_parameter(application, value)
    return None


def _from_parameter(application: Application, value: Mapping[str, Any]) -> str | None:
    text = next(iter(value.values()))
    for parameter in application.stack.hidden:
        if text == parameter or (isinstance(text, str) and f"${{{parameter}}}" in text):
            return f"the parameter {parameter}, which has NoEcho"
    text = text[0] if isinstance(text, list) and text else text
    if isinstance(text, str) and _RESOLVED.search(text):
        return "a secret that is resolved when the stack is deployed"
    return None
