"""What the page shows of streams: shards, records, and how far mappings have come; and that looking changes nothing."""

import json
from collections.abc import Iterator
from itertools import count

import msgspec
import pytest

from landfast.console.queues import MappingShown
from landfast.console.streams import Reading, Records, place_of, reading, records_of, shard_shown, stream_shown
from landfast.delivery.event_sources import KINESIS
from landfast.delivery.outcomes import Failed
from landfast.delivery.settings import Settings
from landfast.delivery.starting_positions import position
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import StreamConfig, configuration
from landfast.driver import KeepShard, ShardState
from landfast.driver.streams import ShardDriver, TailedShard
from landfast.sources.kinesis import Entry, KinesisStream
from landfast.sources.kinesis_rows import Settings as StreamSettings
from landfast.sources.table_changes import ItemChange
from landfast.sources.table_stream import Settings as TableSettings
from landfast.sources.table_stream import TableStream
from tests.driver.world import MadeUpWorld
from tests.sources.kept import Kept

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/scans"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-02T03:04:05.678"
START = 1_800_000_000.0
MAPPING = MappingShown(id="Mapping", uuid="m-1", function="TrackParcels", state="Enabled")


def made(shards: int = 1) -> KinesisStream:
    return KinesisStream.made(StreamSettings(name="scans", arn=ARN, created=START), Kept().keep, shards)


def put(stream: KinesisStream, *data: bytes, at: float = START) -> list[str]:
    taken = stream.put([Entry("k", one) for one in data], at)
    return [shard.sequence(record) for shard, record in taken]


class Mapped:
    """A mapping that reads the first shard of a stream.

    Attributes:
        config: Its settings.
        driver: What reads.
        tailed: Its place in the shard.
    """

    def __init__(self, stream: KinesisStream, kept: ShardState | None = None, **properties: object) -> None:
        given = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 4, **properties}
        self.world = MadeUpWorld(START)
        self.config: StreamConfig = configuration(given, KINESIS, function_arn="f", stream_arn=ARN)
        self.shard = stream.shards[0]
        state = kept or ShardState(start=self.shard.start)
        ids = (f"request-{number}" for number in count(1))
        poller = ShardPoller(
            self.config,
            self.shard.id,
            settings=Settings(),
            new_id=lambda: next(ids),
            render=lambda record: msgspec.json.decode(record.body),
            lanes=state.lanes,
        )
        tail = self.shard.tail(position(self.config, state.sequence, state.started))
        self.tailed = TailedShard(tail, self.shard.reader(ARN, "role"), self.world)
        self.driver = ShardDriver(
            poller,
            self.world,
            self.tailed,
            render=lambda record: msgspec.json.decode(record.body),
            source="Mapping",
            shard=self.shard.id,
            state=state,
        )
        self.driver.begin()
        self.world.advance(START)

    def look(self) -> Reading:
        return reading(self.shard, MAPPING, self.config, None, driver=self.driver, age=self.tailed.age)

    def kept(self) -> ShardState:
        """What is kept of it, for a restart."""
        return [change.state for change in self.world.changes() if isinstance(change, KeepShard)][-1]


def failed() -> Failed:
    return Failed({"errorType": "ValueError", "errorMessage": "no"})


