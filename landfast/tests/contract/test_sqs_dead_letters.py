"""S-95, S-144: messages that are given up, and the way back."""

from typing import Any

import pytest

from tests.contract.aws import NOBODY, Aws, Queue, eventually, redrive, refusal, refused

pytestmark = pytest.mark.source("S-95; SQS Developer Guide, Dead-letter queues")

FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


def _fail(queue: Queue, times: int) -> list[str]:
    """Receive and give back, and tell the receive counts."""
    counts = []
    for _ in range(times):
        for message in queue.receive(MaxNumberOfMessages=1):
            counts.append(message["Attributes"]["ApproximateReceiveCount"])
            queue.hide(message, 0)
    return counts


def _given_up(aws: Aws, *bodies: str) -> tuple[Queue, Queue]:
    """A queue, and its dead-letter queue with messages in it."""
    dead = aws.queue()
    source = aws.queue(**redrive(dead, 1))
    for body in bodies:
        source.send(body)
    assert len(_fail(source, len(bodies))) == len(bodies)
    source.receive()
    assert eventually(dead.counts, lambda counts: counts[0] == len(bodies))[0] == len(bodies)
    return source, dead


def _moved(aws: Aws, source: Queue) -> Any:
    """The newest task of a queue, once it has ended."""

    def newest() -> Any:
        return aws.sqs.list_message_move_tasks(SourceArn=source.arn)["Results"][0]

    return eventually(newest, lambda task: task["Status"] != "RUNNING")


@pytest.mark.parametrize("receives", [1, 2, 3])
def test_s_095_a_message_is_received_as_often_as_allowed_and_then_given_up_with_its_id(aws: Aws, receives: int) -> None:
    dead = aws.queue()
    queue = aws.queue(**redrive(dead, receives))
    attributes = {"reason": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sent = queue.send("poison", MessageAttributes=attributes)
    assert _fail(queue, receives + 1) == [f"{count}" for count in range(1, receives + 1)]
    assert queue.counts() == (0, 0, 0)
    [message] = dead.receive()
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")
    assert message["MessageAttributes"] == attributes


@pytest.mark.source(
    "SQS API Reference, ReceiveMessage: ApproximateReceiveCount is across all queues; softwaremill/elasticmq#921"
)
def test_a_dead_letter_tells_where_it_comes_from_and_goes_on_counting(aws: Aws) -> None:
    source, dead = _given_up(aws, "x")
    [message] = dead.receive()
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == source.arn
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.source("S-95: exactly N deliveries; SQS Developer Guide: a message whose visibility ends was not deleted")
def test_s_095_a_timeout_counts_as_giving_back_does(aws: Aws) -> None:
    dead = aws.queue()
    queue = aws.queue(**redrive(dead, 1))
    queue.send("slow")
    assert queue.receive(VisibilityTimeout=1)
    assert eventually(lambda: (queue.receive(), dead.counts()[0])[1]) == 1


@pytest.mark.source("S-99; SQS Developer Guide, Dead-letter queues: of a FIFO queue is a FIFO queue; the group goes on")
def test_a_fifo_group_goes_on_when_its_message_was_given_up(aws: Aws) -> None:
    dead = aws.queue(**FIFO)
    queue = aws.queue(**FIFO, **redrive(dead, 2))
    for body in ("poison", "good"):
        queue.send(body, MessageGroupId="g")
    for _ in range(2):
        [message] = queue.receive(MaxNumberOfMessages=1)
        assert message["Body"] == "poison"
        queue.hide(message, 0)
    assert [message["Body"] for message in queue.receive()] == ["good"]
    [given_up] = dead.receive()
    assert given_up["Body"] == "poison"
    assert given_up["Attributes"]["MessageGroupId"] == "g"


@pytest.mark.source("SQS API Reference, ListDeadLetterSourceQueues")
def test_a_dead_letter_queue_knows_its_sources(aws: Aws) -> None:
    dead = aws.queue()
    sources = [aws.queue(**redrive(dead, 3)) for _ in range(2)]
    told = aws.sqs.list_dead_letter_source_queues(QueueUrl=dead.url)["queueUrls"]
    assert sorted(told) == sorted(source.url for source in sources)


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs.snapshot.json, test_invalid_dead_letter_arn_rejected_before_lookup"
)
@pytest.mark.parametrize(
    "policy",
    [
        f'{{"deadLetterTargetArn": "{NOBODY}", "maxReceiveCount": 1}}',
        '{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}',
        '{"maxReceiveCount": 1}',
        "no JSON",
    ],
    ids=["no such queue", "no ARN", "no target", "no JSON"],
)
def test_a_redrive_policy_that_cannot_be_is_refused(aws: Aws, policy: str) -> None:
    params = {"QueueUrl": aws.queue().url, "Attributes": {"RedrivePolicy": policy}}
    error = refused(aws.sqs.set_queue_attributes, **params)
    assert error["Code"] in {
        "InvalidParameterValue",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidAttributeValue",
    }


