"""The events that functions were called with, the newest of them, in memory: what a console shows of a call."""

import threading
from collections import OrderedDict
from typing import Final

from msgspec import Struct

LONGEST: Final = 256 * 1024
"""Bytes of an event that are kept; of a longer one the beginning is."""

MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all events that are kept."""


class Payload(Struct, frozen=True):
    """An event that a function was called with.

    Attributes:
        content: The event as JSON text, or its beginning.
        size: The number of its bytes.
    """

    content: bytes
    size: int

    @property
    def is_whole(self) -> bool:
        """True if all of it was kept."""
        return len(self.content) == self.size


class Payloads:
    """Keeps events by the request ids of their calls once somebody wants to look; safe to share between threads.

    The attempts of one asynchronous event have one request id and one payload. Nothing goes to the disk.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._kept: OrderedDict[str, Payload] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, request_id: str, content: bytes) -> None:
        """Keep an event, if anybody wants to look; the oldest ones go when there are too many."""
        if not self.wanted:
            return
        payload = Payload(content[:LONGEST], len(content))
        with self._lock:
            self._forget(request_id)
            self._kept[request_id] = payload
            self._bytes += len(payload.content)
            while self._bytes > MOST_BYTES:
                self._forget(next(iter(self._kept)))

    def of(self, request_id: str) -> Payload | None:
        """The event of a call; None if it was not kept, or has gone."""
        with self._lock:
            return self._kept.get(request_id)

    def _forget(self, request_id: str) -> None:
        gone = self._kept.pop(request_id, None)
        if gone is not None:
            self._bytes -= len(gone.content)
