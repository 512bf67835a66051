"""The declaration of an event source."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from landfast.delivery.event_sources.scenario_records import GivenRecord, ScenarioStream
from landfast.delivery.stream_records import Render

StreamKind = Literal["kinesis", "dynamodb"]
QueueKind = Literal["sqs"]
Kind = Literal["async", StreamKind, QueueKind]
"""The names of all kinds. mypy refuses a declaration of another name, and whoever matches names and forgets one."""


STREAM_DEFAULTS: Final[Mapping[str, str]] = {
    "BatchSize": "100",
    "MaximumBatchingWindowInSeconds": "0",
    "MaximumRetryAttempts": "-1",
    "MaximumRecordAgeInSeconds": "-1",
    "BisectBatchOnFunctionError": "false",
    "FunctionResponseTypes": "none",
    "ParallelizationFactor": "1",
}
"""The settings of a stream's mapping that hold where nothing is set (S-86)."""

QUEUE_DEFAULTS: Final[Mapping[str, str]] = {
    "BatchSize": "10",
    "MaximumBatchingWindowInSeconds": "0",
    "FunctionResponseTypes": "none",
}
"""The same for queues (S-90)."""


def as_it_is(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record itself: filter patterns of most sources name the fields that the function gets."""
    return record


class EventSource(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the declaration that every event source has.

    Attributes:
        kind: The name of the source in scenarios, and in the journals of simulations.
        title: The name of the service, for people.
        noun: The word of people for one of its records.
        defaults: The settings that hold where nothing is set, as AWS has them.
        accept: Raises `UnacceptableError` for a record of a scenario that the service would refuse.
    """

    kind: Kind
    title: str
    noun: str
    defaults: Mapping[str, str]
    accept: Callable[[GivenRecord], None]


class AsynchronousSource(EventSource, frozen=True, kw_only=True):
    """Events of asynchronous invocations: no mapping reads them, and no service stands behind them.

    The machine is `delivery.asynchronous`, the driver `driver.asynchronous`.
    """


class _MappedSource(EventSource, frozen=True, kw_only=True):
    """A source that event source mappings read.

    Attributes:
        service: The service that ARNs of the source name.
        resource_type: The CloudFormation type that declares the source.
        thing: The word of people for the source itself.
        scenario_resource: The last part of the ARN of a scenario's source.
        text_field: The field of a record that filter patterns can look into as JSON (S-81, S-104), if any.
        filter_view: Makes of a record that the function gets what filter patterns name the fields of.
    """

    service: str
    resource_type: str
    thing: str
    scenario_resource: str
    text_field: str | None = None
    filter_view: Callable[[Mapping[str, Any]], Mapping[str, Any]] = as_it_is


class StreamSource(_MappedSource, frozen=True, kw_only=True):
    """A stream, read shard by shard; a record keeps its place until its batch is done.

    The machine is `delivery.stream`, the driver `driver.streams`. `simulate` makes a scenario's stream by what is
    declared here; `service` reads any stream whose shards are `driver.streams.ReadableShard`.

    Attributes:
        poll_interval: Seconds between two reads of a shard that has nothing more to give (S-45).
        has_timestamps: True if a mapping can begin at a time (S-50).
        batch_info: The name of the batch's description in the record of a failure (S-63).
        arrival_text: Writes the times of arrival there.
        sequence_numbers: Makes, for a shard of a scenario, what makes the sequence number of a place there, from 1.
        renderer: Makes what makes a scenario's record as the function gets it, in a stream and a shard.
        measure: Makes what counts the bytes of such a record, by the record and its sequence number.
    """

    kind: StreamKind
    noun: str = "record"
    poll_interval: float
    has_timestamps: bool
    batch_info: str
    arrival_text: Callable[[float], str]
    sequence_numbers: Callable[[int], Callable[[int], str]]
    renderer: Callable[[ScenarioStream, str], Render]
    measure: Callable[[ScenarioStream, str], Callable[[GivenRecord, str], int]]


class QueueSource(_MappedSource, frozen=True, kw_only=True):
    """A queue that is polled; a message is hidden while it is handled, and deleted when it is done.

    The machine is `delivery.queue`, the driver `driver.queues`, and its port `driver.queues.MessageQueue`.
    """

    kind: QueueKind
    noun: str = "message"


MappedSource: TypeAlias = StreamSource | QueueSource
"""A source that event source mappings read."""
