"""Topics and their subscriptions, kept row by row.

Source: Amazon SNS API, `CreateTopic`, `Subscribe`, `SetSubscriptionAttributes`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from landfast.sources import sns_settings
from landfast.sources.refusal import Refusal
from landfast.sources.rows import Keep
from landfast.sources.sns_messages import invalid

if TYPE_CHECKING:
    from landfast.sources.sns_filters import Policy

TOPIC: Final = "topic "
SUBSCRIPTION: Final = "subscription "
"""The beginning of the keys of rows; the rest is the ARN."""


class Topic(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A topic.

    Attributes:
        arn: The topic's ARN.
        attributes: Those that were set.
        tags: The topic's tags.
        published: The number of messages that it has taken, if it is FIFO.
    """

    arn: str
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}
    published: int = 0

    @property
    def name(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition(":")[2]

    @property
    def fifo(self) -> bool:
        """True if it keeps the order of its groups."""
        return self.name.endswith(".fifo")

    def is_set(self, attribute: str) -> bool:
        """Tell whether a truth value is set to true."""
        return self.attributes.get(attribute, "").lower() == "true"


class Subscription(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A subscription.

    Attributes:
        arn: The subscription's ARN.
        topic: The ARN of its topic.
        protocol: ``sqs`` or ``lambda``.
        endpoint: The ARN of the queue or the function.
        attributes: Those that were set.
        number: By which subscriptions of a topic are ordered.
    """

    arn: str
    topic: str
    protocol: str
    endpoint: str
    attributes: dict[str, str] = {}
    number: int = 0

    @property
    def raw(self) -> bool:
        """True if its queue gets the bare message."""
        return self.attributes.get("RawMessageDelivery") == "true"

    @property
    def dead_letter_queue(self) -> str | None:
        """The ARN of its dead-letter queue; None without one."""
        return sns_settings.dead_letter_queue(self.attributes.get("RedrivePolicy", ""))


class Topics:
    """All topics of an account in a region.

    Args:
        keep: Keeps the rows.
        prefix: The beginning of an ARN, e.g. ``arn:aws:sns:eu-west-1:123456789012:``.
        new_id: Makes UUIDs.
    """

    def __init__(self, keep: Keep, prefix: str, new_id: Callable[[], str]) -> None:
        self._keep = keep
        self._prefix = prefix
        self._new_id = new_id
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._of_topic: dict[str, dict[str, Subscription]] = {}
        self._policies: dict[str, Policy | None] = {}

    def restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take in what was kept; rows of other kinds are left to others."""
        subscriptions: list[Subscription] = []
        for key, content in rows:
            if key.startswith(TOPIC):
                self.topics[key.removeprefix(TOPIC)] = msgspec.msgpack.decode(content, type=Topic)
            elif key.startswith(SUBSCRIPTION):
                subscriptions.append(msgspec.msgpack.decode(content, type=Subscription))
        for each in sorted(subscriptions, key=lambda one: one.number):
            self._add(each)

    def topic(self, arn: str) -> Topic:
        """A topic.

        Raises:
            Refusal: It does not exist, or the ARN is none.
        """
        topic = self.topics.get(arn)
        if topic is None:
            parts = len(arn.split(":"))
            if parts < len(self._prefix.split(":")):
                raise invalid(f"TopicArn Reason: An ARN must have at least 6 elements, not {parts}")
            raise Refusal("NotFound", "Topic does not exist", status=404)
        return topic

    def subscription(self, arn: str) -> Subscription:
        """A subscription.

        Raises:
            Refusal: It does not exist.
        """
        subscription = self.subscriptions.get(arn)
        if subscription is None:
            raise Refusal("NotFound", "Subscription does not exist", status=404)
        return subscription

    def of_topic(self, arn: str) -> list[Subscription]:
        """A topic's subscriptions, in the order in which they were made."""
        return list(self._of_topic.get(arn, {}).values())

    def create(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]) -> Topic:
        """Make a topic, or find the one that is the same.

        Raises:
            Refusal: The name or an attribute is not valid, or the topic is there with others.
        """
        given = sns_settings.topic_attributes(name, attributes)
        topic = self.topics.get(self._prefix + name)
        if topic is None:
            made = Topic(arn=self._prefix + name, attributes=given, tags=dict(tags))
            self.topics[made.arn] = made
            self.keep_topic(made)
            return made
        if any(topic.attributes.get(key) != value for key, value in given.items() if key in attributes):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        if any(topic.tags.get(key) != value for key, value in tags.items()):
            raise invalid("Tags Reason: Topic already exists with different tags")
        return topic

    def delete(self, arn: str) -> None:
        """Forget a topic with its subscriptions; it need not exist."""
        if self.topics.pop(arn, None) is not None:
            self._keep(TOPIC + arn, None)
        for each in self.of_topic(arn):
            self.unsubscribe(each.arn)

    def keep_topic(self, topic: Topic) -> None:
        """Keep what has changed about a topic."""
        self._keep(TOPIC + topic.arn, msgspec.msgpack.encode(topic))

    def subscribe(self, topic: Topic, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> Subscription:
        """Subscribe an endpoint, or find the subscription that is the same.

        Raises:
            Refusal: The endpoint or an attribute is not valid, or the subscription is there with others.
        """
        sns_settings.check_endpoint(topic.name, protocol, endpoint)
        given = sns_settings.subscription_attributes(attributes, topic.name, protocol, endpoint)
        for each in self.of_topic(topic.arn):
            if (each.protocol, each.endpoint) == (protocol, endpoint):
                if any(each.attributes.get(key) != value for key, value in given.items()):
                    raise invalid("Attributes Reason: Subscription already exists with different attributes")
                return each
        last = max((each.number for each in self.of_topic(topic.arn)), default=0)
        made = Subscription(
            arn=f"{topic.arn}:{self._new_id()}",
            topic=topic.arn,
            protocol=protocol,
            endpoint=endpoint,
            attributes=given,
            number=last + 1,
        )
        self._add(made)
        self._keep_subscription(made)
        return made

    def change(self, subscription: Subscription, name: str, value: str) -> None:
        """Set an attribute of a subscription; an empty text takes away a policy.

        Raises:
            Refusal: It is not valid.
        """
        attributes = {**subscription.attributes, name: value}
        topic = subscription.topic.rpartition(":")[2]
        checked = sns_settings.subscription_attributes(
            attributes, topic, subscription.protocol, subscription.endpoint, changed=name
        )
        subscription.attributes = {key: text for key, text in checked.items() if text}
        self._policies.pop(subscription.arn, None)
        self._keep_subscription(subscription)

    def unsubscribe(self, arn: str) -> None:
        """Forget a subscription; it need not exist."""
        subscription = self.subscriptions.pop(arn, None)
        if subscription is not None:
            self._of_topic[subscription.topic].pop(arn)
            self._policies.pop(arn, None)
            self._keep(SUBSCRIPTION + arn, None)

    def passes(self, subscription: Subscription, body: str, attributes: Mapping[str, Any]) -> bool:
        """Tell whether a message passes a subscription's filter policy."""
        if subscription.arn not in self._policies:
            self._policies[subscription.arn] = sns_settings.policy_of(subscription.attributes)
        policy = self._policies[subscription.arn]
        return policy is None or policy(body, attributes)

    def _add(self, subscription: Subscription) -> None:
        self.subscriptions[subscription.arn] = subscription
        self._of_topic.setdefault(subscription.topic, {})[subscription.arn] = subscription

    def _keep_subscription(self, subscription: Subscription) -> None:
        self._keep(SUBSCRIPTION + subscription.arn, msgspec.msgpack.encode(subscription))
