"""FIFO topics, and subscriptions' dead-letter queues."""

import json
from typing import Any

import pytest

from tests.contract.aws import Aws, Queue, refusal

pytestmark = pytest.mark.source("SNS Developer Guide, FIFO topics: ordering and deduplication")

FIFO = {"FifoTopic": "true"}


def _publish(aws: Aws, topic: str, message: str, group: str = "g", deduplication: str | None = None) -> Any:
    return aws.sns.publish(
        TopicArn=topic, Message=message, MessageGroupId=group, MessageDeduplicationId=deduplication or message
    )


def _subscribed(aws: Aws, topic: str, **attributes: str) -> Queue:
    queue = aws.queue(FifoQueue="true")
    aws.subscribe(topic, queue.arn, **{"RawMessageDelivery": "true", **attributes})
    return queue


def test_a_fifo_queue_gets_the_messages_in_their_order_with_group_and_id(aws: Aws) -> None:
    topic = aws.topic(**FIFO)
    queue = _subscribed(aws, topic)
    sequence = [int(_publish(aws, topic, f"{number}", "orders")["SequenceNumber"]) for number in range(5)]
    assert sequence == sorted(set(sequence))
    taken = queue.take(5)
    assert [message["Body"] for message in taken] == [f"{number}" for number in range(5)]
    assert {message["Attributes"]["MessageGroupId"] for message in taken} == {"orders"}
    assert [message["Attributes"]["MessageDeduplicationId"] for message in taken] == [f"{n}" for n in range(5)]


def test_a_notification_of_a_fifo_topic_has_its_sequence_number(aws: Aws) -> None:
    topic = aws.topic(**FIFO)
    queue = _subscribed(aws, topic, RawMessageDelivery="false")
    told = _publish(aws, topic, "x")
    [notification] = queue.documents()
    assert (notification["Message"], notification["SequenceNumber"]) == ("x", told["SequenceNumber"])


def test_a_duplicate_is_accepted_and_not_delivered(aws: Aws) -> None:
    topic = aws.topic(**FIFO)
    queue = _subscribed(aws, topic)
    first = _publish(aws, topic, "first", deduplication="same")
    assert queue.bodies() == ["first"]
    again = _publish(aws, topic, "second", deduplication="same")
    assert again["MessageId"] == first["MessageId"]
    _publish(aws, topic, "third")
    assert queue.bodies() == ["third"]


def test_with_deduplication_by_content_the_same_message_is_delivered_once(aws: Aws) -> None:
    topic = aws.topic(**FIFO, ContentBasedDeduplication="true")
    queue = _subscribed(aws, topic)
    for message in ("same", "same", "other"):
        aws.sns.publish(TopicArn=topic, Message=message, MessageGroupId="g")
    assert queue.bodies(2) == ["same", "other"]
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("SNS Developer Guide, FIFO topics: a standard queue may be subscribed (since 2023)")
def test_a_standard_queue_may_be_subscribed_to_a_fifo_topic(aws: Aws) -> None:
    topic, queue = aws.topic(**FIFO), aws.queue()
    aws.subscribe(topic, queue.arn, RawMessageDelivery="true")
    _publish(aws, topic, "x")
    assert queue.bodies() == ["x"]


@pytest.mark.source("SNS API Reference, Publish and Subscribe; SNS Developer Guide, FIFO topics")
def test_what_a_fifo_topic_cannot_take_is_refused(aws: Aws) -> None:
    topic, standard = aws.topic(**FIFO), aws.topic()
    assert refusal(aws.sns.publish, TopicArn=topic, Message="x") == "InvalidParameter"
    assert refusal(aws.sns.publish, TopicArn=topic, Message="x", MessageGroupId="g") == "InvalidParameter"
    fifo_queue = aws.queue(FifoQueue="true")
    assert refusal(aws.subscribe, topic=standard, endpoint=fifo_queue.arn) == "InvalidParameter"
    assert refusal(aws.sns.create_topic, Name=aws.name("topic"), Attributes=FIFO) == "InvalidParameter"


def test_a_batch_keeps_its_order(aws: Aws) -> None:
    topic = aws.topic(**FIFO)
    queue = _subscribed(aws, topic)
    entries = [
        {"Id": f"{n}", "Message": f"{n}", "MessageGroupId": "g", "MessageDeduplicationId": f"{n}"} for n in range(5)
    ]
    told = aws.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len(told["Successful"]) == 5
    assert queue.bodies(5) == [f"{number}" for number in range(5)]


def _to(queue: Queue) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": queue.arn})}


@pytest.mark.source(
    "SNS Developer Guide, Dead-letter queues: a client error, such as a deleted endpoint, is not retried"
)
@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_message_for_a_queue_that_is_gone_goes_to_the_subscriptions_dead_letter_queue(aws: Aws, raw: str) -> None:
    topic, gone, there, dead = aws.topic(), aws.queue(), aws.queue(), aws.queue()
    attributes = {"a": {"DataType": "String", "StringValue": "v"}}
    for queue in (gone, there):
        aws.subscribe(topic, queue.arn, RawMessageDelivery=raw, **_to(dead))
    aws.sqs.delete_queue(QueueUrl=gone.url)
    told = aws.sns.publish(TopicArn=topic, Message="x", MessageAttributes=attributes)
    [delivered], [given_up] = there.take(), dead.take()
    assert dead.counts() == (0, 0, 0)
    if raw == "true":
        assert (given_up["Body"], given_up["MessageAttributes"]) == (delivered["Body"], attributes)
    else:
        notification = json.loads(given_up["Body"])
        assert (notification["Message"], notification["MessageId"]) == ("x", told["MessageId"])


@pytest.mark.source("SNS Developer Guide, Dead-letter queues: those of FIFO topics")
def test_a_message_of_a_fifo_topic_for_a_queue_that_is_gone_goes_to_its_dead_letter_queue(aws: Aws) -> None:
    topic, dead = aws.topic(**FIFO), aws.queue(FifoQueue="true")
    gone = _subscribed(aws, topic, **_to(dead))
    aws.sqs.delete_queue(QueueUrl=gone.url)
    for message in ("1", "2"):
        _publish(aws, topic, message)
    assert dead.bodies(2) == ["1", "2"]


@pytest.mark.source("recorded: localstack sns/test_sns.snapshot.json, test_validate_set_sub_attributes")
@pytest.mark.parametrize("policy", ['{"deadLetterTargetArn": "no-arn"}', "no JSON"])
def test_a_redrive_policy_that_cannot_be_is_refused(aws: Aws, policy: str) -> None:
    topic, queue = aws.topic(), aws.queue()
    assert refusal(aws.subscribe, topic=topic, endpoint=queue.arn, RedrivePolicy=policy) == "InvalidParameter"
