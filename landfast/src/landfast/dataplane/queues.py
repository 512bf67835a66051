"""Messages of SQS queues: received with all that Lambda passes on, deleted, and handed back."""

import contextlib
import hashlib
import itertools
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import SourceGoneError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""As many messages as one call of SQS takes or gives."""

LONG_POLL = 20
"""The longest wait of a receive, in seconds."""

_GONE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


@dataclass(frozen=True, slots=True)
class Message:
    """A received message.

    Attributes:
        raw: What ``ReceiveMessage`` answered, all attributes included (S-105).
    """

    raw: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The message id, the same in every receive."""
        return str(self.raw["MessageId"])

    @property
    def receipt_handle(self) -> str:
        """For deletion; of this receive."""
        return str(self.raw["ReceiptHandle"])

    @property
    def body(self) -> str:
        """The text."""
        return str(self.raw["Body"])

    @property
    def attributes(self) -> Mapping[str, str]:
        """SQS's own attributes, all of them texts."""
        told: Mapping[str, str] = self.raw["Attributes"]
        return told

    @property
    def group(self) -> str | None:
        """The message group of a FIFO queue."""
        return self.attributes.get("MessageGroupId")

    @property
    def receive_count(self) -> int:
        """How often it was received, this time included."""
        return int(self.attributes["ApproximateReceiveCount"])

    @property
    def sent(self) -> float:
        """When it was sent, in Unix seconds."""
        return int(self.attributes["SentTimestamp"]) / 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message of a batch call that SQS did not do as asked: `reason` is its code and text."""

    message: Message
    reason: str


class QueueUrls:
    """The URLs of queues by their ARNs, asked for once each."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[str, str] = {}

    def of(self, arn: str) -> str:
        """The queue's URL at this endpoint.

        Raises:
            botocore.exceptions.ClientError: There is no such queue.
        """
        if arn not in self._known:
            account, name = arn.split(":")[4:6]
            answer = self._clients.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self._known[arn] = answer["QueueUrl"]
        return self._known[arn]


class Queue:
    """One queue, read as a poller reads it. All methods may be called from any thread.

    A FIFO queue is received from by one thread at a time: moto gives one group to two receives that overlap.
    """

    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self.url = url
        self._receiving = threading.Lock() if url.endswith(".fifo") else contextlib.nullcontext()

    def receive(self, limit: int = BATCH, *, wait: int = LONG_POLL, visibility: int | None = None) -> list[Message]:
        """Up to `limit` (at most 10) messages, in the queue's order; none if none came within `wait` seconds (S-88).

        Args:
            limit: 1 to 10.
            wait: 0 to 20 seconds.
            visibility: For how many seconds nobody else sees them; None leaves it to the queue.

        Raises:
            SourceGoneError: The queue is gone.
        """
        extra: dict[str, Any] = {} if visibility is None else {"VisibilityTimeout": visibility}
        try:
            with self._receiving:
                answer = self._clients.sqs.receive_message(
                    QueueUrl=self.url,
                    MaxNumberOfMessages=min(limit, BATCH),
                    WaitTimeSeconds=wait,
                    MessageSystemAttributeNames=["All"],
                    MessageAttributeNames=["All"],
                    **extra,
                )
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise SourceGoneError(f"{self.url}: the queue is gone") from error
            raise
        return [Message({**raw, "Attributes": _attributes(raw)}) for raw in answer.get("Messages", [])]

    def delete(self, messages: Iterable[Message]) -> list[Refusal]:
        """Delete them, ten a call; what was not deleted, and why."""
        refusals = []
        for batch in itertools.batched(messages, BATCH, strict=False):
            answer = self._clients.sqs.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(n), "ReceiptHandle": one.receipt_handle} for n, one in enumerate(batch)],
            )
            refusals += _refusals(batch, answer.get("Failed", []))
        return refusals

    def change_visibility(self, messages: Iterable[Message], seconds: int) -> list[Refusal]:
        """Let them become visible `seconds` from now; whose was not changed, and why."""
        refusals = []
        for batch in itertools.batched(messages, BATCH, strict=False):
            answer = self._clients.sqs.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": one.receipt_handle, "VisibilityTimeout": seconds}
                    for n, one in enumerate(batch)
                ],
            )
            refusals += _refusals(batch, answer.get("Failed", []))
        return refusals


def _refusals(batch: Sequence[Message], failed: Iterable[Mapping[str, Any]]) -> list[Refusal]:
    return [Refusal(batch[int(one["Id"])], f"{one['Code']}: {one.get('Message', '')}") for one in failed]


def _attributes(raw: "MessageTypeDef") -> dict[str, str]:
    """SQS's own attributes; a FIFO message whose engine gives it no number gets one of 20 digits, by its time."""
    told: dict[str, str] = {str(name): value for name, value in raw.get("Attributes", {}).items()}
    if "MessageGroupId" in told and "SequenceNumber" not in told:
        distinct = int.from_bytes(hashlib.sha256(raw["MessageId"].encode()).digest()[:8]) % 10**7
        told["SequenceNumber"] = f"{told['SentTimestamp']:0>13}{distinct:07d}"
    return told
