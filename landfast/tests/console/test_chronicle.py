"""The journal as the page of an event reads it, while a service writes to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from landfast.console.chronicle import Chronicle
from landfast.journal import Accepted, Finished, Invoked
from landfast.service.store import Store
from tests.console.journals import shop


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "service.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def chronicle(store: Store, tmp_path: Path) -> Iterator[Chronicle]:
    del store
    opened = Chronicle(tmp_path / "service.sqlite")
    yield opened
    opened.close()


def sources(chronicle: Chronicle, record: str) -> list[str]:
    way = chronicle.way(record)
    return [hop.source for hop in way.hops] if way else []


def test_each_question_is_answered_by_what_there_is_then(store: Store, chronicle: Chronicle) -> None:
    entries = shop()
    assert chronicle.way("upload") is None
    store.commit(entries[:3])
    assert sources(chronicle, "upload") == ["Read:live"]
    store.commit(entries[3:])
    assert sources(chronicle, "upload") == ["Read:live", "Items", "Ship:live", ""]
    assert sources(chronicle, "event2") == ["Read:live", "Items", "Ship:live"]


def test_the_attempts_of_an_event_have_one_request_id_and_each_its_end(store: Store, chronicle: Chronicle) -> None:
    store.commit(shop())
    attempts = chronicle.attempts("event1")
    assert [(begun.attempt, ended and ended.outcome) for begun, ended in attempts] == [(1, "raise"), (2, "raise")]
    assert chronicle.attempts("nothing") == []
    store.commit([Invoked(at=1.0, source="Read:live", records=("new",), request_id="new", attempt=1)])
    assert [ended for _, ended in chronicle.attempts("new")] == [None]
    store.commit([Finished(at=2.0, source="Read:live", records=("new",), request_id="new", outcome="succeed")])
    assert [ended and ended.outcome for _, ended in chronicle.attempts("new")] == ["succeed"]


def test_a_journal_that_was_put_back_is_read_anew(store: Store, chronicle: Chronicle) -> None:
    store.remember()
    store.commit(shop())
    assert sources(chronicle, "upload")
    store.reset()
    store.commit([Accepted(at=1.0, source="Read:live", records=("other",))])
    assert chronicle.way("upload") is None
    assert sources(chronicle, "other") == ["Read:live"]


def test_what_was_read_goes_and_is_read_again(store: Store, chronicle: Chronicle) -> None:
    store.commit(shop())
    assert chronicle.is_new()
    chronicle.prepare()
    assert not chronicle.is_new()
    chronicle.close()
    assert chronicle.is_new()
    assert sources(chronicle, "event2") == ["Read:live", "Items", "Ship:live"]
