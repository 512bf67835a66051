"""Which messages a subscription's filter policy lets pass."""

import json
from typing import Any

import pytest

from tests.contract.aws import Aws, Queue, refusal

pytestmark = pytest.mark.source("SNS Developer Guide, Subscription filter policies; S-104 for the operators")


def _text(value: str) -> Any:
    return {"DataType": "String", "StringValue": value}


def _number(value: str) -> Any:
    return {"DataType": "Number", "StringValue": value}


def _array(*values: object) -> Any:
    return {"DataType": "String.Array", "StringValue": json.dumps(values)}


def _filtered(aws: Aws, policy: Any, scope: str = "MessageAttributes") -> tuple[str, Queue]:
    """A topic, and a queue that gets what the policy lets pass, and the last message."""
    topic, queue = aws.topic(), aws.queue()
    raw = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    aws.subscribe(topic, queue.arn, **raw)
    return topic, queue


ATTRIBUTE_CASES = [
    ({"kind": ["order"]}, {"kind": _text("order")}, True),
    ({"kind": ["order"]}, {"kind": _text("return")}, False),
    ({"kind": ["order"]}, {}, False),
    ({"kind": ["order", "return"]}, {"kind": _text("return")}, True),
    ({"kind": ["order"], "shop": ["b"]}, {"kind": _text("order")}, False),
    ({"kind": ["order"], "shop": ["b"]}, {"kind": _text("order"), "shop": _text("b")}, True),
    ({"kind": [{"prefix": "ord"}]}, {"kind": _text("order")}, True),
    ({"kind": [{"prefix": "ord"}]}, {"kind": _text("reorder")}, False),
    ({"kind": [{"suffix": "der"}]}, {"kind": _text("order")}, True),
    ({"kind": [{"equals-ignore-case": "ORDER"}]}, {"kind": _text("order")}, True),
    ({"kind": [{"anything-but": ["order"]}]}, {"kind": _text("return")}, True),
    ({"kind": [{"anything-but": ["order"]}]}, {"kind": _text("order")}, False),
    ({"kind": [{"anything-but": {"prefix": "ord"}}]}, {"kind": _text("order")}, False),
    ({"kind": [{"exists": True}]}, {"kind": _text("x")}, True),
    ({"kind": [{"exists": True}]}, {}, False),
    ({"kind": [{"exists": False}]}, {"other": _text("x")}, True),
    ({"kind": [{"exists": False}]}, {"kind": _text("x")}, False),
    ({"price": [{"numeric": [">=", 10, "<", 20]}]}, {"price": _number("10")}, True),
    ({"price": [{"numeric": [">=", 10, "<", 20]}]}, {"price": _number("20.0")}, False),
    ({"price": [10]}, {"price": _number("10")}, True),
    ({"price": [{"numeric": ["=", 10]}]}, {"price": _text("10")}, False),
    ({"kinds": ["order"]}, {"kinds": _array("return", "order")}, True),
    ({"kinds": ["order"]}, {"kinds": _array("return")}, False),
    ({"flags": [True]}, {"flags": {"DataType": "String.Array", "StringValue": "[true, null]"}}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": _text("10.0.0.255")}, True),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": _text("10.0.1.1")}, False),
    ({"$or": [{"kind": ["order"]}, {"shop": ["b"]}]}, {"shop": _text("b")}, True),
    ({"$or": [{"kind": ["order"]}, {"shop": ["b"]}]}, {"shop": _text("c")}, False),
]


def test_attributes_decide_by_every_operator(aws: Aws) -> None:
    wrong = []
    for number, (policy, attributes, passes) in enumerate(ATTRIBUTE_CASES):
        topic, queue = _filtered(aws, policy)
        control = aws.queue()
        aws.subscribe(topic, control.arn, RawMessageDelivery="true")
        aws.sns.publish(TopicArn=topic, Message=f"{number}", MessageAttributes=attributes)
        assert control.bodies() == [f"{number}"]
        if (queue.counts()[0] == 1) != passes:
            wrong.append((policy, attributes, passes))
    assert wrong == []


