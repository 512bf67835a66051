"""An SQS queue: visibility, receive counts, redrive, groups, repeats and retention (S-95, S-97, S-99, S-134, S-140).

Times are seconds, of any clock and as fine as it is. Every change that must survive is kept row by row: a message has
one row for what it is (``m...``) and, once it was received or delayed, a small one for its state (``s...``); repeats
have one each (``d...``, ``a...``), and one row (``n``) tells which numbers are taken.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import msgspec

from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.recursion import Lineage
from landfast.sources.rows import Keep, keep_nothing
from landfast.sources.sqs_handles import Handled, ReceiptHandles
from landfast.sources.sqs_message import NO_ATTRIBUTES, Attributes, Message
from landfast.sources.sqs_messages import Messages
from landfast.sources.sqs_repeats import FirstReceive, FirstSend, Repeats

RECEIVE_LIMIT: Final = 10
"""Messages that one receive returns at most."""

IN_FLIGHT_LIMIT: Final = 120_000
"""Messages that may be in flight at once (SQS guide, quotas)."""

LONGEST_VISIBILITY: Final = 43_200.0
"""Seconds for which one receive can hide a message, its extensions included."""

_RESERVED: Final = 1000
"""Numbers that are taken at a time, so that none is given twice and not every send needs a row for it."""

_NUMBERS: Final = "n"

Redrive: TypeAlias = Callable[[Message], bool]
"""Takes a message over for the dead-letter queue; False if there is none: then the message stays."""


@dataclass(frozen=True, slots=True)
class Received:
    """The messages that a receive touched.

    Attributes:
        messages: The messages that were received.
        dead_lettered: The messages that were received too often and went to the dead-letter queue instead (S-95).
        expired: The messages that the queue no longer keeps.
    """

    messages: Sequence[Message]
    dead_lettered: Sequence[Message]
    expired: Sequence[Message]


class SqsQueue:
    """One queue, standard or FIFO.

    Args:
        attributes: The queue's settings.
        arn: The queue's ARN.
        keep: Keeps its rows.
        redrive: Takes messages that were received too often; without it, they are only told (S-95).
        token: Tells its receipt handles from those of other queues, and of an earlier queue of its name.
    """

    def __init__(
        self,
        attributes: QueueAttributes,
        *,
        arn: str,
        keep: Keep = keep_nothing,
        redrive: Redrive | None = None,
        token: str = "0",  # noqa: S107 - no secret
    ) -> None:
        self.arn = arn
        self._attributes = attributes
        self._keep = keep
        self._redrive = redrive
        self._handles = ReceiptHandles(token)
        self._last = 0
        self._reserved = 0
        self._messages = Messages(fifo=attributes.fifo, retention=attributes.retention, keep=keep)
        self._repeats = Repeats(keep)

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Take back what was kept, once, at the beginning."""
        if _NUMBERS in rows:
            self._last = self._reserved = msgspec.msgpack.decode(rows[_NUMBERS], type=int)
        self._repeats.restore(rows)
        self._messages.restore(rows)

    @property
    def attributes(self) -> QueueAttributes:
        """The queue's settings."""
        return self._attributes

    @attributes.setter
    def attributes(self, attributes: QueueAttributes) -> None:
        """Change them; a FIFO queue's new delay holds for what is delayed already (SQS guide, "Delay queues")."""
        longer = attributes.delay - self._attributes.delay
        self._attributes = attributes
        self._messages.retention = attributes.retention
        if longer and attributes.fifo:
            for message in self._messages:
                if message.hidden_until is not None and message.is_delayed:
                    self._messages.hide(message, message.hidden_until + longer)

    def __len__(self) -> int:
        """Tell how many messages the queue holds, in flight, delayed or visible."""
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """All of them in the order of sending; looking changes nothing."""
        return iter(self._messages)

    @property
    def last(self) -> int:
        """The number of the message that came last."""
        return self._last

    @property
    def in_flight(self) -> int:
        """The number of messages that were received and are still hidden."""
        return self._messages.in_flight

    @property
    def delayed(self) -> int:
        """The number of messages that wait for their first delivery."""
        return self._messages.delayed

    @property
    def blocked_groups(self) -> int:
        """The number of groups of a FIFO queue that have to wait for a message that is in flight (S-99)."""
        return self._messages.blocked_groups

    def is_blocked(self, group: str) -> bool:
        """Tell whether messages of a group of a FIFO queue have to wait for one that is in flight (S-99)."""
        return self._messages.is_blocked(group)

    def oldest(self) -> float | None:
        """From when on the retention of the message counts that is here for longest; None for an empty queue."""
        return self._messages.oldest()

    def send(
        self,
        message_id: str,
        body: str,
        now: float,
        *,
        group: str = "",
        attributes: Attributes = NO_ATTRIBUTES,
        trace: str = "",
        deduplication_id: str = "",
        delay: float | None = None,
    ) -> Message:
        """Take a message in.

        Args:
            message_id: A new id, which a repeated send to a FIFO queue does not use.
            body: The text.
            now: The time.
            group: The message group.
            attributes: The message attributes.
            trace: The ``AWSTraceHeader`` of the message.
            deduplication_id: The deduplication id of a FIFO queue's message; repeats are not looked for without it.
            delay: Seconds until it becomes visible; None for the queue's own.

        Returns:
            The message; of a repeated send, with the number and id of the first one (S-140).
        """
        message = Message(0, message_id, body, now, now, group, attributes, trace, deduplication_id)
        if deduplication_id:
            scope = group if self._attributes.deduplication_scope == "messageGroup" else ""
            first = self._repeats.sent(deduplication_id, scope, now)
            if first is not None:
                message.number, message.id = first.number, first.id
                return message
        message.number = self._number()
        if deduplication_id:
            self._repeats.add(FirstSend(now, deduplication_id, scope, message_id, message.number))
        self._put(message, now, self._attributes.delay if delay is None else delay)
        return message

    def take_over(self, dead: Message, source_arn: str, now: float) -> Message:
        """Take in what another queue has given up: its id, body, attributes, counts and times stay (S-95).

        It is no repeat of anything. A FIFO queue counts its retention anew (SQS guide, "Setting-up dead-letter queue
        retention").
        """
        message = Message(
            self._number(),
            dead.id,
            dead.body,
            dead.sent_at,
            now if self._attributes.fifo else dead.kept_from,
            dead.group,
            dead.attributes,
            dead.trace,
            dead.deduplication_id,
            source_arn,
            dead.receives,
            first_received_at=dead.first_received_at,
        )
        self._put(message, now, self._attributes.delay)
        return message

    def take_back(self, dead: Message, message_id: str, now: float) -> Message:
        """Take in what is moved out of a dead-letter queue: it is a new message, and begins a new chain (S-144, S-34).

        It is no repeat of anything (SQS guide, "Configuring a dead-letter queue redrive").
        """
        message = Message(
            self._number(),
            message_id,
            dead.body,
            now,
            now,
            dead.group,
            dead.attributes,
            Lineage().write(dead.trace),
            dead.deduplication_id,
        )
        self._put(message, now, self._attributes.delay)
        return message

    def receive(
        self,
        limit: int,
        now: float,
        *,
        visibility_timeout: float | None = None,
        attempt_id: str = "",
        outside: bool = False,
        receiver: object = None,
    ) -> Received:
        """Receive up to `limit` messages, at most 10.

        Args:
            limit: The most messages.
            now: The time.
            visibility_timeout: Seconds for which they are hidden; None for the queue's own.
            attempt_id: The receive request attempt id of a FIFO queue: a repeated request gets the same messages.
            outside: True if a client of the API receives them.
            receiver: The receiver, for those who ask later.
        """
        messages = self._messages
        expired = messages.advance(now)
        until = now + (self._attributes.visibility_timeout if visibility_timeout is None else visibility_timeout)
        if attempt_id and (again := self._again(attempt_id, until, now)):
            return Received(again, (), expired)
        dead: list[Message] = []
        room = min(limit, RECEIVE_LIMIT, IN_FLIGHT_LIMIT - messages.in_flight)
        taken = messages.take(room, lambda message: self._gives_up(message, dead))
        for message in taken:
            message.first_received_at = message.first_received_at if message.receives else now
            message.received_at = now
            message.receives += 1
            message.deliveries += 1
            message.given_back = until == now
            message.outside = outside
            message.awaited = False
            message.receiver = receiver
            messages.hide(message, until)
        messages.offer(taken)
        if attempt_id and taken:
            self._repeats.add(FirstReceive(now, attempt_id, until, tuple(message.number for message in taken)))
        return Received(taken, dead, expired)

    def handle(self, message: Message) -> str:
        """The receipt handle of a message's last receive."""
        return self._handles.handle(message)

    def delete(self, handle: str, now: float) -> Handled:
        """Delete a message by the receipt handle of its last receive.

        A handle is worth nothing once the message was received again; in a FIFO queue, once its time is over.
        """
        message = self._find(handle, now)
        if not isinstance(message, Message):
            return message
        self._messages.forget(message)
        return "done"

    def change_visibility(self, handle: str, seconds: float, now: float) -> Handled:
        """Hide a message that is in flight for `seconds` from now."""
        message = self._find(handle, now)
        if not isinstance(message, Message):
            return message
        if message.given_back:
            return "given_back"
        if message.hidden_until is None or message.hidden_until <= now:
            return "not_in_flight"
        if now + seconds > message.received_at + LONGEST_VISIBILITY:
            return "too_long"
        message.given_back = not seconds
        self._messages.hide(message, now + seconds)
        return "done"

    def release(self, handle: str, now: float) -> None:
        """Nobody has the message in hand any more: from now on it is waited for (S-93, S-97)."""
        message = self._find(handle, now)
        if isinstance(message, Message) and not message.awaited:
            message.awaited = True
            self._messages.plan(message)

    def remove(self, message: Message) -> None:
        """Take a message out, for another queue."""
        self._messages.forget(message)

    def purge(self) -> list[Message]:
        """Forget all messages, which are returned; what was sent is still not to be repeated."""
        return self._messages.clear()

    def close(self) -> list[Message]:
        """Forget everything, for ever; the messages are returned."""
        self._keep(_NUMBERS, None)
        self._repeats.clear()
        return self._messages.clear()

    def movable(self, limit: int, last: int) -> list[Message]:
        """Visible messages up to a number, which can be moved elsewhere now.

        Args:
            limit: The most messages.
            last: The largest number.
        """
        return [*islice((message for message in self if message.number <= last and self._is_free(message)), limit)]

    def due(self) -> float | None:
        """When the next message becomes visible or expires."""
        return self._messages.due()

    def is_due_before(self, time: float) -> bool:
        """Tell whether the next message may become visible or expire before then; quick to tell."""
        return self._messages.is_due_before(time)

    def awaited(self) -> float | None:
        """When the next message becomes visible that somebody waits for: a delayed one, or one that was given back."""
        return self._messages.awaited()

    def advance(self, now: float) -> list[Message]:
        """Let time pass; the messages that expire are returned."""
        return self._messages.advance(now)

    def _is_free(self, message: Message) -> bool:
        """Tell whether a message is visible, and no other one of its group must come first (S-99)."""
        return message.hidden_until is None and not self.is_blocked(message.group)

    def _number(self) -> int:
        self._last += 1
        if self._last > self._reserved:
            self._reserved = self._last + _RESERVED
            self._keep(_NUMBERS, msgspec.msgpack.encode(self._reserved))
        return self._last

    def _put(self, message: Message, now: float, delay: float) -> None:
        message.hidden_until = now + delay if delay else None
        self._messages.add(message)

    def _gives_up(self, message: Message, dead: list[Message]) -> bool:
        """Tell whether a message was received often enough and has gone to the dead-letter queue (S-95)."""
        most = self._attributes.max_receive_count
        if most is None or message.deliveries < most or (self._redrive is not None and not self._redrive(message)):
            return False
        dead.append(message)
        return True

    def _again(self, attempt_id: str, until: float, now: float) -> list[Message]:
        """Return what a repeated request received, hidden anew, if none of it was changed, deleted or received."""
        first = self._repeats.received(attempt_id, now)
        if first is None:
            return []
        found = [self._messages.get(number) for number in first.messages]
        messages = [message for message in found if message is not None and message.hidden_until == first.until]
        if len(messages) != len(found):
            return []
        for message in messages:
            self._messages.hide(message, until)
        self._repeats.add(FirstReceive(first.at, attempt_id, until, first.messages))
        return messages

    def _find(self, handle: str, now: float) -> Message | Handled:
        """The message that a receipt handle is of, or why it is worth nothing."""
        read = self._handles.read(handle)
        if read is None:
            return "invalid"
        number, receives = read
        message = self._messages.get(number)
        if message is None:
            return "gone"
        if message.receives != receives:
            return "stale"
        over = message.hidden_until is None or message.hidden_until < now or message.given_back
        return "expired" if over and self._attributes.fifo else message
