"""The answers of SNS's API about topics, subscriptions and messages.

Source: Amazon SNS API, `GetTopicAttributes`, `GetSubscriptionAttributes`; the default policy and the default delivery
policy as recorded by LocalStack (``tests/aws/services/sns/test_sns.snapshot.json``).
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from landfast.sources.sns_publishing import Published
from landfast.sources.sns_topics import Subscription, Topic

PARTS: Final = 6
"""Parts of a topic's ARN; a subscription's has one more."""

_ACTIONS = (
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
)
_DELIVERY: Final = json.dumps(
    {
        "http": {
            "defaultHealthyRetryPolicy": {
                "minDelayTarget": 20,
                "maxDelayTarget": 20,
                "numRetries": 3,
                "numMaxDelayRetries": 0,
                "numNoDelayRetries": 0,
                "numMinDelayRetries": 0,
                "backoffFunction": "linear",
            },
            "disableSubscriptionOverrides": False,
            "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
        }
    }
)


def published(what: Published) -> dict[str, Any]:
    """The answer to `Publish`."""
    return {"MessageId": what.id, **({} if what.sequence is None else {"SequenceNumber": what.sequence})}


def topic_attributes(topic: Topic, account: str, subscriptions: int) -> dict[str, str]:
    """All attributes of a topic."""
    return {
        "TopicArn": topic.arn,
        "Owner": account,
        "DisplayName": "",
        "SubscriptionsConfirmed": str(subscriptions),
        "SubscriptionsPending": "0",
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": topic.attributes.get("DeliveryPolicy", _DELIVERY),
        **topic.attributes,
        "Policy": policy(topic, account),
    }


def policy(topic: Topic, account: str) -> str:
    """The access policy of a topic: the one that was set, or the one that SNS gives it."""
    statement = {
        "Effect": "Allow",
        "Sid": "__default_statement_ID",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    default = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return topic.attributes.get("Policy") or json.dumps(default)


def statement(topic: Topic, params: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that `AddPermission` adds to a topic's policy."""
    principals = [f"arn:aws:iam::{account}:root" for account in params["AWSAccountId"]]
    actions = [f"SNS:{action}" for action in params["ActionName"]]
    return {
        "Sid": params["Label"],
        "Effect": "Allow",
        "Principal": {"AWS": principals[0] if len(principals) == 1 else principals},
        "Action": actions[0] if len(actions) == 1 else actions,
        "Resource": topic.arn,
    }


def subscription(which: Subscription, account: str) -> dict[str, str]:
    """A subscription in a list."""
    return {
        "SubscriptionArn": which.arn,
        "Owner": account,
        "Protocol": which.protocol,
        "Endpoint": which.endpoint,
        "TopicArn": which.topic,
    }


def subscription_attributes(which: Subscription, account: str) -> dict[str, str]:
    """All attributes of a subscription; the scope of a filter policy only beside one."""
    shown = {
        **subscription(which, account),
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "SubscriptionPrincipal": f"arn:aws:iam::{account}:root",
        "RawMessageDelivery": "false",
        **which.attributes,
    }
    if shown.get("FilterPolicy"):
        return {"FilterPolicyScope": "MessageAttributes", **shown}
    return {name: value for name, value in shown.items() if name not in {"FilterPolicy", "FilterPolicyScope"}}


def tags_of(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def with_token(result: dict[str, Any], token: str | None) -> dict[str, Any]:
    """A list with the token of its next page, if there is one."""
    return result if token is None else {**result, "NextToken": token}
