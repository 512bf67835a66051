"""Attributes of topics and subscriptions: which there are, and what they may be.

Sources: Amazon SNS API, `CreateTopic`, `SetTopicAttributes`, `Subscribe`, `SetSubscriptionAttributes`. The texts of
refusals were recorded by LocalStack (``tests/aws/services/sns/test_sns.snapshot.json``).
"""

import re
from collections.abc import Mapping
from typing import Final

from landfast.delivery.destinations import parse
from landfast.delivery.patterns import PatternError
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.sources.policies import policy_document
from landfast.sources.refusal import Refusal
from landfast.sources.sns_filters import SCOPES, Policy, Scope, policy
from landfast.sources.sns_messages import invalid

PROTOCOLS: Final = frozenset({"sqs", "lambda"})
"""The protocols that are run here."""

_ELSEWHERE = frozenset({"http", "https", "email", "email-json", "sms", "application", "firehose"})
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,256}")
_FIFO = ".fifo"
_LONGEST_NAME = 256
_AT_CREATION = frozenset({"FifoTopic"})
_FIFO_ONLY = frozenset({"ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"})
_OF_TOPICS = (
    frozenset({"DeliveryPolicy", "DisplayName", "Policy", "TracingConfig", "KmsMasterKeyId", "SignatureVersion"})
    | _FIFO_ONLY
)
_FEEDBACK = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)(SuccessFeedbackRoleArn|SuccessFeedbackSampleRate|FailureFeedbackRoleArn)"
)
_OF_SUBSCRIPTIONS = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    }
)


def topic_attributes(name: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a new topic, with the defaults of a FIFO topic.

    Raises:
        Refusal: The name or an attribute is not valid.
    """
    fifo = attributes.get("FifoTopic", "").lower() == "true"
    plain = name.removesuffix(_FIFO) if fifo else name
    if fifo and not name.endswith(_FIFO):
        raise invalid(
            "Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and "
            "lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
        )
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(plain):
        raise invalid("Topic Name")
    given = {key: text for key, text in attributes.items() if key not in _AT_CREATION}
    for key, text in given.items():
        check_topic_attribute(key, text, fifo=fifo)
    if fifo:
        return {"FifoTopic": "true", "ContentBasedDeduplication": "false", **given}
    return given


def check_topic_attribute(name: str, value: str, *, fifo: bool) -> None:
    """Hold an attribute of a topic to its rules.

    Raises:
        Refusal: There is none of this name, or its value is not valid.
    """
    if name not in _OF_TOPICS and not _FEEDBACK.fullmatch(name):
        raise invalid("AttributeName")
    if name in _FIFO_ONLY and not fifo:
        raise invalid(f"Attributes Reason: {name} is only valid for FIFO topics")
    if name == "ContentBasedDeduplication" and value.lower() not in {"true", "false"}:
        raise invalid(f"Attributes Reason: {name}: Invalid value [{value}]. Must be true or false.")
    if name == "FifoThroughputScope" and value not in {"Topic", "MessageGroup"}:
        raise invalid(f"Attributes Reason: {name}: Invalid value [{value}].")
    if name == "Policy":
        try:
            policy_document(value)
        except ValueError:
            raise Refusal("InvalidParameter", "Invalid parameter: Policy Error: null") from None


def check_endpoint(topic: str, protocol: str, endpoint: str) -> None:
    """Hold what is subscribed to its rules.

    Args:
        topic: The topic's name.
        protocol: The protocol of the subscription.
        endpoint: The ARN.

    Raises:
        Refusal: It cannot be subscribed.
    """
    if protocol in _ELSEWHERE:
        raise invalid(f"Protocol Reason: {protocol} subscriptions are not run locally; sqs and lambda are")
    if protocol not in PROTOCOLS:
        raise invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    target = parse(endpoint)
    if target is None or target.kind != protocol:
        raise invalid("SQS endpoint ARN" if protocol == "sqs" else "Lambda endpoint ARN")
    if target.fifo and not topic.endswith(_FIFO):
        raise invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
    if protocol == "lambda" and topic.endswith(_FIFO):
        raise invalid("Invalid parameter: Endpoint Reason: Please use an SQS queue for FIFO SNS topics")


def subscription_attributes(
    attributes: Mapping[str, str], topic: str, protocol: str, endpoint: str, changed: str | None = None
) -> dict[str, str]:
    """The attributes of a subscription, as they are kept.

    Args:
        attributes: All of them.
        topic: The topic's name.
        protocol: The protocol of the subscription.
        endpoint: The ARN of the endpoint.
        changed: The one that is set anew; None for a new subscription.

    Raises:
        Refusal: One of them is not valid.
    """
    reason = "" if changed else "Attributes Reason: "
    for name in attributes:
        if name not in _OF_SUBSCRIPTIONS:
            raise invalid(f"{reason}AttributeName")
    kept = dict(attributes)
    if "RawMessageDelivery" in kept:
        kept["RawMessageDelivery"] = _raw(kept["RawMessageDelivery"], protocol, reason)
    scope = kept.get("FilterPolicyScope", SCOPES[0])
    if scope not in SCOPES:
        raise invalid(
            f"{reason}FilterPolicyScope: Invalid value [{scope}]. Please use either MessageBody or MessageAttributes"
        )
    if kept.get("RedrivePolicy"):
        _check_redrive(kept["RedrivePolicy"], topic, endpoint, reason)
    try:
        policy_of(kept)
    except PatternError as error:
        raise invalid(f"{reason}{error}") from None
    return kept


def policy_of(attributes: Mapping[str, str]) -> Policy | None:
    """The filter policy of a subscription; None if everything passes.

    Raises:
        PatternError: It is not valid.
    """
    scope: Scope = "MessageBody" if attributes.get("FilterPolicyScope") == "MessageBody" else "MessageAttributes"
    return policy(attributes.get("FilterPolicy", ""), scope)


def dead_letter_queue(redrive_policy: str) -> str | None:
    """The ARN in a redrive policy that was checked; None without one."""
    arn: str | None = read_json(redrive_policy)["deadLetterTargetArn"] if redrive_policy else None
    return arn


def _raw(value: str, protocol: str, reason: str) -> str:
    if value.lower() not in {"true", "false"}:
        raise invalid(f"{reason}RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if value.lower() == "true" and protocol == "lambda":
        raise invalid(f"{reason}Delivery protocol [lambda] does not support raw message delivery.")
    return value.lower()


def _check_redrive(value: str, topic: str, endpoint: str, reason: str) -> None:
    try:
        document = read_json(value)
    except NotJsonError:
        raise invalid(f"{reason}RedrivePolicy: failed to parse JSON.") from None
    arn = document.get("deadLetterTargetArn") if isinstance(document, dict) else None
    target = parse(arn) if isinstance(arn, str) else None
    if target is None or target.kind != "sqs":
        raise invalid(f"{reason}RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if topic.endswith(_FIFO) and endpoint.endswith(_FIFO) and not target.fifo:
        raise invalid(f"{reason}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
