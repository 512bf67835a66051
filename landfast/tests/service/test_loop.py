"""Turns of the driver, what is planned, and time that skips waits."""

import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from landfast.driver import Change, KeepRow
from landfast.journal import Entry, Retrying
from landfast.service.clock import Clock
from landfast.service.loop import Loop, StoppedError
from landfast.service.timing import timing as told
from tests.service.conftest import eventually

HOUR = 3_600.0


class Rig:
    """A loop whose commits are kept."""

    def __init__(self, *, skips: bool) -> None:
        self.commits: list[tuple[list[Entry], list[Change]]] = []
        self.fails: Exception | None = None
        self.crashes: list[tuple[str, BaseException]] = []
        self.clock = Clock(skips=skips)
        self.loop = Loop(self.clock, self.commit, lambda where, error: self.crashes.append((where, error)))
        self.loop.start()

    def commit(self, notes: Sequence[Entry], changes: Sequence[Change]) -> None:
        if self.fails is not None:
            raise self.fails
        self.commits.append(([*notes], [*changes]))

    def plan(self, seconds: float, work: Callable[[], None], *, background: bool = False) -> None:
        self.loop.ask(lambda: self.loop.at(self.clock.now() + seconds, work, source="plan", background=background))

    def settled(self) -> threading.Event:
        settled = threading.Event()
        self.loop.ask(lambda: self.loop.when_settled(settled.set))
        return settled


@pytest.fixture
def skipping() -> Iterator[Rig]:
    rig = Rig(skips=True)
    yield rig
    rig.loop.stop(5)
    assert not rig.crashes


@pytest.fixture
def real() -> Iterator[Rig]:
    rig = Rig(skips=False)
    yield rig
    rig.loop.stop(5)
    assert not rig.crashes


def note(rule: str) -> Entry:
    return Retrying(at=0.0, source="test", due=0.0, rule=rule)


def test_everything_of_a_turn_is_one_commit_and_answers_wait_for_it(skipping: Rig) -> None:
    loop = skipping.loop

    def work() -> int:
        loop.turn.add([note("one")])
        loop.turn.keep("sqs", "orders", "1", b"first")
        loop.turn.keep("sqs", "orders", "1", b"second")
        loop.turn.add([note("two")])
        return len(skipping.commits)

    before = loop.ask(work)
    assert before == 0
    assert skipping.commits == [([note("one"), note("two")], [KeepRow("sqs", "orders", "1", b"second")])]


def test_a_turn_that_cannot_be_written_is_told_to_who_asked_and_ends_the_loop() -> None:
    rig = Rig(skips=False)
    rig.fails = OSError("the disk is full")
    begun = threading.Event()

    def work() -> None:
        rig.loop.turn.add([note("lost")])
        rig.loop.apart(begun.set, "a call")

    with pytest.raises(OSError, match="the disk is full"):
        rig.loop.ask(work)
    assert eventually(lambda: [where for where, _ in rig.crashes] == ["the store"])
    assert not begun.is_set()
    rig.loop.stop(5)


def test_time_jumps_to_what_is_planned_in_the_order_of_its_time(skipping: Rig) -> None:
    began: float = skipping.clock.now()
    seen: list[int] = []

    def plan() -> None:
        for hours in (2, 1, 3):
            skipping.loop.at(began + hours * HOUR, lambda: seen.append(round((skipping.clock.now() - began) / HOUR)))

    skipping.loop.ask(plan)
    assert skipping.settled().wait(30)
    assert seen == [1, 2, 3]


def test_time_jumps_no_further_than_it_is_let(skipping: Rig) -> None:
    began, seen = skipping.clock.now(), list[str]()
    skipping.loop.ask(lambda: skipping.loop.skip(began, seeing=False))
    skipping.plan(HOUR, lambda: seen.append("planned"))
    skipping.plan(3 * HOUR, lambda: seen.append("later"))
    skipping.plan(HOUR, lambda: seen.append("background"), background=True)
    assert skipping.settled().wait(30)
    assert seen == []
    skipping.loop.ask(lambda: skipping.loop.skip(began + 2 * HOUR, seeing=True))
    assert skipping.settled().wait(30)
    assert seen == ["planned", "background"]
    assert 2 * HOUR <= skipping.clock.now() - began < 2 * HOUR + 60
    skipping.loop.ask(lambda: skipping.loop.skip(math.inf, seeing=False))
    assert skipping.settled().wait(30)
    assert seen == ["planned", "background", "later"]


