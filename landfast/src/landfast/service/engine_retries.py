"""Calls to the engine that must succeed in the end: tried again with growing waits, each failure noted."""

import threading
from collections.abc import Callable
from typing import TypeVar

from landfast.delivery.settings import Backoff
from landfast.journal import Retrying
from landfast.service.clock import Clock
from landfast.service.loop import StoppedError
from landfast.service.store import Store

T = TypeVar("T")

_WAITS = Backoff(base=0.1, factor=2.0, cap=10.0)


class EngineRetries:
    """Repeats failing calls of one source until they succeed or the service stops.

    Waits are real seconds, 0.1 doubling to 10: they are about the engine, not about Lambda.
    """

    def __init__(self, source: str, clock: Clock, store: Store, stopping: threading.Event) -> None:
        self._source = source
        self._clock = clock
        self._store = store
        self._stopping = stopping

    def until_done(self, what: str, call: Callable[[], T], *, failures: tuple[type[Exception], ...]) -> T:
        """The result of `call`.

        Args:
            what: The name of the work in the journal.
            call: Safe to repeat.
            failures: The errors after which it is tried again; any other one is raised.

        Raises:
            StoppedError: The service stops.
        """
        tries = 0
        while not self._stopping.is_set():
            try:
                return call()
            except failures as error:
                if self._stopping.is_set():
                    break
                tries += 1
                wait = _WAITS.wait(tries)
                now = self._clock.now()
                due = now + wait * self._clock.speed
                self._store.commit([Retrying(at=now, source=self._source, due=due, rule=f"{what}: {_line(error)}")])
                self._stopping.wait(wait)
        raise StoppedError(what)

    def pause(self, seconds: float) -> None:
        """Wait real seconds, or until the service stops."""
        self._stopping.wait(seconds)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