BODY_CASES = [
    ({"kind": ["order"]}, {"kind": "order"}, True),
    ({"kind": ["order"]}, {"kind": "return"}, False),
    ({"order": {"shop": ["b"]}}, {"order": {"shop": "b", "id": 1}}, True),
    ({"order": {"shop": ["b"]}}, {"order": {"shop": "c"}}, False),
    ({"order": {"price": [{"numeric": [">", 5]}]}}, {"order": {"price": 6}}, True),
    ({"order": {"price": [{"numeric": [">", 5]}]}}, {"order": {"price": "6"}}, False),
    ({"items": {"sku": ["b"]}}, {"items": [{"sku": "a"}, {"sku": "b"}]}, True),
    ({"tags": ["x"]}, {"tags": ["w", "x"]}, True),
    ({"gone": [{"exists": False}]}, {"kind": "order"}, True),
    ({"flag": [None]}, {"flag": None}, True),
    ({"flag": [False]}, {"flag": False}, True),
    ({"$or": [{"a": [1]}, {"b": {"c": [2]}}]}, {"b": {"c": 2}}, True),
    ({"kind": ["order"]}, "no JSON", False),
]


def test_the_body_decides_where_the_policy_is_about_it(aws: Aws) -> None:
    wrong = []
    for policy, body, passes in BODY_CASES:
        topic, queue = _filtered(aws, policy, "MessageBody")
        control = aws.queue()
        aws.subscribe(topic, control.arn, RawMessageDelivery="true")
        text = body if isinstance(body, str) else json.dumps(body)
        aws.sns.publish(TopicArn=topic, Message=text)
        assert control.bodies() == [text]
        if (queue.counts()[0] == 1) != passes:
            wrong.append((policy, body, passes))
    assert wrong == []


@pytest.mark.source("SNS API Reference, SetSubscriptionAttributes, FilterPolicy: an empty one lets everything pass")
def test_a_policy_can_be_changed_and_taken_away(aws: Aws) -> None:
    topic, queue = _filtered(aws, {"kind": ["order"]})
    [subscription] = aws.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]

    def change(policy: str) -> None:
        aws.sns.set_subscription_attributes(
            SubscriptionArn=subscription["SubscriptionArn"], AttributeName="FilterPolicy", AttributeValue=policy
        )

    change('{"kind": ["return"]}')
    for kind in ("order", "return"):
        aws.sns.publish(TopicArn=topic, Message=kind, MessageAttributes={"kind": _text(kind)})
    change("{}")
    aws.sns.publish(TopicArn=topic, Message="anything")
    assert sorted(queue.bodies(2)) == ["anything", "return"]
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source(
    "SNS Developer Guide, Filter policy constraints; recorded: localstack sns/test_sns_filter_policy.py"
)
@pytest.mark.parametrize(
    "policy",
    [
        "no JSON",
        '{"a": "no list"}',
        '{"a": [{"unheard-of": 1}]}',
        '{"a": [{"numeric": ["almost", 5]}]}',
        '{"a": {"b": [1]}}',
    ],
    ids=["no JSON", "no list", "no operator", "no comparison", "nested attributes"],
)
def test_a_policy_that_cannot_be_is_refused(aws: Aws, policy: str) -> None:
    topic, queue = aws.topic(), aws.queue()
    assert refusal(aws.subscribe, topic=topic, endpoint=queue.arn, FilterPolicy=policy) == "InvalidParameter"


@pytest.mark.source("SNS API Reference, PublishBatch: each message has attributes of its own")
def test_each_message_of_a_batch_is_filtered_for_itself(aws: Aws) -> None:
    topic, queue = _filtered(aws, {"kind": ["order"]})
    entries = [
        {"Id": f"{n}", "Message": f"{n}", "MessageAttributes": {"kind": _text(kind)}}
        for n, kind in enumerate(("order", "return", "order"))
    ]
    aws.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert sorted(queue.bodies(2)) == ["0", "2"]
    assert queue.counts() == (0, 0, 0)
