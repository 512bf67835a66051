import contextlib
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from msgspec import structs

from landfast.delivery.actions import Window
from landfast.delivery.asynchronous import Event, Progress
from landfast.delivery.lane_state import BatchState, LaneState
from landfast.delivery.outcomes import Failed
from landfast.driver import ForgetEvent, KeepEvent, KeepRow, KeepShard, ShardState
from landfast.journal import LONGEST_ENTRY, Accepted, Delivered, Dropped, Entry, Finished, Settled
from landfast.service import store as stores
from landfast.service.store import (
    CLOCK,
    AcceptedEvent,
    Store,
    StoreError,
    read_journal,
)

PROGRESS = Progress(accepted=5.0, due=65.0, attempts=1, response=Failed({"errorMessage": "no stock"}))
EVENT = AcceptedEvent(request_id="e1", payload=b'{"a": 1}', origin="invoke", trace="Root=1-2-3", progress=PROGRESS)


def keep(event: AcceptedEvent) -> KeepEvent:
    text = event.payload.decode()
    as_driven = Event(request_id=event.request_id, text=text, origin=event.origin, trace=event.trace)
    return KeepEvent("orders", as_driven, event.progress)


def test_an_accepted_event_is_read_back_as_it_was_by_the_next_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.commit([], [keep(EVENT)])
    again = Store(tmp_path / "s")
    assert again.events("orders") == [EVENT]
    assert again.events("other") == []
    again.commit([], [ForgetEvent("e1")])
    assert store.events("orders") == []
    again.close()
    store.close()


def test_what_was_remembered_is_put_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.commit([Settled(at=1.0, state="processed", rule="S-15")], [KeepRow("sqs", "queue", "1", b"first")])
    store.remember()
    for _ in range(2):
        store.commit([Settled(at=2.0, state="processed", rule="S-15")], [KeepRow("sqs", "queue", "1", b"second")])
        store.commit([], [keep(EVENT), KeepRow("sqs", "queue", "2", b"new")])
        store.reset()
        assert store.rows("sqs") == [("queue", "1", b"first")]
        assert store.events("orders") == []
        assert [(number, entry.at) for number, entry in read_journal(tmp_path / "s")] == [(1, 1.0)]
        assert store.newest() == 1
    store.close()


def test_a_later_progress_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    later = AcceptedEvent(
        request_id="e1", payload=b"{}", origin="", trace="", progress=Progress(accepted=5.0, due=185.0, attempts=2)
    )
    store.commit([], [keep(EVENT), keep(later)])
    assert store.events("orders") == [later]
    store.close()


def test_a_checkpoint_is_read_back_with_its_windows_and_with_what_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    window = Window(0.0, 60.0, {"sum": 3})
    batch = BatchState("18", "20", 2, 0, window, "request-1", "Unhandled", "$LATEST", part=True, since=0.0)
    lanes = (LaneState("20", window, (batch,), due=65.5), LaneState())
    state = ShardState(sequence="17", lanes=lanes, started=9.5, start="10")
    store.commit([], [KeepShard("mapping", "shard-1", state)])
    assert store.shards("mapping") == {"shard-1": state}
    store.close()