@pytest.mark.source("S-144; recorded: localstack sqs/test_sqs_move_task.snapshot.json, ..._with_default_destination")
def test_s_144_a_move_task_brings_messages_back_to_where_they_came_from(aws: Aws) -> None:
    source, dead = _given_up(aws, "1", "2")
    started = aws.sqs.start_message_move_task(SourceArn=dead.arn)
    assert started["TaskHandle"]
    task = _moved(aws, dead)
    counts = (task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"])
    assert (task["Status"], task["SourceArn"], counts) == ("COMPLETED", dead.arn, (2, 2))
    assert "DestinationArn" not in task
    assert sorted(source.bodies(2)) == ["1", "2"]
    assert dead.counts() == (0, 0, 0)


@pytest.mark.source("S-144; recorded: test_move_task_workflow_with_multiple_sources_as_default_destination")
def test_s_144_a_move_task_brings_each_message_back_to_its_own_source(aws: Aws) -> None:
    dead = aws.queue()
    sources = [aws.queue(**redrive(dead, 1)) for _ in range(2)]
    for number, source in enumerate(sources):
        source.send(f"of {number}")
        _fail(source, 1)
        source.receive()
    aws.sqs.start_message_move_task(SourceArn=dead.arn)
    assert _moved(aws, dead)["ApproximateNumberOfMessagesMoved"] == 2
    assert [source.bodies() for source in sources] == [["of 0"], ["of 1"]]


@pytest.mark.source("S-144; recorded: localstack sqs/test_sqs_move_task.snapshot.json, test_basic_move_task_workflow")
def test_s_144_a_move_task_brings_messages_to_another_queue(aws: Aws) -> None:
    source, dead = _given_up(aws, "1", "2")
    other = aws.queue()
    aws.sqs.start_message_move_task(SourceArn=dead.arn, DestinationArn=other.arn)
    assert _moved(aws, dead)["DestinationArn"] == other.arn
    assert sorted(other.bodies(2)) == ["1", "2"]
    assert source.counts() == (0, 0, 0)


@pytest.mark.source(
    "SQS Developer Guide, Dead-letter queue redrive: a redriven message is a new one, with a new id and time"
)
def test_s_144_a_message_that_was_moved_back_is_a_new_one(aws: Aws) -> None:
    source, dead = _given_up(aws, "x")
    old = dead.receive(VisibilityTimeout=0)[0]
    aws.sqs.start_message_move_task(SourceArn=dead.arn)
    _moved(aws, dead)
    [new] = source.receive()
    assert new["Attributes"]["ApproximateReceiveCount"] == "1"
    assert new["MessageId"] != old["MessageId"]
    assert int(new["Attributes"]["SentTimestamp"]) >= int(old["Attributes"]["SentTimestamp"])


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs_move_task.snapshot.json, test_move_task_cancel, ..._multiple_move_tasks"
)
def test_s_144_a_slow_move_task_can_be_cancelled(aws: Aws) -> None:
    source, dead = _given_up(aws, *map(str, range(10)))
    handle = aws.sqs.start_message_move_task(SourceArn=dead.arn, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    again = refused(aws.sqs.start_message_move_task, SourceArn=dead.arn)
    assert again["Code"] == "InvalidParameterValue"
    assert "already a task running" in again["Message"]
    [running] = aws.sqs.list_message_move_tasks(SourceArn=dead.arn)["Results"]
    assert (running["Status"], running["TaskHandle"]) == ("RUNNING", handle)
    assert running["MaxNumberOfMessagesPerSecond"] == 1
    told = aws.sqs.cancel_message_move_task(TaskHandle=handle)
    assert told["ApproximateNumberOfMessagesMoved"] < 10
    task = eventually(lambda: _moved(aws, dead), lambda task: task["Status"] == "CANCELLED")
    assert task["Status"] == "CANCELLED"
    assert "TaskHandle" not in task
    assert source.counts()[0] + dead.counts()[0] == 10
    assert dead.counts()[0] > 0


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs_move_task.snapshot.json, test_source_needs_redrive_policy and others"
)
def test_s_144_a_move_task_that_cannot_be_is_refused(aws: Aws) -> None:
    _, dead = _given_up(aws, "x")
    start = aws.sqs.start_message_move_task
    no_source = refused(start, SourceArn=aws.queue().arn)
    assert no_source["Code"] == "InvalidParameterValue"
    assert "must be configured as a Dead Letter Queue" in no_source["Message"]
    assert refusal(start, SourceArn=dead.arn, DestinationArn=NOBODY) == "ResourceNotFoundException"
    assert refusal(start, SourceArn=NOBODY) in {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue"}
    assert refusal(aws.sqs.cancel_message_move_task, TaskHandle="made up") == "InvalidParameterValue"
    assert dead.counts() == (1, 0, 0)


@pytest.mark.source("SQS API Reference, ListMessageMoveTasks: MaxResults, 1 by default, the newest first")
def test_s_144_the_newest_move_tasks_are_listed_first(aws: Aws) -> None:
    _, dead = _given_up(aws, "x")
    first, second = aws.queue(), aws.queue()
    for target in (first, second):
        aws.sqs.start_message_move_task(SourceArn=dead.arn, DestinationArn=target.arn)
        _moved(aws, dead)
    listed = aws.sqs.list_message_move_tasks(SourceArn=dead.arn, MaxResults=10)["Results"]
    assert [task["DestinationArn"] for task in listed] == [second.arn, first.arn]
    assert len(aws.sqs.list_message_move_tasks(SourceArn=dead.arn)["Results"]) == 1
