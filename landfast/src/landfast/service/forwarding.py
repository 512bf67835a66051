"""Requests handed on to the engine, and its responses handed back, piece by piece.

The engine sees the head as the client sent it, Host included: signatures and the virtual-host form of S3 depend on it.
What the engine answers in HTML, because it failed or does not know the action, becomes an error of AWS's shape.
"""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from types import SimpleNamespace, TracebackType
from typing import Self
from weakref import WeakSet

from aiohttp import (
    AddrInfoType,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
    TraceConfig,
    web,
)
from aiohttp.client_exceptions import ClientOSError, ClientPayloadError
from multidict import CIMultiDict
from yarl import URL

from landfast import aws_errors
from landfast.eventplane.passing import EngineAnswer
from landfast.loopback import KEY, is_cors
from landfast.service import service_log
from landfast.service.incoming import HEAD, Refusal, is_form, operation, pieces

_LOG = service_log.logger(__name__)
_REPEATABLE = 1024 * 1024
"""Bytes of a body that is kept, so that it can be sent again on a new connection when the engine had closed the old."""

_CONNECT = 5.0
_IDLE = 10.0
_FAREWELL = 1.0
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_ERROR = 400


class Forwarding:
    """A pool of connections to the engine.

    Args:
        engine: The engine's URL.
        key: The key by which the engine trusts us.
        patience: For how many seconds to wait for a client's next piece, to be sent or taken.
    """

    def __init__(self, engine: str, key: str, patience: float) -> None:
        self._engine = engine.rstrip("/")
        self._key = key
        self.patience = patience
        self._sockets: WeakSet[socket.socket] = WeakSet()
        tracing = TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        self._session = ClientSession(
            auto_decompress=False,
            connector=TCPConnector(limit=0, keepalive_timeout=_IDLE, socket_factory=self._made),
            cookie_jar=DummyCookieJar(),
            max_field_size=HEAD,
            max_line_size=HEAD,
            timeout=ClientTimeout(total=None, sock_connect=_CONNECT),
            trace_configs=[tracing],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):  # it is closed, as nearly all are
                connection.shutdown(socket.SHUT_RDWR)  # else it would wait until the engine takes what was to be sent
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                while any(connection.fileno() >= 0 for connection in self._sockets):  # noqa: ASYNC110 - none tells us
                    await asyncio.sleep(0)

    def knows(self, request: web.BaseRequest) -> bool:
        """Tell whether a request is the service's own: it has the engine's key."""
        keys = request.headers.getall(KEY, [])
        return bool(self._key) and len(keys) == 1 and hmac.compare_digest(keys[0].encode(), self._key.encode())

    async def response(
        self, request: web.BaseRequest, target: str, request_id: str, content: bytes | None = None
    ) -> web.StreamResponse:
        """The engine's response, sent to the client as it comes.

        Args:
            request: The client's.
            target: The path with its query.
            request_id: For the log and for errors.
            content: The body, if it was read already.

        Raises:
            Refusal: The engine has gone, or the request cannot be handed on.
        """
        sent = await self._body(request) if content is None else content
        async with await self._asked_once(request, target, sent) as engine_response:
            if engine_response.status >= _ERROR and request.method != "HEAD":
                return await self._error(request, engine_response, sent, request_id)
            return await self._relayed(request, engine_response)

    async def whole(self, request: web.BaseRequest, target: str, content: bytes | None = None) -> EngineAnswer:
        """The engine's response to a client's request, read to its end.

        Args:
            request: The client's.
            target: The path with its query.
            content: The body, if it was read already, or another one that takes its place.

        Raises:
            Refusal: The engine has gone, or the request cannot be handed on.
        """
        sent = await self._body(request) if content is None else content
        async with await self._asked_once(request, target, sent) as engine_response:
            told = await engine_response.read()
            if engine_response.status >= _ERROR and request.method != "HEAD":
                form = sent if isinstance(sent, bytes) and is_form(request) else b""
                shown = aws_errors.in_place_of(operation(request, form), engine_response.status, told)
                if shown is not None:
                    return EngineAnswer(shown.status, shown.headers, shown.content)
            return EngineAnswer(engine_response.status, _handed_back(engine_response, whole=True), told)

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        """The engine's response to a request of our own.

        Raises:
            Refusal: The engine has gone.
        """
        with _told(method):
            engine_response = await self._session.request(
                method,
                URL(self._engine + target, encoded=True),
                allow_redirects=False,
                data=content or None,
                headers={**headers, KEY: self._key},
                skip_auto_headers=_NOT_ADDED,
                trace_request_ctx=[],
            )
            async with engine_response:
                return EngineAnswer(
                    engine_response.status,
                    _handed_back(engine_response, whole=method != "HEAD"),
                    await engine_response.read(),
                )

    async def _asked_once(
        self, request: web.BaseRequest, target: str, body: bytes | AsyncIterator[bytes] | None
    ) -> ClientResponse:
        with _told(f"{request.method} {target[:200]}"):
            return await self._asked(request, target, body)

    async def _error(
        self,
        request: web.BaseRequest,
        answer: ClientResponse,
        body: bytes | AsyncIterator[bytes] | None,
        request_id: str,
    ) -> web.StreamResponse:
        """The engine's error as it is, or in AWS's shape if it is not."""
        form = body if isinstance(body, bytes) and is_form(request) else b""
        content = await answer.read()
        shown = aws_errors.in_place_of(operation(request, form), answer.status, content, request_id)
        if shown is not None:
            return web.Response(status=shown.status, headers=shown.headers, body=shown.content)
        return web.Response(status=answer.status, reason=answer.reason, headers=_handed_back(answer), body=content)

    def _made(self, address: AddrInfoType) -> socket.socket:
        connection = socket.socket(*address[:3])
        self._sockets.add(connection)
        return connection

    async def _body(self, request: web.BaseRequest) -> bytes | AsyncIterator[bytes] | None:
        """Whole where it is short, so that it can be sent twice."""
        if not request.body_exists:
            return None
        length = request.content_length
        if length is None or length > _REPEATABLE:
            return pieces(request, self.patience)
        return b"".join([piece async for piece in pieces(request, self.patience)])

    async def _asked(
        self, request: web.BaseRequest, target: str, body: bytes | AsyncIterator[bytes] | None
    ) -> ClientResponse:
        headers = self._headers(request, streams=not isinstance(body, bytes | None))
        url = URL(self._engine + target, encoded=True)
        reused: list[bool] = []
        while True:
            reused.clear()
            try:
                return await self._session.request(
                    request.method,
                    url,
                    allow_redirects=False,
                    data=body,
                    headers=headers,
                    skip_auto_headers=_NOT_ADDED,
                    trace_request_ctx=reused,
                )
            except ClientConnectorError:
                raise
            except (ServerDisconnectedError, ClientOSError):
                # The engine had closed an idle connection at this very moment: RFC 9112, 9.3.1
                if not reused or not isinstance(body, bytes | None):
                    raise

    def _headers(self, request: web.BaseRequest, *, streams: bool) -> CIMultiDict[str]:
        dropped = _HOP_BY_HOP | {
            name.strip().lower() for value in request.headers.getall("Connection", ()) for name in value.split(",")
        }
        if not streams:
            dropped |= {"content-length"}
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in dropped)
        headers.popall(KEY, None)
        if self._key:
            headers[KEY] = self._key
        return headers

    async def _relayed(self, request: web.BaseRequest, answer: ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_handed_back(answer))
        await response.prepare(request)
        try:
            async for piece in answer.content.iter_any():
                async with asyncio.timeout(self.patience):
                    await response.write(piece)
            async with asyncio.timeout(self.patience):
                await response.write_eof()
        except (ClientPayloadError, ClientOSError, TimeoutError) as error:
            # The response has begun: all that is left is to end the connection before its end.
            raise ConnectionResetError("a response could not be handed on to its end") from error
        return response


def _handed_back(answer: ClientResponse, *, whole: bool = False) -> CIMultiDict[str]:
    dropped = _HOP_BY_HOP | {"content-length"} if whole else _HOP_BY_HOP
    return CIMultiDict(
        (name, value) for name, value in answer.headers.items() if name.lower() not in dropped and not is_cors(name)
    )


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell the client that the engine does not answer."""
    try:
        yield
    except ClientConnectorError:
        raise Refusal(
            502,
            "ServiceUnavailable",
            "The engine does not answer: it may have been stopped; see its log in the state directory.",
        ) from None
    except (ClientError, TimeoutError) as error:
        _LOG.warning("%s: the engine gave no answer: %r", what, error)
        raise Refusal(502, "ServiceUnavailable", "The engine gave no answer; see its log.") from None


async def _note_reuse(session: ClientSession, context: SimpleNamespace, parameters: object) -> None:
    del session, parameters
    context.trace_request_ctx.append(True)
