"""Calls that several threads share: what they ask for at about the same time is sent together."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

type Waiting[T] = tuple[T, Future[None]]

COMPANY_S = 0.00005
"""How long the first to ask waits for company, as long as some comes."""


class Shared[T]:
    """Gathers what threads ask for.

    The first thread to ask waits a moment for company, then sends what has gathered while the others wait.

    Args:
        send: Sends all of it, in the order it came, and sets each one's future: a result, or why it failed. What it
            raises becomes the failure of all that it has not set.
        sleep: Waits for company.
    """

    def __init__(self, send: Callable[[list[Waiting[T]]], None], sleep: Callable[[float], None] = time.sleep) -> None:
        self._send = send
        self._sleep = sleep
        self._lock = threading.Lock()
        self._gathered: list[Waiting[T]] = []

    def ask(self, one: T) -> None:
        """Have `one` sent, and return when it was; raises what its future was set to."""
        done: Future[None] = Future()
        with self._lock:
            self._gathered.append((one, done))
            leads = len(self._gathered) == 1
        if leads:
            self._lead()
        done.result()

    def _lead(self) -> None:
        gathered = self._gather()
        try:
            self._send(gathered)
        except BaseException as error:
            for _, done in gathered:
                if not done.done():
                    done.set_exception(error)
            raise

    def _gather(self) -> list[Waiting[T]]:
        seen = 0
        while len(self._gathered) > seen:
            seen = len(self._gathered)
            self._sleep(COMPANY_S)
        with self._lock:
            gathered, self._gathered = self._gathered, []
        return gathered
