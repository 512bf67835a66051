"""Kinesis streams: what is put is read once and in order, whatever is split, merged or restarted meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from landfast.delivery.starting_positions import After, AtTimestamp, Position
from landfast.sources.kinesis import Entry, KinesisStream
from landfast.sources.kinesis_rows import Record, Settings
from landfast.sources.kinesis_shards import HASH_KEYS, KinesisShard, SequenceNumber, hash_key
from landfast.sources.refusal import Refusal
from tests.sources.kept import Kept

if TYPE_CHECKING:
    from landfast.sources.shard_log import Tail

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/scans"
DAY = 86_400.0
START = 1_800_000_000.0


def made(shards: int = 1, kept: Kept | None = None, **settings: Any) -> KinesisStream:
    given = Settings(**{"name": "scans", "arn": ARN, "created": START, **settings})
    return KinesisStream.made(given, (kept or Kept()).keep, shards)


def put(stream: KinesisStream, *data: str, key: str = "k", at: float = START) -> list[str]:
    """Put records; their sequence numbers."""
    taken = stream.put([Entry(key, one.encode()) for one in data], at)
    return [shard.sequence(record) for shard, record in taken]


def data(records: Any) -> list[str]:
    return [record.data.decode() for record in records]


def read(stream: KinesisStream, position: Position = "TRIM_HORIZON", shard: int = 0) -> list[str]:
    return data(stream.shards[shard].tail(position).read(100))


def told(stream: KinesisStream) -> object:
    """Everything that can be observed of a stream."""
    return (
        stream.settings,
        stream.next_index,
        [(shard.row, shard.slice(0, 10_000)) for shard in stream.shards.values()],
        [shard.id for shard in stream.open_shards],
        stream.due(),
    )


@pytest.mark.parametrize("key", ["a", "b", "orders/17", "ünï", ""])
def test_the_md5_of_a_partition_key_chooses_the_shard(key: str) -> None:
    stream = made(4)
    [(shard, _)] = stream.put([Entry(key, b"x")], START)
    assert shard.first <= hash_key(key) <= shard.last


def test_an_explicit_hash_key_overrules_the_partition_key() -> None:
    stream = made(3)
    bounds = [bound for shard in stream.open_shards for bound in (shard.first, shard.last)]
    taken = stream.put([Entry("same", b"x", bound) for bound in bounds], START)
    assert [shard.number for shard, _ in taken] == [0, 0, 1, 1, 2, 2]
    assert bounds[0] == 0
    assert bounds[-1] == HASH_KEYS - 1


@given(st.integers(0, 2**31), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))
def test_a_sequence_number_has_56_digits_and_tells_what_it_was_made_of(created: int, shard: int, index: int) -> None:
    row = made().shards[0].row
    numbers = KinesisShard(row).numbers
    text = type(numbers)(created, shard).text(index, created + 5.9)
    assert len(text) == 56
    assert SequenceNumber.read(text) == SequenceNumber(created, shard, index, created + 5)


def test_what_is_no_sequence_number_is_told_apart() -> None:
    for text in ("0", "1", "4" * 55, "9" * 56, str(2**185)):
        with pytest.raises(ValueError, match="is no sequence number"):
            SequenceNumber.read(text)


def test_sequence_numbers_increase_also_across_a_restart_that_finds_the_stream_empty() -> None:
    kept = Kept()
    stream = made(kept=kept)
    before = put(stream, "a", "b")
    stream.advance(START + DAY)
    assert read(stream) == []
    again = KinesisStream.restored(kept.sorted(), kept.keep)
    after = put(again, "c", at=START + DAY)
    assert int(before[0]) < int(before[1]) < int(after[0])


def test_s_143_after_a_split_records_go_to_the_children_only() -> None:
    stream = made()
    put(stream, "a", "b")
    stream.split(0, HASH_KEYS // 2, START + 1)
    taken = stream.put([Entry("k", b"c", 0), Entry("k", b"d", HASH_KEYS - 1)], START + 2)
    assert [shard.number for shard, _ in taken] == [1, 2]
    assert [read(stream, shard=number) for number in range(3)] == [["a", "b"], ["c"], ["d"]]
    assert [shard.parents for shard in stream.shards.values()] == [(), (stream.shards[0].id,), (stream.shards[0].id,)]
    ending = stream.shards[0].ending_sequence_number
    assert ending is not None
    assert int(ending) < int(stream.shards[1].starting_sequence_number)


def test_s_143_after_a_merge_records_go_to_the_child_only() -> None:
    stream = made(2)
    put(stream, "a")
    stream.merge(0, 1, START + 1)
    taken = stream.put([Entry("k", b"c", 0), Entry("k", b"d", HASH_KEYS - 1)], START + 2)
    assert [shard.number for shard, _ in taken] == [2, 2]
    assert stream.shards[2].parents == (stream.shards[0].id, stream.shards[1].id)
    assert [shard.closed for shard in stream.shards.values()] == [True, True, False]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 4), (3, 2), (4, 3), (5, 9), (7, 7)])
def test_update_shard_count_makes_so_many_shards_of_equal_size(before: int, after: int) -> None:
    stream = made(before)
    stream.rescale(after, START + 1)
    ranges = [(shard.first, shard.last) for shard in stream.open_shards]
    size = HASH_KEYS // after
    assert [first for first, _ in ranges] == [size * number for number in range(after)]
    assert [last + 1 for _, last in ranges] == [*(first for first, _ in ranges[1:]), HASH_KEYS]


@pytest.mark.parametrize(
    ("reshape", "code"),
    [
        (lambda stream: stream.split(0, 1, START), "InvalidArgumentException"),
        (lambda stream: stream.split(0, HASH_KEYS // 3, START), "InvalidArgumentException"),
        (lambda stream: stream.merge(0, 2, START), "InvalidArgumentException"),
        (lambda stream: stream.merge(1, 0, START), "InvalidArgumentException"),
        (lambda stream: stream.rescale(7, START), "LimitExceededException"),
        (lambda stream: stream.rescale(1, START), "LimitExceededException"),
    ],
)
def test_what_cannot_be_split_or_merged_is_refused(reshape: Callable[[KinesisStream], None], code: str) -> None:
    stream = made(3)
    before = told(stream)
    with pytest.raises(Refusal) as refused:
        reshape(stream)
    assert refused.value.code == code
    assert told(stream) == before


def test_a_closed_shard_is_not_split_or_merged_again() -> None:
    stream = made(2)
    stream.split(0, 1000, START)
    with pytest.raises(Refusal, match="already been merged or split"):
        stream.split(0, 500, START)
    with pytest.raises(Refusal, match="already been merged or split"):
        stream.merge(0, 1, START)


def test_s_054_records_leave_after_the_retention_and_closed_shards_with_them() -> None:
    stream = made()
    put(stream, "a")
    put(stream, "b", at=START + 10)
    stream.split(0, HASH_KEYS // 2, START + 20)
    assert stream.due() == START + DAY
    stream.advance(START + DAY - 1)
    assert read(stream) == ["a", "b"]
    stream.advance(START + DAY)
    assert read(stream) == ["b"]
    assert stream.due() == START + 10 + DAY
    stream.advance(START + 20 + DAY)
    assert [*stream.shards] == [1, 2]
    assert stream.due() is None


def test_s_054_a_longer_retention_brings_nothing_back() -> None:
    stream = made()
    put(stream, "a")
    put(stream, "b", at=START + 10)
    stream.set_retention(48, START + DAY)
    assert read(stream) == ["b"]
    stream.advance(START + 2 * DAY)
    assert read(stream) == ["b"]
    stream.set_retention(24, START + 2 * DAY)
    assert read(stream) == []


def test_s_050_a_reader_begins_where_it_is_told() -> None:
    stream = made()
    first, second = put(stream, "a", "b")
    put(stream, "c", at=START + 5)
    assert read(stream) == ["a", "b", "c"]
    assert read(stream, After(first)) == ["b", "c"]
    assert read(stream, After(second)) == ["c"]
    assert read(stream, AtTimestamp(START + 1)) == ["c"]
    assert read(stream, AtTimestamp(START)) == ["a", "b", "c"]
    assert read(stream, "LATEST") == []


def test_a_reader_of_a_stream_that_was_made_anew_begins_with_its_oldest_record() -> None:
    [of_another] = put(made(), "old")
    stream = KinesisStream.made(Settings(name="scans", arn=ARN, created=START + 60), Kept().keep, 1)
    put(stream, "a", at=START + 61)
    tail = stream.shards[0].tail(After(of_another))
    assert (data(tail.read(10)), tail.lost) == (["a"], False)


def test_a_stream_that_is_made_anew_in_the_same_second_gives_no_sequence_number_again() -> None:
    kept = Kept()
    first, second = made(), made(kept=kept, created=START + 0.001)
    old = put(first, *"abc")
    again = KinesisStream.restored(kept.sorted(), Kept().keep)
    assert min(put(again, "d")) > max(old)
    assert first.shards[0].start != second.shards[0].start == again.shards[0].start


def test_s_054_a_reader_is_told_what_it_has_missed() -> None:
    stream, missed = made(), []
    tail = stream.shards[0].tail("TRIM_HORIZON")
    tail.tell(lambda: None, lambda records, rule: missed.append((data(records), rule)))
    put(stream, "a", "b", "c")
    assert data(tail.read(1)) == ["a"]
    stream.advance(START + DAY)
    assert missed == [(["b", "c"], "S-54 expired in the stream")]
    put(stream, "d", at=START + DAY)
    assert data(tail.read(10)) == ["d"]


def test_s_054_a_reader_that_comes_late_knows_that_something_is_missing() -> None:
    kept = Kept()
    stream = made(kept=kept)
    first, second = put(stream, "a", "b")
    stream.advance(START + DAY)
    again = KinesisStream.restored(kept.sorted(), kept.keep)
    assert again.shards[0].tail(After(first)).lost
    assert not again.shards[0].tail(After(second)).lost
    assert not again.shards[0].tail("TRIM_HORIZON").lost


def test_a_reader_is_told_of_what_arrives_and_of_the_end() -> None:
    stream, calls = made(), []
    tail = stream.shards[0].tail("LATEST")
    tail.tell(lambda: calls.append(tail.ended), lambda *_: None)
    put(stream, "a", "b")
    assert calls == [False]
    stream.split(0, HASH_KEYS // 2, START)
    assert calls == [False, False]
    tail.read(10)
    assert tail.ended


def test_a_deleted_stream_keeps_no_row_and_tells_its_readers() -> None:
    kept, missed = Kept(), []
    stream = made(2, kept)
    tail = stream.shards[0].tail("TRIM_HORIZON")
    tail.tell(lambda: None, lambda records, rule: missed.append((data(records), rule)))
    stream.put([Entry("k", b"a", 0)], START)
    stream.delete()
    assert kept.rows == {}
    assert "deleted" in tail.gone
    assert missed == [(["a"], "its stream was deleted")]


def test_an_on_demand_stream_reshards_by_itself_only() -> None:
    stream = made(4, mode="ON_DEMAND")
    with pytest.raises(Refusal, match="On-Demand"):
        stream.split(0, 1000, START)
    with pytest.raises(Refusal, match="On-Demand"):
        stream.rescale(5, START)


def test_an_automatic_distribution_reaches_every_shard() -> None:
    stream = made(4, mode="ON_DEMAND", distribution="AUTO")
    taken = stream.put([Entry("same", b"x")] * 8, START)
    assert sorted(shard.number for shard, _ in taken) == [0, 0, 1, 1, 2, 2, 3, 3]


class Consumer:
    """Reads every shard, parents before children, each record once."""

    def __init__(self, stream: KinesisStream) -> None:
        self.stream = stream
        self.done: set[int] = set()
        self.places: dict[int, str] = {}
        self.tails: dict[int, Tail[Record]] = {}
        self.seen: list[bytes] = []

    def read(self, limit: int) -> None:
        for number, shard in [*self.stream.shards.items()]:
            waiting = {one.number for one in self.stream.shards.values() if one.id in shard.parents} - self.done
            if number in self.done or waiting:
                continue
            if number not in self.tails:
                place: Position = After(self.places[number]) if number in self.places else "TRIM_HORIZON"
                self.tails[number] = shard.tail(place)
            records = self.tails[number].read(limit)
            self.seen += [record.data for record in records]
            if records:
                self.places[number] = shard.sequence(records[-1])
            if self.tails[number].ended:
                self.done.add(number)

    def read_all(self) -> None:
        known = -1
        while known != (known := len(self.seen) + len(self.done)):
            self.read(100)

    def restart(self, stream: KinesisStream) -> None:
        self.stream, self.tails = stream, {}


class Life(RuleBasedStateMachine):
    """Puts, splits, merges, counts and reads in any order; restarts at any point."""

    @initialize(shards=st.integers(1, 3))
    def begin(self, shards: int) -> None:
        self.kept = Kept()
        self.now = START
        self.stream = made(shards, self.kept)
        self.consumer = Consumer(self.stream)
        self.count = 0

    @rule(keys=st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5))
    def put(self, keys: list[str]) -> None:
        entries = [Entry(key, f"{key}{self.count + number}".encode()) for number, key in enumerate(keys, start=1)]
        self.count += len(entries)
        for (shard, record), entry in zip(self.stream.put(entries, self.now), entries, strict=True):
            assert (record.key, record.data) == (entry.key, entry.data)
            assert not shard.closed
            assert shard.first <= hash_key(entry.key) <= shard.last

    @rule(seconds=st.floats(0, 3))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: len(self.stream.open_shards) < 6)
    @rule(which=st.integers(0, 5), share=st.integers(2, 9))
    def split(self, which: int, share: int) -> None:
        shard = self.stream.open_shards[which % len(self.stream.open_shards)]
        at = shard.first + (shard.last - shard.first) * share // 10
        if shard.first + 1 < at < shard.last:
            self.stream.split(shard.number, at, self.now)

    @precondition(lambda self: len(self.stream.open_shards) > 1)
    @rule(which=st.integers(0, 5))
    def merge(self, which: int) -> None:
        opened = self.stream.open_shards
        first = which % (len(opened) - 1)
        self.stream.merge(opened[first].number, opened[first + 1].number, self.now)

    @rule(change=st.integers(-2, 3))
    def rescale(self, change: int) -> None:
        current = len(self.stream.open_shards)
        count = min(6, max(1, current + change))
        if current <= 2 * count and count <= 2 * current:
            self.stream.rescale(count, self.now)

    @rule(limit=st.integers(1, 4))
    def read(self, limit: int) -> None:
        self.consumer.read(limit)

    @rule()
    def restart(self) -> None:
        before = told(self.stream)
        self.stream = KinesisStream.restored(self.kept.sorted(), self.kept.keep)
        assert told(self.stream) == before
        self.consumer.restart(self.stream)

    @invariant()
    def check_ranges(self) -> None:
        """The open shards have every hash key, each once."""
        opened = self.stream.open_shards
        assert opened[0].first == 0
        assert [shard.last + 1 for shard in opened] == [*(shard.first for shard in opened[1:]), HASH_KEYS]

    def teardown(self) -> None:
        """In the end each record was read once, in the order of its key."""
        if not hasattr(self, "stream"):
            return
        self.consumer.read_all()
        seen = [(one[:1], int(one[1:])) for one in self.consumer.seen]
        assert sorted(number for _, number in seen) == [*range(1, self.count + 1)]
        for key in {key for key, _ in seen}:
            numbers = [number for of, number in seen if of == key]
            assert numbers == sorted(numbers)


TestLife = Life.TestCase
