"""Delays, visibility and long polls: when a message can be received."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import pytest

from tests.contract.aws import PATIENCE, Aws, Queue, eventually, refusal

pytestmark = pytest.mark.source(
    "SQS Developer Guide, Visibility timeout, Delay queues, Message timers and Long polling"
)

CLOCKS = 0.02
"""By how much two clocks of this machine may differ, in seconds."""

PROMPT = 0.3
"""How late is still prompt, in seconds; a busy machine may be later, but not each time."""


def _comes_after(queue: Queue, began: float, seconds: float) -> None:
    """Receive the next message by short polls, which must not find it before so many seconds after a moment."""
    assert eventually(lambda: queue.receive(VisibilityTimeout=30))
    assert time.monotonic() - began >= seconds - CLOCKS


@contextmanager
def _later(seconds: float, call: Any) -> Iterator[None]:
    timer = threading.Timer(seconds, call)
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize("seconds", [1, 2])
def test_a_received_message_is_hidden_for_its_visibility_timeout(aws: Aws, seconds: int) -> None:
    queue = aws.queue()
    queue.send("x")
    began = time.monotonic()
    assert queue.receive(VisibilityTimeout=seconds)
    _comes_after(queue, began, seconds)


@pytest.mark.source(
    "SQS Developer Guide, Visibility timeout: it begins when SQS returns the message, not with a second"
)
def test_a_visibility_timeout_ends_to_the_moment_not_with_the_next_second(aws: Aws) -> None:
    late = []
    for _ in range(5):
        queue = aws.queue()
        queue.send("x")
        assert queue.receive(VisibilityTimeout=1)
        began = time.monotonic()
        assert eventually(lambda queue=queue: queue.receive())  # type: ignore[misc]
        late.append(time.monotonic() - began - 1)
        if late[-1] < PROMPT:
            break
    assert late[-1] < PROMPT, late


def test_the_visibility_timeout_of_the_queue_holds_without_one_of_the_call(aws: Aws) -> None:
    queue = aws.queue(VisibilityTimeout="1")
    queue.send("x")
    began = time.monotonic()
    assert queue.receive()
    _comes_after(queue, began, 1)


def test_a_changed_visibility_counts_from_the_change(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    [message] = queue.receive()
    queue.hide(message, 40)
    assert queue.receive() == []
    began = time.monotonic()
    queue.hide(message, 1)
    _comes_after(queue, began, 1)


def test_visibility_zero_gives_a_message_back_at_once(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    for count in ("1", "2", "3"):
        [message] = queue.receive()
        assert message["Attributes"]["ApproximateReceiveCount"] == count
        queue.hide(message, 0)
    assert queue.counts() == (1, 0, 0)


@pytest.mark.source("SQS API Reference, ChangeMessageVisibility: 0 to 43,200 s; MessageNotInflight")
def test_a_visibility_that_cannot_be_is_refused(aws: Aws) -> None:
    queue = aws.queue()
    queue.send("x")
    [message] = queue.receive()
    assert refusal(queue.hide, message=message, seconds=43_201) == "InvalidParameterValue"
    assert refusal(queue.receive, VisibilityTimeout=43_201) == "InvalidParameterValue"
    queue.hide(message, 0)
    code = refusal(queue.hide, message=message, seconds=5)
    assert code in {"MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue"}


def test_a_message_with_a_delay_comes_after_it(aws: Aws) -> None:
    queue = aws.queue()
    began = time.monotonic()
    queue.send("x", DelaySeconds=1)
    assert queue.counts() == (0, 0, 1)
    _comes_after(queue, began, 1)


def test_the_delay_of_the_queue_holds_unless_the_message_has_its_own(aws: Aws) -> None:
    queue = aws.queue(DelaySeconds="1")
    began = time.monotonic()
    queue.send("late")
    queue.send("at once", DelaySeconds=0)
    assert [message["Body"] for message in queue.receive()] == ["at once"]
    _comes_after(queue, began, 1)


@pytest.mark.source(
    "recorded: localstack sqs/test_sqs.snapshot.json, test_fifo_queue_send_message_with_delay_seconds_fails"
)
def test_a_message_of_a_fifo_queue_has_no_delay_of_its_own(aws: Aws) -> None:
    queue = aws.queue(FifoQueue="true")
    params = {"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1}
    assert refusal(queue.send, body="x", **params) == "InvalidParameterValue"


def test_a_long_poll_ends_as_soon_as_a_message_comes(aws: Aws) -> None:
    queue, other = aws.queue(), aws.client("sqs")
    began = time.monotonic()
    with _later(0.3, lambda: other.send_message(QueueUrl=queue.url, MessageBody="x")):
        assert [message["Body"] for message in queue.receive(WaitTimeSeconds=10)] == ["x"]
    assert time.monotonic() - began < 9


def test_a_long_poll_ends_as_soon_as_a_delay_or_a_visibility_timeout_does(aws: Aws) -> None:
    queue = aws.queue()
    began = time.monotonic()
    queue.send("x", DelaySeconds=1)
    assert queue.receive(WaitTimeSeconds=10, VisibilityTimeout=1)
    assert queue.receive(WaitTimeSeconds=10)
    assert 2 - CLOCKS <= time.monotonic() - began < 9


def test_a_long_poll_without_a_message_ends_after_its_time(aws: Aws) -> None:
    began = time.monotonic()
    assert aws.queue().receive(WaitTimeSeconds=1) == []
    assert time.monotonic() - began >= 1 - CLOCKS


def test_the_wait_of_the_queue_holds_without_one_of_the_call(aws: Aws) -> None:
    queue = aws.queue(ReceiveMessageWaitTimeSeconds="2")
    began = time.monotonic()
    assert queue.receive(WaitTimeSeconds=0) == []
    between = time.monotonic()
    assert queue.receive() == []
    assert between - began < time.monotonic() - between >= 2 - CLOCKS


def test_one_of_two_long_polls_gets_the_message(aws: Aws) -> None:
    queue = aws.queue()
    answers: SimpleQueue[list[Any]] = SimpleQueue()
    polls = [threading.Thread(target=lambda: answers.put(queue.receive(WaitTimeSeconds=20))) for _ in range(2)]
    for poll in polls:
        poll.start()
    for body in ("x", "y"):
        queue.send(body)
        assert [message["Body"] for message in answers.get(timeout=PATIENCE)] == [body]
    for poll in polls:
        poll.join()


@pytest.mark.source("SQS Developer Guide, Long polling: a client that has gone away received nothing")
def test_a_long_poll_whose_client_has_gone_takes_no_message(aws: Aws) -> None:
    queue = aws.queue()
    impatient = aws.make("sqs", read_timeout=1)
    with pytest.raises(Exception, match=r"[Tt]imed? ?out"):
        impatient.receive_message(QueueUrl=queue.url, WaitTimeSeconds=5)
    impatient.close()
    assert queue.counts() == (0, 0, 0)
    queue.send("x")
    [message] = queue.receive(WaitTimeSeconds=5)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
