"""Services that only take what is sent to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landfast.aws_errors import AwsError
from landfast.eventplane import Router
from landfast.protocols.call import Call
from landfast.sources.sent import Sent

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass
class Recorder:
    """Takes what is sent, or refuses it.

    Attributes:
        taken: ARN and what was sent, in order.
        refusals: By ARN, as long as they are there.
    """

    taken: list[tuple[str, Sent]] = field(default_factory=list)
    refusals: dict[str, AwsError] = field(default_factory=dict)

    def take(self, arn: str, sent: Sent) -> None:
        if arn in self.refusals:
            raise self.refusals[arn]
        self.taken.append((arn, sent))

    def sent_to(self, arn: str) -> list[Sent]:
        return [sent for target, sent in self.taken if target == arn]


def router(recorder: Recorder, *services: str) -> Router:
    made = Router()
    for service in services:
        made.add(service, recorder)
    return made


def call(service: str, operation: str, /, trace: str = "", **params: Any) -> Call:
    return Call(service, operation, params, trace=trace)


def text(value: str) -> Mapping[str, Any]:
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}
