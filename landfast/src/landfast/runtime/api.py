"""The HTTP server side of one worker's Lambda Runtime API.

It has no thread: whoever invokes drives it, so that a warm invocation costs no hand-over between threads.
Each worker has a server of its own; a shared one would let the blocked request of a killed worker take the
next worker's event. llhttp, which is strict and costs a warm invocation nothing that could be measured, reads the
requests; what it refuses, such as two lengths or a malformed chunk, is answered with 400, and the connection closed.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

_HEAD_LIMIT = 2 * 1024 * 1024  # awslambdaric sends the cause of an error as a header of up to 1 MiB
_CHUNK = 256 * 1024
_OWN_PAGES = frozenset({b"none", b"same-origin"})
_KEPT = frozenset({b"host", b"expect", b"content-length", b"lambda-runtime-function-error-type"})


class DisconnectedError(Exception):
    """The client closed the connection, or was refused: it is no runtime client, or speaks no proper HTTP/1.1.

    Attributes:
        unread: whether the client ended before it had read all that was sent to it.
    """

    def __init__(self, *, unread: bool = False) -> None:
        super().__init__()
        self.unread = unread


class Request(NamedTuple):
    """A request; when `length` exceeds what the connection takes, `body` is empty and the rest still unread.

    Attributes:
        error_type: the header `Lambda-Runtime-Function-Error-Type` of a reported error; empty without it.
    """

    method: str
    path: str
    length: int
    body: bytes
    error_type: str = ""


class _RefusedError(Exception):
    """The client is answered with this status, and no more."""


class _Message:
    """The message that is being read, as llhttp reports it; the names of the methods are its own."""

    def __init__(self, host: bytes, limit: int) -> None:
        self._host = host
        self._limit = limit
        self.begin()

    def begin(self) -> None:
        """Forget the last message."""
        self.path = b""
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.length = 0
        self.has_head = False
        self.is_complete = False

    @property
    def too_large(self) -> bool:
        return self.length > self._limit

    def on_message_begin(self) -> None:
        if self.is_complete:  # pipelining, which no runtime client does
            raise _RefusedError("400 Bad Request")

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.lower()
        if key in _KEPT:
            if key in self.headers or self.has_head:  # twice, or in the trailer
                raise _RefusedError("400 Bad Request")
            self.headers[key] = value
        elif key == b"origin" or (key == b"sec-fetch-site" and value.strip() not in _OWN_PAGES):
            raise _RefusedError("403 Forbidden")

    def on_headers_complete(self) -> None:
        self.has_head = True
        if self.headers.get(b"host") != self._host:
            raise _RefusedError("403 Forbidden")
        self.length = int(self.headers.get(b"content-length", b"0"))

    def on_body(self, piece: bytes) -> None:
        if self.too_large:
            return
        self.body += piece
        self.length = max(self.length, len(self.body))

    def on_message_complete(self) -> None:
        self.is_complete = True


class Connection:
    """One accepted connection: complete requests out, responses in.

    Only the worker itself has any business here. A web page that a developer has open can reach every loopback port
    of the machine, under a name of its own (DNS rebinding) or by a cross-site POST; its browser then names that host,
    or the page's origin, and the request is refused.
    """

    def __init__(self, accepted: socket.socket, *, host: str, limit: int, timeout: float) -> None:
        """Take over the socket.

        Args:
            accepted: the socket.
            host: the value of the `Host` header of every permitted request, `address:port`.
            limit: bytes of the largest body that is read.
            timeout: seconds for a send.
        """
        accepted.settimeout(timeout)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = accepted
        self._message = _Message(host.encode(), limit)
        self._parser = HttpRequestParser(self._message)
        self._head_size = 0
        self._is_spoilt = False
        self._is_cut_off = False

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def receive(self) -> Request | None:
        """Read once, which does not block after the descriptor was reported readable.

        Returns:
            A request as soon as it is complete, or is known to be too large.

        Raises:
            DisconnectedError: the client is gone, or has been refused.
        """
        try:
            chunk = self._socket.recv(_CHUNK)
        except OSError as error:
            raise DisconnectedError(unread=self._is_cut_off or isinstance(error, ConnectionResetError)) from error
        if not chunk:
            raise DisconnectedError(unread=self._is_cut_off or self._was_reset())
        if self._is_spoilt:
            raise DisconnectedError
        try:
            self._feed(chunk)
        except _RefusedError as refusal:
            self.respond(str(refusal), b"", b"Connection: close\r\n")
            raise DisconnectedError from refusal
        return self._request()

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
            self._is_cut_off = True
            raise DisconnectedError from error

    def _was_reset(self) -> bool:
        """Tell whether the client had closed the connection before the last data came.

        The kernel resets, rather than ends, a connection with data that a dead process had not read. If the end came
        first and the data then, the end is read, and the reset is only an error of the socket.
        """
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    def _feed(self, chunk: bytes) -> None:
        message = self._message
        had_head = message.has_head
        try:
            self._parser.feed_data(chunk)
        except HttpParserUpgrade:
            raise _RefusedError("400 Bad Request") from None
        except HttpParserError as error:
            # It wraps what the methods of the message raise.
            raise (
                error.__context__ if isinstance(error.__context__, _RefusedError) else _RefusedError("400 Bad Request")
            ) from error
        if not message.has_head:
            self._head_size += len(chunk)
            if self._head_size > _HEAD_LIMIT:
                raise _RefusedError("431 Request Header Fields Too Large")
        elif not had_head:
            self._begin_body()

    def _begin_body(self) -> None:
        if self._parser.get_http_version() != "1.1":
            raise _RefusedError("505 HTTP Version Not Supported")
        expected = self._message.headers.get(b"expect", b"").lower() == b"100-continue"
        if expected and not self._message.is_complete and not self._message.too_large:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _request(self) -> Request | None:
        message = self._message
        if message.too_large:
            self._is_spoilt = True
        elif not message.is_complete:
            return None
        request = Request(
            self._parser.get_method().decode("latin-1"),
            message.path.decode("latin-1"),
            message.length,
            b"" if message.too_large else bytes(message.body),
            message.headers.get(b"lambda-runtime-function-error-type", b"").decode("latin-1"),
        )
        message.begin()
        self._head_size = 0
        return request


def listen() -> socket.socket:
    """A listening socket on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    listener.settimeout(0)
    return listener
