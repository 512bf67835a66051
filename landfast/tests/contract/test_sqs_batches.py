"""Batches: what of them succeeds, what fails, and which are refused as a whole."""

from typing import Any

import pytest

from tests.contract.aws import Aws, digest, refusal, words

pytestmark = pytest.mark.source("SQS API Reference, SendMessageBatch, DeleteMessageBatch, ChangeMessageVisibilityBatch")

BATCH = "AWS.SimpleQueueService."


def _entries(*bodies: str) -> list[Any]:
    return [{"Id": f"e{number}", "MessageBody": body} for number, body in enumerate(bodies)]


def test_a_batch_of_messages_is_sent_and_each_is_told_by_its_id(aws: Aws) -> None:
    queue = aws.queue()
    attribute = {"a": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    entries = _entries("zero", "one", "two")
    entries[1]["MessageAttributes"] = attribute
    told = aws.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert told.get("Failed", []) == []
    ids = {one["Id"]: one["MessageId"] for one in told["Successful"]}
    taken = {message["MessageId"]: message for message in queue.take(3)}
    assert {name: taken[message_id]["Body"] for name, message_id in ids.items()} == {
        "e0": "zero",
        "e1": "one",
        "e2": "two",
    }
    assert taken[ids["e1"]]["MessageAttributes"] == attribute
    [told_of] = [one for one in told["Successful"] if one["Id"] == "e1"]
    assert told_of["MD5OfMessageAttributes"] == digest(attribute)


@pytest.mark.source("SQS API Reference, SendMessageBatch: the result of each entry is told individually")
def test_an_entry_that_cannot_be_sent_fails_alone(aws: Aws) -> None:
    queue = aws.queue()
    entries = _entries("good", "late", "too late", "bad")
    entries[1]["DelaySeconds"] = 1
    entries[2]["DelaySeconds"] = 901
    entries[3]["MessageAttributes"] = {"a": {"DataType": "Number", "StringValue": "none"}}
    told = aws.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [one["Id"] for one in told["Successful"]] == ["e0", "e1"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in told["Failed"]] == [
        ("e2", "InvalidParameterValue", True),
        ("e3", "InvalidParameterValue", True),
    ]
    assert sorted(queue.bodies(2)) == ["good", "late"]


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs.py, test_too_many_entries_in_batch_request, test_invalid_batch_id"
)
@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        (_entries(*["x"] * 11), "TooManyEntriesInBatchRequest"),
        ([*_entries("x"), *_entries("y")], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([{"Id": "a" * 81, "MessageBody": "x"}], "InvalidBatchEntryId"),
        (_entries(*[words(600 * 1024)] * 2), "BatchRequestTooLong"),
    ],
    ids=["empty", "too many", "one id twice", "an id with a blank", "too long an id", "too long"],
)
def test_a_batch_that_cannot_be_is_refused_as_a_whole(aws: Aws, entries: Any, code: str) -> None:
    queue = aws.queue()
    assert refusal(aws.sqs.send_message_batch, QueueUrl=queue.url, Entries=entries) == BATCH + code
    assert queue.counts() == (0, 0, 0)


def test_a_batch_of_deletions_deletes_and_tells_what_it_could_not(aws: Aws) -> None:
    queue = aws.queue()
    aws.sqs.send_message_batch(QueueUrl=queue.url, Entries=_entries("a", "b"))
    messages = queue.receive()
    messages += queue.receive(WaitTimeSeconds=1) if len(messages) < 2 else []
    entries = [{"Id": message["Body"], "ReceiptHandle": message["ReceiptHandle"]} for message in messages]
    told = aws.sqs.delete_message_batch(
        QueueUrl=queue.url, Entries=[*entries, {"Id": "made-up", "ReceiptHandle": "made up"}]
    )
    assert sorted(one["Id"] for one in told["Successful"]) == ["a", "b"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in told["Failed"]] == [
        ("made-up", "ReceiptHandleIsInvalid", True)
    ]
    assert queue.counts() == (0, 0, 0)


def test_a_batch_of_changed_visibilities_changes_and_tells_what_it_could_not(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    [message] = queue.receive()
    handle = message["ReceiptHandle"]
    told = aws.sqs.change_message_visibility_batch(
        QueueUrl=queue.url,
        Entries=[
            {"Id": "wrong", "ReceiptHandle": handle, "VisibilityTimeout": 43_201},
            {"Id": "made-up", "ReceiptHandle": "made up", "VisibilityTimeout": 0},
            {"Id": "right", "ReceiptHandle": handle, "VisibilityTimeout": 0},
        ],
    )
    assert [one["Id"] for one in told["Successful"]] == ["right"]
    assert {one["Id"]: one["Code"] for one in told["Failed"]} == {
        "wrong": "InvalidParameterValue",
        "made-up": "ReceiptHandleIsInvalid",
    }
    assert [message["Body"] for message in queue.receive()] == ["x"]
