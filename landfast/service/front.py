"""The one endpoint: function calls are answered here, everything else is handed on to the engine byte by byte."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from landfast.service.http1 import Head, ProtocolError, body, pieces

if TYPE_CHECKING:
    from io import BufferedReader

_BODILESS = (b" 1", b" 204", b" 304")
_HOP_BY_HOP = frozenset({b"expect"})
_REPLAYABLE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be answered here; `content` is None when it was longer than the limit."""

    method: str
    target: str
    headers: Mapping[bytes, bytes]
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Response:
    """What to answer."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The response as it goes over the wire."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            f"Content-Length: {len(self.content)}",
        ]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.content


class Front:
    """A loopback HTTP server in front of an engine.

    Args:
        engine: The engine's URL.
        ours: Says of a path whether `answer` takes the request.
        answer: Answers it.
        limit: The longest body `answer` gets, in bytes.
        port: 0 for a free one.
    """

    def __init__(
        self,
        engine: str,
        *,
        ours: Callable[[str], bool],
        answer: Callable[[Request], Response],
        limit: int,
        port: int = 0,
    ) -> None:
        parts = urlsplit(engine)
        self.engine_address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.ours = ours
        self.answer = answer
        self.limit = limit
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="front")

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], front: Front) -> None:
        self.front = front
        self._closing = False
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def track(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def untrack(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Show an error nobody expected; what a call meets when the service stops under it is expected."""
        if not self._closing:
            super().handle_error(request, client_address)  # type: ignore[arg-type] # as socketserver passes it

    def server_close(self) -> None:
        self._closing = True
        super().server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client may have closed it at this very moment
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(socketserver.BaseRequestHandler):
    """One client connection."""

    server: _Server
    request: socket.socket

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.track(self.request)
        self._reader = self.request.makefile("rb")
        self._engine: _Engine | None = None

    def handle(self) -> None:
        try:
            while (head := Head.read(self._reader)) and not self._serve(head):
                pass
        except ProtocolError as error:
            self._refuse(400, str(error))
        except (ConnectionError, TimeoutError):
            return  # the client has gone; nobody is left to tell

    def _serve(self, head: Head) -> bool:
        """Answer one request; True when the connection ends with it."""
        method, target = _request_line(head)
        if head.headers.get(b"expect", b"").lower() == b"100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        front = self.server.front
        if not front.ours(target):
            return self._forward(head, method) or head.closes
        content = body(self._reader, head, front.limit)
        self.request.sendall(front.answer(Request(method, target, head.headers, content)).encoded())
        return head.closes

    def finish(self) -> None:
        self.server.untrack(self.request)
        self._reader.close()
        if self._engine is not None:
            self._engine.close()

    def _forward(self, head: Head, method: str) -> bool:
        """Hand one request on and its response back; True when the connection ends with it."""
        start = head.encoded(without=_HOP_BY_HOP)
        replayable = not head.chunked and (head.length or 0) <= _REPLAYABLE
        if replayable:
            start += b"".join(pieces(self._reader, head, until_closed=False))
        for fresh in (False, True) if self._engine is not None else (True,):
            if fresh and not self._connect():
                self._refuse(
                    502, "the engine does not answer: it may have been stopped; see its log in the state directory"
                )
                return True
            if (response := self._send(head, start, replayed=replayable)) is not None:
                return self._relay(response, method)
            if not replayable:
                break
        self._refuse(502, "the engine closed the connection")
        return True

    def _connect(self) -> bool:
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        try:
            self._engine = _Engine(self.server.front.engine_address)
        except OSError:
            return False
        return True

    def _send(self, head: Head, start: bytes, *, replayed: bool) -> Head | None:
        """The head of the engine's response; None when it had closed the connection before answering."""
        engine = self._engine
        if engine is None:
            return None
        try:
            engine.socket.sendall(start)
            if not replayed:
                for piece in pieces(self._reader, head, until_closed=False):
                    engine.socket.sendall(piece)
            response = Head.read(engine.reader)
            while response is not None and b" 100" in response.first:
                response = Head.read(engine.reader)
        except OSError:
            return None
        return response

    def _relay(self, response: Head, method: str) -> bool:
        engine = self._engine
        if engine is None:
            return True
        status = response.first[8:12]
        bodiless = method == "HEAD" or status.startswith(_BODILESS)
        endless = not bodiless and not response.chunked and response.length is None
        start = response.encoded()
        if bodiless:
            self.request.sendall(start)
        else:
            for piece in pieces(engine.reader, response, until_closed=True):
                self.request.sendall(start + piece)
                start = b""
            if start:
                self.request.sendall(start)
        if response.closes or endless:
            engine.close()
            self._engine = None
        return response.closes or endless

    def _refuse(self, status: int, why: str) -> None:
        with contextlib.suppress(OSError):  # whoever sent nonsense may not wait for the answer
            self.request.sendall(Response(status, why.encode(), {"Connection": "close"}).encoded())


def _request_line(head: Head) -> tuple[str, str]:
    method, _, rest = head.first.decode("latin-1").partition(" ")
    target, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ProtocolError("malformed request line")
    return method, target


class _Engine:
    """A connection to the engine."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader: BufferedReader = self.socket.makefile("rb")

    def close(self) -> None:
        self.reader.close()
        self.socket.close()
