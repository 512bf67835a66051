"""Which resources can be targets here, told by their ARNs."""

import re
from collections.abc import Collection
from typing import Final

OF_RULES: Final = frozenset({"lambda", "sqs", "sns", "kinesis", "events"})
"""The services whose resources rules and schedules send to here."""

_PARTS: Final = 6
_RESOURCE: Final = {"events": "event-bus/", "lambda": "function:"}
"""How the resources begin that take events, of services that have others, too."""


def not_here(arn: str, services: Collection[str] = OF_RULES) -> str | None:
    """What kind of target an ARN names, if nothing of the kind is run locally; None if it can be a target.

    >>> not_here("arn:aws:events:us-east-1:123456789012:api-destination/orders/1")
    'api-destination'
    >>> not_here("arn:aws:states:us-east-1:123456789012:stateMachine:orders")
    'states'
    """
    parts = arn.split(":", maxsplit=_PARTS - 1)
    if len(parts) < _PARTS or parts[0] != "arn":
        return arn
    service, resource = parts[2], parts[-1]
    if service not in services:
        return service
    if resource.startswith(_RESOURCE.get(service, "")):
        return None
    return re.split("[:/]", resource)[0]
