"""FIFO queues: order within groups, and deduplication."""

from typing import Any

import pytest

from tests.contract.aws import Aws, Queue, refusal

pytestmark = pytest.mark.source("SQS Developer Guide, FIFO queues: delivery logic, exactly-once processing")


def _send(queue: Queue, body: str, group: str = "g", deduplication: str | None = None) -> Any:
    return queue.send(body, MessageGroupId=group, MessageDeduplicationId=deduplication or body)


def _bodies(messages: list[Any]) -> list[str]:
    return [message["Body"] for message in messages]


def test_messages_of_a_group_come_in_their_order(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    sent = [_send(queue, f"{number}") for number in range(12)]
    taken = queue.take(12)
    assert _bodies(taken) == [f"{number}" for number in range(12)]
    sequence = [message["Attributes"]["SequenceNumber"] for message in taken]
    assert sequence == [one["SequenceNumber"] for one in sent]
    assert [int(number) for number in sequence] == sorted({int(number) for number in sequence})


@pytest.mark.source("recorded: localstack sqs/test_sqs.snapshot.json, test_fifo_message_attributes")
def test_a_message_tells_its_group_its_deduplication_id_and_its_number(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    sent = _send(queue, "x", "group-1", "dedup-1")
    told = queue.receive()[0]["Attributes"]
    assert (told["MessageGroupId"], told["MessageDeduplicationId"]) == ("group-1", "dedup-1")
    assert told["SequenceNumber"] == sent["SequenceNumber"]


@pytest.mark.source("S-99: while messages of a group are in flight, no later ones of that group are delivered")
def test_s_099_a_group_waits_for_its_message_in_flight_and_others_do_not(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b")):
        _send(queue, body, group)
    [first] = queue.receive(MaxNumberOfMessages=1)
    assert first["Body"] == "a1"
    assert _bodies(queue.receive()) == ["b1"]
    assert queue.receive() == []
    queue.delete(first)
    assert _bodies(queue.receive()) == ["a2"]


@pytest.mark.source("S-99: while messages of a group are retried, no later ones of that group are delivered")
def test_s_099_a_message_that_comes_back_comes_before_the_later_ones_of_its_group(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    for body in ("1", "2", "3"):
        _send(queue, body)
    messages = queue.receive(MaxNumberOfMessages=2)
    assert _bodies(messages) == ["1", "2"]
    queue.hide(messages[1], 0)
    assert queue.receive() == [], "the first one is still in flight"
    queue.hide(messages[0], 0)
    assert _bodies(queue.receive()) == ["1", "2", "3"]


@pytest.mark.source(
    "S-140; recorded: localstack sqs/test_sqs.snapshot.json, test_fifo_deduplication_arrives_once_after_delete"
)
@pytest.mark.parametrize("content_based", [True, False])
def test_s_140_a_duplicate_is_accepted_and_not_delivered_even_after_the_first_is_gone(
    aws: Aws,
    content_based: bool,  # noqa: FBT001 - a case
) -> None:
    queue = aws.queue(FifoQueue="true", ContentBasedDeduplication=str(content_based).lower())
    given = {} if content_based else {"MessageDeduplicationId": "same"}
    first = queue.send("x", MessageGroupId="g", **given)
    assert queue.bodies() == ["x"]
    again = queue.send("x", MessageGroupId="g", **given)
    assert again["MessageId"] == first["MessageId"]
    _send(queue, "next")
    assert queue.bodies() == ["next"]
    assert queue.counts() == (0, 0, 0)


@pytest.mark.source(
    "S-140; recorded: test_fifo_deduplication_not_on_message_group_id: by default it counts for the whole queue"
)
def test_s_140_a_duplicate_in_another_group_is_not_delivered(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    _send(queue, "first", "a", "same")
    _send(queue, "second", "b", "same")
    assert _bodies(queue.receive()) == ["first"]


@pytest.mark.source("S-140; SQS API Reference, CreateQueue, DeduplicationScope")
def test_s_140_with_the_scope_of_a_group_a_duplicate_counts_within_its_group_only(aws: Aws) -> None:
    scope = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    queue = aws.queue(FifoQueue="true", **scope)
    for body, group in (("a1", "a"), ("b1", "b"), ("a2", "a")):
        _send(queue, body, group, "same")
    assert sorted(_bodies(queue.receive())) == ["a1", "b1"]


@pytest.mark.source(
    "SQS API Reference, SendMessage: an explicit id overrules the one by content, which is the body's SHA-256"
)
def test_attributes_do_not_matter_to_deduplication_by_content(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true", ContentBasedDeduplication="true")
    attribute = {"a": {"DataType": "String", "StringValue": "x"}}
    queue.send("same", MessageGroupId="g")
    queue.send("same", MessageGroupId="g", MessageAttributes=attribute)
    queue.send("same", MessageGroupId="g", MessageDeduplicationId="other")
    assert _bodies(queue.take(2)) == ["same", "same"]
    assert queue.receive() == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MessageDeduplicationId": "d"}, "MissingParameter"),
        ({"MessageGroupId": "g"}, "InvalidParameterValue"),
        ({"MessageGroupId": "g" * 129, "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
        ({"MessageGroupId": "g", "MessageDeduplicationId": "white space"}, "InvalidParameterValue"),
    ],
    ids=["no group", "no id", "too long a group", "an id with a blank"],
)
def test_a_message_without_what_a_fifo_queue_needs_is_refused(aws: Aws, params: Any, code: str) -> None:
    queue = aws.queue(FifoQueue="true")
    assert refusal(queue.send, body="x", **params) == code


@pytest.mark.source(
    "SQS API Reference, CreateQueue: the name of a FIFO queue ends in .fifo; FifoQueue cannot be changed"
)
def test_a_fifo_queue_has_its_suffix_and_stays_what_it_is(aws: Aws) -> None:
    create = aws.sqs.create_queue
    assert refusal(create, QueueName=aws.name("q"), Attributes={"FifoQueue": "true"}) == "InvalidParameterValue"
    assert refusal(create, QueueName=aws.name("q") + ".fifo") == "InvalidParameterValue"
    standard = aws.queue()
    change = {"QueueUrl": standard.url, "Attributes": {"FifoQueue": "true"}}
    assert refusal(aws.sqs.set_queue_attributes, **change) in {"InvalidAttributeName", "InvalidAttributeValue"}


@pytest.mark.source(
    "SQS API Reference, ReceiveMessage, ReceiveRequestAttemptId: the same messages again, within 5 minutes"
)
def test_the_same_receive_attempt_gets_the_same_messages(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    for body in ("1", "2", "3"):
        _send(queue, body)
    first = queue.receive(MaxNumberOfMessages=2, ReceiveRequestAttemptId="attempt-1")
    again = queue.receive(MaxNumberOfMessages=2, ReceiveRequestAttemptId="attempt-1")
    assert _bodies(first) == _bodies(again) == ["1", "2"]
    assert queue.receive(ReceiveRequestAttemptId="attempt-2") == []


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs.snapshot.json, test_fifo_delete_message_with_expired_receipt_handle"
)
def test_a_receipt_handle_has_expired_with_its_visibility(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    _send(queue, "x")
    [message] = queue.receive(VisibilityTimeout=0)
    assert refusal(queue.delete, message=message) == "InvalidParameterValue"
    assert _bodies(queue.receive()) == ["x"]


@pytest.mark.source(
    "SQS API Reference, SendMessageBatch: entries of a FIFO queue keep their order, duplicates are accepted"
)
def test_a_batch_keeps_its_order_and_its_duplicates_are_not_delivered(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    entries = [
        {"Id": f"{n}", "MessageBody": f"{n}", "MessageGroupId": "g", "MessageDeduplicationId": f"{n % 4}"}
        for n in range(8)
    ]
    told = aws.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)
    assert len(told["Successful"]) == 8
    assert _bodies(queue.take(4)) == ["0", "1", "2", "3"]
    assert queue.counts() == (0, 0, 0)
