"""What a function gets of a message in its internal queue. S3's are `landfast.delivery.s3_events`' affair."""

import json
from collections.abc import Mapping
from typing import Any

from landfast.dataplane.world import Trigger

_EVENT = frozenset({"version", "id", "detail-type", "source", "time", "region", "resources", "detail"})


def rule_event(trigger: Trigger, body: str) -> object:
    """The event of a rule's target: as sent, a fixed text, or a part of it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

    Raises:
        ValueError: The message is not JSON.
    """
    if trigger.input is not None:
        return json.loads(trigger.input)
    event = _complete(json.loads(body), trigger)
    return event if trigger.input_path is None else _part(event, trigger.input_path)


def topic_event(trigger: Trigger, body: str) -> dict[str, Any]:
    """The event of a topic's subscription, from SNS's notification to the queue.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html

    Raises:
        ValueError: The message is not JSON.
    """
    envelope = json.loads(body)
    notification = {
        "Type": envelope["Type"],
        "MessageId": envelope["MessageId"],
        "TopicArn": envelope["TopicArn"],
        "Subject": envelope.get("Subject"),
        "Message": envelope["Message"],
        "Timestamp": envelope["Timestamp"],
        "SignatureVersion": envelope.get("SignatureVersion", "1"),
        "Signature": envelope.get("Signature", ""),
        "SigningCertUrl": envelope.get("SigningCertURL", ""),
        "UnsubscribeUrl": envelope.get("UnsubscribeURL", ""),
        "MessageAttributes": envelope.get("MessageAttributes", {}),
    }
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": trigger.subscription_arn,
                "Sns": notification,
            }
        ]
    }


def _complete(sent: object, trigger: Trigger) -> Any:  # noqa: ANN401 - any JSON
    """An event with the account, which an engine may leave out; what a transformer made stays as it is."""
    if not isinstance(sent, dict) or not _EVENT.issubset(sent) or "account" in sent:
        return sent
    return {**sent, "account": trigger.queue_arn.split(":")[4]}


def _part(event: Mapping[str, Any], path: str) -> object:
    """The value at a path like ``$.detail.order``; the whole event if there is none."""
    value: Any = event
    for name in path.removeprefix("$").strip(".").split("."):
        if not name:
            continue
        if not isinstance(value, Mapping) or name not in value:
            return event
        value = value[name]
    return value
