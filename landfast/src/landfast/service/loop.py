"""The one thread in which every delivery machine runs, and the threads in which everything that waits is done."""

import contextlib
import heapq
import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from landfast.driver import Order
from landfast.service import service_log
from landfast.service.clock import Clock


class StoppedError(Exception):
    """The service stops; what was asked for was given up."""


THREADS = 2_048
"""Calls, long polls and deliveries that wait at a time, at most; a thread is made when no idle one is left.

Lambda runs 1,000 invocations of an account at a time; as many more are for what waits for the engine.
"""


_MOST_AT_ONCE = 200
_log = service_log.logger(__name__)


class Loop:
    """Runs work in the order in which it is handed in, and planned work when its time has come.

    The machines need no locks, since only this thread touches them. It must never wait: what waits goes `apart`, and
    reports back by `post`.

    Args:
        clock: The time of the machines.
        crashed: Told of an error that nobody expected, with where it happened; the service then stops.

    Attributes:
        stopping: Set once the service stops.
    """

    def __init__(self, clock: Clock, crashed: Callable[[str, BaseException], None]) -> None:
        self.clock = clock
        self.crashed = crashed
        self.stopping = threading.Event()
        self._inbox: queue.SimpleQueue[tuple[str, Callable[[], object]] | None] = queue.SimpleQueue()
        self._planned: list[tuple[float, Order, int, str, Callable[[], None]]] = []
        self._count = itertools.count()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="apart")
        self._thread = threading.Thread(target=self._run, name="driver")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Take no more work and wait for the thread, in real seconds; nobody waits for what is under way apart."""
        self.stopping.set()
        self._inbox.put(None)
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def post(self, work: Callable[[], object], source: str = "") -> None:
        """Do `work` in the loop's thread; from any thread. `source` is named should it crash."""
        self._inbox.put((source, work))

    def ask[T](self, question: Callable[[], T]) -> T:
        """What `question` answers in the loop's thread, or raises there; from any other thread.

        Raises:
            StoppedError: The service stops.
        """
        if threading.current_thread() is self._thread:
            return question()
        answer: Future[T] = Future()

        def put() -> None:
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 - whoever asked is told
                answer.set_exception(error)

        self.post(put)
        while True:
            try:
                return answer.result(timeout=1.0)
            except TimeoutError:
                if answer.done():
                    raise
                if self.stopping.is_set():
                    raise StoppedError from None

    def at(self, due: float, work: Callable[[], None], order: Order = Order.DUE, source: str = "") -> None:
        """Do `work` at the time `due`; only from the loop's thread."""
        heapq.heappush(self._planned, (due, order, next(self._count), source, work))

    def apart(self, work: Callable[[], None], source: str = "") -> None:
        """Do work that waits in a thread of its own; from any thread."""

        def check(done: Future[None]) -> None:
            error = None if done.cancelled() or self.stopping.is_set() else done.exception()
            if error is not None and not isinstance(error, StoppedError):
                self.crashed(source, error)

        try:
            self._threads.submit(work).add_done_callback(check)
        except RuntimeError:
            if not self.stopping.is_set():
                raise

    def _run(self) -> None:
        try:
            while not self.stopping.is_set():
                self._wait()
                self._do_planned()
        except StoppedError:
            return

    def _wait(self) -> None:
        """Do what is handed in until something planned is due; not for ever, or what is planned would never be."""
        due = self._planned[0][0] if self._planned else None
        timeout = None if due is None else self.clock.until(due)
        with contextlib.suppress(queue.Empty):
            self._do(*self._taken(timeout))
            for _ in range(_MOST_AT_ONCE):
                self._do(*self._taken(0.0))

    def _taken(self, timeout: float | None) -> tuple[str, Callable[[], object]]:
        item = self._inbox.get(timeout=timeout) if timeout != 0.0 else self._inbox.get_nowait()
        if item is None:
            raise StoppedError
        return item

    def _do_planned(self) -> None:
        while self._planned and self._planned[0][0] <= self.clock.now() and not self.stopping.is_set():
            _, _, _, source, work = heapq.heappop(self._planned)
            self._do(source, work)

    def _do(self, source: str, work: Callable[[], object]) -> None:
        try:
            work()
        except StoppedError:
            raise
        except BaseException as error:
            if not self.stopping.is_set():
                _log.error("the driver of %s has failed", source or "the service", exc_info=error)
                self.crashed(source, error)
            raise StoppedError from error
