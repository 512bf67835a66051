"""What a topic sends to queues."""

import json
import time
from datetime import datetime
from typing import Any

import pytest

from tests.contract.aws import REGION, Aws, digest, eventually, refusal, refused, words

pytestmark = pytest.mark.source(
    "SNS Developer Guide, Fanout to SQS queues; recorded: localstack sns/test_sns.snapshot.json"
)

ATTRIBUTES: dict[str, Any] = {
    "text": {"DataType": "String", "StringValue": "ünï 💥"},
    "amount": {"DataType": "Number", "StringValue": "12.5"},
    "list": {"DataType": "String.Array", "StringValue": '["a", 1, true, null]'},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x10"},
}


def test_a_queue_gets_a_notification(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    subscription = aws.subscribe(topic, queue.arn)
    told = aws.sns.publish(TopicArn=topic, Message="ünï 💥", Subject="About it")
    [message] = queue.take()
    notification = json.loads(message["Body"])
    assert abs(datetime.fromisoformat(notification.pop("Timestamp")).timestamp() - time.time()) < 60
    assert notification.pop("Signature")
    assert notification.pop("SigningCertURL").startswith(f"https://sns.{REGION}.amazonaws.com/")
    assert subscription in notification.pop("UnsubscribeURL")
    assert notification == {
        "Type": "Notification",
        "MessageId": told["MessageId"],
        "TopicArn": topic,
        "Subject": "About it",
        "Message": "ünï 💥",
        "SignatureVersion": "1",
    }
    assert "MessageAttributes" not in message


def test_a_notification_has_the_attributes_in_its_body(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn)
    aws.sns.publish(TopicArn=topic, Message="x", MessageAttributes=ATTRIBUTES)
    [notification] = queue.documents()
    assert notification["MessageAttributes"] == {
        "text": {"Type": "String", "Value": "ünï 💥"},
        "amount": {"Type": "Number", "Value": "12.5"},
        "list": {"Type": "String.Array", "Value": '["a", 1, true, null]'},
        "bytes": {"Type": "Binary", "Value": "AP8Q"},
    }
    assert "Subject" not in notification


@pytest.mark.source("SNS Developer Guide, Raw message delivery: the message as it is, its attributes as SQS's")
def test_a_raw_message_has_its_attributes_as_those_of_the_message(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn, RawMessageDelivery="true")
    aws.sns.publish(TopicArn=topic, Message="ünï 💥", Subject="lost", MessageAttributes=ATTRIBUTES)
    [message] = queue.take()
    assert message["Body"] == "ünï 💥"
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == digest(ATTRIBUTES)


@pytest.mark.source("SNS Developer Guide, Raw message delivery: binary attributes are delivered as binary")
def test_a_raw_message_with_bytes_does_no_harm_to_its_neighbours(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn, RawMessageDelivery="true")
    for body, value in (("before", None), ("bytes", b"\x80\xfe\xff"), ("empty-ish", b"\x00"), ("after", None)):
        attributes = {"b": {"DataType": "Binary", "BinaryValue": value}} if value else {}
        aws.sns.publish(TopicArn=topic, Message=body, MessageAttributes=attributes)
    taken = {message["Body"]: message.get("MessageAttributes") for message in queue.take(4)}
    assert taken == {
        "before": None,
        "bytes": {"b": {"DataType": "Binary", "BinaryValue": b"\x80\xfe\xff"}},
        "empty-ish": {"b": {"DataType": "Binary", "BinaryValue": b"\x00"}},
        "after": None,
    }


def test_every_subscription_gets_the_message_in_its_own_form(aws: Aws) -> None:
    topic, plain, raw = aws.topic(), aws.queue(), aws.queue()
    aws.subscribe(topic, plain.arn)
    subscription = aws.subscribe(topic, raw.arn)
    change = {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    aws.sns.set_subscription_attributes(SubscriptionArn=subscription, **change)
    aws.sns.publish(TopicArn=topic, Message="x")
    assert [one["Message"] for one in plain.documents()] == ["x"]
    assert raw.bodies() == ["x"]


@pytest.mark.source("SNS API Reference, Publish, MessageStructure; recorded: test_message_structure_json_exc")
def test_a_message_may_have_a_text_for_each_protocol(aws: Aws) -> None:
    topic, plain, raw = aws.topic(), aws.queue(), aws.queue()
    aws.subscribe(topic, plain.arn)
    aws.subscribe(topic, raw.arn, RawMessageDelivery="true")
    for text in ({"default": "for all", "sqs": "for queues"}, {"default": "for all", "lambda": "for functions"}):
        aws.sns.publish(TopicArn=topic, Message=json.dumps(text), MessageStructure="json")
    assert sorted(one["Message"] for one in plain.documents(2)) == ["for all", "for queues"]
    assert sorted(raw.bodies(2)) == ["for all", "for queues"]
    for wrong in ('{"sqs": "no default"}', "no JSON"):
        params = {"TopicArn": topic, "Message": wrong, "MessageStructure": "json"}
        assert refusal(aws.sns.publish, **params) == "InvalidParameter"


@pytest.mark.source("SNS API Reference, PublishBatch")
def test_a_batch_is_published_and_each_message_is_told_by_its_id(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    aws.subscribe(topic, queue.arn)
    entries: list[Any] = [{"Id": f"e{number}", "Message": f"{number}"} for number in range(10)]
    entries[0] |= {"Subject": "first", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "v"}}}
    told = aws.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert told["Failed"] == []
    ids = {one["Id"]: one["MessageId"] for one in told["Successful"]}
    notifications = {one["MessageId"]: one for one in queue.documents(10)}
    assert {name: notifications[of]["Message"] for name, of in ids.items()} == {f"e{n}": f"{n}" for n in range(10)}
    first = notifications[ids["e0"]]
    assert (first["Subject"], first["MessageAttributes"]) == ("first", {"a": {"Type": "String", "Value": "v"}})


@pytest.mark.source("SNS API Reference, PublishBatch, Errors")
@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": f"{number}", "Message": "x"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "same", "Message": "x"}] * 2, "BatchEntryIdsNotDistinct"),
    ],
    ids=["empty", "too many", "one id twice"],
)
def test_a_batch_that_cannot_be_is_refused(aws: Aws, entries: Any, code: str) -> None:
    topic = aws.topic()
    assert refusal(aws.sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == code


@pytest.mark.parametrize(
    "params",
    [
        {"Message": ""},
        {"Message": words(256 * 1024 + 1)},
        {"Message": "x", "Subject": ""},
        {"Message": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "none"}}},
        {"Message": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"},
    ],
    ids=["empty", "too long", "an empty subject", "a number that is none", "a deduplication id"],
)
def test_a_message_that_cannot_be_is_refused(aws: Aws, params: Any) -> None:
    topic = aws.topic()
    assert refusal(aws.sns.publish, TopicArn=topic, **params) in {"InvalidParameter", "ParameterValueInvalid"}


