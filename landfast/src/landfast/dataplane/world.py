"""What there is at the endpoint: the template's resources as they were created, and the ways to its functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TriggerKind = Literal["s3", "events", "sns"]

INTERNAL_PREFIX = "landfast-internal-"
"""Queues whose names begin so are Landfast's own, and not shown to users."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An internal queue that gets what a bucket, a rule or a topic sends to a function.

    Attributes:
        kind: What kind of source.
        source: The logical id of the bucket, the rule or the subscription.
        function: The logical id of the function.
        qualifier: The alias or version that is called; None for the newest code.
        queue_name: Of the internal queue.
        queue_url: Of the internal queue.
        queue_arn: Of the internal queue.
        configuration_ids: Of a bucket's notifications: the event's `configurationId` is one of them (S-37).
        subscription_arn: Of a topic's subscription.
        input: Of a rule's target: the fixed JSON text that the function gets.
        input_path: Of a rule's target: the part of the event that the function gets.
    """

    kind: TriggerKind
    source: str
    function: str
    qualifier: str | None
    queue_name: str
    queue_url: str
    queue_arn: str
    configuration_ids: tuple[str, ...] = ()
    subscription_arn: str | None = None
    input: str | None = None
    input_path: str | None = None


@dataclass(frozen=True, slots=True)
class QueueMade:
    """A queue as it was created."""

    name: str
    url: str
    arn: str


@dataclass(frozen=True, slots=True)
class TableMade:
    """A table as it was created; `stream_arn` has the label that the engine gave."""

    name: str
    arn: str
    stream_arn: str | None


@dataclass(frozen=True, slots=True)
class World:
    """All of it. Mappings are by logical id.

    Attributes:
        queues: Name, URL and ARN.
        topics: ARNs.
        streams: ARNs.
        tables: Names, ARNs and those of their streams.
        buckets: Names.
        event_buses: ARNs.
        triggers: The ways to functions.
        arns: The real ARN of each declared one that differs: those of tables' streams.
        not_run: One line for each thing that was left out, with the reason.
    """

    queues: Mapping[str, QueueMade]
    topics: Mapping[str, str]
    streams: Mapping[str, str]
    tables: Mapping[str, TableMade]
    buckets: Mapping[str, str]
    event_buses: Mapping[str, str]
    triggers: tuple[Trigger, ...]
    arns: Mapping[str, str]
    not_run: tuple[str, ...]

    def real_arn(self, declared: str) -> str:
        """The ARN at the endpoint of what the template calls `declared`."""
        return self.arns.get(declared, declared)

    def queue(self, reference: str) -> QueueMade | None:
        """The queue of this logical id, name, URL or ARN."""
        if reference in self.queues:
            return self.queues[reference]
        for queue in self.queues.values():
            if reference in {queue.name, queue.url, queue.arn}:
                return queue
        return None