def test_who_asks_a_loop_that_has_crashed_does_not_wait_for_ever() -> None:
    rig = Rig(skips=False)

    def crash() -> None:
        raise RuntimeError("on purpose")

    rig.loop.post(crash)
    with pytest.raises(StoppedError):
        rig.loop.ask(lambda: None)
    rig.loop.stop(5)


def test_whatever_fails_between_the_works_ends_the_loop_too() -> None:
    rig = Rig(skips=True)

    def crash() -> None:
        raise RuntimeError("on purpose")

    rig.loop.ask(lambda: rig.loop.when_settled(crash))
    assert eventually(lambda: [str(error) for _, error in rig.crashes] == ["on purpose"])
    with pytest.raises(StoppedError):
        rig.loop.ask(lambda: None)
    rig.loop.stop(5)


def test_what_is_due_in_ten_thousand_years_is_waited_for(real: Rig) -> None:
    real.plan(10_000 * 365 * 24 * HOUR, lambda: None)
    assert real.loop.ask(lambda: "answered") == "answered"


def test_time_does_not_jump_while_something_is_under_way(skipping: Rig) -> None:
    done, release = threading.Event(), threading.Event()
    began = skipping.clock.now()

    def call() -> None:
        release.wait(30)

    skipping.loop.apart(call, "a call")
    request = skipping.loop.begin("a request")
    skipping.plan(HOUR, done.set)
    assert not done.wait(0.05)
    assert skipping.clock.now() - began < HOUR
    release.set()
    assert not done.wait(0.05)
    request.end()
    request.end()
    assert done.wait(30)


def test_what_runs_in_the_background_is_neither_waited_for_nor_jumped_to(skipping: Rig) -> None:
    done = threading.Event()
    skipping.plan(HOUR, done.set, background=True)
    assert skipping.settled().wait(30)
    assert not done.is_set()
    skipping.plan(2 * HOUR, lambda: None)
    assert done.wait(30)


def test_time_does_not_jump_to_what_was_cancelled(skipping: Rig) -> None:
    began = skipping.clock.now()

    def plan() -> None:
        skipping.loop.at(began + HOUR, lambda: None).cancel()

    skipping.loop.ask(plan)
    assert skipping.settled().wait(30)
    assert skipping.clock.now() - began < HOUR


def test_a_long_poll_of_an_outside_client_ends_by_real_time_and_nothing_waits_for_it(skipping: Rig) -> None:
    done = threading.Event()
    skipping.loop.ask(lambda: skipping.loop.after(0.05, done.set))
    assert skipping.settled().wait(30)
    assert done.wait(30)


def test_what_does_not_come_to_rest_is_told(skipping: Rig) -> None:
    request = skipping.loop.begin("POST /orders")
    skipping.plan(HOUR, lambda: None)
    settled = skipping.settled()
    told = skipping.loop.ask(skipping.loop.unsettled)
    assert told.startswith("under way: POST /orders; planned: plan until 20")
    assert re.search(r"T\d\d:\d\d:\d\dZ \(in 3(600|599) s\)$", told)
    assert not settled.is_set()
    request.end()
    assert settled.wait(30)


def test_what_does_not_come_to_rest_is_told_by_whoever_planned_it_and_only_the_first_of_many(skipping: Rig) -> None:
    requests = [skipping.loop.begin("function Work runs") for _ in range(3)]
    started = skipping.clock.now()

    def plan() -> None:
        for number in range(7):
            skipping.loop.at(started + HOUR + number, lambda: None, told=lambda number=number: f"queue q{number}")  # type: ignore[misc]

    skipping.loop.ask(plan)
    told = skipping.loop.ask(skipping.loop.unsettled)
    assert told.startswith("under way: function Work runs (3 times); planned: queue q0 until ")
    assert "queue q4 until " in told
    assert "queue q5" not in told
    assert told.endswith(", and 2 more")
    for request in requests:
        request.end()


def test_a_jump_stops_at_whatever_is_due_on_the_way_and_time_then_passes_as_before(real: Rig) -> None:
    began, seen = real.clock.now(), list[tuple[str, int]]()

    def see(what: str) -> None:
        seen.append((what, round((real.clock.now() - began) / HOUR)))

    real.plan(2 * HOUR, lambda: see("planned"))
    real.plan(1 * HOUR, lambda: see("background"), background=True)
    real.plan(4 * HOUR, lambda: see("later"))
    real.loop.ask(lambda: real.loop.jump(began + 3 * HOUR))
    assert eventually(lambda: real.loop.ask(lambda: real.loop.jumps_to) is None)
    assert seen == [("background", 1), ("planned", 2)]
    assert 3 * HOUR <= real.clock.now() - began < 3 * HOUR + 60
    assert not real.settled().wait(0.01)