def test_a_stream_shows_its_shards_and_what_they_hold() -> None:
    stream = made(2)
    put(stream, b"a", b"b", at=START + 3)
    stream.split(0, stream.shards[0].last // 2, START + 5)
    shown = stream_shown("scans", stream, logical_id="Scans", mappings=[MAPPING])
    assert (shown.kind, shown.open, shown.closed, shown.records, shown.oldest) == ("kinesis", 3, 1, 2, START + 3)
    parent, _, child, _ = (shard_shown(shard, ()) for shard in stream.readable_shards())
    assert (parent.is_open, parent.closed_at, child.parents) == (False, START + 5, (parent.id,))
    assert parent.hash_keys == (str(stream.shards[0].first), str(stream.shards[0].last))


def test_a_mapping_shows_its_checkpoint_and_what_is_left_behind_it() -> None:
    stream = made()
    sequences = put(stream, b"1", b"2", b"3", b"4", b"5", b"6")
    mapped = Mapped(stream)
    before = mapped.look()
    assert (before.checkpoint, before.undone, before.oldest, before.iterator_age) == (None, 6, START, 0.0)
    assert [lane.phase for lane in before.lanes] == ["in flight"]
    assert before.lanes[0].batch is not None
    assert (before.lanes[0].batch.records, before.lanes[0].batch.request_id) == (4, "request-1")
    mapped.world.answer()
    after = mapped.look()
    assert (after.checkpoint, after.undone, after.is_ended) == (sequences[3], 2, False)


def test_a_lane_shows_what_it_tries_again_how_often_it_has_tried_and_when() -> None:
    stream = made()
    first, *_, last = put(stream, b"1", b"2", b"3")
    mapped = Mapped(stream, MaximumRetryAttempts=3)
    mapped.world.answer(failed(), "raise")
    shown = mapped.look()
    [lane] = shown.lanes
    assert (lane.phase, lane.is_failing, shown.maximum_retry_attempts) == ("waiting", True, 3)
    assert lane.due is not None
    assert lane.due > START
    assert lane.batch is not None
    assert (lane.batch.first, lane.batch.last, lane.batch.records) == (first, last, 3)
    assert (lane.batch.attempts, lane.batch.misses) == (1, 0)
    assert lane.batch.event == f"{mapped.shard.id}:{first}"


def test_a_bisected_batch_shows_the_parts_that_come_after_it() -> None:
    stream = made()
    put(stream, b"1", b"2", b"3", b"4")
    mapped = Mapped(stream, BisectBatchOnFunctionError=True)
    mapped.world.answer(failed(), "raise")
    mapped.world.advance(START + 60)
    [lane] = mapped.look().lanes
    assert lane.batch is not None
    assert (lane.batch.is_part, lane.batch.records, lane.behind) == (True, 2, 1)


def test_what_is_tried_again_shows_while_nothing_reads() -> None:
    stream = made()
    first, *_ = put(stream, b"1", b"2")
    mapped = Mapped(stream)
    mapped.world.answer(failed(), "raise")
    due = mapped.look().lanes[0].due
    shown = reading(mapped.shard, MAPPING, mapped.config, mapped.kept())
    [lane] = shown.lanes
    assert (lane.phase, lane.due, shown.iterator_age) == ("waiting", due, None)
    assert lane.batch is not None
    assert (lane.batch.first, lane.batch.attempts, lane.batch.records) == (first, 1, None)


def test_a_shard_that_nobody_has_begun_to_read_says_so() -> None:
    stream = made()
    put(stream, b"1")
    config = configuration({"StartingPosition": "LATEST"}, KINESIS, function_arn="f")
    assert not reading(stream.shards[0], MAPPING, config, None).is_begun
    other = ShardState(sequence="1", start="of a stream that was deleted")
    assert reading(stream.shards[0], MAPPING, config, other).checkpoint is None


def test_records_are_read_from_a_position_and_decoded() -> None:
    stream = made()
    sequences = put(stream, b'{"a": 1}', b"text", b"\xff\x00")
    shard = stream.shards[0]
    found = records_of(shard, place_of(shard, "oldest", 10), 10)
    assert [(one.data, one.is_base64) for one in found.records] == [
        ('{"a": 1}', False),
        ("text", False),
        ("/wA=", True),
    ]
    assert [one.sequence for one in found.records] == sequences
    assert found.records[0].event == f"{shard.id}:{sequences[0]}"
    newest = records_of(shard, place_of(shard, "newest", 2), 2)
    assert [one.number for one in newest.records] == [found.records[1].number, found.records[2].number]
    assert data(records_of(shard, place_of(shard, sequences[1], 1), 1)) == ["text"]
    assert data(records_of(shard, found.records[2].number, 5, most=2)) == ["/w"]


def data(records: Records) -> list[str]:
    return [one.data for one in records.records]


@pytest.mark.parametrize("text", ["", "first", "-1", "9" * 56])
def test_what_is_no_position_of_the_shard_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match="give oldest, newest, or a sequence number"):
        place_of(made().shards[0], text, 10)


def test_records_that_have_left_the_stream_are_left_out() -> None:
    stream = made()
    put(stream, b"old")
    put(stream, b"new", at=START + 100)
    stream.advance(START + 86_400)
    shard = stream.shards[0]
    found = records_of(shard, 0, 10)
    assert (data(found), found.begin, found.end) == (["new"], 1, 2)


def test_a_tables_record_shows_what_was_done_to_which_item() -> None:
    settings = TableSettings(
        arn=TABLE, table="orders", label="l", created=START, view_type="NEW_AND_OLD_IMAGES", keys={"id": "HASH"}
    )
    stream = TableStream.made(settings, Kept().keep)
    item = {"id": {"S": "A-1"}, "total": {"N": "7"}}
    stream.append([ItemChange({"id": {"S": "A-1"}}, None, item)], START + 1)
    shown = stream_shown("orders", stream, logical_id="Orders", mappings=())
    assert (shown.kind, shown.view_type, shown.open, shown.records) == ("dynamodb", "NEW_AND_OLD_IMAGES", 1, 1)
    [record] = records_of(stream.shard, stream.shard.begin, 10).records
    assert (record.name, record.key) == ("INSERT", '{"id":{"S":"A-1"}}')
    assert json.loads(record.data)["NewImage"] == item
    assert record.size == len("id" + "A-1") * 2 + len("total") + 2


@pytest.fixture
def read() -> Iterator[Mapped]:
    stream = made()
    put(stream, b"1", b"2")
    mapped = Mapped(stream)
    yield mapped
    mapped.world.answer()
    assert mapped.look().undone == 0


def test_looking_changes_nothing(read: Mapped) -> None:
    before = (len(read.world.commits), len(read.world.due), read.shard.row)
    for _ in range(3):
        read.look()
        records_of(read.shard, 0, 10)
        place_of(read.shard, "newest", 1)
    assert (len(read.world.commits), len(read.world.due), read.shard.row) == before