def test_rows_of_the_event_plane_are_read_back_by_kind_and_the_last_of_each_key_counts(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.commit([], [KeepRow("sqs", "orders", "2", b"b"), KeepRow("sqs", "orders", "1", b"a")])
    store.commit([], [KeepRow("sqs", "orders", "2", b"c"), KeepRow("sqs", "bills", "9", b"d")])
    store.commit([], [KeepRow("sqs", "orders", "1", None), KeepRow("sns", "topic", "1", b"e")])
    store.close()
    again = Store(tmp_path / "s")
    assert again.rows("sqs") == [("bills", "9", b"d"), ("orders", "2", b"c")]
    assert again.rows("sns") == [("topic", "1", b"e")]
    again.close()


def test_the_latest_time_is_that_of_the_last_commit_noted_or_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    assert store.latest() == 0.0
    store.commit(numbered(0, 3))
    noted = store.latest()
    store.commit([], [KeepRow(CLOCK, "", "now", repr(noted + 60.0).encode())])
    assert store.latest() == noted + 60.0
    store.close()


def test_the_journal_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    entries: list[Entry] = [
        Accepted(at=1.0, source="orders", records=("e1",), origin="invoke"),
        Settled(at=2.0, source="orders", records=("e1",), state="processed", rule="S-15"),
    ]
    store.commit(entries[:1])
    assert [entry for _, entry in read_journal(tmp_path / "s")] == entries[:1]
    store.commit(entries[1:])
    assert [entry for _, entry in read_journal(tmp_path / "s", after=1)] == entries[1:]
    assert store.latest() == 2.0
    assert store.newest() == 2
    store.close()


def test_a_commit_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    no_name = cast("str", object())
    with pytest.raises(StoreError, match="not supported"):
        store.commit([Accepted(at=1.0)], [keep(EVENT), KeepShard("mapping", no_name, ShardState())])
    assert store.events("orders") == []
    assert store.newest() == 0
    store.close()


def numbered(first: int, last: int, **fields: Any) -> list[Entry]:
    return [Settled(at=float(n), source="orders", state="processed", rule="S-15", **fields) for n in range(first, last)]


def test_the_journal_is_bounded_while_it_grows_and_readers_go_on_over_what_was_dropped(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", most_entries=1_000)
    store.commit([], [keep(EVENT), KeepShard("mapping", "shard-1", ShardState(sequence="17"))])
    store.commit(numbered(0, 600))
    reader = read_journal(tmp_path / "s")
    first, _ = next(reader)
    for n in range(600, 5_000, 100):
        store.commit(numbered(n, n + 100))
    numbers = [first, *(number for number, _ in reader)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == store.newest() == 5_000
    kept = list(read_journal(tmp_path / "s"))
    assert 1_000 - 256 <= len(kept) <= 1_000
    assert [entry.at for _, entry in kept] == [float(n) for n in range(5_000 - len(kept), 5_000)]
    assert [number for number, _ in read_journal(tmp_path / "s", after=10)] == [number for number, _ in kept]
    assert store.events("orders") == [EVENT]
    assert store.shards("mapping")
    store.close()


def test_the_file_does_not_grow_without_end_however_much_is_noted(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", most_bytes=1_000_000)
    idle = read_journal(tmp_path / "s")
    for n in range(200):
        store.commit(numbered(n, n + 1, records=("r" * 5_000,) * 6))
        next(idle, None)
    kept = [entry for _, entry in read_journal(tmp_path / "s")]
    assert 0 < len(kept) < 40
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 8_000_000
    store.close()
    again = Store(tmp_path / "s", most_bytes=100_000)
    assert 0 < len(list(read_journal(tmp_path / "s"))) <= 4
    again.close()


def test_what_forgotten_events_took_of_the_disk_is_given_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    large = structs.replace(EVENT, payload=b"1" * 1_000_000)
    for n in range(20):
        store.commit([], [keep(structs.replace(large, request_id=str(n)))])
    store.commit([], [ForgetEvent(str(n)) for n in range(20)])
    for n in range(1_000):
        store.commit(numbered(n, n + 1))
    store.close()
    assert (tmp_path / "s").stat().st_size < 2_000_000


@pytest.mark.parametrize(
    "value",
    [
        "x" * 6_000_000,
        ["x" * 1_000] * 6_000,
        {"reason": "no stock", "data": "x" * 6_000_000, "more": {"kept": 1, "long": "y" * 100_000}},
        {f"key {n}": n for n in range(50_000)},
        {"k" * 1_000_000: 1},
    ],
    ids=["text", "list", "object", "wide", "key"],
)
def test_an_entry_keeps_the_beginning_of_a_large_value_and_says_so(tmp_path: Path, value: Any) -> None:
    store = Store(tmp_path / "s")
    ids = tuple(f"shardId-000000000000:{n}" for n in range(10_000))
    store.commit(
        [
            Finished(at=1.0, source="s", records=ids, request_id="r", outcome="succeed", value=value),
            Finished(at=2.0, source="s", request_id="r", outcome="raise", error={"errorMessage": value}),
            Delivered(at=3.0, source="s", kind="sqs", target="arn", body={"requestPayload": value}, rule="S-22"),
            Dropped(at=4.0, source="s", metric="m", error=str(value)),
        ]
    )
    with sqlite3.connect(tmp_path / "s") as connection:
        sizes = [size for (size,) in connection.execute("SELECT length(entry) FROM journal")]
    connection.close()
    assert sizes[0] < len(msgspec.json.encode(ids)) + LONGEST_ENTRY
    assert max(sizes[1:]) <= LONGEST_ENTRY
    entries: list[Any] = [entry for _, entry in read_journal(tmp_path / "s")]
    assert entries[0].records == ids
    for entry in entries:
        assert "(cut: 2048 of " in msgspec.json.encode(entry).decode()
    if isinstance(value, dict) and "reason" in value:
        assert entries[0].value["reason"] == entries[1].error["errorMessage"]["reason"] == "no stock"
        assert entries[0].value["more"]["kept"] == 1
    store.close()


@pytest.mark.parametrize("value", [json.loads('"\\ud800"'), {"\ud83d": 1}, {"a": ["x", "\udfff"]}], ids=repr)
def test_half_a_surrogate_pair_which_json_texts_may_name_is_noted(tmp_path: Path, value: Any) -> None:
    store = Store(tmp_path / "s")
    store.commit([Finished(at=1.0, source="s", request_id="r", outcome="succeed", value=value)])
    [(_, entry)] = read_journal(tmp_path / "s")
    assert isinstance(entry, Finished)
    assert entry.value is not None
    store.close()


def test_half_a_surrogate_pair_in_what_a_function_said_is_kept_as_a_question_mark(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    half = json.loads('"no \\ud800 stock"')
    progress = structs.replace(PROGRESS, response=Failed({"errorMessage": half}))
    window = Window(0.0, 60.0, {half: [half]})
    store.commit(
        [],
        [
            keep(structs.replace(EVENT, progress=progress)),
            KeepShard("mapping", "shard-1", ShardState(lanes=(LaneState(window=window),))),
        ],
    )
    expected = structs.replace(PROGRESS, response=Failed({"errorMessage": "no ? stock"}))
    assert store.events("orders") == [structs.replace(EVENT, progress=expected)]
    [lane] = store.shards("mapping")["shard-1"].lanes
    assert lane.window == Window(0.0, 60.0, {"no ? stock": ["no ? stock"]})
    store.close()


def test_the_first_version_of_the_file_is_taken_over_with_all_it_holds(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s") as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL;"
            "CREATE TABLE journal (id INTEGER PRIMARY KEY, at REAL NOT NULL, entry BLOB NOT NULL);"
            "CREATE TABLE events (request_id TEXT PRIMARY KEY, queue TEXT NOT NULL, record BLOB NOT NULL);"
            "CREATE INDEX events_by_queue ON events (queue);"
            "CREATE TABLE engine (name TEXT NOT NULL);"
            "CREATE TABLE shards (mapping TEXT NOT NULL, shard TEXT NOT NULL, sequence TEXT, windows BLOB NOT NULL, "
            "started REAL, ended INTEGER NOT NULL, PRIMARY KEY (mapping, shard));"
        )
        stores._make(keep(EVENT), connection)
    connection.close()
    for _ in range(2):
        store = Store(tmp_path / "s")
        assert store.events("orders") == [EVENT]
        store.close()


def a_directory(path: Path) -> None:
    path.mkdir()


def a_link(path: Path) -> None:
    path.symlink_to("elsewhere")


def truncated(path: Path) -> None:
    store = Store(path)
    store.commit(numbered(0, 1_000))
    store.close()
    os.truncate(path, path.stat().st_size // 2)


def damaged(path: Path) -> None:
    store = Store(path)
    store.commit(numbered(0, 1_000))
    store.close()
    content = bytearray(path.read_bytes())
    content[5_000:9_000] = b"\xff" * 4_000
    path.write_bytes(content)


def other_version(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def other_columns(path: Path) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE events ADD COLUMN region")
    connection.close()


def another_programs(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (a_directory, "cannot be opened"),
        (a_link, "is a symbolic link"),
        (lambda path: path.write_text("not a database " * 100), "is not a database"),
        (truncated, "is damaged"),
        (damaged, "is damaged"),
        (other_version, r"is of another version of Landfast \(99, this one writes 2\)"),
        (other_columns, ".*table events is missing or another"),
        (another_programs, "is not a database of Landfast"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, make: Callable[[Path], object], problem: str
) -> None:
    path = tmp_path / "service.sqlite"
    make(path)
    with pytest.raises(StoreError, match=f"{path}: {problem}.*: move it away") as refused:
        Store(path)
    assert "\n" not in str(refused.value)
    with contextlib.suppress(StoreError):  # what is damaged somewhere may be readable elsewhere
        list(read_journal(path))


def test_a_file_that_another_process_has_locked_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_PATIENCE", 0.1)
    Store(tmp_path / "s").close()
    other = sqlite3.connect(tmp_path / "s", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="is locked by another process"):
        Store(tmp_path / "s")
    other.close()
    Store(tmp_path / "s").close()


def test_a_full_disk_is_told_once_it_is_met_and_what_was_kept_before_stays(tmp_path: Path) -> None:
    told: list[StoreError] = []
    store = Store(tmp_path / "s", failed=told.append)
    store.commit([], [keep(EVENT)])
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    large = structs.replace(EVENT, request_id="e2", payload=b"1" * 1_000_000)
    with pytest.raises(StoreError, match=r"the disk is full.*: make room"):
        store.commit(numbered(0, 1), [keep(large)])
    assert [str(error) for error in told] == [str(told[0])]
    assert store.newest() == 0
    store.close()
    with pytest.raises(StoreError):
        store.commit(numbered(0, 1))
    assert len(told) == 1, "that the service has closed it is no failure"
    again = Store(tmp_path / "s")
    assert again.events("orders") == [EVENT]
    again.close()
