"""Threads that can be left behind."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

type _Task = tuple[Callable[[], None], Future[None]]


class Crew:
    """Threads that stay between invocations, one task at a time each.

    They are daemons, unlike those of ``ThreadPoolExecutor``: a thread that hangs in a call keeps neither its
    invocation nor the process waiting. Whoever leaves one behind takes a new crew; the old threads end with their
    tasks, as those of a crew do that nobody has any more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._size = 0

    def start(self, work: Callable[[], None], threads: int) -> list[Future[None]]:
        """Begin `work` in so many threads; the futures tell when each has ended, and what it raised."""
        for number in range(self._size, threads):
            threading.Thread(target=_work, args=(self._tasks,), name=f"{self._name}-{number}", daemon=True).start()
        self._size = max(self._size, threads)
        futures: list[Future[None]] = [Future() for _ in range(threads)]
        for future in futures:
            self._tasks.put((work, future))
        return futures

    def leave(self) -> None:
        """Let the threads end as soon as they have ended their tasks; nobody waits for them."""
        for _ in range(self._size):
            self._tasks.put(None)

    def __del__(self) -> None:
        self.leave()


def _work(tasks: SimpleQueue[_Task | None]) -> None:
    while task := tasks.get():
        work, future = task
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the future
            future.set_exception(error)
        else:
            future.set_result(None)
        del task, work, future  # what it held is not kept until the next one comes
