from collections.abc import Callable, Sequence
from typing import Any

from landfast.delivery.event_sources import KINESIS
from landfast.delivery.outcomes import Failed, Succeeded
from landfast.delivery.queue import QueuePoller
from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.queue_config import configuration as queue_configuration
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage, queue_message
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import configuration
from landfast.delivery.stream_records import StreamRecord
from landfast.driver import KeepShard
from landfast.driver.queues import Ended as MessagesEnded
from landfast.driver.queues import QueueDriver
from landfast.driver.streams import Page, ShardDriver
from landfast.journal import Accepted, Checkpointed, Delivered, Dropped, Finished, Invoked, Settled
from tests.driver.world import MadeUpWorld

QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/scans"
FAILED = Failed({"errorMessage": "no", "errorType": "ValueError"})


class Shard:
    def __init__(self) -> None:
        self.answer: Callable[[Page], None] | None = None

    def read(self, limit: int, answer: Callable[[Page], None]) -> None:
        assert limit > 0
        self.answer = answer

    def tell(self, arrived: Callable[[], None], missed: Callable[[Sequence[StreamRecord], str], None]) -> None:
        self.arrived, self.missed = arrived, missed


def record(number: int) -> StreamRecord:
    return StreamRecord(f"{number:04}", "k", 0.0, 20, {"n": number}, f"r{number}")


def shard_driver(
    world: MadeUpWorld, shard: Shard, drained: Callable[[], None] | None = None, **properties: object
) -> ShardDriver:
    given = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        **properties,
    }
    config = configuration(given, KINESIS, stream_arn=STREAM, function_arn="f:1:2:3:4:5:6", mapping_id="m")

    def render(record: StreamRecord) -> Any:
        return record.body

    poller = ShardPoller(config, "shard-1", settings=Settings(), new_id=_ids(), render=render)
    return ShardDriver(poller, world, shard, render=render, source="m", shard="shard-1", drained=drained)


def _ids() -> Callable[[], str]:
    numbers = iter(range(1, 1000))
    return lambda: f"id{next(numbers)}"


def bring(world: MadeUpWorld, shard: Shard, page: Page) -> None:
    world.advance(world.time)
    assert shard.answer is not None
    answer, shard.answer = shard.answer, None
    answer(page)


def test_a_checkpoint_does_not_pass_a_record_whose_failure_is_not_yet_delivered() -> None:
    world, shard = MadeUpWorld(), Shard()
    shard_driver(world, shard).begin()
    bring(world, shard, Page([record(1)]))
    world.answer(FAILED, "raise")
    assert world.notes(Checkpointed) == []
    assert world.changes() == []
    world.end_delivery()
    assert [type(note) for note in world.commits[-1][0]] == [Finished, Delivered, Settled, Checkpointed]
    [kept] = world.changes()
    assert isinstance(kept, KeepShard)
    assert kept.state.sequence == "0001"


def test_s_069_when_the_destination_refuses_the_shard_goes_on() -> None:
    world, shard = MadeUpWorld(), Shard()
    shard_driver(world, shard).begin()
    bring(world, shard, Page([record(1)]))
    world.answer(FAILED, "raise")
    world.end_delivery("AccessDenied")
    assert [note.state for note in world.notes(Settled)] == ["dropped"]
    assert len(world.notes(Checkpointed)) == 1


def test_s_051_a_shard_is_drained_when_it_has_ended_and_all_of_it_is_kept() -> None:
    world, shard, told = MadeUpWorld(), Shard(), []
    shard_driver(world, shard, lambda: told.append(len(world.commits))).begin()
    bring(world, shard, Page([record(1)], ended=True))
    assert told == []
    world.answer()
    assert len(told) == 1
    last = world.commits[told[0] - 1][1]
    assert [change.state.ended for change in last if isinstance(change, KeepShard)] == [True]


def test_s_051_an_empty_shard_that_has_ended_is_drained_at_once() -> None:
    world, shard, told = MadeUpWorld(), Shard(), []
    shard_driver(world, shard, lambda: told.append(True)).begin()
    bring(world, shard, Page([], ended=True))
    assert told == [True]


def test_what_has_left_the_stream_unread_is_told() -> None:
    world, shard = MadeUpWorld(), Shard()
    shard_driver(world, shard).begin()
    bring(world, shard, Page([record(1)], lost="records have left the stream"))
    assert [note.metric for note in world.notes(Dropped)] == ["TrimmedRecords"]
    assert [note.records for note in world.notes(Accepted)] == [("r1",)]


def test_a_stream_that_is_gone_is_told_and_read_no_more() -> None:
    world, shard = MadeUpWorld(), Shard()
    shard_driver(world, shard).begin()
    bring(world, shard, Page([], gone="the stream is gone"))
    assert [(note.metric, note.error) for note in world.notes(Dropped)] == [("SourceGone", "the stream is gone")]
    world.advance(60.0)
    assert shard.answer is None


