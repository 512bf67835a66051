"""What every part of the console has: the service, and where to wait."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from landfast.console.chronicle import Chronicle
from landfast.console.index import Index, Source
from landfast.service.clients import aws
from landfast.service.service import Service

T = TypeVar("T")

_THREADS = 4
_LOOK = 0.1
_LOOKS = 50
"""Real seconds between two looks whether the journal is read, and how often that is looked for."""


class Context:
    """A running service as the parts of the console use it.

    What the machines know is asked in the driver's thread (`driver`), what waits is done in another one (`apart`):
    neither may hold up the event loop that answers everybody's requests.

    Args:
        service: The service. Its machines are others after a reset: they are asked for each time.

    Attributes:
        index: What the journal tells of every record, to be asked in a thread apart.
        chronicle: What it tells of the ways of records, to be asked there, too.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.index = Index(service.journal)
        self.chronicle = Chronicle(service.journal)
        self._made: dict[str, Any] = {}
        self._making = threading.Lock()  # boto3 makes one client at a time
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="console")

    async def driver(self, work: Callable[[], T]) -> T:
        """Return what `work` answers in the driver's thread, where it must not wait."""
        return await self.service.driver(work)

    async def apart(self, work: Callable[[], T]) -> T:
        """Return what `work` answers in a thread where it may wait: for files, or for the service's own endpoint."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def clients(self, name: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return boto3's client for a service of the endpoint; to be asked in a thread apart."""
        with self._making:
            if name not in self._made:
                self._made[name] = aws(self.service.running, name)
            return self._made[name]

    def prepare(self) -> None:
        """Let the ways of records be read while somebody looks at the list of them."""
        if self.chronicle.is_new():
            self._threads.submit(self.chronicle.prepare)

    async def counted(self) -> dict[str, Source]:
        """What the journal tells of each source, in figures, as soon as all of it is read: that can take a second."""
        for _ in range(_LOOKS):
            sources = await self.apart(self.index.sources)
            if self.index.is_whole:
                break
            await asyncio.sleep(_LOOK)
        return sources

    def close(self) -> None:
        """Begin nothing more, and leave no connection open."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.index.close()
        self.chronicle.close()
        with self._making:
            for client in self._made.values():
                client.close()
