"""The HTTP server side of one worker's Lambda Runtime API.

It has no thread: whoever invokes drives it, so that a warm invocation costs no hand-over between threads.
Each worker has a server of its own; a shared one would let the blocked request of a killed worker take the
next worker's event.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

_HEAD_LIMIT = 2 * 1024 * 1024  # awslambdaric sends the cause of an error as a header of up to 1 MiB
_CHUNK = 256 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


class DisconnectedError(Exception):
    """The client closed the connection, or speaks something other than HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request; when `length` exceeds what the connection takes, `body` is empty and still unread."""

    method: str
    path: str
    length: int
    body: bytes


class Connection:
    """One accepted connection: complete requests out, responses in."""

    def __init__(self, accepted: socket.socket, *, limit: int, timeout: float) -> None:
        """`limit`: bytes of the largest body that is read. `timeout`: seconds for a send."""
        accepted.settimeout(timeout)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = accepted
        self._limit = limit
        self._received = bytearray()
        self._head: tuple[str, str, int] | None = None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def receive(self) -> Request | None:
        """Read once, which does not block after the descriptor was reported readable.

        Returns:
            A request as soon as it is complete.

        Raises:
            DisconnectedError: the client is gone, or what it sent cannot be understood.
        """
        try:
            chunk = self._socket.recv(_CHUNK)
        except OSError as error:
            raise DisconnectedError from error
        if not chunk:
            raise DisconnectedError
        self._received += chunk
        if self._head is None:
            self._read_head()
        return self._complete()

    def respond(self, status: str, body: bytes, headers: bytes = b"") -> None:
        """Send a response; `headers` end with CRLF each.

        Raises:
            DisconnectedError: the client is gone or does not read.
        """
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n" % (
            status.encode(),
            headers,
            len(body),
        )
        self._send(head + body)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise DisconnectedError from error

    def _read_head(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            if len(self._received) > _HEAD_LIMIT:
                raise DisconnectedError
            return
        head = bytes(self._received[: end + 2])
        first = head[: head.index(b"\r\n")].split(b" ")
        if len(first) != 3 or _CHUNKED.search(head):  # noqa: PLR2004 - method, target, version
            raise DisconnectedError
        length = _LENGTH.search(head)
        self._head = (first[0].decode("latin-1"), first[1].decode("latin-1"), int(length[1]) if length else 0)
        if _CONTINUE.search(head):
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
        del self._received[: end + 4]

    def _complete(self) -> Request | None:
        if self._head is None:
            return None
        method, path, length = self._head
        if length > self._limit:
            self._received.clear()
        elif len(self._received) < length:
            return None
        elif len(self._received) > length:  # pipelining, which no runtime client does
            raise DisconnectedError
        request = Request(method, path, length, bytes(self._received))
        self._head = None
        self._received.clear()
        return request


def listen() -> socket.socket:
    """A listening socket on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    listener.settimeout(0)
    return listener
