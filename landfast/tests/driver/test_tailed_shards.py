"""A shard that tells of its records: read at once, never polled, and nothing that leaves it goes untold."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from landfast.delivery.event_sources import KINESIS
from landfast.delivery.outcomes import Failed, Succeeded
from landfast.delivery.settings import Settings
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import configuration
from landfast.delivery.stream_records import StreamRecord
from landfast.driver import KeepShard, ShardState
from landfast.driver.streams import ShardDriver, TailedShard
from landfast.journal import Checkpointed, Dropped, Invoked, Settled
from landfast.sources.shard_log import ShardLog
from tests.driver.world import MadeUpWorld


@dataclass(frozen=True)
class Stored:
    index: int
    arrived: float


def _record(stored: Stored) -> StreamRecord:
    text = json.dumps({"n": stored.index}).encode()
    return StreamRecord(f"{stored.index:04}", "k", stored.arrived, len(text), text, f"r{stored.index}")


def _ids() -> Callable[[], str]:
    numbers = iter(range(1, 1000))
    return lambda: f"id{next(numbers)}"


class Rig:
    """A mapping that follows a shard."""

    def __init__(self, state: ShardState | None = None, position: Any = "TRIM_HORIZON", **properties: object) -> None:
        self.world = MadeUpWorld()
        self.log: ShardLog[Stored] = ShardLog("shard-1")
        config = configuration({"StartingPosition": "TRIM_HORIZON", **properties}, KINESIS, function_arn="f")
        poller = ShardPoller(
            config,
            "shard-1",
            settings=Settings(),
            new_id=_ids(),
            render=lambda record: json.loads(record.body),
            lanes=state.lanes if state else (),
        )
        self.driver = ShardDriver(
            poller,
            self.world,
            TailedShard(self.log.tail(position), _record, self.world),
            render=lambda record: json.loads(record.body),
            text=lambda record: record.body,
            source="m",
            shard="shard-1",
            state=state,
        )

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.log.append(Stored(number, self.world.time))
        self.log.notify()
        self.world.advance(self.world.time)

    def begin(self) -> None:
        self.driver.begin()
        self.world.advance(self.world.time)


def test_s_045_a_shard_that_tells_of_its_records_is_not_polled() -> None:
    rig = Rig()
    rig.begin()
    rig.world.advance(3600)
    assert (rig.driver.machine.due(), rig.world.due) == (math.inf, [])
    rig.put(1, 2)
    [(call, _)] = rig.world.calls
    assert json.loads(call.payload()) == {"Records": [{"n": 1}, {"n": 2}]}
    rig.put(3)
    rig.world.answer()
    rig.world.advance(rig.world.time)
    assert [note.records for note in rig.world.notes(Invoked)] == [("r1", "r2"), ("r3",)]


def test_s_054_what_leaves_the_shard_unread_is_settled_by_its_rule() -> None:
    rig = Rig(BatchSize=1)
    rig.begin()
    rig.put(1, 2, 3)
    rig.log.let_go(3, "S-54 expired in the stream")
    [settled] = rig.world.notes(Settled)
    assert (settled.records, settled.state, settled.rule) == (("r2", "r3"), "dropped", "S-54 expired in the stream")
    rig.world.answer()
    rig.put(4)
    assert [note.records for note in rig.world.notes(Invoked)] == [("r1",), ("r4",)]


def test_a_shard_that_has_gone_is_told_once() -> None:
    rig = Rig()
    rig.begin()
    rig.log.vanish("the stream was deleted")
    rig.world.advance(0)
    rig.world.advance(60)
    assert [(note.metric, note.error) for note in rig.world.notes(Dropped)] == [
        ("SourceGone", "the stream was deleted")
    ]


def test_s_077_a_window_that_is_over_ends_without_a_read_and_takes_what_came_before_its_end() -> None:
    rig = Rig(TumblingWindowInSeconds=10)
    rig.begin()
    rig.put(1)
    rig.world.advance(9)
    rig.log.append(Stored(2, 9.0))
    rig.log.notify()
    rig.world.advance(20)
    rig.world.answer(Succeeded({"state": {}}))
    rig.world.advance(20)
    rig.world.answer(Succeeded({"state": {}}))
    assert [note.records for note in rig.world.notes(Invoked)] == [("r1",), ("r2",), ()]


def test_s_056_what_is_tried_again_is_kept_with_each_failure_also_before_the_first_checkpoint() -> None:
    rig = Rig()
    rig.begin()
    rig.put(1)
    rig.world.answer(Failed({"errorMessage": "no"}), "raise")
    assert rig.world.notes(Checkpointed) == []
    *_, kept = rig.world.changes()
    assert isinstance(kept, KeepShard)
    [batch] = kept.state.lanes[0].batches
    assert (kept.state.sequence, batch.first, batch.attempts) == (None, "0001", 1)
    again = Rig(kept.state)
    again.world.time = rig.world.time
    again.log.append(Stored(1, 0.0))
    again.begin()
    again.world.advance(kept.state.lanes[0].due or 0.0)
    assert [note.attempt for note in again.world.notes(Invoked)] == [2]
