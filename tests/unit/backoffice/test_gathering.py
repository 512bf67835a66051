# --- order changes ---
"""Threads that share calls: each gets the answer to its own entry, in few calls, and none waits for ever."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from backoffice.gathering import Gatherer


class Calls:
    """What is called: it answers each number with its double, and odd things with errors."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.together = 0
        self._busy = threading.Lock()

    def __call__(self, entries: Sequence[int]) -> list[int | Exception]:
        assert self._busy.acquire(blocking=False), "one call at a time"
        try:
            self.made.append([*entries])
            if -1 in entries:
                raise ConnectionError
            return [LookupError(entry) if entry % 7 == 3 else entry * 2 for entry in entries]
        finally:
            self._busy.release()


def gatherer(calls: Calls, **changes: int) -> Gatherer[int, int]:
    arguments = {"most": 10, "heaviest": 1_000} | changes
    return Gatherer(calls, weigh=lambda _: 1, patience_s=5, **arguments)


def give_all(shared: Gatherer[int, int], entries: Sequence[int], threads: int) -> list[int | type[BaseException]]:
    ready = threading.Barrier(threads)

    def give(entry: int) -> int | type[BaseException]:
        with shared.expecting():
            if entry < threads:
                ready.wait(10)
            try:
                return shared.give(entry)
            except (LookupError, ConnectionError) as error:
                return type(error)

    with ThreadPoolExecutor(threads) as pool:
        return [*pool.map(give, entries)]


def test_each_thread_gets_the_answer_to_its_own_entry() -> None:
    calls = Calls()
    answers = give_all(gatherer(calls), range(200), threads=20)
    assert answers == [LookupError if entry % 7 == 3 else entry * 2 for entry in range(200)]
    assert sorted(entry for call in calls.made for entry in call) == [*range(200)]
    assert max(len(call) for call in calls.made) == 10


def test_threads_that_are_on_their_way_together_share_one_call() -> None:
    calls = Calls()
    give_all(gatherer(calls), range(10), threads=10)
    assert [len(call) for call in calls.made] == [10]


def test_no_call_is_heavier_than_it_may_be_and_what_is_heavier_alone_goes_alone() -> None:
    calls = Calls()
    shared: Gatherer[int, int] = Gatherer(calls, most=10, heaviest=4, weigh=lambda entry: 9 if entry == 5 else 2)
    give_all(shared, range(10), threads=10)
    assert all(len(call) <= 2 for call in calls.made)
    assert [5] in calls.made


def test_a_call_that_fails_fails_for_all_of_it_and_for_no_other() -> None:
    calls = Calls()
    shared = gatherer(calls)
    with pytest.raises(ConnectionError):
        shared.give(-1)
    assert shared.give(1) == 2


def test_answers_that_are_too_few_fail_every_entry_instead_of_hanging() -> None:
    shared: Gatherer[int, int] = Gatherer(lambda _: [], most=10, heaviest=10, weigh=lambda _: 1)
    with pytest.raises(ValueError, match="0 answers to 1 entries"):
        shared.give(1)


def test_a_thread_that_gives_nothing_after_all_holds_nobody_up() -> None:
    calls = Calls()
    shared = gatherer(calls)
    entered, leave = threading.Event(), threading.Event()

    def give_nothing() -> None:
        with shared.expecting():
            entered.set()
            leave.wait(10)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(give_nothing)
        assert entered.wait(10)
        given = pool.submit(shared.give, 1)
        leave.set()
        assert given.result(10) == 2
    assert calls.made == [[1]]
