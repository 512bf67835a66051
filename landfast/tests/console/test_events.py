"""The list of events, as a page asks for it."""

import pytest

from landfast.console.events import Event, listed, wanted_by
from landfast.console.index import Row, Source, Wanted, Window
from landfast.console.routes import Asked, Problem

NOW = 1_000.0


def wanted(**query: str) -> Wanted:
    return wanted_by(Asked({}, query), NOW)


def test_a_query_without_values_asks_for_the_newest_events() -> None:
    assert wanted(function="", state="", text=" ", since="", upto="") == Wanted()


def test_each_name_of_the_query_is_heeded() -> None:
    assert wanted(
        function="Orders", source="OrdersQueue", state="pending,dropped", text=" no stock ", since="10", until="20.5",
        upto="7", offset="50", limit="25",
    ) == Wanted(
        function="Orders", source="OrdersQueue", states=frozenset({"pending", "dropped"}), text="no stock", since=10.0,
        until=20.5, upto=7, offset=50, limit=25,
    )  # fmt: skip
    assert wanted(within="60").since == 940.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("state", "lost", "state 'lost': there are pending, running, processed"),
        ("limit", "501", "limit is '501', not a number from 0 to 500"),
        ("since", "yesterday", "since is 'yesterday'"),
        ("upto", "nan", "upto is 'nan'"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(name: str, value: str, message: str) -> None:
    with pytest.raises(Problem, match=message):
        wanted(**{name: value})


def test_events_have_their_function_and_states_are_counted_for_the_function_asked_for() -> None:
    row = Row("e1", "Orders:live", 0, 1, 2, 5.0, state="pending", due=60.0, target="arn:aws:sqs:::failed")
    window = Window(
        rows=[row], matching=1, newer=2, total=9, upto=4,
        read=1.0,
        sources={
            "Orders:live": Source("Orders"), "OrdersQueue": Source("Orders"), "Scans": Source("Scan"), "New": Source(),
        },
    )  # fmt: skip
    window.sources["Orders:live"].states["pending"] = 1
    window.sources["OrdersQueue"].states["pending"] = 3
    window.sources["Scans"].states["processed"] = 5
    everything = listed(Wanted(offset=3), window, {"arn:aws:sqs:::failed": "Failed"})
    assert everything.events == [
        Event(
            id="e1", source="Orders:live", function="Orders", at=5.0, origin="", state="pending", attempts=0,
            ended=None, due=60.0, error="", rule="", target="Failed",
        )
    ]  # fmt: skip
    assert (everything.offset, everything.matching, everything.newer, everything.total) == (3, 1, 2, 9)
    assert everything.states == {"pending": 4, "processed": 5}
    assert everything.functions == ["Orders", "Scan"]
    assert listed(Wanted(function="Orders"), window, {}).states == {"pending": 4}
