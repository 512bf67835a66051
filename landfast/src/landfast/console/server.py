"""The console: one page below ``/_landfast/`` of a running service's endpoint, and the API that it asks.

The endpoint has already looked who may ask (`landfast.loopback`): programs of this machine, and pages of this very
origin. Whoever reads what is here can read it by AWS's calls as well. What changes something needs the token of the
URL that ``landfast up`` prints, in the header ``X-Landfast-Token``: it is in the URL's fragment, which no browser
sends, so that it is in no log.
"""

import contextlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final, Protocol, Self
from urllib.parse import unquote

import msgspec
from aiohttp import web

from landfast.console import files
from landfast.console.clock import ClockPart
from landfast.console.context import Context
from landfast.console.event_page import EventPart
from landfast.console.events import EventsPart
from landfast.console.failures import FailuresPart
from landfast.console.functions import FunctionsPart
from landfast.console.live import Live
from landfast.console.queues import QueuesPart
from landfast.console.routes import Problem, Route, Routes
from landfast.console.rules import RulesPart
from landfast.console.send import SendPart
from landfast.console.stack import StackPart
from landfast.console.streams import StreamsPart
from landfast.console.traffic import TrafficPart
from landfast.console.what_if import WhatIfPart
from landfast.errors import LandfastError
from landfast.service import service_log
from landfast.service.incoming import body
from landfast.service.local_api import PREFIX
from landfast.service.service import Service

TOKEN: Final = "X-Landfast-Token"  # noqa: S105 - the name of a header
_API: Final = f"{PREFIX}api"
_LIVE: Final = f"{_API}/live"
_LONGEST: Final = 8 * 1024 * 1024
"""Bytes of a request: more than any event has."""

_PATIENCE: Final = 10.0
"""Real seconds to wait for the next piece of a request."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOG = service_log.logger(__name__)


class Part(Protocol):
    """A part of the console: what one view asks."""

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        ...


class Console:
    """Serves the page of a running service. Nothing of it runs until a page asks.

    Args:
        service: The service.
    """

    def __init__(self, service: Service) -> None:
        self.token = secrets.token_urlsafe(24)
        self._service = service
        self._context = Context(service)
        failures = FailuresPart(self._context)
        self._live = Live(self._context, failures.count)
        self._routes = Routes(route for part in (*self._parts(self._context), failures) for route in part.routes())

    @classmethod
    def attach(cls, service: Service) -> Self:
        """Serve the page at the service's endpoint from now on; it ends with the service."""
        console = cls(service)
        service.attach(console)
        return console

    @staticmethod
    def _parts(context: Context) -> Iterable[Part]:
        yield StackPart(context)
        yield ClockPart(context)
        yield FunctionsPart(context)
        yield TrafficPart(context)
        yield EventsPart(context)
        yield EventPart(context)
        yield RulesPart(context)
        yield WhatIfPart(context)
        yield QueuesPart(context)
        yield StreamsPart(context)
        yield SendPart(context)

    @property
    def url(self) -> str:
        """The URL of the page, with the token."""
        return f"{self._service.endpoint}{PREFIX}#token={self.token}"

    def takes(self, target: str) -> bool:
        """Tell whether a request is for the console."""
        path = target.partition("?")[0]
        return path in {PREFIX, PREFIX.rstrip("/")} or path.startswith((files.PAGE, f"{_API}/"))

    async def response(self, request: web.BaseRequest, target: str) -> web.StreamResponse:
        """The response to one request."""
        path = target.partition("?")[0]
        if path == _LIVE and request.method == "GET":
            return await self._stream(request)
        try:
            answered = await self._answered(request, target)
        except Problem as problem:
            return _json(problem.status, {"message": str(problem)})
        return answered

    async def _answered(self, request: web.BaseRequest, target: str) -> web.Response:
        path = target.partition("?")[0]
        if path.startswith(_API):
            return await self._api(request, target.removeprefix(_API))
        if request.method not in {"GET", "HEAD"}:
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} takes GET")
        if path == PREFIX.rstrip("/"):
            return web.Response(status=HTTPStatus.PERMANENT_REDIRECT, headers={**_HEADERS, "Location": PREFIX})
        if path == PREFIX:
            page, policy = files.document()
            return _file(page, "text/html; charset=utf-8", {"Content-Security-Policy": policy})
        name = unquote(path.removeprefix(files.PAGE))
        try:
            content = files.content(name)
        except KeyError:
            raise Problem(HTTPStatus.NOT_FOUND, f"the page has no file {name}") from None
        return _file(content, files.media_type(name))

    async def _api(self, request: web.BaseRequest, target: str) -> web.Response:
        route, asked = self._routes.find(request.method, target)
        given = request.headers.get(TOKEN, "").encode(errors="surrogateescape")  # a header may hold any bytes
        if route.is_guarded and not secrets.compare_digest(given, self.token.encode()):
            message = f"{route.path} changes something: open the console by the URL that landfast up has printed"
            raise Problem(HTTPStatus.FORBIDDEN, f"{message}, or send its token as {TOKEN}")
        content, size = await body(request, _LONGEST, _PATIENCE)
        if content is None:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{size} bytes: at most {_LONGEST} are read here")
        try:
            return _json(HTTPStatus.OK, await route.answer(replace(asked, content=content)))
        except (Problem, ConnectionError):
            raise
        except LandfastError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        except Exception:  # noqa: BLE001 - the page gets an answer, and the log the reason
            _LOG.exception("console: %s %s", request.method, route.path)
            message = "the console failed: the service's log, service.log in the state directory, tells why"
            raise Problem(HTTPStatus.INTERNAL_SERVER_ERROR, message) from None

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """Send the state as server-sent events until the page is closed (HTML, section 9.2)."""
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream; charset=utf-8"})
        with contextlib.suppress(ConnectionError):  # the page was closed
            await response.prepare(request)
            async with contextlib.aclosing(self._live.messages()) as messages:
                async for message in messages:
                    await response.write(b"data: %b\n\n" % message if message else b":\n\n")
        return response

    def close(self) -> None:
        """Begin nothing more."""
        self._context.close()


def _file(content: bytes, kind: str, also: Mapping[str, str] | None = None) -> web.Response:
    response = web.Response(body=content, headers={**_HEADERS, "Content-Type": kind, **(also or {})})
    response.enable_compression()
    return response


def _json(status: HTTPStatus, content: object) -> web.Response:
    body = msgspec.json.encode(content)
    return web.Response(status=status, body=body, headers={**_HEADERS, "Content-Type": "application/json"})
