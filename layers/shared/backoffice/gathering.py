# --- order changes ---
"""Calls that carry several things at once, for threads that have one thing each.

A thread gives its entry and waits for the answer to it. The first one that comes sends for all: it waits a moment for
those known to be on their way, and while its call is under way the next group gathers.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_S = 0.05
"""Longest wait for company: a thread that retries a call of its own must not hold the others up."""


class _Waiting[Entry, Answer]:
    def __init__(self, entry: Entry, weight: int) -> None:
        self.entry = entry
        self.weight = weight
        self.answer: Answer | BaseException | None = None
        self.answered = False


class Gatherer[Entry, Answer]:
    """Sends the entries of many threads in few calls, one call at a time, in the order they came.

    Args:
        send: Makes one call; returns for each entry its answer, or the exception that its thread is to raise. What
            `send` raises itself is raised by every thread of the call.
        most: Entries that one call takes.
        heaviest: What the entries of one call may weigh together; an entry that weighs more goes alone.
        weigh: The weight of one entry, say its bytes.
        patience_s: Longest wait for company.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Entry]], Sequence[Answer | Exception]],
        *,
        most: int,
        heaviest: int,
        weigh: Callable[[Entry], int],
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._send = send
        self._most = most
        self._heaviest = heaviest
        self._weigh = weigh
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting[Entry, Answer]] = deque()
        self._sending = False
        self._expected: set[int] = set()

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Announce that this thread is likely to give an entry soon, so that others wait for it."""
        thread = threading.get_ident()
        with self._changed:
            self._expected.add(thread)
        try:
            yield
        finally:
            self._no_longer(thread)

    def give(self, entry: Entry) -> Answer:
        """Have the entry sent, and return or raise the answer to it."""
        waiting = _Waiting[Entry, Answer](entry, self._weigh(entry))
        with self._changed:
            self._waiting.append(waiting)
        self._no_longer(threading.get_ident())
        while group := self._turn_of(waiting):
            self._answer(group)
        if isinstance(waiting.answer, BaseException):
            raise waiting.answer
        return waiting.answer  # type: ignore[return-value]  # it is answered

    def _no_longer(self, thread: int) -> None:
        with self._changed:
            self._expected.discard(thread)
            self._changed.notify_all()

    def _turn_of(self, waiting: _Waiting[Entry, Answer]) -> list[_Waiting[Entry, Answer]]:
        """Wait until the entry is answered, or until it is this thread's turn to send; return what is to be sent."""
        with self._changed:
            self._changed.wait_for(lambda: waiting.answered or not self._sending)
            if waiting.answered:
                return []
            self._sending = True
            self._changed.wait_for(
                lambda: len(self._waiting) >= self._most or not self._expected, timeout=self._patience_s
            )
            return self._first_group()

    def _first_group(self) -> list[_Waiting[Entry, Answer]]:
        group = [self._waiting.popleft()]
        weight = group[0].weight
        while self._waiting and len(group) < self._most:
            weight += self._waiting[0].weight
            if weight > self._heaviest:
                break
            group.append(self._waiting.popleft())
        return group

    def _answer(self, group: list[_Waiting[Entry, Answer]]) -> None:
        answers: Sequence[Answer | BaseException]
        try:
            answers = self._send([waiting.entry for waiting in group])
            if len(answers) != len(group):
                raise ValueError(f"{len(answers)} answers to {len(group)} entries")  # noqa: TRY301  told like any other
        except BaseException as error:  # noqa: BLE001  every thread of the call raises it
            answers = [error] * len(group)
        with self._changed:
            for waiting, answer in zip(group, answers, strict=True):
                waiting.answer, waiting.answered = answer, True
            self._sending = False
            self._changed.notify_all()
