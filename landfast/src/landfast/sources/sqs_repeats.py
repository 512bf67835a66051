"""Requests to a FIFO queue that are sent twice: for five minutes, the second one changes nothing (S-140)."""

from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec

from landfast.sources.rows import Keep

WINDOW: Final = 300.0
"""Seconds from the first request (SQS guide, "Using the message deduplication ID")."""


class FirstSend(msgspec.Struct, frozen=True, tag="send", array_like=True):
    """The first message with a deduplication id.

    Attributes:
        at: When it was sent.
        deduplication_id: The id.
        scope: The message group within which the id counts; empty for the whole queue.
        id: The message's id.
        number: The message's place in the queue.
    """

    at: float
    deduplication_id: str
    scope: str
    id: str
    number: int

    @property
    def key(self) -> str:
        """The key of its row."""
        return f"d{self.number}"


class FirstReceive(msgspec.Struct, frozen=True, tag="receive", array_like=True):
    """The first receive with a receive request attempt id.

    Attributes:
        at: When it was received.
        attempt_id: The id.
        until: Until when the messages are hidden.
        messages: The numbers of the messages.
    """

    at: float
    attempt_id: str
    until: float
    messages: tuple[int, ...]

    @property
    def key(self) -> str:
        """The key of its row."""
        return f"a{self.attempt_id}"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FirstSend | FirstReceive).decode


class Repeats:
    """Remembers requests for as long as they may be repeated; the messages themselves may be gone meanwhile.

    Args:
        keep: Keeps a row for each request.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._sends: dict[tuple[str, str], FirstSend] = {}
        self._receives: dict[str, FirstReceive] = {}
        self._oldest: deque[FirstSend | FirstReceive] = deque()

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Take back the rows that were kept."""
        requests = [_decode(content) for key, content in rows.items() if key[0] in "da"]
        for request in sorted(requests, key=lambda request: request.at):
            self._remember(request)

    def sent(self, deduplication_id: str, scope: str, now: float) -> FirstSend | None:
        """The send with this id in this scope, if there was one within the window."""
        self._forget(now)
        return self._sends.get((scope, deduplication_id))

    def received(self, attempt_id: str, now: float) -> FirstReceive | None:
        """The receive with this id, if there was one within the window."""
        self._forget(now)
        request = self._receives.get(attempt_id)
        return request if request is not None and now < request.at + WINDOW else None

    def add(self, request: FirstSend | FirstReceive) -> None:
        """Remember a request; a receive takes the place of an earlier one."""
        self._remember(request)
        self._keep(request.key, _encode(request))

    def clear(self) -> None:
        """Forget all of them."""
        for request in self._oldest:
            self._keep(request.key, None)
        self._oldest.clear()
        self._sends.clear()
        self._receives.clear()

    def _remember(self, request: FirstSend | FirstReceive) -> None:
        if isinstance(request, FirstSend):
            self._sends[request.scope, request.deduplication_id] = request
        else:
            self._receives[request.attempt_id] = request
        self._oldest.append(request)

    def _forget(self, now: float) -> None:
        """Forget what was first sent or received more than the window ago."""
        while self._oldest and self._oldest[0].at + WINDOW <= now:
            request = self._oldest.popleft()
            if isinstance(request, FirstSend):
                del self._sends[request.scope, request.deduplication_id]
            elif self._receives.get(request.attempt_id) is request:
                del self._receives[request.attempt_id]
            else:
                continue  # the row is that of a later receive
            self._keep(request.key, None)
