"""The clients' connections: how many there may be, and for how long one may say nothing.

A connection waits from its beginning, or from the end of a response, until the head of the next request is there, and
while a body is being read. When there are too many, the one that has waited longest goes; so slow clients never lock
others out, and requests that are being answered, long polls for one, are left alone. Otherwise a client may say nothing
for as long as it likes between two requests: one that sends the next just as its connection is closed cannot tell
whether it was heard.
"""

import asyncio
import contextlib
import math
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import StreamReader, web
from aiohttp.web_protocol import _ErrInfo

from landfast import aws_errors
from landfast.aws_errors import Operation
from landfast.service import service_log
from landfast.service.incoming import HEADERS, LINE, first_line, operation

_LOG = service_log.logger(__name__)
_MOST = 4_096
_SHARE = 4
"""The part of the process's descriptors that clients may hold; each may need another one toward the engine."""

_FAREWELL = 2.0
"""For how long, in seconds, a client that was told to go may still send."""

_UNKNOWN = Operation("json", "")


@dataclass(frozen=True, slots=True)
class Waits:
    """For how long clients are waited for, in seconds.

    Attributes:
        head: From the first byte of a request to the end of its head, and for the first byte of a new connection.
        piece: For the next piece of a body, and for the client to take a piece of a response.
    """

    head: float = 10.0
    piece: float = 20.0


Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connections(web.Server):
    """Makes and counts connections.

    Args:
        handler: Answers requests.
        waits: For how long to wait for clients.
        most: The most connections; by default what the process's limit of descriptors allows.
    """

    def __init__(self, handler: Handler, waits: Waits, most: int | None = None) -> None:
        super().__init__(self._counted, handler_cancellation=True)
        self.waits = waits
        self.most = most or min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE)
        self.open: set[Connection] = set()
        self.waiting: dict[Connection, None] = {}
        self.leaving: dict[asyncio.Transport, None] = {}
        self._handler = handler

    def __call__(self) -> "Connection":
        """A new connection, for the event loop."""
        return Connection(self, self._loop)

    def close(self) -> None:
        """End all of them at once; who waits for an answer is told."""
        for connection in tuple(self.open):
            connection.end()
        for transport in tuple(self.leaving):
            transport.abort()

    def make_room(self) -> None:
        """Let the one go that is on its way out, or has waited longest, if there are too many."""
        while len(self.open) + len(self.leaving) > self.most:
            if self.leaving:
                self.leaving.popitem()[0].abort()
            elif self.waiting:
                longest = next(iter(self.waiting))
                longest.give_up(_UNKNOWN, 503, "ServiceUnavailable", "There are too many connections.")
            else:
                return

    async def _counted(self, request: web.BaseRequest) -> web.StreamResponse:
        connection: Connection = request.protocol  # type: ignore[assignment] # made above
        connection.head_is_there(request.content)
        connection.under_way = request
        try:
            return await self._handler(request)
        finally:
            connection.under_way = None
            connection.begin_waiting()


class Connection(web.RequestHandler):
    """One client.

    Attributes:
        under_way: The request that is being answered.
    """

    __slots__ = ("_body", "_connections", "_in_head", "_overdue", "under_way")

    def __init__(self, connections: Connections, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            connections,
            loop=loop,
            access_log=None,  # type: ignore[arg-type] # aiohttp itself asks whether there is one
            auto_decompress=False,
            keepalive_timeout=math.inf,
            logger=_LOG,
            max_field_size=LINE,
            max_headers=HEADERS,
            max_line_size=LINE,
        )
        self.under_way: web.BaseRequest | None = None
        self._connections = connections
        self._body: StreamReader | None = None
        self._in_head = False
        self._overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, and begin to wait for a request."""
        self._connections.open.add(self)
        super().connection_made(transport)
        self.begin_waiting()
        self._expect_head()
        self._connections.make_room()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no more."""
        self._connections.open.discard(self)
        self.head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Begin to wait for the end of a head, if this is how one begins."""
        # The rest of a body is waited for as well, and is no head: with it the time of the next one would begin.
        if self.under_way is None and self in self._connections.waiting and not self._in_head:
            self._in_head = True
            self._expect_head()
        super().data_received(data)
        self._break_body()

    def begin_waiting(self) -> None:
        """It is the client's turn."""
        if self in self._connections.open:
            self._connections.waiting[self] = None

    def end_waiting(self) -> None:
        """It is the service's turn."""
        self._connections.waiting.pop(self, None)

    def head_is_there(self, body: StreamReader | None = None) -> None:
        """A request has begun, whose body is to come."""
        self._body = body
        self.end_waiting()
        self._in_head = False
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def give_up(self, asked: Operation, status: int, code: str, message: str) -> ConnectionError:
        """Tell the client why, and end the connection.

        Returns:
            What ends the request's handler.
        """
        transport = self.transport
        if isinstance(transport, asyncio.Transport):
            self.transport = None
            transport.set_protocol(_Leaving(self._connections, transport))
            transport.write(aws_errors.answer(asked, status, code, message).encoded)
            with contextlib.suppress(OSError):  # the client has gone already, and does not mind
                transport.write_eof()
            self.connection_lost(None)
        return ConnectionResetError(message)

    def end(self) -> None:
        """End the connection at once; a request whose answer has not begun is answered first."""
        if self.under_way is not None and self.under_way.writer.output_size == 0:
            self.give_up(operation(self.under_way), 503, "ServiceUnavailable", "The service has stopped.")
        elif isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP, in AWS's shape."""
        del status, exc
        if request.writer.output_size > 0:
            raise ConnectionResetError("the response has begun")
        message = f"The request is not HTTP/1.1: {first_line(message or '')}"
        raise self.give_up(_UNKNOWN, 400, "BadRequest", message)

    def _break_body(self) -> None:
        """End the wait for a body whose continuation is malformed: aiohttp keeps that for the next request only."""
        if self._body is None or self._body.is_eof():
            return
        for message, _ in self._messages:
            if isinstance(message, _ErrInfo):
                self._body.set_exception(web.RequestPayloadError(f"message: {message.message}"))

    def _expect_head(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = self._loop.call_later(self._connections.waits.head, self._is_overdue)

    def _is_overdue(self) -> None:
        self._overdue = None
        if self in self._connections.waiting:
            self.give_up(_UNKNOWN, 408, "RequestTimeout", "The head of the request did not come in time.")


class _Leaving(asyncio.Protocol):
    """A client that has been told to go.

    What it still sends is read and thrown away: closing the socket over unread data would reset the connection, and the
    answer might be lost with it.
    """

    def __init__(self, connections: Connections, transport: asyncio.Transport) -> None:
        self._connections = connections
        self._transport = transport
        connections.leaving[transport] = None
        self._end = asyncio.get_running_loop().call_later(_FAREWELL, transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has gone."""
        del exc
        self._end.cancel()
        self._connections.leaving.pop(self._transport, None)
