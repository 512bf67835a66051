import re
import threading
import time
import uuid

import pytest

from landfast.dataplane.clients import Clients
from landfast.dataplane.errors import SourceGoneError
from landfast.dataplane.queues import Queue, QueueUrls
from landfast.dataplane.world import World
from landfast.delivery.sqs_events import event_record
from tests.dataplane.conftest import drain

ARN = "arn:aws:sqs:us-east-1:123456789012:any"


@pytest.fixture
def queue(clients: Clients) -> Queue:
    return Queue(clients, clients.sqs.create_queue(QueueName=f"q-{uuid.uuid4()}")["QueueUrl"])


def test_s_105_a_message_has_all_that_lambdas_event_shows(clients: Clients, queue: Queue) -> None:
    before = time.time()
    clients.sqs.send_message(
        QueueUrl=queue.url,
        MessageBody='{"a":1}',
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "v"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    )
    [message] = queue.receive(wait=1)
    assert message.body == '{"a":1}'
    assert message.receive_count == 1
    assert message.group is None
    assert abs(message.sent - before) < 5
    assert {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(
        message.attributes
    )
    event = event_record(message.raw, queue_arn=ARN)
    assert event["messageAttributes"] == {
        "text": {"stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
        "bytes": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }
    assert event["md5OfBody"] == "bb6cb5c68df4652941caf652a366f2d8"
    assert event["md5OfMessageAttributes"]


def test_s_106_a_message_without_attributes_has_no_digest_of_them(clients: Clients, queue: Queue) -> None:
    clients.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    [message] = queue.receive(wait=1)
    event = event_record(message.raw, queue_arn=ARN)
    assert "md5OfMessageAttributes" not in event
    assert event["messageAttributes"] == {}


def test_a_receive_gives_at_most_ten_and_deletion_takes_any_number(clients: Clients, queue: Queue) -> None:
    for start in (0, 10, 20):
        clients.sqs.send_message_batch(
            QueueUrl=queue.url, Entries=[{"Id": str(n), "MessageBody": str(start + n)} for n in range(10)]
        )
    taken = []
    while got := queue.receive(25, wait=1):
        assert len(got) <= 10
        taken += got
    assert sorted(int(message.body) for message in taken) == list(range(30))
    assert queue.delete(taken) == []
    assert queue.change_visibility([], 0) == []


def test_a_message_that_is_handed_back_is_received_again_with_a_higher_count(clients: Clients, queue: Queue) -> None:
    clients.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    [message] = queue.receive(wait=1, visibility=60)
    assert queue.receive(wait=0) == []
    assert queue.change_visibility([message], 0) == []
    [again] = queue.receive(wait=1)
    assert (again.id, again.receive_count) == (message.id, 2)


def test_what_sqs_does_not_do_is_said_message_by_message(clients: Clients, queue: Queue) -> None:
    clients.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    [message] = queue.receive(wait=1)
    assert queue.delete([message]) == []
    [refusal] = queue.change_visibility([message], 5)
    assert refusal.message is message
    assert refusal.reason


def test_s_088_a_long_poll_ends_when_a_message_comes(clients: Clients, queue: Queue) -> None:
    sender = threading.Timer(0.3, lambda: clients.sqs.send_message(QueueUrl=queue.url, MessageBody="x"))
    sender.start()
    began = time.monotonic()
    [message] = queue.receive(wait=20)
    assert message.body == "x"
    assert time.monotonic() - began < 5
    sender.join()


def test_s_099_groups_in_flight_are_held_back_and_others_are_not(clients: Clients, world: World) -> None:
    queue = Queue(clients, world.queues["Payments"].url)
    for group, body in (("a", "1"), ("a", "2"), ("b", "3")):
        clients.sqs.send_message(QueueUrl=queue.url, MessageBody=body, MessageGroupId=group)
    [first] = queue.receive(1, wait=1, visibility=30)
    assert (first.group, first.body) == ("a", "1")
    assert re.fullmatch(r"\d{20}", first.attributes["SequenceNumber"])
    assert [(one.group, one.body) for one in queue.receive(10, wait=1, visibility=30)] == [("b", "3")]
    queue.delete([first])
    assert [one.body for one in drain(clients, queue.url)] == ["2"]


def test_s_095_a_message_received_too_often_goes_to_the_dead_letter_queue(clients: Clients, world: World) -> None:
    queue = Queue(clients, world.queues["Payments"].url)
    clients.sqs.send_message(QueueUrl=queue.url, MessageBody="poison", MessageGroupId="p")
    for count in (1, 2):
        [message] = queue.receive(wait=1)
        assert message.receive_count == count
        queue.change_visibility([message], 0)
    assert queue.receive(wait=1) == []
    [dead] = drain(clients, world.queues["DeadLetters"].url)
    assert (dead.body, dead.group) == ("poison", "p")


def test_a_queue_that_is_gone_is_told_apart(clients: Clients, queue: Queue) -> None:
    clients.sqs.delete_queue(QueueUrl=queue.url)
    with pytest.raises(SourceGoneError, match="the queue is gone"):
        queue.receive(wait=0)


def test_a_queues_url_is_found_by_its_arn(clients: Clients, world: World) -> None:
    made = world.queues["Done"]
    assert QueueUrls(clients).of(made.arn) == made.url


def test_s_099_a_group_is_never_in_the_hands_of_two_receivers(clients: Clients) -> None:
    url = clients.sqs.create_queue(
        QueueName=f"{uuid.uuid4()}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for start in range(0, 100, 10):
        clients.sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(n), "MessageBody": str(start + n), "MessageGroupId": str((start + n) % 20)}
                for n in range(10)
            ],
        )
    queue, handling = Queue(clients, url), threading.Lock()
    order: dict[str | None, list[int]] = {}
    held: set[str | None] = set()
    overlaps: list[set[str | None]] = []

    def receive_all() -> None:
        while sum(map(len, order.values())) < 100:
            messages = queue.receive(wait=0)
            groups = {message.group for message in messages}
            with handling:
                overlaps.append(held & groups)
                held.update(groups)
                for message in messages:
                    order.setdefault(message.group, []).append(int(message.body))
            time.sleep(0.005)
            with handling:
                held.difference_update(groups)
            queue.delete(messages)

    receivers = [threading.Thread(target=receive_all) for _ in range(6)]
    for receiver in receivers:
        receiver.start()
    for receiver in receivers:
        receiver.join()
    assert not any(overlaps)
    assert {group: sorted(bodies) for group, bodies in order.items()} == order
    assert sum(map(len, order.values())) == 100
