"""The attributes of an SQS queue: which there are, what they may be, and what the machine is told of them.

Sources: SQS API reference, CreateQueue and SetQueueAttributes; the errors' texts as AWS has answered them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from landfast.aws_errors import AwsError
from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.eventplane.sqs_errors import invalid_attribute, invalid_value, unknown_attribute
from landfast.sources.policies import policy_document

LARGEST_MESSAGE: Final = 1_048_576
"""Bytes of a message, and of all messages of a batch (SQS quotas: 1 MiB since August 2025)."""

_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1024, LARGEST_MESSAGE),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("queue", "messageGroup"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
_FIFO_ONLY: Final = frozenset({"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})
_SETTABLE: Final = frozenset(
    {
        *_RANGES,
        *_CHOICES,
        "FifoQueue",
        "KmsMasterKeyId",
        "Policy",
        "RedriveAllowPolicy",
        "RedrivePolicy",
    }
)

_TOLD: Final = frozenset(
    {
        *_SETTABLE,
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp",
        "LastModifiedTimestamp",
        "QueueArn",
    }
)
_DEFAULTS: Final[Mapping[str, str]] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(LARGEST_MESSAGE),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
_FIFO_DEFAULTS: Final[Mapping[str, str]] = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}
_MOST_RECEIVES: Final = 1000
_MOST_SOURCES: Final = 10
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_QUEUE_ARN: Final = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]*:\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?")


@dataclass(frozen=True)
class Settings:
    """All attributes of a queue, and what follows from them.

    Attributes:
        fifo: True if it is a FIFO queue.
        given: The attributes that were set, the rest being AWS's defaults.
    """

    fifo: bool
    given: Mapping[str, str]

    @cached_property
    def all(self) -> Mapping[str, str]:
        """The attributes that were set, and the defaults of the rest."""
        settings = {**_DEFAULTS, **(_FIFO_DEFAULTS if self.fifo else {}), **self.given}
        if "KmsMasterKeyId" in settings:
            settings["SqsManagedSseEnabled"] = "false"
            settings.setdefault("KmsDataKeyReusePeriodSeconds", "300")
        return settings

    @cached_property
    def largest_message(self) -> int:
        """Bytes that a message may have."""
        return self.number("MaximumMessageSize")

    @cached_property
    def dead_letter_arn(self) -> str | None:
        """The dead-letter queue's."""
        policy = self.given.get("RedrivePolicy")
        return None if policy is None else read_json(policy)["deadLetterTargetArn"]

    def number(self, name: str) -> int:
        """An attribute that is a number."""
        return int(self.all[name])

    def admits(self, source_arn: str) -> bool:
        """Tell whether the queue may be the dead-letter queue of another one."""
        policy = read_json(self.given.get("RedriveAllowPolicy", '{"redrivePermission":"allowAll"}'))
        permission = policy["redrivePermission"]
        return permission == "allowAll" or (permission == "byQueue" and source_arn in policy["sourceQueueArns"])

    def machine(self) -> QueueAttributes:
        """Return the part of them that the machine needs."""
        policy = self.given.get("RedrivePolicy")
        scope: Literal["queue", "messageGroup"] = "queue"
        if self.given.get("DeduplicationScope") == "messageGroup":
            scope = "messageGroup"
        return QueueAttributes(
            visibility_timeout=float(self.number("VisibilityTimeout")),
            fifo=self.fifo,
            max_receive_count=None if policy is None else int(read_json(policy)["maxReceiveCount"]),
            retention=float(self.number("MessageRetentionPeriod")),
            delay=float(self.number("DelaySeconds")),
            deduplication_scope=scope,
        )


def checked(attributes: Mapping[str, str], *, fifo: bool) -> dict[str, str]:
    """Attributes that a queue of this type may have.

    Raises:
        AwsError: AWS would refuse them.
    """
    for name, value in attributes.items():
        if name not in _SETTABLE or (name == "FifoQueue" and not fifo):
            raise unknown_attribute(name)
        if name in _FIFO_ONLY and not fifo:
            if name == "ContentBasedDeduplication":
                raise unknown_attribute(name)
            raise AwsError("InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true.")
        _check(name, value)
    return dict(attributes)


