"""Services that only take what is sent to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import pytest

from landfast.aws_errors import AwsError
from landfast.eventplane import Router
from landfast.eventplane.event_bus import EventsApi
from landfast.eventplane.sns import SnsApi
from landfast.protocols.call import Call
from landfast.sources.sent import Sent
from tests.eventplane.world import PlaneInMemory, ids

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


class Sender:
    """An API that sends, with services around it that only take what is sent.

    Attributes:
        API: The class of the API.
        TAKERS: The services around it.
    """

    API: ClassVar[type[EventsApi | SnsApi]]
    TAKERS: ClassVar[tuple[str, ...]]

    def __init__(self, world: PlaneInMemory | None = None, recorder: Recorder | None = None) -> None:
        self.world = world or PlaneInMemory()
        self.recorder = recorder or Recorder()
        self.api = self.API(self.world, router(self.recorder, *self.TAKERS), ACCOUNT, REGION, ids())

    def __call__(self, operation: str, /, trace: str = "", **params: Any) -> Any:
        return self.api.answer(call(self.api.service, operation, trace=trace, **params))

    def refusal(self, operation: str, /, **params: Any) -> AwsError:
        """The error of a call that must change nothing."""
        before = dict(self.world.kept)
        with pytest.raises(AwsError) as caught:
            self(operation, **params)
        assert self.world.kept == before
        return caught.value

    def restarted(self) -> Self:
        """The same, made anew of what was kept."""
        return type(self)(self.world.restarted(), self.recorder)


def text(value: str) -> Mapping[str, Any]:
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}
