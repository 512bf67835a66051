"""The actions that a delivery machine asks of its driver.

Records are whatever the machine was offered; `R` is their type. Actions of one answer are carried out in their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

R = TypeVar("R")
L = TypeVar("L")

State = Literal["processed", "to_destination", "dropped", "dead_lettered", "filtered"]
"""The states in which a record can end. A record that has not ended is pending."""

DeliveryKind = Literal["sqs", "sns", "lambda", "events", "s3", "kafka", "dlq"]


@dataclass(frozen=True, slots=True)
class Window:
    """The tumbling window of an invocation (S-75).

    Attributes:
        start: Begin of the window, in seconds.
        end: End of the window, in seconds.
        state: The state that the window's previous invocation returned.
        final: True if this is the window's last invocation.
        terminated_early: True if the state outgrew its limit (S-76).
    """

    start: float
    end: float
    state: Mapping[str, object]
    final: bool = False
    terminated_early: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """Read up to `limit` records of the shard after the last one read; answer with ``fetched(records, now)``."""

    limit: int


@dataclass(frozen=True, slots=True)
class Receive:
    """Long-poll the queue for up to `limit` messages (at most 10); answer with ``received(messages, now)``, once.

    Attributes:
        limit: The most messages to receive.
        visibility_timeout: Seconds to hide them; None for the queue's own setting (U-20).
    """

    limit: int
    visibility_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Invoke(Generic[R]):
    """Call the function with these records; answer with ``finished(request_id, outcome, now)``, once.

    Attributes:
        request_id: The id of the invocation; for asynchronous events the same in every attempt (S-03).
        records: The batch, in order; one event for asynchronous invocations.
        attempt: Counts from 1: the tries of this batch since it was formed, or the largest receive count in it.
        window: The tumbling window, for mappings that have one.
        lane: The lane of the shard, from 0 (S-49).
    """

    request_id: str
    records: Sequence[R]
    attempt: int
    window: Window | None = None
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Retry(Generic[R]):
    """Nothing to do but to note it: these records will be tried again.

    Attributes:
        records: The records that will be tried again.
        at: When, in seconds.
        rule: Why, and why then: the rule of the reference that says so.
    """

    records: Sequence[R]
    at: float
    rule: str


@dataclass(frozen=True, slots=True)
class Split(Generic[R]):
    """Nothing to do but to note it: a batch was divided.

    Attributes:
        first: The records that come first; for a partial response, those that count as processed.
        rest: The records that follow.
        rule: The rule that says so.
    """

    first: Sequence[R]
    rest: Sequence[R]
    rule: str


@dataclass(frozen=True, slots=True)
class Deliver(Generic[R]):
    """Send a record of an invocation to a destination or a dead-letter queue.

    Attributes:
        kind: The kind of target.
        target: The target's ARN.
        body: What is sent. SQS, SNS and Lambda: the record. EventBridge: the entry. S3: ``{"bucket", "key",
            "object"}``. A function's dead-letter queue: ``{"body", "attributes"}``.
        records: The records that the delivery is about.
        rule: The rule that says so.
    """

    kind: DeliveryKind
    target: str
    body: Mapping[str, object]
    records: Sequence[R]
    rule: str


@dataclass(frozen=True, slots=True)
class Settle(Generic[R]):
    """Nothing to do but to note it: these records have reached their end.

    Attributes:
        records: Which.
        state: The state in which the records ended.
        rule: Why: the condition or the rule that decided it.
    """

    records: Sequence[R]
    state: State
    rule: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Keep durably: every record of the shard up to `sequence`, inclusive, is done.

    Attributes:
        sequence: The sequence number of the last record done.
    """

    sequence: str


@dataclass(frozen=True, slots=True)
class KeepLanes(Generic[L]):
    """Keep durably, with the checkpoint, how far each lane of the shard has come; `L` is `lane_state.LaneState`."""

    lanes: tuple[L, ...]


@dataclass(frozen=True, slots=True)
class Delete(Generic[R]):
    """Delete these messages from the queue."""

    messages: Sequence[R]


@dataclass(frozen=True, slots=True)
class Return(Generic[R]):
    """These messages stay in the queue and become visible again at `at` (S-97)."""

    messages: Sequence[R]
    at: float


@dataclass(frozen=True, slots=True)
class Drop(Generic[R]):
    """Count what could not be delivered to a destination (S-22, S-69); the metric's name is AWS's own."""

    records: Sequence[R]
    metric: str


Action: TypeAlias = (
    Fetch
    | Receive
    | Invoke[R]
    | Retry[R]
    | Split[R]
    | Deliver[R]
    | Settle[R]
    | Checkpoint
    | KeepLanes[Any]
    | Delete[R]
    | Return[R]
    | Drop[R]
)
