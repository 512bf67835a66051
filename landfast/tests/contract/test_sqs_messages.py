"""What a message is, from SendMessage to DeleteMessage."""

import hashlib
import time
from typing import Any

import pytest

from tests.contract.aws import Aws, digest, refusal, refused, words

pytestmark = pytest.mark.source("SQS API Reference, SendMessage, ReceiveMessage and DeleteMessage")

ATTRIBUTES: dict[str, Any] = {
    "Text": {"DataType": "String", "StringValue": "ünï 💥"},
    "Amount": {"DataType": "Number", "StringValue": "12.5"},
    "Bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    "Text.Kind": {"DataType": "String.custom", "StringValue": "x"},
}


@pytest.mark.parametrize("body", ["x", "{}", "ünï 💥\n\t<&>", words(1024 * 1024)], ids=["x", "json", "UTF-8", "1 MiB"])
@pytest.mark.source("SQS Developer Guide, Quotas: up to 1 MiB (since August 2025)")
def test_a_body_is_received_as_it_was_sent(aws: Aws, body: str) -> None:
    queue = aws.queue()
    sent = queue.send(body)
    [message] = queue.receive()
    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    md5 = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    assert (sent["MD5OfMessageBody"], message["MD5OfBody"]) == (md5, md5)


@pytest.mark.source("SQS API Reference, ReceiveMessage, MessageSystemAttributeNames")
def test_a_message_tells_when_it_was_sent_and_how_often_it_was_received(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    first = queue.receive(VisibilityTimeout=0)[0]["Attributes"]
    second = queue.receive()[0]["Attributes"]
    assert (first["ApproximateReceiveCount"], second["ApproximateReceiveCount"]) == ("1", "2")
    assert first["SenderId"]
    assert abs(int(first["SentTimestamp"]) / 1000 - time.time()) < 60
    assert int(first["SentTimestamp"]) <= int(first["ApproximateFirstReceiveTimestamp"])
    same = ("SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId")
    assert [first[name] for name in same] == [second[name] for name in same]


@pytest.mark.source("SQS Developer Guide, Message metadata: the MD5 of attributes of every type")
def test_attributes_of_every_type_are_received_as_they_were_sent(aws: Aws) -> None:
    queue = aws.queue()
    sent = queue.send("x", MessageAttributes=ATTRIBUTES)
    [message] = queue.receive()
    assert message["MessageAttributes"] == ATTRIBUTES
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"] == digest(ATTRIBUTES)


@pytest.mark.source("recorded: localstack sqs/test_sqs.py, test_receive_message_message_attribute_names_filters")
@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ([], []),
        (["All"], list(ATTRIBUTES)),
        ([".*"], list(ATTRIBUTES)),
        (["Text", "Missing"], ["Text"]),
        (["Text.*"], ["Text", "Text.Kind"]),
        (["Te.*", "Amount"], ["Text", "Text.Kind", "Amount"]),
    ],
)  # fmt: skip
def test_only_the_attributes_that_are_asked_for_are_received(aws: Aws, asked: list[str], got: list[str]) -> None:
    queue = aws.queue()
    queue.send("x", MessageAttributes=ATTRIBUTES)
    [message] = queue.receive(MessageAttributeNames=asked, MessageSystemAttributeNames=[])
    expected = {name: ATTRIBUTES[name] for name in got}
    assert message.get("MessageAttributes", {}) == expected
    assert message.get("MD5OfMessageAttributes") == (digest(expected) if expected else None)
    assert "Attributes" not in message


def test_a_deleted_message_is_gone_and_may_be_deleted_again(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    [message] = queue.receive(VisibilityTimeout=0)
    queue.delete(message)
    queue.delete(message)
    assert queue.receive() == []
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("SQS API Reference, ReceiveMessage: MaxNumberOfMessages 1 to 10, 1 by default")
def test_a_call_receives_at_most_as_many_messages_as_it_asks_for(aws: Aws) -> None:
    queue = aws.queue()
    for number in range(12):
        queue.send(f"{number}")
    assert len(aws.sqs.receive_message(QueueUrl=queue.url)["Messages"]) == 1
    assert len(queue.receive(MaxNumberOfMessages=3)) <= 3
    assert len({message["Body"] for message in queue.take(8)}) == 8
    assert refusal(queue.receive, MaxNumberOfMessages=11) == "InvalidParameterValue"
    assert refusal(queue.receive, MaxNumberOfMessages=0) == "InvalidParameterValue"


NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("send_message", {"MessageBody": "x"}),
        ("receive_message", {}),
        ("delete_message", {"ReceiptHandle": "x"}),
        ("get_queue_attributes", {"AttributeNames": ["All"]}),
        ("purge_queue", {}),
    ],
)
def test_a_queue_that_does_not_exist_is_refused(aws: Aws, operation: str, params: Any) -> None:
    url = aws.queue().url.replace("/queue-", "/no-queue-")
    assert refusal(getattr(aws.sqs, operation), QueueUrl=url, **params) == NO_QUEUE
    assert refusal(aws.sqs.get_queue_url, QueueName="there-is-no-such-queue") == NO_QUEUE


def _attributes(*values: tuple[str, str]) -> Any:
    return {f"a{n}": {"DataType": kind, "StringValue": value} for n, (kind, value) in enumerate(values)}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MessageBody": words(1024 * 1024 + 1)}, "InvalidParameterValue"),
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "a\x00b"}, "InvalidMessageContents"),
        ({"DelaySeconds": 901}, "InvalidParameterValue"),
        ({"DelaySeconds": -1}, "InvalidParameterValue"),
        ({"MessageAttributes": _attributes(("Wrong", "x"))}, "InvalidParameterValue"),
        ({"MessageAttributes": _attributes(("Number", "x"))}, "InvalidParameterValue"),
        ({"MessageAttributes": _attributes(("String", ""))}, "InvalidParameterValue"),
        ({"MessageAttributes": _attributes(*[("String", "x")] * 11)}, "InvalidParameterValue"),
    ],
    ids=[
        "too long",
        "empty",
        "a character that is none",
        "too long a delay",
        "a delay backwards",
        "an attribute of no type",
        "a number that is none",
        "an empty attribute",
        "eleven attributes",
    ],
)
def test_a_message_that_cannot_be_is_refused(aws: Aws, params: Any, code: str) -> None:
    queue = aws.queue()
    assert refusal(aws.sqs.send_message, QueueUrl=queue.url, **{"MessageBody": "x", **params}) == code
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source("recorded: localstack sqs/test_sqs.py, test_send_message_with_updated_maximum_message_size")
def test_the_maximum_message_size_of_a_queue_holds(aws: Aws) -> None:
    queue = aws.queue(MaximumMessageSize="1024")
    queue.send(words(1024))
    error = refused(queue.send, body=words(1025))
    assert error["Code"] == "InvalidParameterValue"
    assert "1024 bytes" in error["Message"]


@pytest.mark.source("SQS API Reference, DeleteMessage: ReceiptHandleIsInvalid")
def test_what_is_no_receipt_handle_is_refused(aws: Aws) -> None:
    queue = aws.queue()
    assert refusal(aws.sqs.delete_message, QueueUrl=queue.url, ReceiptHandle="made up") == "ReceiptHandleIsInvalid"


@pytest.mark.source("SQS Developer Guide, Fair queues: a MessageGroupId on a standard queue (since July 2025)")
def test_a_message_of_a_standard_queue_may_have_a_group(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x", MessageGroupId="tenant-1")
    assert queue.receive()[0]["Attributes"]["MessageGroupId"] == "tenant-1"
