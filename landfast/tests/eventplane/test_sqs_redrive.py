"""What a queue of SQS gives up, and how it comes back: dead letters, expiries, moves (S-95, S-144)."""

import base64
import json
from typing import Any

import pytest

from landfast.aws_errors import AwsError
from landfast.journal import Settled
from landfast.sources.sent import Sent
from tests.eventplane.sqs_client import Sqs, arn, url


def redrive(target: str, receives: int = 1) -> dict[str, object]:
    return {"deadLetterTargetArn": arn(target), "maxReceiveCount": receives}


@pytest.fixture
def sqs() -> Sqs:
    sqs = Sqs()
    sqs.create("dlq")
    sqs.create("q", RedrivePolicy=redrive("dlq", 2))
    return sqs


def fail(sqs: Sqs, times: int = 2, name: str = "q") -> None:
    """Receive everything so often without deleting it, and once more."""
    for _ in range(times + 1):
        sqs.receive(name)
        sqs.world.pass_by(30)


# Dead letters


def test_s_095_a_message_is_moved_at_the_receive_after_the_last_delivery(sqs: Sqs) -> None:
    sqs.send("poison")
    for count in ("1", "2"):
        [message] = sqs.receive()
        assert message["Attributes"]["ApproximateReceiveCount"] == count
        sqs.world.pass_by(30)
    assert (sqs.counts("q"), sqs.counts("dlq")) == ((1, 0, 0), (0, 0, 0)), "time alone moves nothing"
    assert sqs.receive() == []
    assert (sqs.counts("q"), sqs.counts("dlq")) == ((0, 0, 0), (1, 0, 0))