class Messages:
    """A queue whose deletions end when a test ends them."""

    arn = QUEUE

    def __init__(self) -> None:
        self.polls: list[Callable[[Sequence[QueueMessage]], None]] = []
        self.deletions: list[tuple[list[str], Callable[[Sequence[str]], None]]] = []
        self.released: list[tuple[list[str], float]] = []
        self.ended: MessagesEnded = lambda *_: None
        self.left = False

    def tell(self, ended: MessagesEnded) -> None:
        self.ended = ended

    def receive(
        self, limit: int, visibility_timeout: float | None, answer: Callable[[Sequence[QueueMessage]], None]
    ) -> None:
        assert limit > 0
        assert visibility_timeout is None
        self.polls.append(answer)

    def delete(self, messages: Sequence[QueueMessage], answer: Callable[[Sequence[str]], None]) -> None:
        self.deletions.append(([message.id for message in messages], answer))

    def release(self, messages: Sequence[QueueMessage], at: float) -> None:
        self.released.append(([message.id for message in messages], at))

    def stop(self) -> None:
        self.polls.clear()

    def leave(self) -> None:
        self.left = True


def message(name: str, received: int = 1) -> QueueMessage:
    raw = {
        "MessageId": name,
        "ReceiptHandle": f"{name}-{received}",
        "Body": "{}",
        "MD5OfBody": "",
        "Attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": "0"},
    }
    return queue_message(raw, queue_arn=QUEUE, received_at=0.0, has_window=False)


def queue_driver(world: MadeUpWorld, queue: Messages) -> QueueDriver:
    config = queue_configuration({"BatchSize": 1}, queue=QueueAttributes(), function_timeout=3.0, settings=Settings())
    driver = QueueDriver(
        QueuePoller(config, settings=Settings(), new_id=_ids()), world, queue, source="m", function="F"
    )
    driver.begin()
    world.advance(0.0)
    return driver


def test_a_deletion_that_takes_its_time_holds_up_no_other_message() -> None:
    world, queue = MadeUpWorld(), Messages()
    queue_driver(world, queue)
    queue.polls.pop(0)([message("m1")])
    world.answer()
    queue.polls.pop(0)([message("m2")])
    assert [note.records for note in world.notes(Invoked)] == [("m1",), ("m2",)]
    assert world.notes(Settled) == []
    assert len(world.notes(Finished)) == 1
    queue.deletions.pop(0)[1]([])
    assert [(note.records, note.state) for note in world.notes(Settled)] == [(("m1",), "processed")]


def test_s_109_a_message_that_could_not_be_deleted_has_not_ended() -> None:
    world, queue = MadeUpWorld(), Messages()
    queue_driver(world, queue)
    queue.polls.pop(0)([message("m1")])
    world.answer()
    queue.deletions.pop(0)[1](["m1"])
    assert [note.metric for note in world.notes(Dropped)] == ["MessagesNotDeleted"]
    assert world.notes(Settled) == []
    queue.polls.pop(0)([message("m1", 2)])
    world.answer()
    queue.deletions.pop(0)[1]([])
    assert [note.state for note in world.notes(Settled)] == ["processed"]


def test_s_109_a_message_ends_once_however_often_it_was_handed_out() -> None:
    world, queue = MadeUpWorld(), Messages()
    queue_driver(world, queue)
    queue.polls.pop(0)([message("m1")])
    queue.polls.pop(0)([message("m1", 2)])
    queue.ended(["m1"], "dead_lettered", "S-95 received maxReceiveCount times")
    for _ in range(2):
        world.answer(Succeeded(None))
        queue.deletions.pop(0)[1]([])
    assert [note.state for note in world.notes(Settled)] == ["dead_lettered"]


def test_s_093_what_failed_is_let_go_and_can_end_later() -> None:
    world, queue = MadeUpWorld(), Messages()
    queue_driver(world, queue)
    queue.polls.pop(0)([message("m1")])
    world.answer(FAILED, "raise")
    assert queue.released == [(["m1"], 30.0)]
    queue.ended(["m1"], "dead_lettered", "S-95 received maxReceiveCount times")
    assert [note.state for note in world.notes(Settled)] == ["dead_lettered"]


def test_a_queues_mapping_has_stopped_when_what_it_had_in_hand_is_deleted() -> None:
    world, queue, told = MadeUpWorld(), Messages(), []
    driver = queue_driver(world, queue)
    queue.polls.pop(0)([message("m1")])
    driver.stop(lambda: told.append(len(world.commits)))
    assert (queue.polls, told) == ([], [])
    world.answer()
    assert told == []
    queue.deletions.pop(0)[1]([])
    assert (len(told), queue.left) == (1, True)
    assert [note.state for note in world.notes(Settled)] == ["processed"]


def test_s_053_a_paused_shard_is_kept_before_it_is_told_and_begins_nothing_more() -> None:
    world, shard, told = MadeUpWorld(), Shard(), []
    driver = shard_driver(world, shard, ParallelizationFactor=2)
    driver.begin()
    bring(world, shard, Page([record(1)]))
    shard.arrived()
    world.advance(0.0)
    driver.pause(lambda: told.append(len(world.commits)))
    bring(world, shard, Page([record(2)]))
    world.answer()
    assert [note.records for note in world.notes(Accepted)] == [("r1",)]
    assert [note.records for note in world.notes(Invoked)] == [("r1",)]
    [kept] = [change for _, changes in world.commits[: told[0]] for change in changes if isinstance(change, KeepShard)]
    assert kept.state.sequence == "0001"
    world.advance(600.0)
    assert (len(told), world.calls) == (1, [])


def test_s_069_a_paused_shard_waits_for_what_is_on_its_way_to_a_destination() -> None:
    world, shard, told = MadeUpWorld(), Shard(), []
    driver = shard_driver(world, shard)
    driver.begin()
    bring(world, shard, Page([record(1)]))
    world.answer(FAILED, "raise")
    driver.pause(lambda: told.append(True))
    assert told == []
    world.end_delivery()
    assert told == [True]
