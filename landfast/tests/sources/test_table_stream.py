"""Streams of tables: one record for each change, with the images of the view."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.starting_positions import After
from landfast.sources.table_changes import ItemChange, ViewType, is_same
from landfast.sources.table_stream import RETENTION, Settings, TableStream
from tests.sources.kept import Kept

LABEL = "2027-01-15T08:00:00.123"
ARN = f"arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/{LABEL}"
START = 1_800_000_000.123


def made(view: ViewType = "NEW_AND_OLD_IMAGES", kept: Kept | None = None) -> TableStream:
    settings = Settings(arn=ARN, table="orders", label=LABEL, created=START, view_type=view, keys={"id": "HASH"})
    return TableStream.made(settings, (kept or Kept()).keep)


def change(name: str, old: int | None, new: int | None) -> ItemChange:
    """A change of the number in an item."""
    keys = {"id": {"S": name}}
    images = [None if number is None else {**keys, "n": {"N": str(number)}} for number in (old, new)]
    return ItemChange(keys, *images)


def read(stream: TableStream) -> list[dict[str, Any]]:
    return [stream.shard.change(record) for record in stream.shard.slice(0, 100)]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [(None, 1, "INSERT"), (1, 2, "MODIFY"), (1, None, "REMOVE"), (1, 1, None), (None, None, None)],
)
def test_s_141_a_write_that_changes_nothing_is_no_record(old: int | None, new: int | None, name: str | None) -> None:
    stream = made()
    stream.append([change("a", old, new)], START)
    assert [record.name for record in stream.shard.slice(0, 10)] == ([name] if name else [])


def test_the_record_of_an_item_that_was_over_names_dynamodb_as_who_deleted_it() -> None:
    kept = Kept()
    stream = made(kept=kept)
    stream.append([change("a", 1, None)], START, expired=True)
    stream.append([change("b", 1, None)], START)
    for read_from in (stream, TableStream.restored(kept.sorted(), kept.keep)):
        reader = read_from.shard.reader(ARN, "role")
        over, other = (json.loads(reader(record).body) for record in read_from.shard.slice(0, 10))
        assert over["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        assert "userIdentity" not in other


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_s_084_a_record_has_the_images_of_its_view(view: ViewType, shown: set[str]) -> None:
    stream = made(view)
    stream.append([change("a", 1, 2)], START + 1)
    [told] = read(stream)
    assert {"NewImage", "OldImage"} & told.keys() == shown
    assert told["Keys"] == {"id": {"S": "a"}}
    assert told["StreamViewType"] == view
    assert told["ApproximateCreationDateTime"] == 1_800_000_001.0
    assert told["SizeBytes"] == 3 + len(shown) * 6


def test_s_141_sequence_numbers_and_event_ids_never_repeat_also_across_restarts() -> None:
    kept = Kept()
    stream = made(kept=kept)
    sequences, ids = [], set()
    for number in range(4):
        stream.append([change("a", number, number + 1), change("b", number, number + 1)], START + number)
        for record in stream.shard.slice(0, 10):
            sequences.append(stream.shard.sequence_of(record.index))
            ids.add(stream.shard.event_id(record))
        if number == 1:
            stream.advance(START + RETENTION + 1)
        stream = TableStream.restored(kept.sorted(), kept.keep)
        stream.advance(START + RETENTION * number)
    numbers = [int(sequence) for sequence in dict.fromkeys(sequences)]
    assert numbers == sorted(numbers)
    assert len(ids) == len(numbers) == 8
    assert {len(sequence) for sequence in sequences} == {21}
    assert {len(one) for one in ids} == {32}


def test_s_141_after_a_restart_a_stream_is_as_it_was() -> None:
    kept = Kept()
    stream = made(kept=kept)
    stream.append([change("a", None, 1), change("b", 1, None)], START)
    again = TableStream.restored(kept.sorted(), kept.keep)
    assert (again.settings, read(again), again.next_index) == (stream.settings, read(stream), stream.next_index)
    first = stream.shard.sequence_of(1)
    assert [record.index for record in again.shard.tail(After(first)).read(10)] == [2]


def test_s_054_records_leave_after_a_day_and_a_disabled_stream_with_its_last() -> None:
    kept = Kept()
    stream = made(kept=kept)
    stream.append([change("a", None, 1)], START)
    stream.disable(START + 5)
    assert (stream.is_enabled, stream.shard.closed, stream.due()) == (False, True, START + RETENTION)
    stream.advance(START + RETENTION)
    assert (read(stream), stream.due(), stream.is_over) == ([], START + 5 + RETENTION, True)
    stream.delete()
    assert kept.rows == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"N": "1.0"}),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
        ({"NS": ["1", "2.50"]}, {"NS": ["2.5", "1"]}),
        ({"L": [{"N": "1e2"}]}, {"L": [{"N": "100"}]}),
        ({"M": {"x": {"BS": ["YQ==", "Yg=="]}}}, {"M": {"x": {"BS": ["Yg==", "YQ=="]}}}),
    ],
)
def test_s_141_what_is_written_otherwise_is_the_same(one: Any, other: Any) -> None:
    assert is_same({"v": one}, {"v": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"N": "1"}, {"S": "1"}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
        ({"SS": ["a"]}, {"SS": ["a", "b"]}),
        ({"BOOL": True}, {"BOOL": False}),
        ({"M": {}}, {"L": []}),
        ({"N": "one"}, {"N": "two"}),
        ({"SS": "ab"}, {"SS": ["a", "b"]}),
        ({"L": [5]}, {"L": ["5"]}),
        ({}, {"N": "1"}),
    ],
)
def test_s_141_what_differs_is_not_the_same(one: Any, other: Any) -> None:
    assert not is_same({"v": one}, {"v": other})


_values = st.recursive(
    st.one_of(
        st.text(max_size=3).map(lambda text: {"S": text}),
        st.integers(-99, 99).map(lambda number: {"N": str(number)}),
        st.booleans().map(lambda truth: {"BOOL": truth}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"L": values}),
        st.dictionaries(st.text(max_size=2), inner, max_size=3).map(lambda values: {"M": values}),
    ),
    max_leaves=8,
)


@given(_values, _values)
def test_s_141_values_without_sets_are_the_same_if_they_are_equal(one: Any, other: Any) -> None:
    assert is_same({"v": one}, {"v": other}) == (one == other)
    assert is_same({"v": one}, {"v": one})
