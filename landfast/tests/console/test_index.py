"""The index of a journal: rows as the journal tells them, and windows of them."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from landfast.console import index as indexing
from landfast.console.index import Index, Row, Table, Wanted, Window
from landfast.journal import Accepted, Delivered, Entry, Finished, Invoked, Retrying, Settled
from landfast.service.store import KEPT_ENTRIES, Store, StoreError
from landfast.simulate.run import simulate
from landfast.simulate.scenario import read
from tests.report.scenarios import SCENARIOS

TOLD = ("fifo-reports", "poison-both", "throttled-queue", "upload-throttled", "concepts/windows")
EXAMPLES = [
    *(path for path in sorted((SCENARIOS / "examples").glob("*.json")) if not path.stem.endswith(".expected")),
    *(SCENARIOS / f"{name}.json" for name in TOLD),
]
SOURCE = "Orders:live"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failures"
ERROR = {"errorType": "ValueError", "errorMessage": "no\n  stock", "stackTrace": ["x"]}


@dataclass(frozen=True)
class Kept:
    """A journal on disk and its index."""

    store: Store
    index: Index

    def note(self, *entries: Entry) -> None:
        self.store.commit(entries)

    def rows(self, **wanted: object) -> Sequence[Row]:
        return self.window(**wanted).rows

    def window(self, **wanted: object) -> Window:
        return self.index.window(msgspec.convert(wanted, Wanted))


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Kept]]:
    """Makes a journal and its index, which reads all of it at once; both are closed at the end."""
    monkeypatch.setattr(indexing, "RECENT", 40_000)
    made: list[Kept] = []

    def make(delay: float = 3600.0, idle: float = 3600.0, most_entries: int = KEPT_ENTRIES) -> Kept:
        path = tmp_path / f"{len(made)}.sqlite"
        made.append(Kept(Store(path, most_entries=most_entries), Index(path, delay=delay, idle=idle)))
        return made[-1]

    yield make
    for each in made:
        each.index.close()
        each.store.close()


def processed(name: str, at: float, source: str = SOURCE) -> tuple[Entry, ...]:
    """An event that is processed at once."""
    function, records = source.partition(":")[0], (name,)
    return (
        Accepted(at=at, source=source, records=records, origin=f"s3://files/{name}.JSON"),
        Invoked(at=at, source=source, records=records, request_id=name, attempt=1, function=function),
        Finished(at=at, source=source, records=records, request_id=name, outcome="succeed"),
        Settled(at=at, source=source, records=records, state="processed", rule="S-15"),
    )


def failed(name: str, at: float, error: str) -> tuple[Entry, ...]:
    """An event that fails, and waits to be tried again."""
    accepted, invoked, *_ = processed(name, at)
    outcome = Finished(
        at=at, source=SOURCE, records=(name,), request_id=name, outcome="raise", error={"errorMessage": error}
    )
    return accepted, invoked, outcome, Retrying(at=at, source=SOURCE, records=(name,), due=at + 60, rule="S-04")


def ids(rows: Sequence[Row]) -> list[str]:
    return [row.id for row in rows]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_rows_tell_of_every_example_what_the_simulator_does(make: Callable[..., Kept], example: Path) -> None:
    kept = make()
    result, entries = simulate(read(example.read_bytes()))
    kept.note(*entries)
    told = {row.id: (row.state, row.attempts, row.ended) for row in kept.rows(limit=100_000)}
    assert told == {
        name: (record["state"], record["invocations"], record["at"]) for name, record in result["records"].items()
    }
    (source,) = kept.index.sources().values()
    assert source.invocations == result["summary"]["invocations"]
    assert source.states.total() == len(told)


def test_a_row_follows_its_event_from_attempt_to_attempt(make: Callable[..., Kept]) -> None:
    kept = make()
    story = failed("e1", 100.0, "no\n  stock")
    seen = []
    more: tuple[Entry, ...] = (
        Invoked(at=160.0, source=SOURCE, records=("e1",), request_id="e1", attempt=2, function="Orders"),
        Finished(at=160.0, source=SOURCE, records=("e1",), request_id="e1", outcome="throttle"),
        Retrying(at=160.0, source=SOURCE, records=("e1",), due=161.0, rule="S-06"),
        Delivered(at=170.0, source=SOURCE, records=("e1",), kind="sqs", target=QUEUE, body={}, rule="S-04"),
        Settled(at=170.0, source=SOURCE, records=("e1",), state="to_destination", rule="S-04"),
    )
    for entry in (*story, *more):
        kept.note(entry)
        (row,) = kept.rows()
        seen.append((row.state, row.attempts, row.due, row.error))
    assert seen == [
        ("pending", 0, None, ""),
        ("running", 1, None, ""),
        ("pending", 1, None, "no stock"),
        ("pending", 1, 160.0, "no stock"),
        ("running", 2, None, "no stock"),
        ("pending", 1, None, "throttle"),
        ("pending", 1, 161.0, "throttle"),
        ("pending", 1, 161.0, "throttle"),
        ("to_destination", 1, None, "throttle"),
    ]
    assert (row.at, row.ended, row.rule, row.target) == (100.0, 170.0, "S-04", QUEUE)
    assert row.origin == "s3://files/e1.JSON"


def test_pages_keep_their_places_while_new_rows_come(make: Callable[..., Kept]) -> None:
    kept = make()
    for number in range(10):
        kept.note(*processed(f"e{number}", number))
    first = kept.window(limit=4)
    assert ids(first.rows) == ["e9", "e8", "e7", "e6"]
    kept.note(*processed("e10", 10.0), *failed("e11", 11.0, "later"))
    second = kept.window(limit=4, offset=4, upto=first.upto)
    assert ids(second.rows) == ["e5", "e4", "e3", "e2"]
    assert (second.matching, second.newer, second.total) == (10, 2, 12)
    only = kept.window(states=["processed"], upto=first.upto)
    assert (only.matching, only.newer) == (10, 1)
    assert ids(kept.rows(offset=10)) == ["e1", "e0"]
    assert ids(kept.rows(offset=12)) == []


def test_every_filter_finds_what_looking_at_each_row_finds(make: Callable[..., Kept]) -> None:
    seed = 20261126
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    kept = make()
    names = ("Orders:live", "Orders", "Scans:live")
    for number in range(2 * indexing._BLOCK + 100):
        kept.note(*chance.choice([
            processed(f"e{number}", number, chance.choice(names)),
            failed(f"e{number}", number, f"Order {number} has no Stock"),
        ]))  # fmt: skip
    everything = kept.rows(limit=100_000)
    sources = kept.window().sources
    for _ in range(200):
        text = chance.choice(["", "", "12", "has NO stock", ".json", "e7", "order 1", "nothing"])
        function, state = chance.choice(["", "Orders", "Scans"]), chance.choice(["", "pending", "processed", "dropped"])
        since, until = chance.choice([None, 500.0]), chance.choice([None, 2000.0])
        offset, limit = chance.randrange(30), chance.randrange(1, 50)
        expected = [
            row
            for row in everything
            if text.lower() in f"{row.id} {row.origin} {row.error}".lower()
            and function in {"", sources[row.source].function}
            and state in {"", row.state}
            and (since is None or row.at >= since)
            and (until is None or row.at <= until)
        ]
        found = kept.window(
            text=text, function=function, states=[state] if state else [], since=since, until=until, offset=offset,
            limit=limit,
        )  # fmt: skip
        assert found.matching == len(expected), f"seed {seed}"
        assert ids(found.rows) == ids(expected[offset : offset + limit]), f"seed {seed}"
        if chance.random() < 0.1:  # what was searched before is not taken for what there is now
            kept.note(*failed(chance.choice(everything).id, 3000.0, "has no stock at all"))
            everything = kept.rows(limit=100_000)


def test_rows_go_with_the_entries_of_a_bounded_journal(make: Callable[..., Kept]) -> None:
    kept = make(most_entries=10_000)
    (waiting, *_) = processed("waits", 0.0)
    kept.note(waiting)
    kept.note(*(entry for number in range(2_000) for entry in processed(f"e{number}", number)))
    assert kept.window().total == 2_001
    kept.note(*(entry for number in range(2_000, 4_000) for entry in processed(f"e{number}", number)))
    kept.note(Retrying(at=4_000.0, source=SOURCE, records=("e1",), due=1.0, rule="S-04"))
    window = kept.window(limit=1)
    assert window.total == sum(kept.index.sources()[SOURCE].states.values()) < 2_600
    assert ids(kept.rows(text="waits")) == []
    oldest = kept.rows(offset=window.total - 1)[0]
    assert oldest.last > kept.store.newest() - 10_000


def test_a_table_keeps_no_more_rows_than_it_may() -> None:
    table = Table(most=1_000)
    entries = [entry for number in range(1_400) for entry in processed(f"e{number}", number)]

    def portion(begin: int, most: int) -> bytes:
        return msgspec.json.encode(list(enumerate(entries, 1))[begin - 1 : begin - 1 + most])

    while table.read(portion):
        if table.is_too_long:
            table.forget(1)
    assert 1_000 <= len(table) <= 1_250
    assert ids(table.window(Wanted(limit=1)).rows) == ["e1399"]


def test_after_a_reset_rows_are_those_of_the_journal_that_is_there(make: Callable[..., Kept]) -> None:
    kept = make()
    kept.note(*processed("before", 1.0))
    kept.store.remember()
    kept.note(*processed("first", 2.0), *processed("second", 3.0))
    assert ids(kept.rows()) == ["second", "first", "before"]
    kept.store.reset()
    kept.note(*processed("third", 4.0), *processed("fourth", 5.0), *processed("fifth", 6.0))
    assert ids(kept.rows()) == ["fifth", "fourth", "third", "before"]
    kept.store.reset()
    assert ids(kept.rows()) == ["before"]


def test_of_a_long_journal_the_newest_rows_are_there_at_once_and_all_of_them_soon(
    make: Callable[..., Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "RECENT", 100)
    monkeypatch.setattr(indexing, "_PORTION", 64)
    kept = make(delay=0.0)
    kept.note(*(entry for number in range(500) for entry in processed(f"e{number}", number)))
    first = kept.window()
    assert first.rows[0].id == "e499"
    window = first
    while window.read < 1.0:
        window = kept.window(limit=1000)
    assert ids(window.rows) == [f"e{number}" for number in reversed(range(500))]
    assert kept.index.sources()[SOURCE].invocations == 500


def test_an_index_that_nobody_asks_ends_its_thread_and_is_there_again_when_somebody_does(
    make: Callable[..., Kept],
) -> None:
    kept = make(idle=0.0)
    kept.note(*processed("e1", 1.0))
    assert ids(kept.rows()) == ["e1"]
    thread = kept.index._thread
    if thread is not None:  # it has not ended yet
        thread.join(60)
        assert not thread.is_alive()
    assert kept.index._reader is None
    assert ids(kept.rows()) == ["e1"]


def test_a_journal_that_is_not_there_is_told(tmp_path: Path) -> None:
    with closing(Index(tmp_path / "missing.sqlite")) as index, pytest.raises(StoreError, match="cannot be opened"):
        index.window(Wanted())
