"""Moves of messages out of a dead-letter queue: what a task is, and what comes next in it (S-144)."""

from typing import Final, Literal, TypeAlias

import msgspec

from landfast.sources.sqs import SqsQueue
from landfast.sources.sqs_message import Message

Status: TypeAlias = Literal["RUNNING", "COMPLETED", "CANCELLED", "FAILED"]

NO_SOURCE: Final = "CouldNotDetermineMessageSource"
NO_QUEUE: Final = "AWS.SimpleQueueService.NonExistentQueue"
_AT_ONCE: Final = 100
"""Messages of one step of a task without a rate."""


class MoveTask(msgspec.Struct):
    """One task.

    Attributes:
        id: The task's id.
        source_arn: The dead-letter queue.
        destination_arn: The queue to move to; None for the queues that the messages came from.
        rate: Messages a second; None for as many as can be.
        started_at: When, in Unix seconds.
        due: When its next step is due.
        last: The number of the last message that it moves; what comes later is none of its own.
        to_move: The number of messages at its start.
        moved: The number of messages that it has moved.
        status: The status of the task.
        failure: Why it failed.
    """

    id: str
    source_arn: str
    destination_arn: str | None
    rate: int | None
    started_at: float
    due: float
    last: int
    to_move: int
    moved: int = 0
    status: Status = "RUNNING"
    failure: str | None = None

    @property
    def interval(self) -> float:
        """Seconds between two steps."""
        return 1.0 / self.rate if self.rate else 0.0

    def step(self, queue: SqsQueue) -> list[Message]:
        """Return the messages of the next step; none if it is done."""
        return queue.movable(1 if self.rate else _AT_ONCE, self.last)

    def destination(self, message: Message) -> str | None:
        """Return the queue for a message; None if nobody knows."""
        return self.destination_arn or message.source_arn or None

    def fail(self, reason: str) -> None:
        """It cannot go on."""
        self.status = "FAILED"
        self.failure = reason
