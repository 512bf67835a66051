"""Which buckets tell whom about what: notification configurations, as S3 checks and matches them.

The checks and their words are recorded of AWS by localstack's tests (tests/aws/services/s3/test_s3_notifications_sqs,
_sns and _lambda) and S-42; overlaps are those of the S3 guide, "Configuring event notifications using object key name
filtering", which also wants special characters of filters URL-encoded and a space as ``+``: a filter is compared with
the key after it is decoded.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, Literal, TypeAlias

import msgspec

from landfast.delivery.s3_events import decode_key
from landfast.sources.refusal import Refusal

Kind: TypeAlias = Literal["topic", "queue", "function"]

SERVICES: Final[Mapping[str, Kind]] = {"sns": "topic", "sqs": "queue", "lambda": "function"}
"""The kinds of targets, by the service of their ARNs."""

ELEMENTS: Final[Mapping[Kind, str]] = {"topic": "Topic", "queue": "Queue", "function": "CloudFunction"}
"""The names of targets in S3's XML; ``<Name>Configuration`` is around them."""

EVENTS: Final = frozenset(
    {
        "s3:IntelligentTiering",
        "s3:LifecycleExpiration:*",
        "s3:LifecycleExpiration:Delete",
        "s3:LifecycleExpiration:DeleteMarkerCreated",
        "s3:LifecycleTransition",
        "s3:ObjectAcl:Put",
        "s3:ObjectCreated:*",
        "s3:ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Copy",
        "s3:ObjectCreated:Post",
        "s3:ObjectCreated:Put",
        "s3:ObjectRemoved:*",
        "s3:ObjectRemoved:Delete",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectRestore:*",
        "s3:ObjectRestore:Completed",
        "s3:ObjectRestore:Delete",
        "s3:ObjectRestore:Post",
        "s3:ObjectTagging:*",
        "s3:ObjectTagging:Delete",
        "s3:ObjectTagging:Put",
        "s3:ReducedRedundancyLostObject",
        "s3:Replication:*",
        "s3:Replication:OperationFailedReplication",
        "s3:Replication:OperationMissedThreshold",
        "s3:Replication:OperationNotTracked",
        "s3:Replication:OperationReplicatedAfterThreshold",
    }
)
"""Those that a configuration may name."""

UNREACHABLE: Final = "Unable to validate the following destination configurations"

_LONGEST_FILTER = 1024
_ARN_PARTS = 6


class InvalidArgument(Refusal):
    """What S3 does not take for an argument; further elements of the error name it."""

    def __init__(self, message: str, further: Mapping[str, str] | None = None) -> None:
        super().__init__("InvalidArgument", message, further=further)


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One target and what it is told.

    Attributes:
        arn: The ARN of a topic, a queue or a function.
        events: For example ``s3:ObjectCreated:*``.
        filters: Names in lower case, ``prefix`` or ``suffix``, with their values.
        id: The id of the notification; empty until one is made.
    """

    arn: str
    events: tuple[str, ...]
    filters: tuple[tuple[str, str], ...] = ()
    id: str = ""

    @property
    def kind(self) -> Kind | None:
        """The kind of the target; None of an ARN that S3 cannot read."""
        parts = self.arn.split(":")
        named = parts[0] == "arn" and len(parts) >= _ARN_PARTS and all((parts[1], parts[3], parts[4], parts[5]))
        return SERVICES.get(parts[2]) if named else None

    @property
    def prefix(self) -> str:
        """The prefix of keys, decoded."""
        return decode_key(dict(self.filters).get("prefix", ""))

    @property
    def suffix(self) -> str:
        """The suffix of keys, decoded."""
        return decode_key(dict(self.filters).get("suffix", ""))

    def matches(self, event: str, key: str) -> bool:
        """Tell whether its target is told about an event.

        Args:
            event: The name of the event without ``s3:``, e.g. ``ObjectCreated:Put``.
            key: The key of the object, not encoded.
        """
        return (
            any(_covers(named, f"s3:{event}") for named in self.events)
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
        )

    def overlaps(self, other: "Notification") -> bool:
        """Tell whether both could match one event of one object."""
        if not (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)):
            return False
        if not (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix)):
            return False
        return any(
            _covers(event, another) or _covers(another, event) for event in self.events for another in other.events
        )


class Configuration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The notification configuration of a bucket.

    Attributes:
        notifications: To topics, queues and functions.
        event_bus: True if EventBridge is told everything.
    """

    notifications: tuple[Notification, ...] = ()
    event_bus: bool = False

    @property
    def empty(self) -> bool:
        """True if nobody is told anything."""
        return not self.notifications and not self.event_bus

    def with_ids(self, made: Iterable[str]) -> "Configuration":
        """The same, in which every notification has an id."""
        ids = iter(made)
        return msgspec.structs.replace(
            self,
            notifications=tuple(
                each if each.id else msgspec.structs.replace(each, id=next(ids)) for each in self.notifications
            ),
        )

    def tells(self, events: Sequence[str], key: str | None) -> bool:
        """Tell whether anybody is told about one of these events.

        Args:
            events: Their names without ``s3:``.
            key: The key of the object; None if it is not known yet.
        """
        return self.event_bus or any(
            key is None or each.matches(event, key) for each in self.notifications for event in events
        )


def check(configuration: Configuration) -> None:
    """Check all that S3 checks before it tries the targets.

    Raises:
        InvalidArgument: S3 does not take it.
    """
    for each in configuration.notifications:
        for event in each.events:
            if event not in EVENTS:
                raise InvalidArgument(
                    "A specified event is not supported for notifications.",
                    {"ArgumentName": "Event", "ArgumentValue": event},
                )
        _check_filters(each)
    ids = [each.id for each in configuration.notifications if each.id]
    if len(ids) != len(set(ids)):
        raise InvalidArgument("Same ID used for multiple configurations. IDs must be unique")
    for first, second in combinations(configuration.notifications, 2):
        if first.overlaps(second):
            raise InvalidArgument(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type."
                if first.filters or second.filters
                else "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            )


def _check_filters(notification: Notification) -> None:
    seen: set[str] = set()
    for name, value in notification.filters:
        if name not in {"prefix", "suffix"}:
            raise InvalidArgument(
                "filter rule name must be either prefix or suffix",
                {"ArgumentName": "FilterRule.Name", "ArgumentValue": name},
            )
        if name in seen:
            raise InvalidArgument(
                f"Cannot specify more than one {name} rule in a filter.",
                {"ArgumentName": "FilterRule.Name", "ArgumentValue": name},
            )
        seen.add(name)
        if len(value.encode()) > _LONGEST_FILTER:
            raise InvalidArgument(
                f"Size of filter rule value cannot exceed {_LONGEST_FILTER} bytes in UTF-8 representation",
                {"ArgumentName": "FilterRule.Value", "ArgumentValue": value},
            )


def _covers(named: str, event: str) -> bool:
    return named == event or (named.endswith(":*") and event.startswith(named[:-1]))
