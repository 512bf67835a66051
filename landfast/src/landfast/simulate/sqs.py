"""A model of an SQS queue: visibility, receive counts, redrive, groups and retention (S-95, S-97, S-99, S-134).

Times are seconds from the start of the scenario. Deliveries are in the order of sending, so that a run is the same
every time (U-28); a standard queue first hands out the messages of those tenants that have the fewest in flight. (SQS
itself calls a tenant noisy from about 30 messages and a tenth of all that are in flight; a scenario is smaller.)
"""

import hashlib
import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.sqs_events import QueueMessage, queue_message

RECEIVE_LIMIT: Final = 10
"""Messages that one receive returns at most."""

_STALE: Final = 1000
"""Places in the line that nobody holds any more, before they are cleared away."""

_SENDER: Final = "AIDACKCEVSQ6C2EXAMPLE"
_FIRST_SEQUENCE: Final = 18_850_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the messages that a receive touched.

    Attributes:
        messages: What was received.
        dead_lettered: Ids of what had been received too often and went to the dead-letter queue instead (S-95).
        expired: Ids of what the queue no longer keeps.
    """

    messages: list[QueueMessage]
    dead_lettered: list[str]
    expired: list[str]


@dataclass(slots=True)
class _Stored:
    number: int
    id: str
    group: str
    body: str
    sent_at: float
    receives: int = 0
    first_received_at: float = 0.0
    hidden_until: float | None = None


@dataclass(slots=True)
class _Group:
    """Messages with one message group id: those of a FIFO queue keep their order, others share a turn.

    Attributes:
        visible: Heap of the numbers of what can be received.
        hidden: How many are in flight; a group of a FIFO queue that has any gives nothing (S-99).
        offered: Its place among those that can be received from: how busy it is, and its first message.
    """

    visible: list[int] = field(default_factory=list)
    hidden: int = 0
    offered: tuple[int, int] | None = None


class SqsQueue:
    """One queue, standard or FIFO, with its dead-letter queue left to the caller."""

    def __init__(
        self, attributes: QueueAttributes, *, queue_arn: str, has_window: bool = False, epoch: float = 0.0
    ) -> None:
        """Begin empty.

        Args:
            attributes: The queue's settings.
            queue_arn: Its ARN, which ends in ``.fifo`` for a FIFO queue.
            has_window: Whether the mapping has a batching window, which shows in the records (S-106).
            epoch: Unix time of the queue's time 0.
        """
        self.attributes = attributes
        self._arn = queue_arn
        self._has_window = has_window
        self._epoch = epoch
        self._sent = 0
        self._stored: dict[int, _Stored] = {}
        self._groups: dict[str, _Group] = {}
        self._heads: list[tuple[tuple[int, int], str]] = []
        self._hidden: list[tuple[float, int]] = []
        self._ages: deque[int] = deque()

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self._arn

    def __len__(self) -> int:
        """How many messages the queue holds, in flight or not."""
        return len(self._stored)

    def send(self, message_id: str, body: str, now: float, *, group: str | None = None) -> None:
        """Take a message in; `group` is its message group."""
        self._sent += 1
        self._stored[self._sent] = _Stored(self._sent, message_id, group or "", body, now)
        self._ages.append(self._sent)
        self._show(self._stored[self._sent])

    def receive(self, limit: int, now: float, *, visibility_timeout: float | None = None) -> Received:
        """Receive up to `limit` messages (at most 10), hidden for the queue's visibility timeout or the one given."""
        expired = self.advance(now)
        taken: list[_Stored] = []
        dead: list[str] = []
        while self._heads and len(taken) < min(limit, RECEIVE_LIMIT):
            stored = self._next()
            if stored is None:
                continue
            if stored.receives == self.attributes.max_receive_count:
                dead.append(stored.id)
                self._forget(stored)
            else:
                taken.append(stored)
            self._offer(stored.group)
        seconds = self.attributes.visibility_timeout if visibility_timeout is None else visibility_timeout
        for stored in taken:
            self._hide(stored, now, now + seconds)
        for key in {stored.group for stored in taken}:
            self._offer(key)
        return Received([self._delivery(stored, now) for stored in taken], dead, expired)

    def delete(self, message: QueueMessage, now: float) -> bool:
        """Delete a message by the receipt of one delivery; whether it is gone.

        A receipt is worth nothing once the message was received again; in a FIFO queue, once its time is over.
        """
        number, _, receives = message.event["receiptHandle"].partition("-")
        stored = self._stored.get(int(number))
        if stored is None:
            return True
        over = stored.hidden_until is None or stored.hidden_until < now
        if stored.receives != int(receives) or (over and self.attributes.fifo):
            return False
        self._forget(stored)
        self._offer(stored.group)
        return True

    def due(self) -> float | None:
        """When the next message becomes visible again or expires."""
        while self._hidden and not self._is_hidden(*self._hidden[0]):
            heapq.heappop(self._hidden)
        while self._ages and self._ages[0] not in self._stored:
            self._ages.popleft()
        times = [self._hidden[0][0]] if self._hidden else []
        if self._ages:
            times.append(self._stored[self._ages[0]].sent_at + self.attributes.retention)
        return min(times, default=None)

    def advance(self, now: float) -> list[str]:
        """Let time pass: messages become visible or expire; the ids of the expired ones.

        What is in flight when its retention ends expires when it would become visible.
        """
        expired: list[str] = []
        while self._hidden and self._hidden[0][0] <= now:
            until, number = heapq.heappop(self._hidden)
            if self._is_hidden(until, number):
                stored = self._stored[number]
                stored.hidden_until = None
                self._groups[stored.group].hidden -= 1
                if self._is_old(stored, now):
                    expired.append(self._forget(stored))
                    self._offer(stored.group)
                else:
                    self._show(stored)
        while self._ages and self._is_gone_or_old(self._ages[0], now):
            old = self._stored.get(self._ages.popleft())
            if old is not None and old.hidden_until is None:
                expired.append(self._forget(old))
                self._offer(old.group)
        return expired

    def _next(self) -> _Stored | None:
        """Take the first message of the group whose turn it is; None if the group has changed since it was offered."""
        place, key = heapq.heappop(self._heads)
        group = self._groups.get(key)
        if group is None or group.offered != place:
            return None
        group.offered = None
        number = heapq.heappop(group.visible)
        if number in self._stored:
            return self._stored[number]
        self._offer(key)
        return None

    def _offer(self, key: str) -> None:
        """Give a group its place in the line, as busy as it now is."""
        group = self._groups.get(key)
        if group is None:
            return
        blocked = self.attributes.fifo and group.hidden
        busy = group.hidden if key else 0
        place = (busy, group.visible[0]) if group.visible and not blocked else None
        if place != group.offered:
            group.offered = place
            if place is not None:
                heapq.heappush(self._heads, (place, key))
        if len(self._heads) > _STALE + 2 * len(self._groups):
            self._heads = [(group.offered, key) for key, group in self._groups.items() if group.offered]
            heapq.heapify(self._heads)

    def _show(self, stored: _Stored) -> None:
        heapq.heappush(self._groups.setdefault(stored.group, _Group()).visible, stored.number)
        self._offer(stored.group)

    def _hide(self, stored: _Stored, now: float, until: float) -> None:
        stored.first_received_at = stored.first_received_at if stored.receives else now
        stored.receives += 1
        stored.hidden_until = until
        self._groups[stored.group].hidden += 1
        heapq.heappush(self._hidden, (until, stored.number))

    def _forget(self, stored: _Stored) -> str:
        del self._stored[stored.number]
        group = self._groups[stored.group]
        group.hidden -= stored.hidden_until is not None
        if not group.hidden and not group.visible:
            del self._groups[stored.group]
        return stored.id

    def _is_hidden(self, until: float, number: int) -> bool:
        stored = self._stored.get(number)
        return stored is not None and stored.hidden_until == until

    def _is_old(self, stored: _Stored, now: float) -> bool:
        return stored.sent_at + self.attributes.retention <= now

    def _is_gone_or_old(self, number: int, now: float) -> bool:
        stored = self._stored.get(number)
        return stored is None or self._is_old(stored, now)

    def _delivery(self, stored: _Stored, now: float) -> QueueMessage:
        attributes = {
            "ApproximateReceiveCount": str(stored.receives),
            "SentTimestamp": self._milliseconds(stored.sent_at),
            "SenderId": _SENDER,
            "ApproximateFirstReceiveTimestamp": self._milliseconds(stored.first_received_at),
        }
        if self.attributes.fifo:
            attributes |= {
                "SequenceNumber": str(_FIRST_SEQUENCE + stored.number),
                "MessageGroupId": stored.group,
                "MessageDeduplicationId": stored.id,
            }
        elif stored.group:
            attributes["MessageGroupId"] = stored.group
        message = {
            "MessageId": stored.id,
            "ReceiptHandle": f"{stored.number}-{stored.receives}",
            "Body": stored.body,
            "Attributes": attributes,
            "MD5OfBody": hashlib.md5(stored.body.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest(),
        }
        return queue_message(message, queue_arn=self._arn, received_at=now, has_window=self._has_window)

    def _milliseconds(self, seconds: float) -> str:
        return str(round((self._epoch + seconds) * 1000))
