"""The registry of event sources: everything that differs from one kind to the next, declared once.

Each kind has a module here, and the rules, the drivers, both worlds, the template's reader and the reports ask its
declaration. Nothing else may compare names of kinds: who needs more than the declaration says matches its class, and
ends with `assert_never`, so that mypy tells where a new class of sources is forgotten.

Begin reading with `declaration`; how a kind is added is in ARCHITECTURE.md.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from landfast.delivery.event_sources.asynchronous import ASYNCHRONOUS
from landfast.delivery.event_sources.declaration import (
    AsynchronousSource,
    EventSource,
    Kind,
    MappedSource,
    QueueSource,
    StreamSource,
)
from landfast.delivery.event_sources.dynamodb import DYNAMODB
from landfast.delivery.event_sources.kinesis import KINESIS
from landfast.delivery.event_sources.scenario_records import UnacceptableError
from landfast.delivery.event_sources.sqs import SQS

__all__ = [
    "ASYNCHRONOUS",
    "DYNAMODB",
    "EVENT_SOURCES",
    "KINESIS",
    "MAPPED",
    "SQS",
    "AsynchronousSource",
    "EventSource",
    "Kind",
    "MappedSource",
    "QueueSource",
    "StreamSource",
    "UnacceptableError",
    "mapped",
]

AnySource: TypeAlias = AsynchronousSource | MappedSource

MAPPED: Final[Mapping[str, MappedSource]] = {source.service: source for source in (KINESIS, DYNAMODB, SQS)}
"""Every source that event source mappings read, by the service that its ARNs name."""

EVENT_SOURCES: Final[Mapping[Kind, AnySource]] = {
    ASYNCHRONOUS.kind: ASYNCHRONOUS,
    **{source.kind: source for source in MAPPED.values()},
}
"""Every kind of event source."""


def mapped(arn: str) -> MappedSource | None:
    """The event source that an ARN names; None if no event source mapping can read it."""
    _, _, service, *_ = f"{arn}::".split(":")
    return MAPPED.get(service)
