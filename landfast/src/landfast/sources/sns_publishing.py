"""Publishes messages: makes of each what the endpoint of each subscription gets.

Nothing is delivered here: `publish` says what goes where, in the order of the subscriptions.

Sources: Amazon SNS Developer Guide, "Amazon SNS FIFO topics" (groups; deduplication within 5 minutes, in the scope that
`FifoThroughputScope` says), "Amazon SNS raw message delivery", "Amazon SNS dead-letter queues"; API, `MessageGroupId`
of `Publish` (forwarded to standard queues, for fair queues).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from landfast.sources import sns_messages
from landfast.sources.rows import Keep
from landfast.sources.sent import Sent
from landfast.sources.sns_messages import Message, invalid
from landfast.sources.sns_topics import Subscription, Topic, Topics

DEDUPLICATION: Final = 300.0
"""Seconds for which a deduplication id counts."""

SEEN: Final = "seen "
"""The beginning of the keys of rows of deduplication ids."""

_FIRST_SEQUENCE = 10_000_000_000_000_000_000


class Seen(msgspec.Struct, frozen=True):
    """A deduplication id that counts.

    Attributes:
        until: Until when, in Unix seconds.
        message: The id of the first message with it.
        sequence: The sequence number of that message.
    """

    until: float
    message: str
    sequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message that is to be published, with the parameters of `Publish`.

    Attributes:
        message: The text.
        subject: None without one.
        structure: ``json`` for a text with one for each protocol.
        attributes: In the form of the API.
        group: The message group id.
        deduplication_id: The message deduplication id.
        trace: The trace header; empty for none.
    """

    message: str
    subject: str | None = None
    structure: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group: str | None = None
    deduplication_id: str | None = None
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way to one endpoint.

    Attributes:
        subscription: Whose.
        sent: The content for the endpoint.
        redriven: The content for the dead-letter queue if the endpoint refuses.
    """

    subscription: Subscription
    sent: Sent
    redriven: Sent


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing a message.

    Attributes:
        id: The message's id; of a duplicate, that of the first.
        sequence: The sequence of a FIFO topic's message.
        deliveries: The deliveries; a duplicate has none.
    """

    id: str
    sequence: str | None
    deliveries: tuple[Delivery, ...] = ()


def check(topic: Topic, publication: Publication, place: int | None = None) -> None:
    """Hold a message to what its topic takes.

    Args:
        topic: The topic.
        publication: The message.
        place: The number of the message in its batch, from 1.

    Raises:
        Refusal: It is not taken.
    """
    sns_messages.check_subject(publication.subject)
    sns_messages.texts(publication.message, publication.structure)
    sns_messages.check_attributes(publication.attributes, place)
    sns_messages.check_token("MessageGroupId", publication.group)
    sns_messages.check_token("MessageDeduplicationId", publication.deduplication_id)
    if topic.fifo:
        _check_fifo(topic, publication)
    elif publication.deduplication_id is not None:
        raise invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid "
            "for this topic type"
        )
    if size(publication) > sns_messages.LARGEST:
        raise invalid("Message too long")


def size(publication: Publication) -> int:
    """The bytes of a message, its attributes included."""
    return sns_messages.size(publication.message, publication.attributes)


class Publisher:
    """Publishes messages, and remembers the deduplication ids of FIFO topics.

    Args:
        topics: All topics.
        keep: Keeps the rows.
        new_id: Makes UUIDs.
    """

    def __init__(self, topics: Topics, keep: Keep, new_id: Callable[[], str]) -> None:
        self._topics = topics
        self._keep = keep
        self._new_id = new_id
        self._seen: dict[str, Seen] = {}

    def restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in what was kept; rows of other kinds are left to others."""
        pending = [
            (key.removeprefix(SEEN), msgspec.msgpack.decode(content, type=Seen))
            for key, content in rows
            if key.startswith(SEEN)
        ]
        self._seen = dict(sorted(pending, key=lambda item: item[1].until))

    def publish(self, topic: Topic, publication: Publication, now: float) -> Published:
        """Take in a message that `check` has passed.

        Args:
            topic: The topic.
            publication: The message.
            now: In Unix seconds.
        """
        message = Message(
            id=self._new_id(),
            topic=topic.arn,
            time=now,
            texts=sns_messages.texts(publication.message, publication.structure),
            subject=publication.subject,
            attributes=publication.attributes,
            group=publication.group,
        )
        if topic.fifo:
            identity = publication.deduplication_id or hashlib.sha256(publication.message.encode()).hexdigest()
            key = _scope(topic, publication.group, identity)
            self._forget(now)
            first = self._seen.get(key)
            if first is not None:
                return Published(first.message, first.sequence)
            topic.published += 1
            self._topics.keep_topic(topic)
            sequence = str(_FIRST_SEQUENCE + topic.published)
            self._remember(key, Seen(now + DEDUPLICATION, message.id, sequence))
            message = replace(message, deduplication_id=identity, sequence=sequence)
        deliveries = tuple(
            _delivery(message, each, publication.trace)
            for each in self._topics.of_topic(topic.arn)
            if self._topics.passes(each, message.text(each.protocol), message.attributes)
        )
        return Published(message.id, message.sequence, deliveries)

    def _remember(self, key: str, seen: Seen) -> None:
        self._seen[key] = seen
        self._keep(SEEN + key, msgspec.msgpack.encode(seen))

    def _forget(self, now: float) -> None:
        """Forget the ids that no longer count; the oldest come first."""
        while self._seen:
            key, seen = next(iter(self._seen.items()))
            if seen.until > now:
                return
            del self._seen[key]
            self._keep(SEEN + key, None)


def _scope(topic: Topic, group: str | None, identity: str) -> str:
    """Return the scope of a deduplication id; none of its parts holds a space."""
    within = group if topic.attributes.get("FifoThroughputScope") == "MessageGroup" else ""
    return f"{topic.arn} {within} {identity}"


def _check_fifo(topic: Topic, publication: Publication) -> None:
    if publication.group is None:
        raise invalid("The MessageGroupId parameter is required for FIFO topics")
    if publication.deduplication_id is None and not topic.is_set("ContentBasedDeduplication"):
        raise invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )


def _delivery(message: Message, subscription: Subscription, trace: str) -> Delivery:
    origin = f"topic {message.topic.rpartition(':')[2]}"
    fifo = subscription.endpoint.endswith(".fifo")
    forwarded = fifo or message.deduplication_id is None
    if subscription.raw:
        body = message.text(subscription.protocol)
    else:
        body = sns_messages.envelope(message, subscription.arn, subscription.protocol)
    to_queue = Sent(
        body=body,
        attributes=message.attributes if subscription.raw else {},
        group=message.group if forwarded else None,
        deduplication_id=message.deduplication_id if fifo else None,
        trace=trace,
        origin=origin,
    )
    if subscription.protocol == "sqs":
        return Delivery(subscription, to_queue, to_queue)
    event = sns_messages.function_event(message, subscription.arn)
    return Delivery(subscription, Sent(body=event, trace=trace, origin=origin), to_queue)
