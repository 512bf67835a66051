"""The way of one event, as a journal tells it."""

from collections.abc import Sequence

from landfast.console.way import Way, way
from landfast.journal import Accepted, Entry, Settled
from landfast.report.chains import Chains
from tests.console.journals import ERROR, NOON, QUEUE, Journal, bisected, reported, shop


def told(entries: Sequence[Entry], record: str) -> Way:
    return way(Chains.of(entries), lambda numbers: [entries[number - 1] for number in numbers], record)


def path(of: Way) -> list[tuple[str, list[str], tuple[int, ...]]]:
    return [(hop.source, [each.id for each in hop.records], hop.parents) for hop in of.hops]


def test_a_way_leads_from_the_upload_to_all_that_came_of_it() -> None:
    found = told(shop(), "upload")
    assert path(found) == [
        ("Read:live", ["upload"], ()),
        ("Items", ["item1", "item2"], (0,)),
        ("Ship:live", ["event1", "event2"], (1,)),
        ("", ["letter"], (2,)),
    ]
    assert [hop.chosen for hop in found.hops] == [True, False, False, False]
    assert [hop.kind for hop in found.hops] == ["async", "dynamodb", "async", ""]
    assert found.hops[2].states == {"to_destination": 1, "processed": 1}
    assert not found.is_cut


def test_a_way_leads_back_to_the_call_that_made_a_record_though_others_ran_at_the_same_time() -> None:
    assert path(told(shop(), "event2")) == [
        ("Read:live", ["upload"], ()),
        ("Items", ["item1", "item2"], (0,)),
        ("Ship:live", ["event2"], (1,)),
    ]
    found = told(shop(), "letter")
    assert path(found)[2:] == [("Ship:live", ["event1"], (1,)), ("", ["letter"], (2,))]
    assert [hop.shared for hop in found.hops] == [1, 1, 2, 1]


def test_each_attempt_tells_its_times_its_error_and_the_rule_of_what_followed() -> None:
    ship = told(shop(), "event1").hops[2]
    first, second = ship.attempts
    assert (first.call, first.outcome, first.due, first.rule) == (1, "raise", NOON + 90, "S-04 function error")
    assert (second.call, second.number, second.rule) == (2, 2, "S-04 RetriesExhausted")
    assert (first.error, first.where) == ("ValueError: line 2: no order", "/app/read.py:7 in read")
    assert "raise ValueError" in first.trace
    assert [(sent.kind, sent.body) for sent in ship.sent] == [("sqs", {"version": "1.0"})]
    assert ship.waits is None


def test_a_batch_that_was_split_is_told_from_its_top_with_the_parts_of_others() -> None:
    hop = told(bisected(), "c").hops[0]
    (tree,) = hop.trees
    assert [(batch.depth, batch.records, batch.mine, batch.why) for batch in tree] == [
        (0, 4, True, "S-60 bisected"),
        (1, 2, False, ""),
        (1, 2, True, "S-60 bisected"),
        (2, 1, True, ""),
        (2, 1, False, ""),
    ]
    assert tree[1].ends == (("processed", "S-46 the batch succeeded", 2),)
    assert [each.records for each in hop.attempts] == [4, 2, 1]


def test_what_has_not_ended_says_what_it_waits_for() -> None:
    waits = told(bisected(), "c").hops[0].waits
    assert waits is not None
    assert (waits.due, waits.rule, waits.records) == (NOON + 600, "S-56 the attempt failed", 1)
    waits = told(reported(), "m2").hops[0].waits
    assert waits is not None
    assert (waits.due, waits.rule) == (NOON + 30, "S-97")
    assert told(reported(), "m1").hops[0].waits is None


def test_a_call_that_still_runs_waits_for_nothing() -> None:
    hop = told(shop()[:3], "upload").hops[0]
    assert hop.waits is None
    assert [(each.outcome, each.ended) for each in hop.attempts] == [("", None)]
    accepted = told(shop()[:1], "upload").hops[0]
    assert accepted.waits is not None
    assert accepted.waits.due is None


def test_a_journal_that_has_dropped_its_beginning_tells_what_is_left() -> None:
    entries = shop()
    first = next(number for number, entry in enumerate(entries) if isinstance(entry, Settled))
    chains = Chains()
    for number, entry in enumerate(entries[first:], first + 1):
        chains.take(number, entry)
    found = way(chains, lambda numbers: [entries[number - 1] for number in numbers], "event1")
    assert path(found)[0] == ("Items", ["item1", "item2"], ())
    assert "gone" not in chains


def test_a_way_of_many_records_is_told_in_groups() -> None:
    entries = wide(1_000)
    found = told(entries, "upload")
    assert [(hop.source, len(hop.records), hop.records_left_out, hop.untold) for hop in found.hops] == [
        ("Read", 1, 0, 0),
        ("Jobs", 50, 450, 500),
    ]
    assert found.hops[1].states == {"processed": 500}
    assert [attempt.outcome for attempt in found.hops[1].attempts][-1] == "raise"
    assert found.hops[1].attempts_left_out == 301
    assert len(told(entries, "job7").hops[1].records) == 1


def wide(jobs: int) -> list[Entry]:
    """An upload of which many jobs come, each with a call of its own; that of the 500th fails once."""
    journal = Journal()
    journal.note(Accepted, "Read", "upload", origin="invoke")
    journal.called("Read", "upload", request="upload", segment="s1")
    for number in range(jobs):
        journal.sent(f"job{number}", root="r", parent="s1")
    journal.ended("Read", "upload", request="upload")
    for number in range(jobs):
        job, request = f"job{number}", f"q{number}"
        journal.note(Accepted, "Jobs", job, origin=QUEUE)
        journal.called("Jobs", job, request=request, segment=f"j{number}")
        if number == 499:
            journal.ended("Jobs", job, request=request, outcome="raise", error=ERROR)
            journal.called("Jobs", job, request=f"{request}-again", segment=f"a{number}", attempt=2)
            journal.ended("Jobs", job, request=f"{request}-again")
        else:
            journal.ended("Jobs", job, request=request)
        journal.note(Settled, "Jobs", job, state="processed", rule="S-88")
    return journal.entries