@pytest.mark.source(
    "recorded: localstack sns/test_sns.snapshot.json, test_unknown_topic_publish, test_publish_wrong_arn_format"
)
def test_a_topic_that_does_not_exist_is_refused(aws: Aws) -> None:
    topic = aws.topic()
    error = refused(aws.sns.publish, TopicArn=topic + "-not", Message="x")
    assert (error["Code"], error["Message"]) == ("NotFound", "Topic does not exist")
    assert refusal(aws.sns.publish, TopicArn="no-arn", Message="x") == "InvalidParameter"
    aws.sns.delete_topic(TopicArn=topic)
    assert refusal(aws.sns.publish, TopicArn=topic, Message="x") == "NotFound"


@pytest.mark.source("SNS API Reference, Unsubscribe; recorded: test_not_found_error_on_set_subscription_attributes")
def test_a_subscription_that_has_ended_gets_nothing_more(aws: Aws) -> None:
    topic, stays, goes = aws.topic(), aws.queue(), aws.queue()
    aws.subscribe(topic, stays.arn, RawMessageDelivery="true")
    subscription = aws.subscribe(topic, goes.arn, RawMessageDelivery="true")
    aws.sns.publish(TopicArn=topic, Message="both")
    aws.sns.unsubscribe(SubscriptionArn=subscription)
    aws.sns.publish(TopicArn=topic, Message="one")
    assert sorted(stays.bodies(2)) == ["both", "one"]
    assert goes.bodies() == ["both"]
    assert goes.counts() == (0, 0, 0)
    assert refusal(aws.sns.get_subscription_attributes, SubscriptionArn=subscription) == "NotFound"


@pytest.mark.source("SNS API Reference; recorded: test_create_subscriptions_with_attributes, check_idempotency")
def test_topics_and_subscriptions_are_told(aws: Aws) -> None:
    topic, queue = aws.topic(), aws.queue()
    assert aws.sns.create_topic(Name=topic.rpartition(":")[2])["TopicArn"] == topic
    subscription = aws.subscribe(topic, queue.arn, RawMessageDelivery="true")
    assert aws.subscribe(topic, queue.arn, RawMessageDelivery="true") == subscription
    told = aws.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    expected = {
        "SubscriptionArn": subscription,
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": queue.arn,
        "RawMessageDelivery": "true",
        "PendingConfirmation": "false",
    }
    assert expected.items() <= told.items()
    [listed] = aws.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Protocol"], listed["Endpoint"]) == (subscription, "sqs", queue.arn)
    attributes = eventually(lambda: aws.sns.get_topic_attributes(TopicArn=topic)["Attributes"])
    assert (attributes["TopicArn"], attributes["SubscriptionsConfirmed"]) == (topic, "1")
    pages = aws.sns.get_paginator("list_topics").paginate()
    assert topic in [one["TopicArn"] for page in pages for one in page["Topics"]]