def check_together(settings: Settings) -> None:
    """Tell whether attributes go with each other.

    Raises:
        AwsError: They do not.
    """
    given = settings.given
    if given.get("SqsManagedSseEnabled") == "true" and given.get("KmsMasterKeyId"):
        raise AwsError(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.",
        )
    if given.get("FifoThroughputLimit") == "perMessageGroupId" and given.get("DeduplicationScope") != "messageGroup":
        raise invalid_attribute(
            "FifoThroughputLimit",
            "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        )


def told(names: Iterable[str]) -> frozenset[str]:
    """The attributes that are asked for.

    Raises:
        AwsError: There is no such attribute.
    """
    wanted = frozenset(names)
    if "All" in wanted:
        return _TOLD
    for name in wanted - _TOLD:
        raise unknown_attribute(name)
    return wanted


def redrive_policy(text: str) -> Mapping[str, Any]:
    """A redrive policy, by its text.

    Raises:
        AwsError: It is none.
    """
    policy = _json_map(text, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for name in ("deadLetterTargetArn", "maxReceiveCount"):
        if name not in policy:
            raise invalid_value(text, "RedrivePolicy", f"Redrive policy does not contain mandatory attribute: {name}.")
    target, most = policy["deadLetterTargetArn"], policy["maxReceiveCount"]
    if not (isinstance(target, str) and _QUEUE_ARN.fullmatch(target)):
        raise invalid_value(text, "RedrivePolicy", "Invalid value for deadLetterTargetArn.")
    if isinstance(most, bool) or not (_NUMBER.fullmatch(str(most)) and 1 <= int(most) <= _MOST_RECEIVES):
        raise invalid_value(
            text,
            "RedrivePolicy",
            f"Invalid value for maxReceiveCount: {most}, valid values are from 1 to 1000 both inclusive.",
        )
    return policy


def _check(name: str, value: str) -> None:
    if name in _RANGES:
        low, high = _RANGES[name]
        if not (_NUMBER.fullmatch(value) and low <= int(value) <= high):
            raise invalid_attribute(name)
    elif name in _CHOICES and value not in _CHOICES[name]:
        raise invalid_attribute(name)
    elif name == "FifoQueue" and value != "true":
        raise invalid_attribute(name, "Modifying queue type is not supported.")
    elif name in _POLICIES and value:  # an empty one is none
        _POLICIES[name](value)


def _check_policy(text: str) -> None:
    try:
        policy_document(text)
    except ValueError:
        raise invalid_attribute("Policy") from None


def _check_allow_policy(text: str) -> None:
    policy = _json_map(text, "RedriveAllowPolicy", "Redrive allow policy is not a valid JSON map.")
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in {"allowAll", "denyAll", "byQueue"}:
        raise invalid_value(text, "RedriveAllowPolicy", "Invalid value for redrivePermission.")
    named = isinstance(sources, list) and all(isinstance(arn, str) and _QUEUE_ARN.fullmatch(arn) for arn in sources)
    if (permission == "byQueue") != (sources is not None) or (
        sources is not None and not (named and 1 <= len(sources) <= _MOST_SOURCES)
    ):
        raise invalid_value(text, "RedriveAllowPolicy", "Invalid value for sourceQueueArns.")


def _json_map(text: str, name: str, reason: str) -> dict[str, Any]:
    value = _parsed(text)
    if not isinstance(value, dict):
        raise invalid_value(text, name, reason)
    return value


def _parsed(text: str) -> object:
    try:
        return read_json(text)
    except NotJsonError:
        return None


_POLICIES: Final[Mapping[str, Callable[[str], object]]] = {
    "Policy": _check_policy,
    "RedriveAllowPolicy": _check_allow_policy,
    "RedrivePolicy": redrive_policy,
}
