"""A queue on a clock: who is served when, what is waited for, and who is told what the queue gives up."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from landfast.delivery.outcomes import Failed, Succeeded
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.recursion import CHAIN_LIMIT, Lineage
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage
from landfast.driver.polled_queue import MappedQueue, Poll, PolledQueue
from landfast.driver.queues import QueueDriver
from landfast.journal import Accepted, Dropped, Invoked, Returned, Settled
from landfast.sources.sqs import SqsQueue
from landfast.sources.sqs_message import Message
from tests.driver.world import MadeUpWorld
from tests.eventplane.world import PlaneInMemory

ARN = "arn:aws:sqs:eu-west-1:111122223333:q"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"
OTHER = "arn:aws:lambda:eu-west-1:111122223333:function:other"


class Queue:
    """A queue, and what has come of it.

    Attributes:
        given_up: What it has told of messages that it gave up while no mapping read it.
        got: What mappings and clients have received.
    """

    def __init__(self, **attributes: Any) -> None:
        fifo = attributes.get("fifo", False)
        self.world = PlaneInMemory(now=0)
        self.given_up: list[tuple[Sequence[str], str]] = []
        queue = SqsQueue(QueueAttributes(**attributes), arn=f"{ARN}.fifo" if fifo else ARN)
        self.polled = PolledQueue(queue, self.world, ended=lambda ids, state, _: self.given_up.append((ids, state)))
        self.got: list[list[str]] = []

    def send(self, *names: str, group: str = "", delay: float | None = None) -> None:
        for name in names:
            self.polled.queue.send(name, "{}", self.world.now(), group=group, delay=delay)
        self.polled.changed()

    def client(self, limit: int = 10, *, abandoned: Callable[[], bool] = lambda: False) -> Poll:
        poll = Poll(limit, self._client_got, abandoned=abandoned)
        self.polled.wait(poll)
        return poll

    def mapping(self, mapped: MappedQueue, limit: int = 10) -> list[QueueMessage]:
        """Receive for a mapping; where the messages come."""
        held: list[QueueMessage] = []
        mapped.receive(limit, None, held.extend)
        self.world.settle()
        return held

    def _client_got(self, messages: Sequence[Message]) -> None:
        self.got.append([message.id for message in messages])


def test_who_waits_is_served_once_everything_of_the_moment_has_happened() -> None:
    queue = Queue()
    queue.client()
    queue.send("m1")
    queue.send("m2")
    assert queue.got == []
    queue.world.settle()
    assert queue.got == [["m1", "m2"]]


def test_a_client_that_gave_up_or_has_gone_gets_nothing() -> None:
    queue = Queue()
    gone = False
    given_up = queue.client()
    queue.client(abandoned=lambda: gone)
    queue.client(1)
    queue.polled.give_up(given_up)
    queue.polled.give_up(given_up)
    gone = True
    queue.send("m1", "m2")
    queue.world.settle()
    assert queue.got == [["m1"]]
    assert queue.polled.queue.in_flight == 1


def test_a_receive_comes_after_those_who_have_waited_for_longer() -> None:
    queue = Queue()
    queue.client(1)
    queue.send("m1", "m2")
    received = queue.polled.receive(Poll(10, lambda _: None))
    assert (queue.got, [message.id for message in received]) == ([["m1"]], ["m2"])


# What is waited for


def test_a_message_is_waited_for_once_its_invocation_has_failed() -> None:
    queue = Queue()
    mapped = queue.polled.mapped()
    queue.send("m1", "m2")
    held = queue.mapping(mapped)
    assert queue.world.awaited() == [], "the invocation itself is under way"
    mapped.delete(held[:1], lambda _: None)
    mapped.release(held[1:], 30)
    assert queue.world.awaited() == [30]
    queue.world.pass_by(30)
    assert queue.world.awaited() == []
    assert [message.id for message in queue.mapping(mapped)] == ["m2"]


def test_a_message_comes_back_though_its_invocation_goes_on() -> None:
    queue = Queue()
    mapped = queue.polled.mapped()
    queue.send("m1")
    queue.mapping(mapped)
    again = queue.mapping(mapped)
    queue.world.pass_by(30)
    assert [(message.id, message.receive_count) for message in again] == [("m1", 2)]


def test_a_delayed_message_is_waited_for_where_a_mapping_reads() -> None:
    queue = Queue()
    queue.send("m1", delay=10)
    assert queue.world.awaited() == []
    queue.mapping(queue.polled.mapped())
    assert queue.world.awaited() == [10]
    queue.send("m2", delay=5)
    queue.world.settle()
    assert queue.world.awaited() == [5], "the earlier plan takes the place of the later one"


def test_what_a_client_has_in_hand_is_not_waited_for_though_a_mapping_reads() -> None:
    queue = Queue()
    queue.polled.mapped()
    queue.send("m1")
    assert len(queue.polled.receive(Poll(1, lambda _: None))) == 1
    queue.polled.changed()
    assert queue.world.awaited() == []


def test_a_released_message_that_is_deleted_after_all_is_not_waited_for() -> None:
    queue = Queue()
    mapped = queue.polled.mapped()
    queue.send("m1")
    held = queue.mapping(mapped)
    mapped.release(held, 30)
    mapped.delete(held, lambda _: None)
    assert queue.world.awaited() == []


def test_what_was_in_flight_at_a_restart_is_waited_for_unless_a_client_had_it() -> None:
    rows: dict[str, bytes] = {}

    def keep(key: str, content: bytes | None) -> None:
        if content is not None:
            rows[key] = content

    first = SqsQueue(QueueAttributes(), arn=ARN, keep=keep)
    for name in ("m1", "m2"):
        first.send(name, "{}", 0)
    first.receive(1, 0)
    first.receive(1, 5, outside=True)
    second = SqsQueue(QueueAttributes(), arn=ARN)
    second.restore(rows)
    assert (second.awaited(), second.in_flight) == (30, 2)
    assert second.advance(30) == []
    assert (second.awaited(), second.in_flight) == (None, 1)


# Who is told


def test_whoever_received_a_message_last_is_told_of_its_end() -> None:
    queue = Queue(max_receive_count=1, retention=1000)
    told: list[tuple[str, list[str], str]] = []

    def ended(name: str) -> Callable[[Sequence[str], str, str], None]:
        return lambda ids, state, _: told.append((name, [*ids], state))

    first, second = queue.polled.mapped(), queue.polled.mapped()
    first.tell(ended("first"))
    second.tell(ended("second"))
    queue.send("m1", "m2", "m3")
    queue.mapping(first, 1)
    queue.mapping(second, 1)
    queue.world.pass_by(30)
    queue.mapping(first)
    assert told == [("first", ["m1"], "dead_lettered"), ("second", ["m2"], "dead_lettered")]
    told.clear()
    queue.send("m4")
    queue.world.pass_by(1000)
    assert told == [("first", ["m3"], "dropped"), ("first", ["m4"], "dropped")]
    assert queue.given_up == []


def test_without_a_mapping_the_queues_own_is_told() -> None:
    queue = Queue(max_receive_count=1)
    queue.send("m1")
    queue.polled.receive(Poll(1, lambda _: None))
    queue.world.pass_by(30)
    assert queue.polled.receive(Poll(1, lambda _: None)) == []
    assert queue.given_up == [(["m1"], "dead_lettered")]


def test_a_mapping_goes_on_with_the_next_queue_of_the_name() -> None:
    queue = Queue()
    mapped = queue.polled.mapped()
    queue.client()
    held: list[QueueMessage] = []
    mapped.receive(10, None, held.extend)
    queue.polled.close()
    assert queue.got == [[]]
    queue.polled.queue = SqsQueue(QueueAttributes(), arn=ARN)
    queue.send("m1")
    queue.world.settle()
    assert [message.id for message in held] == ["m1"]


def test_s_109_what_was_received_again_cannot_be_deleted() -> None:
    queue = Queue()
    mapped = queue.polled.mapped()
    queue.send("m1")
    old = queue.mapping(mapped)
    queue.world.pass_by(31)
    queue.mapping(mapped)
    refused: list[str] = []
    mapped.delete(old, refused.extend)
    assert refused == ["m1"]


# With a driver


class Played:
    """A queue, the driver of its mapping, and a function that a test plays."""

    def __init__(self, properties: Mapping[str, object] | None = None, **attributes: Any) -> None:
        self.world = MadeUpWorld()
        queue = QueueAttributes(**attributes)
        config = configuration(properties or {}, queue=queue, function_timeout=5, settings=Settings())
        numbers = itertools.count(1)
        self.polled = PolledQueue(SqsQueue(queue, arn=f"{ARN}.fifo" if queue.fifo else ARN), self.world)
        poller = QueuePoller(
            config, settings=Settings(), new_id=lambda: f"r{next(numbers)}", function_arn=f"{FUNCTION}:live"
        )
        self.driver = QueueDriver(
            poller,
            self.world,
            self.polled.mapped(),
            source="mapping",
            function_arn=FUNCTION,
            new_trace=lambda: "Root=1-new",
        )
        self.driver.begin()
        self.world.advance(0)

    def send(self, *names: str, trace: str = "", group: str = "") -> None:
        for name in names:
            self.polled.queue.send(name, "{}", self.world.time, trace=trace, group=group)
        self.polled.changed()
        self.world.advance(self.world.time)


def after(calls: int, function: str = FUNCTION) -> str:
    """The trace header behind so many calls of a function."""
    lineage = Lineage()
    for _ in range(calls):
        lineage = lineage.called(function)
    return lineage.write("Root=1-a")


def test_s_095_a_poison_message_is_tried_and_told_to_its_end() -> None:
    mapping = Played(max_receive_count=2)
    mapping.send("poison")
    for attempt in (1, 2):
        mapping.world.answer(Failed({}), "raise")
        mapping.world.advance(30 * attempt)
    notes = mapping.world.notes(Accepted, Invoked, Returned, Settled)
    assert [type(note).__name__ for note in notes] == [*["Accepted", "Invoked", "Returned"] * 2, "Settled"]
    assert [note.at for note in notes] == [0, 0, 0, 30, 30, 30, 60]
    assert notes[-1].state == "dead_lettered"
    assert len(mapping.polled.queue) == 0


def test_s_034_a_call_carries_the_chain_of_its_message() -> None:
    mapping = Played()
    mapping.send("m1", trace=after(3))
    [(call, _)] = mapping.world.calls
    assert Lineage.read(call.trace).depth(FUNCTION) == 4
    assert call.trace.startswith("Root=1-a;")


def test_s_034_a_chain_begins_with_a_message_that_has_none() -> None:
    mapping = Played()
    mapping.send("m1")
    [(call, _)] = mapping.world.calls
    assert call.trace.startswith("Root=1-new;Lineage=")
    assert Lineage.read(call.trace).depth(FUNCTION) == 1


def test_s_034_a_batch_carries_the_longest_chain_of_its_messages() -> None:
    mapping = Played()
    mapping.polled.queue.send("m1", "{}", 0)
    mapping.polled.queue.send("m2", "{}", 0, trace=after(2))
    mapping.send("m3", trace=after(5, OTHER))
    [(call, _)] = mapping.world.calls
    lineage = Lineage.read(call.trace)
    assert (lineage.depth(FUNCTION), lineage.depth(OTHER)) == (3, 5)
    assert call.trace.startswith("Root=1-new;")


def test_s_034_a_loop_through_the_queue_stops_and_is_dead_lettered() -> None:
    mapping = Played(max_receive_count=3)
    mapping.send("loop-0")
    calls = 0
    while mapping.world.calls:
        calls += 1
        call = mapping.world.answer(Succeeded(), "succeed")
        mapping.send(f"loop-{calls}", trace=call.trace)
    assert calls == CHAIN_LIMIT
    for receive in (1, 2, 3):
        drops = mapping.world.notes(Dropped)
        assert [(note.metric, note.records) for note in drops] == [
            ("RecursiveInvocationsDropped", (f"loop-{CHAIN_LIMIT}",))
        ] * receive
        mapping.world.advance(30 * receive)
    last = mapping.world.notes(Settled)[-1]
    assert (last.records, last.state) == ((f"loop-{CHAIN_LIMIT}",), "dead_lettered")
    assert len(mapping.polled.queue) == 0


@pytest.mark.parametrize("fifo", [False, True])
def test_s_034_s_099_the_neighbours_of_a_loop_are_handled(fifo: bool) -> None:  # noqa: FBT001 - a parameter of the test
    mapping = Played(fifo=fifo)
    mapping.polled.queue.send("a1", "{}", 0, group="a")
    mapping.polled.queue.send("a2", "{}", 0, group="a", trace=after(CHAIN_LIMIT))
    mapping.polled.queue.send("a3", "{}", 0, group="a")
    mapping.send("b1", group="b")
    [(call, _)] = mapping.world.calls
    assert call.records == (("a1", "b1") if fifo else ("a1", "a3", "b1"))
