"""SQS with and without restarts: whatever clients do, and wherever the process is killed, they see the same."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from landfast.aws_errors import AwsError
from tests.eventplane.sqs_client import Sqs, arn, url

QUEUES = ("plain", "plain-dlq", "ordered.fifo", "ordered-dlq.fifo")

type Step = Callable[["Client"], Any]


class Client:
    """Does the same on every run of the service.

    Attributes:
        sqs: The run.
        handles: The receipt handles that it has got, with their queues.
        tasks: The handles of moves.
    """

    def __init__(self) -> None:
        self.sqs = Sqs()
        self.handles: list[tuple[str, str]] = []
        self.tasks: list[str] = []
        for name in reversed(QUEUES):
            target = {"plain": "plain-dlq", "ordered.fifo": "ordered-dlq.fifo"}.get(name)
            policy = {"RedrivePolicy": {"deadLetterTargetArn": arn(target), "maxReceiveCount": 2}} if target else {}
            self.sqs.create(name, **policy)

    def restart(self) -> None:
        self.sqs = self.sqs.restarted()

    def does(self, step: Step) -> Any:
        """What comes of a step, as far as a restart may not change it."""
        try:
            return step(self)
        except AwsError as error:
            return error.code

    def sees(self) -> Any:
        """Everything that can be looked at."""
        return [
            (
                self.sqs.attributes(name),
                self.sqs.ask("ListQueueTags", QueueUrl=url(name)),
                [(shown(one.message), one.state, one.due) for one in self.sqs.api.peek(arn(name), 100)],
                self.sqs.ask("ListMessageMoveTasks", SourceArn=arn(name), MaxResults=10),
            )
            for name in QUEUES
        ]


def shown(message: Any) -> Any:
    """A message without what numbers it: numbers may be left out after a restart, but rise all the same."""
    attributes = {name: value for name, value in message["Attributes"].items() if name != "SequenceNumber"}
    return {**message, "Attributes": attributes, "ReceiptHandle": ""}


def send(name: str, body: str, group: str, deduplication: str, delay: int) -> Step:
    def step(client: Client) -> Any:
        fifo = name.endswith(".fifo")
        more: dict[str, Any] = {"DelaySeconds": delay} if not fifo and delay else {}
        if fifo or group == "a":
            more["MessageGroupId"] = group
        if fifo:
            more["MessageDeduplicationId"] = deduplication
        attributes = {"x": {"DataType": "Binary", "BinaryValue": "AP8="}} if body == "b" else {}
        return client.sqs.send(body, name, MessageAttributes=attributes, **more)["MessageId"]

    return step


def receive(name: str, most: int, visibility: int | None, attempt: str) -> Step:
    def step(client: Client) -> Any:
        more: dict[str, Any] = {} if visibility is None else {"VisibilityTimeout": visibility}
        if attempt and name.endswith(".fifo"):
            more["ReceiveRequestAttemptId"] = attempt
        messages = client.sqs.receive(name, most, **more)
        client.handles += [(name, message["ReceiptHandle"]) for message in messages]
        return [shown(message) for message in messages]

    return step


def with_handle(operation: str, index: int, **more: Any) -> Step:
    def step(client: Client) -> Any:
        if not client.handles:
            return None
        name, handle = client.handles[index % len(client.handles)]
        return client.sqs.ask(operation, QueueUrl=url(name), ReceiptHandle=handle, **more)

    return step


def ask(operation: str, name: str, **params: Any) -> Step:
    return lambda client: client.sqs.ask(operation, QueueUrl=url(name), **params)


def move(name: str, rate: int | None) -> Step:
    def step(client: Client) -> Any:
        more: dict[str, Any] = {} if rate is None else {"MaxNumberOfMessagesPerSecond": rate}
        handle = client.sqs.ask("StartMessageMoveTask", SourceArn=arn(name), **more)["TaskHandle"]
        client.tasks.append(handle)
        return handle

    return step


def cancel(client: Client) -> Any:
    return client.tasks and client.sqs.ask("CancelMessageMoveTask", TaskHandle=client.tasks[-1])


def wait(seconds: float) -> Step:
    return lambda client: client.sqs.world.pass_by(seconds)


NAME = st.sampled_from(QUEUES)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(send, NAME, st.sampled_from("ab"), st.sampled_from("ab"), st.sampled_from("123"), st.integers(0, 3)),
    st.builds(receive, NAME, st.integers(1, 10), st.sampled_from([None, 0, 1, 40]), st.sampled_from(["", "", "r"])),
    st.builds(lambda index: with_handle("DeleteMessage", index), st.integers(0, 9)),
    st.builds(
        lambda index, seconds: with_handle("ChangeMessageVisibility", index, VisibilityTimeout=seconds),
        st.integers(0, 9),
        st.sampled_from([0, 7, 50]),
    ),
    st.builds(
        lambda name, attributes: ask("SetQueueAttributes", name, Attributes=attributes),
        NAME,
        st.sampled_from(
            [
                {"DelaySeconds": "2"},
                {"DelaySeconds": "0"},
                {"MessageRetentionPeriod": "60"},
                {"VisibilityTimeout": "3"},
                {"RedrivePolicy": ""},
            ]
        ),
    ),
    st.builds(lambda name, tag: ask("TagQueue", name, Tags={"tag": tag}), NAME, st.sampled_from("xy")),
    st.builds(lambda name: ask("PurgeQueue", name), NAME),
    st.builds(move, st.sampled_from(["plain-dlq", "ordered-dlq.fifo"]), st.sampled_from([None, 3])),
    st.just(cancel),
    st.builds(wait, st.sampled_from([0.0, 0.4, 1.0, 3.0, 31.0, 61.0, 301.0])),
)


@given(st.lists(st.tuples(STEPS, st.booleans()), max_size=40))
@settings(deadline=None, max_examples=150)
def test_a_restart_at_any_point_changes_nothing_that_a_client_sees(steps: list[tuple[Step, bool]]) -> None:
    steady, restarted = Client(), Client()
    for step, kills in steps:
        if kills:
            restarted.restart()
        assert restarted.does(step) == steady.does(step)
        steady.sqs.world.settle()
        restarted.sqs.world.settle()
        assert restarted.sees() == steady.sees()


def lifecycle(client: Client) -> Iterator[Any]:
    """Everything that can happen to messages, in a row."""
    for number, name in itertools.product(range(3), ("plain", "ordered.fifo")):
        yield client.does(send(name, "ab"[number % 2], "a", str(number), number))
    for _ in range(4):
        for name in ("plain", "ordered.fifo"):
            yield client.does(receive(name, 10, None, ""))
        yield client.does(wait(31.0))
    yield client.does(with_handle("DeleteMessage", 1))
    for name in ("plain-dlq", "ordered-dlq.fifo"):
        yield client.does(move(name, 1))
    yield client.does(wait(1.5))
    yield client.does(cancel)
    yield client.sees()
    yield client.does(wait(60.0))
    yield client.sees()


def test_s_095_s_140_s_144_a_life_with_a_restart_before_each_step_is_the_same_life() -> None:
    steady, killed = Client(), Client()
    seen = 0
    ahead = lifecycle(killed)
    for expected in lifecycle(steady):
        found = next(ahead)
        assert found == expected
        killed.restart()
        seen += 1
    assert seen == 26
    assert steady.sqs.counts("plain-dlq") == killed.sqs.counts("plain-dlq")
