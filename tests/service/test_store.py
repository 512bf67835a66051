import sqlite3
from pathlib import Path

import pytest

from landfast.delivery.actions import Window
from landfast.delivery.asynchronous import Progress
from landfast.delivery.outcomes import Failed
from landfast.journal import Accepted, Entry, Settled
from landfast.service.store import AcceptedEvent, ShardState, Store, forget_event, keep_event, keep_shard, read_journal

PROGRESS = Progress(accepted=5.0, due=65.0, attempts=1, response=Failed({"errorMessage": "no stock"}))
EVENT = AcceptedEvent(request_id="e1", payload=b'{"a": 1}', origin="invoke", trace="Root=1-2-3", progress=PROGRESS)


def test_an_accepted_event_is_read_back_as_it_was_by_the_next_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.commit([], [keep_event("orders", EVENT)])
    again = Store(tmp_path / "s")
    assert again.events("orders") == [EVENT]
    assert again.events("other") == []
    again.commit([], [forget_event("e1")])
    assert store.events("orders") == []
    again.close()
    store.close()


def test_a_later_progress_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    later = AcceptedEvent(
        request_id="e1", payload=b"{}", origin="", trace="", progress=Progress(accepted=5.0, due=185.0, attempts=2)
    )
    store.commit([], [keep_event("orders", EVENT), keep_event("orders", later)])
    assert store.events("orders") == [later]
    store.close()


def test_a_checkpoint_is_read_back_with_its_open_windows(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    state = ShardState(sequence="17", windows=(Window(0.0, 60.0, {"sum": 3}), None), started=9.5)
    store.commit([], [keep_shard("mapping", "shard-1", state)])
    assert store.shards("mapping") == {"shard-1": state}
    store.close()


def test_checkpoints_of_another_engine_are_dropped_since_its_streams_are_gone(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.belongs_to("moto 1")
    store.commit([], [keep_shard("mapping", "shard-1", ShardState(sequence="17"))])
    store.belongs_to("moto 1")
    assert store.shards("mapping")
    store.belongs_to("moto 2")
    assert not store.shards("mapping")
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
    with pytest.raises(sqlite3.OperationalError):
        store.commit(
            [Accepted(at=1.0)], [keep_event("orders", EVENT), lambda connection: connection.execute("no such command")]
        )
    assert store.events("orders") == []
    assert store.newest() == 0
    store.close()