def test_s_095_a_dead_letter_is_the_same_message(sqs: Sqs) -> None:
    attributes = {"x": {"DataType": "Binary", "BinaryValue": "AA=="}}
    sent = sqs.ask(
        "SendMessage", trace="Root=1-a", QueueUrl=url("q"), MessageBody="poison", MessageAttributes=attributes
    )
    sqs.world.pass_by(1)
    fail(sqs)
    [message] = sqs.receive("dlq")
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "poison"
    assert message["MessageAttributes"] == {"x": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    # Counts and times go on, as seen on AWS: softwaremill/elasticmq#386.
    assert message["Attributes"] == {
        "ApproximateFirstReceiveTimestamp": "1767323001000",
        "ApproximateReceiveCount": "3",
        "AWSTraceHeader": "Root=1-a",
        "DeadLetterQueueSourceArn": arn("q"),
        "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
        "SentTimestamp": "1767323000000",
    }


def test_s_095_a_dead_letter_survives_a_restart_as_it_is(sqs: Sqs) -> None:
    sqs.send("poison")
    fail(sqs)
    again = sqs.restarted()
    assert again.receive("dlq") == sqs.receive("dlq")


def test_s_095_a_dead_letter_is_noted_where_no_mapping_does_it(sqs: Sqs) -> None:
    message_id = sqs.send("poison")["MessageId"]
    fail(sqs)
    [note] = sqs.world.noted(Settled)
    assert (note.source, note.records, note.state) == ("q", (message_id,), "dead_lettered")
    assert note.rule.startswith("S-95")


def test_s_095_each_queue_counts_its_own_deliveries(sqs: Sqs) -> None:
    sqs.create("last")
    sqs.set("dlq", RedrivePolicy=json.dumps(redrive("last", 2)))
    sqs.send("poison")
    fail(sqs)
    assert len(sqs.receive("dlq")) == 1
    sqs.world.pass_by(30)
    assert len(sqs.receive("dlq")) == 1
    sqs.world.pass_by(30)
    assert sqs.receive("dlq") == []
    assert sqs.receive("last")[0]["Attributes"]["DeadLetterQueueSourceArn"] == arn("dlq")


def test_s_095_a_message_stays_where_there_is_no_dead_letter_queue(sqs: Sqs) -> None:
    sqs.send("poison")
    sqs.ask("DeleteQueue", QueueUrl=url("dlq"))
    fail(sqs)
    assert sqs.receive()[0]["Attributes"]["ApproximateReceiveCount"] == "4"
    assert sqs.world.noted(Settled) == []


def test_s_095_a_dead_letter_wakes_who_waits_for_it(sqs: Sqs) -> None:
    _, answers = sqs.poll("dlq")
    sqs.world.pass_by(0)
    sqs.send("poison")
    sqs.receive(VisibilityTimeout=0)
    sqs.receive(VisibilityTimeout=0)
    sqs.receive()
    sqs.world.settle()
    assert [message["Body"] for message in answers[0]["Messages"]] == ["poison"]


def test_s_095_dead_letters_do_not_count_as_received(sqs: Sqs) -> None:
    for body in "abc":
        sqs.send(body)
    for _ in range(2):
        sqs.receive(most=1, VisibilityTimeout=0)
    assert sqs.bodies(most=2) == ["b", "c"]
    assert sqs.bodies("dlq") == ["a"]


def test_s_095_s_099_a_fifo_dead_letter_frees_its_group_and_is_no_repeat() -> None:
    sqs = Sqs()
    sqs.create("dlq.fifo")
    sqs.create("q.fifo", RedrivePolicy=redrive("dlq.fifo"))
    sqs.send("a", "dlq.fifo", MessageGroupId="g", MessageDeduplicationId="1")
    for body, number in (("a", "1"), ("b", "2")):
        sqs.send(body, "q.fifo", MessageGroupId="g", MessageDeduplicationId=number)
    assert len(sqs.receive("q.fifo", 1)) == 1
    sqs.world.pass_by(30)
    assert sqs.bodies("q.fifo") == ["b"]
    messages = sqs.receive("dlq.fifo")
    assert [message["Body"] for message in messages] == ["a", "a"]
    assert messages[1]["Attributes"]["MessageDeduplicationId"] == "1"


# Retention


def test_a_message_expires_and_is_noted(sqs: Sqs) -> None:
    sqs.set(MessageRetentionPeriod="60")
    message_id = sqs.send("a")["MessageId"]
    sqs.world.pass_by(60)
    [note] = sqs.world.noted(Settled)
    assert (note.source, note.records, note.state) == ("q", (message_id,), "dropped")
    assert "MessageRetentionPeriod" in note.rule
    assert sqs.counts() == (0, 0, 0)
    assert not [key for _, owner, key in sqs.world.kept if owner == "q" and key not in {"queue", "n"}]


def test_nobody_waits_for_a_retention_to_end(sqs: Sqs) -> None:
    sqs.send("a")
    assert sqs.world.awaited() == []


def test_s_095_the_retention_of_a_standard_dead_letter_counts_from_its_sending(sqs: Sqs) -> None:
    sqs.set("dlq", MessageRetentionPeriod="100")
    sqs.send("a")
    fail(sqs)
    assert sqs.counts("dlq") == (1, 0, 0)
    sqs.world.pass_by(10)
    assert sqs.counts("dlq") == (0, 0, 0)


def test_s_095_the_retention_of_a_fifo_dead_letter_counts_from_its_arrival() -> None:
    sqs = Sqs()
    sqs.create("dlq.fifo", MessageRetentionPeriod="100")
    sqs.create("q.fifo", RedrivePolicy=redrive("dlq.fifo", 2))
    sqs.send("a", "q.fifo", MessageGroupId="g", MessageDeduplicationId="1")
    fail(sqs, name="q.fifo")
    sqs.world.pass_by(69)
    assert sqs.counts("dlq.fifo") == (1, 0, 0)
    sqs.world.pass_by(1)
    assert sqs.counts("dlq.fifo") == (0, 0, 0)


# Moves


def dead(sqs: Sqs, *bodies: str, **params: Any) -> None:
    for body in bodies:
        sqs.send(body, **params)
    for _ in range(3):
        sqs.receive(VisibilityTimeout=0)


def start(sqs: Sqs, source: str = "dlq", **params: Any) -> str:
    handle: str = sqs.ask("StartMessageMoveTask", SourceArn=arn(source), **params)["TaskHandle"]
    return handle


def tasks(sqs: Sqs, source: str = "dlq", most: int = 10) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sqs.ask("ListMessageMoveTasks", SourceArn=arn(source), MaxResults=most)["Results"]
    return found


def test_s_144_messages_go_back_to_where_they_came_from(sqs: Sqs) -> None:
    sqs.create("other", RedrivePolicy=redrive("dlq"))
    dead(sqs, "a", "b", MessageAttributes={"x": {"DataType": "String", "StringValue": "y"}})
    sqs.send("c", "other")
    for _ in range(2):
        sqs.receive("other", VisibilityTimeout=0)
    assert sqs.counts("dlq") == (3, 0, 0)
    start(sqs)
    sqs.world.settle()
    assert sqs.counts("dlq") == (0, 0, 0)
    first, second = sqs.receive()
    assert [first["Body"], second["Body"], *sqs.bodies("other")] == ["a", "b", "c"]
    assert first["MessageAttributes"]["x"]["StringValue"] == "y"
    assert tasks(sqs) == [
        {
            "Status": "COMPLETED",
            "SourceArn": arn("dlq"),
            "ApproximateNumberOfMessagesMoved": 3,
            "ApproximateNumberOfMessagesToMove": 3,
            "StartedTimestamp": 1767323000000,
        }
    ]


def test_s_144_a_moved_message_is_a_new_one(sqs: Sqs) -> None:
    sqs.ask("SendMessage", trace="Root=1-a;Lineage=01234567:16", QueueUrl=url("q"), MessageBody="a")
    dead(sqs)
    [old] = sqs.receive("dlq", VisibilityTimeout=0)
    sqs.world.pass_by(10)
    start(sqs)
    sqs.world.settle()
    [new] = sqs.receive()
    assert new["MessageId"] != old["MessageId"]
    assert new["Attributes"] == {
        "ApproximateFirstReceiveTimestamp": "1767323010000",
        "ApproximateReceiveCount": "1",
        "AWSTraceHeader": "Root=1-a",  # a new chain: what was stopped as a loop (S-34) has another chance
        "SenderId": "AIDACKCEVSQ6C2EXAMPLE",
        "SentTimestamp": "1767323010000",
    }


def test_s_144_messages_go_to_another_queue_if_one_is_named(sqs: Sqs) -> None:
    sqs.create("other")
    dead(sqs, "a")
    sqs.send("sent to the dead-letter queue itself", "dlq")
    start(sqs, DestinationArn=arn("other"))
    sqs.world.settle()
    assert sqs.bodies("other") == ["a", "sent to the dead-letter queue itself"]
    assert tasks(sqs)[0]["DestinationArn"] == arn("other")


def test_s_144_a_task_keeps_its_rate_and_can_be_cancelled(sqs: Sqs) -> None:
    sqs.create("other")
    dead(sqs, *"abcde")
    handle = start(sqs, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=2)
    assert tasks(sqs) == [
        {
            "Status": "RUNNING",
            "TaskHandle": handle,
            "SourceArn": arn("dlq"),
            "DestinationArn": arn("other"),
            "MaxNumberOfMessagesPerSecond": 2,
            "ApproximateNumberOfMessagesMoved": 0,
            "ApproximateNumberOfMessagesToMove": 5,
            "StartedTimestamp": 1767323000000,
        }
    ]
    sqs.world.pass_by(1)
    assert sqs.counts("other") == (2, 0, 0)
    assert sqs.ask("CancelMessageMoveTask", TaskHandle=handle) == {"ApproximateNumberOfMessagesMoved": 2}
    sqs.world.pass_by(10)
    [task] = tasks(sqs)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("CANCELLED", 2)
    assert "TaskHandle" not in task
    assert (sqs.counts("dlq"), sqs.counts("other")) == ((3, 0, 0), (2, 0, 0))
    assert sqs.refusal("CancelMessageMoveTask", TaskHandle=handle)[0] == "InvalidParameterValue"


def test_s_144_a_task_goes_on_after_a_restart(sqs: Sqs) -> None:
    sqs.create("other")
    dead(sqs, *"abcde")
    handle = start(sqs, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    sqs.world.pass_by(2)
    again = sqs.restarted()
    assert tasks(again)[0]["TaskHandle"] == handle
    again.world.pass_by(3)
    assert (again.counts("other"), tasks(again)[0]["Status"]) == ((5, 0, 0), "COMPLETED")


def test_s_144_a_task_moves_what_was_there_at_its_start_and_is_not_in_flight(sqs: Sqs) -> None:
    dead(sqs, "a", "b", "c")
    sqs.receive("dlq", 1)
    start(sqs, MaxNumberOfMessagesPerSecond=1)
    sqs.send("late", "dlq")
    sqs.world.pass_by(3)
    assert (sqs.bodies(), sqs.counts("dlq")) == (["b", "c"], (1, 1, 0))
    assert tasks(sqs)[0]["ApproximateNumberOfMessagesToMove"] == 2


def test_s_144_what_fails_again_is_not_moved_again(sqs: Sqs) -> None:
    dead(sqs, *[str(number) for number in range(3)])
    start(sqs, MaxNumberOfMessagesPerSecond=1)
    for _ in range(5):
        sqs.world.pass_by(1)
        for _ in range(3):
            sqs.receive(VisibilityTimeout=0)
    assert sqs.counts("dlq") == (3, 0, 0)
    assert tasks(sqs)[0]["ApproximateNumberOfMessagesMoved"] == 3


def test_s_144_a_task_fails_at_a_message_that_comes_from_nowhere(sqs: Sqs) -> None:
    dead(sqs, "a")
    sqs.send("b", "dlq")
    start(sqs)
    sqs.world.settle()
    [task] = tasks(sqs)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert (sqs.counts("q"), sqs.counts("dlq")) == ((1, 0, 0), (1, 0, 0))


def test_s_144_a_task_fails_when_its_destination_is_gone(sqs: Sqs) -> None:
    sqs.create("other")
    dead(sqs, *"abc")
    start(sqs, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    sqs.world.pass_by(1)
    sqs.ask("DeleteQueue", QueueUrl=url("other"))
    sqs.world.pass_by(5)
    [task] = tasks(sqs)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    assert sqs.counts("dlq") == (2, 0, 0)


def test_s_144_a_deleted_source_ends_its_tasks(sqs: Sqs) -> None:
    sqs.create("other")
    dead(sqs, *"abc")
    start(sqs, DestinationArn=arn("other"), MaxNumberOfMessagesPerSecond=1)
    sqs.ask("DeleteQueue", QueueUrl=url("dlq"))
    sqs.world.pass_by(5)
    assert sqs.counts("other") == (0, 0, 0)
    assert "dlq" not in {owner for _, owner, _ in sqs.world.kept}


def test_s_144_s_140_moving_a_fifo_message_is_no_repeat() -> None:
    sqs = Sqs()
    sqs.create("dlq.fifo")
    sqs.create("q.fifo", RedrivePolicy=redrive("dlq.fifo"))
    for body, number in (("a", "1"), ("b", "2")):
        sqs.send(body, "q.fifo", MessageGroupId="g", MessageDeduplicationId=number)
    for _ in range(2):
        sqs.receive("q.fifo", VisibilityTimeout=0)
    start(sqs, "dlq.fifo")
    sqs.world.settle()
    assert sqs.bodies("q.fifo") == ["a", "b"]


def test_s_144_the_last_ten_tasks_are_remembered_the_latest_first(sqs: Sqs) -> None:
    for _ in range(12):
        sqs.world.pass_by(1)
        start(sqs)
        sqs.world.settle()
    started = [task["StartedTimestamp"] for task in tasks(sqs.restarted())]
    assert started == [1767323000000 + second * 1000 for second in range(12, 2, -1)]
    assert len(sqs.ask("ListMessageMoveTasks", SourceArn=arn("dlq"))["Results"]) == 1


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"SourceArn": "dlq"},
            "InvalidParameterValue",
            (
                "You must use this format to specify the SourceArn: "
                "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
            ),
        ),
        (
            {"SourceArn": arn("none")},
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        ({"SourceArn": arn("q")}, "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."),
        (
            {"DestinationArn": arn("none")},
            "ResourceNotFoundException",
            "The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (
            {"MaxNumberOfMessagesPerSecond": 501},
            "InvalidParameterValue",
            (
                "Value 501 for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, "
                "if provided."
            ),
        ),
        (
            {},
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
    ],
    ids=str,
)
def test_s_144_tasks_that_cannot_be_started(sqs: Sqs, params: dict[str, Any], code: str, message: str) -> None:
    dead(sqs, "a")
    start(sqs, MaxNumberOfMessagesPerSecond=1)
    assert sqs.refusal("StartMessageMoveTask", **{"SourceArn": arn("dlq"), **params}) == (code, message)


def test_s_144_tasks_that_cannot_be_cancelled(sqs: Sqs) -> None:
    def cancelled(handle: str) -> tuple[str, str]:
        return sqs.refusal("CancelMessageMoveTask", TaskHandle=handle)

    def handle(**task: str) -> str:
        return base64.b64encode(json.dumps(task).encode()).decode()

    for no_handle in ("?", "AAAA", handle(taskId="1"), base64.b64encode(b"[]").decode()):
        assert cancelled(no_handle) == ("InvalidParameterValue", "Value for parameter TaskHandle is invalid.")
    assert cancelled(handle(taskId="1", sourceArn=arn("none"))) == (
        "ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    )
    assert cancelled(handle(taskId="1", sourceArn=arn("dlq"))) == (
        "ResourceNotFoundException",
        "Task does not exist.",
    )


# From other services


def test_what_another_service_sends_is_a_message(sqs: Sqs) -> None:
    attributes = {"x": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    sqs.router.send(arn("q"), Sent(body="a", attributes=attributes, trace="Root=1-a", group="tenant"))
    [message] = sqs.receive()
    assert (message["Body"], message["MessageAttributes"]) == ("a", attributes)
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-a"
    assert message["Attributes"]["MessageGroupId"] == "tenant"


def test_what_another_service_sends_to_a_fifo_queue_has_a_group(sqs: Sqs) -> None:
    sqs.create("q.fifo", ContentBasedDeduplication="true")
    for _ in range(2):
        sqs.router.send(arn("q.fifo"), Sent(body="a", group="g"))
    sqs.router.send(arn("q.fifo"), Sent(body="a", group="g", deduplication_id="d"))
    assert sqs.bodies("q.fifo") == ["a", "a"]
    with pytest.raises(AwsError, match="MessageGroupId"):
        sqs.router.send(arn("q.fifo"), Sent(body="b"))


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("none", "a", "QueueDoesNotExist"),
        ("q", "\x00", "InvalidMessageContents"),
        ("q", "a" * 1_048_577, "InvalidParameterValue"),
    ],
)
def test_what_another_service_cannot_send(sqs: Sqs, target: str, body: str, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        sqs.router.send(arn(target), Sent(body=body))
    assert caught.value.code == code
