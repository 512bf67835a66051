"""What the page shows of queues: counts, groups and what blocks them, messages; and that looking changes nothing."""

import pytest

from landfast.console.queues import MappingShown, QueueShown, groups_of, messages_of, shown, whole
from landfast.driver.polled_queue import MappedQueue, Poll
from landfast.eventplane.sqs_queues import Queue
from tests.eventplane.sqs_client import Sqs, arn

MAPPING = MappingShown(id="Mapping", uuid="m-1", function="PostPayments", state="Enabled")

NAMES = {arn("q.fifo"): "Payments"}


@pytest.fixture
def sqs() -> Sqs:
    sqs = Sqs()
    sqs.create("dead.fifo")
    redrive = {"deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 2}
    sqs.create("q.fifo", ContentBasedDeduplication="true", VisibilityTimeout="30", RedrivePolicy=redrive)
    sqs.create("q", DelaySeconds="60")
    return sqs


def look(sqs: Sqs, name: str) -> QueueShown:
    queue = sqs.api.all.named(name)
    sources = [one.arn for one in sqs.api.all.sources_of(queue)]
    return shown(queue, NAMES, sources=sources, keeps_failures=bool(sources), mappings=())


def mapped(sqs: Sqs, queue: Queue, most: int = 1) -> MappedQueue:
    """A mapping that has received what there is."""
    mapping = queue.polled.mapped()
    mapping.receive(most, None, lambda _: None)
    sqs.world.settle()
    return mapping


def test_a_queue_shows_its_counts_its_settings_and_where_it_gives_up(sqs: Sqs) -> None:
    for number in range(3):
        sqs.send(f"{number}", "q.fifo", MessageGroupId="g")
    sqs.receive("q.fifo", 1)
    fifo = look(sqs, "q.fifo")
    assert (fifo.visible, fifo.in_flight, fifo.delayed, fifo.blocked_groups) == (2, 1, 0, 1)
    assert (fifo.dead_letter_queue, fifo.max_receive_count, fifo.visibility_timeout) == ("dead.fifo", 2, 30.0)
    assert (fifo.retention, fifo.logical_id, look(sqs, "q").logical_id) == (345_600.0, "Payments", "")
    assert look(sqs, "dead.fifo").sources == ("Payments",)


def test_the_oldest_message_is_the_one_whose_retention_began_first(sqs: Sqs) -> None:
    assert look(sqs, "q").oldest is None
    sqs.send("a", "q", DelaySeconds=0)
    began = sqs.world.now()
    sqs.world.pass_by(5)
    sqs.send("b", "q")
    assert look(sqs, "q").oldest == began
    [message] = sqs.receive("q")
    sqs.ask("DeleteMessage", QueueUrl=f"x/123456789012/{'q'}", ReceiptHandle=message["ReceiptHandle"])
    assert look(sqs, "q").oldest == began + 5


def test_a_group_is_blocked_by_the_message_whose_function_runs(sqs: Sqs) -> None:
    sent = [sqs.send(f"{number}", "q.fifo", MessageGroupId="g") for number in range(3)]
    sqs.send("other", "q.fifo", MessageGroupId="h")
    queue = sqs.api.all.named("q.fifo")
    mapping = mapped(sqs, queue)
    received = sqs.world.now()
    blocked, free = groups_of(queue, lambda message_id: MAPPING if mapping.holds(message_id) else None)
    assert (blocked.id, blocked.waiting, blocked.in_flight) == ("g", 2, 1)
    [holder] = blocked.holders
    assert (holder.id, holder.since, holder.until) == (sent[0]["MessageId"], received, received + 30)
    assert (holder.held, holder.mapping, holder.function, holder.receives) == ("function", "Mapping", "PostPayments", 1)
    assert (free.id, free.waiting, free.holders) == ("h", 1, ())


def test_a_group_stays_blocked_by_a_message_that_waits_to_be_received_again(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g")
    sqs.send("b", "q.fifo", MessageGroupId="g")
    queue = sqs.api.all.named("q.fifo")
    mapping = mapped(sqs, queue)
    mapping.release(mapping.in_hand, 0.0)
    [group] = groups_of(queue, lambda message_id: MAPPING if mapping.holds(message_id) else None)
    assert [holder.held for holder in group.holders] == ["nobody"]
    assert (group.waiting, group.holders[0].until) == (1, sqs.world.now() + 30)
    sqs.world.pass_by(30)
    queue.polled.advance()
    [group] = groups_of(queue, lambda _: None)
    assert (group.in_flight, group.waiting) == (0, 2)


def test_a_group_is_blocked_by_what_a_client_has_in_hand(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g")
    sqs.receive("q.fifo")
    [group] = groups_of(sqs.api.all.named("q.fifo"), lambda _: None)
    assert [holder.held for holder in group.holders] == ["client"]


def test_a_standard_queue_has_no_groups_that_could_block(sqs: Sqs) -> None:
    sqs.send("a", "q", MessageGroupId="tenant")
    assert groups_of(sqs.api.all.named("q"), lambda _: None) == []


def test_messages_show_their_state_when_it_ends_and_whether_their_group_lets_them(sqs: Sqs) -> None:
    for body in ("a", "b"):
        sqs.send(body, "q.fifo", MessageGroupId="g")
    sqs.receive("q.fifo", 1)
    now = sqs.world.now()
    first, second = messages_of(sqs.api.all.named("q.fifo"), 10)
    assert (first.state, first.due, first.deliveries, first.is_blocked) == ("in flight", now + 30, 1, False)
    assert (second.state, second.due, second.is_blocked, second.expires) == ("visible", None, True, now + 345_600)
    sqs.send("later", "q")
    [delayed] = messages_of(sqs.api.all.named("q"), 10)
    assert (delayed.state, delayed.due) == ("delayed", now + 60)


def test_a_list_has_the_beginning_of_long_bodies_and_one_message_all_of_it(sqs: Sqs) -> None:
    body = "한" * 1000
    sqs.send(body, "q", DelaySeconds=0, MessageAttributes={"a": {"DataType": "Binary", "BinaryValue": "AP8Q"}})
    queue = sqs.api.all.named("q")
    [message] = messages_of(queue, 10)
    assert (len(message.body), message.size) == (300, 3000)
    [one] = queue.messages
    assert whole(queue, one, NAMES).message.body == body
    assert whole(queue, one, NAMES).attributes == {"a": {"type": "Binary", "value": "AP8Q"}}


def test_a_dead_letter_names_the_queue_that_has_given_it_up(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g")
    for _ in range(3):
        sqs.receive("q.fifo")
        sqs.world.pass_by(31)
    dead = sqs.api.all.named("dead.fifo")
    [message] = dead.messages
    assert whole(dead, message, NAMES).dead_letter_of == "Payments"
    assert whole(dead, message, NAMES).system["ApproximateReceiveCount"] == "2"


def test_looking_changes_nothing(sqs: Sqs) -> None:
    sqs.send("a", "q.fifo", MessageGroupId="g")
    queue = sqs.api.all.named("q.fifo")
    before, written = sqs.world.kept.copy(), sqs.world.written
    look(sqs, "q.fifo")
    groups_of(queue, lambda _: None)
    messages_of(queue, 10)
    assert (sqs.world.kept, sqs.world.written) == (before, written)
    got: list[str] = []
    queue.polled.wait(Poll(1, lambda messages: got.extend(one.body for one in messages)))
    sqs.world.settle()
    assert got == ["a"]
