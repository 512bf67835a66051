"""The one endpoint: function calls are answered here, everything else is handed on to the engine.

aiohttp speaks HTTP on both sides, in one thread with an event loop. What aiohttp lets pass although RFC 9112 or this
service's limits do not is refused in `landfast.service.incoming`; who may ask at all is said in `landfast.loopback`.
"""

import asyncio
import contextlib
import socket
import threading
import uuid
from collections.abc import Awaitable, Callable, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from aiohttp import web

from landfast import aws_errors, loopback
from landfast.protocols import Request, Response
from landfast.service import service_log
from landfast.service.connections import Connection, Connections, Waits
from landfast.service.forwarding import Forwarding
from landfast.service.incoming import Refusal, body, checked_target, operation, refuse_nonsense

T = TypeVar("T")

_LOG = service_log.logger(__name__)
_BACKLOG = 1024
_JOIN = 10.0

CALLS = 1_200
"""The most requests answered here at a time: more than the functions of an account run at a time (1,000)."""


class Others(Protocol):
    """Answers requests in the event loop; what it does not answer itself it hands on."""

    def __call__(
        self, request: web.BaseRequest, target: str, request_id: str, engine: Forwarding
    ) -> Awaitable[web.StreamResponse]:
        """The response to one request."""
        ...


class Proxy:
    """An HTTP server in front of an engine.

    Args:
        engine: The engine's URL.
        ours: Says of a path whether `answer` takes the request.
        answer: Answers it, in a thread of its own.
        others: Answers all other requests; without it, all of them go to the engine.
        limit: The longest body `answer` gets, in bytes.
        port: 0 for a free one.
        address: The address to listen on; beyond loopback only where the user asks for it.
        hosts: Names or addresses by which clients may call it, besides loopback's and `address`.
        key: The key by which the engine trusts that requests have been checked here.
        waits: For how long it waits for clients.
        most: The most connections; by default what the process's limit of descriptors allows.

    Raises:
        OSError: The port is taken.
    """

    def __init__(
        self,
        engine: str,
        *,
        ours: Callable[[str], bool],
        answer: Callable[[Request], Response],
        limit: int,
        others: Others | None = None,
        port: int = 0,
        address: str = loopback.ADDRESS,
        hosts: Collection[str] = (),
        key: str = "",
        waits: Waits | None = None,
        most: int | None = None,
    ) -> None:
        self._engine = engine
        self._key = key
        self._ours = ours
        self._answer = answer
        self._limit = limit
        self._others = others
        self._hosts = frozenset({address, *hosts})
        self._waits = waits or Waits()
        self._most = most
        self._address = address
        self._socket = socket.create_server((address, port), backlog=_BACKLOG)
        self._port: int = self._socket.getsockname()[1]
        self._started: threading.Event = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """The URL that clients connect to."""
        return f"http://{self._address}:{self._port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(self, work: Callable[[Forwarding], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` answers in the event loop, given the way to the engine; from another thread."""
        if self._loop is None:
            raise RuntimeError("the endpoint was not started")
        return asyncio.run_coroutine_threadsafe(work(self._forwarding), self._loop).result()

    def close(self) -> None:
        """End all connections at once, or give the port back; an invocation that still runs ends with the runtime."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(_JOIN)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_log)
        self._stop = asyncio.Event()
        self._pool = ThreadPoolExecutor(CALLS, thread_name_prefix="call")
        connections = Connections(self._handle, self._waits, self._most)
        try:
            async with Forwarding(self._engine, self._key, self._waits.piece) as self._forwarding:
                listener = await self._loop.create_server(connections, sock=self._socket)
                self._started.set()
                await self._stop.wait()
                self._loop.remove_reader(self._socket)  # nobody else is accepted
                await _settle()
                listener.close()
                connections.close()
                await _cancel_others()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to one request, whatever happens."""
        response = await self._response(request)
        if not response.prepared and not request.content.is_eof():
            # What is left of the body is not worth reading; a client that has asked first (Expect) never sends it, and
            # its next request would be taken for it.
            response.force_close()
        return response

    async def _response(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        connection: Connection = request.protocol  # type: ignore[assignment] # made by Connections
        try:
            target = self._checked(request)
        except Refusal as refusal:
            raise connection.give_up(operation(request), refusal.status, refusal.code, str(refusal)) from None
        try:
            if self._ours(target):
                return await self._answered(request, target)
            if self._others is not None:
                return await self._others(request, target, request_id, self._forwarding)
            return await self._forwarding.response(request, target, request_id)
        except Refusal as refusal:
            shown = aws_errors.answer(operation(request), refusal.status, refusal.code, str(refusal), request_id)
        except ConnectionError:
            raise  # the client has gone
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the reason
            _LOG.exception("request %s: %s %s", request_id, request.method, request.raw_path[:200])
            message = f"The local service failed; its log tells why under the request id {request_id}."
            shown = aws_errors.answer(operation(request), 500, "ServiceException", message, request_id)
        return web.Response(status=shown.status, headers=shown.headers, body=shown.content)

    def _checked(self, request: web.BaseRequest) -> str:
        """The target of a request that may pass.

        Raises:
            Refusal: It is malformed, or whoever asks may not.
        """
        refuse_nonsense(request)
        headers = request.headers
        reason = loopback.refusal(
            headers.getall("Host", ()),
            headers.getall("Origin", ()),
            headers.getall("Sec-Fetch-Site", ()),
            also=self._hosts,
        )
        if reason is not None:
            raise Refusal(403, "AccessDeniedException", reason)
        return checked_target(request)

    async def _answered(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        content, size = await body(request, self._limit, self._waits.piece)
        headers = {name.lower(): value for name, value in request.raw_headers}
        asked = Request(request.method, target, headers, content, size)
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._pool, self._answer, asked)
        return web.Response(status=response.status, headers=response.headers, body=response.content)


async def _settle() -> None:
    """Let whoever has just been accepted become a connection, which can be closed.

    asyncio makes it in one turn of the loop, in a task that nothing else knows of, and tells its protocol in the next;
    of a listener that is closed it makes none any more, and leaves the socket open.
    """
    for _ in range(2):
        await asyncio.sleep(0)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _log(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Put what goes wrong outside of any request into the log, not onto the console."""
    del loop
    error = context.get("exception")
    _LOG.error("%s", context.get("message"), exc_info=error if isinstance(error, BaseException) else None)