def test_a_jump_waits_for_what_is_under_way(real: Rig) -> None:
    done = threading.Event()
    call = real.loop.begin("a call")
    real.plan(HOUR, done.set)
    due = real.loop.ask(lambda: real.loop.next_due)
    assert due is not None
    real.loop.ask(lambda: real.loop.jump(due))
    assert not done.wait(0.05)
    assert (real.loop.ask(real.loop.under_way), real.loop.ask(lambda: real.loop.jumps_to)) == (["a call"], due)
    call.end()
    assert done.wait(30)


def test_a_jump_can_be_given_up(real: Rig) -> None:
    done = threading.Event()
    call = real.loop.begin("a call")
    real.plan(HOUR, done.set)
    real.loop.ask(lambda: real.loop.jump(real.clock.now() + HOUR))
    real.loop.ask(lambda: real.loop.run_clock(1.0, skips=False))
    call.end()
    assert real.loop.ask(lambda: real.loop.jumps_to) is None
    assert not done.wait(0.01)


@pytest.mark.parametrize("planned", [False, True])
def test_what_waits_for_rest_while_time_is_to_jump_sees_it_after_the_jump(real: Rig, *, planned: bool) -> None:
    if planned:
        real.plan(HOUR / 2, lambda: None, background=True)
    call = real.loop.begin("a call")
    real.loop.ask(lambda: real.loop.jump(real.clock.now() + HOUR))
    settled = real.settled()
    assert not settled.wait(0.01)
    call.end()
    assert settled.wait(30)


def test_nothing_planned_happens_while_time_stands_but_by_a_jump(skipping: Rig) -> None:
    skipping.loop.ask(skipping.loop.hold)
    began, seen = skipping.clock.now(), list[str]()
    for name in ("first", "second"):  # due at the same moment: both happen, in the order in which they were planned
        skipping.plan(HOUR, lambda name=name: seen.append(name))  # type: ignore[misc]
    skipping.plan(2 * HOUR, lambda: seen.append("third"))
    settled = skipping.settled()
    assert not settled.wait(0.05)
    assert skipping.loop.ask(skipping.loop.unsettled).endswith("; time stands")
    skipping.loop.ask(lambda: skipping.loop.jump(skipping.loop.next_due or 0.0))
    assert eventually(lambda: seen == ["first", "second"])
    assert skipping.clock.now() == began + HOUR
    skipping.loop.ask(lambda: skipping.loop.run_clock(1.0, skips=True))
    assert settled.wait(30)
    assert seen == ["first", "second", "third"]


def test_time_skips_waits_from_the_moment_at_which_it_is_asked_to(real: Rig) -> None:
    done = threading.Event()
    real.plan(HOUR, done.set)
    assert not done.wait(0.01)
    real.loop.ask(lambda: real.loop.run_clock(1.0, skips=True))
    assert done.wait(30)


def test_what_is_due_next_is_listed_in_its_order_without_what_was_cancelled(real: Rig) -> None:
    now = real.clock.now()

    def plan() -> None:
        loop = real.loop
        loop.at(now + 3 * HOUR, lambda: None, source="queues", told=lambda: "queue orders")
        loop.at(now + HOUR, lambda: None, source="retention", background=True)
        loop.at(now + 2 * HOUR, lambda: None, source="cancelled").cancel()
        loop.at(now + 4 * HOUR, lambda: None, source="too much")

    real.loop.ask(plan)
    timing = real.loop.ask(lambda: told(real.loop, most=2))
    assert [(round(plan.due - now), plan.what, plan.background) for plan in timing.planned] == [
        (HOUR, "retention", True),
        (3 * HOUR, "queue orders", False),
    ]
    assert (timing.mode, timing.speed, timing.held, timing.jumps_to, timing.under_way) == ("real", 1.0, False, None, [])


def test_without_skipping_real_time_passes() -> None:
    rig = Rig(skips=False)
    done = threading.Event()
    rig.plan(HOUR, done.set)
    assert not rig.settled().wait(0.05)
    rig.loop.stop(5)
    assert not done.is_set()
    with pytest.raises(StoppedError):
        rig.loop.ask(lambda: None)
