"""Guards an engine inside its own process: who may ask, and for what.

An engine keeps an application's data for everybody who reaches its port, so its port is as closed as the endpoint's
(`landfast.loopback`). Its administration pages are out of reach for everybody, and so is every service that could run
code or open ports, its own Lambda first of all. Answers carry no CORS headers, and failures have AWS's shape.

Nothing here imports more than the standard library: ministack's process has no other part of Landfast.
"""

import asyncio
import hmac
import io
import os
import re
import sys
import traceback
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from landfast import aws_errors, loopback
from landfast.aws_errors import FORM, ErrorAnswer, Operation
from landfast.dataplane.succession import Succession, parted
from landfast.digits import whole_number

HEALTH = "/_landfast/health"
"""A path that is answered as soon as the engine is up."""

REMEMBER = "/_landfast/remember"
"""A path by which the endpoint has the engine remember all it holds."""

RESET = "/_landfast/reset"
"""A path by which the endpoint has it put that back."""

TAKE_OVER = "/_landfast/take-over"
"""A path by which the endpoint of another service takes the place of an earlier one; it is answered with its number."""

KEY_VARIABLE = "LANDFAST_ENGINE_KEY"
"""The variable with the key of the endpoint, which has checked who asks already."""

_HEAD = "HEAD"
_KEY = loopback.KEY.lower()
_ERROR = 400
_OURS = frozenset({REMEMBER, RESET, TAKE_OVER})
_PAGES = _OURS | {HEALTH}
_SLASHES = re.compile("/+")
_ADMINISTRATION = re.compile(r"/(_ministack|_localstack|moto-api|_landfast)|/health$", re.IGNORECASE)
_LAMBDA = re.compile(r"/20\d\d-\d\d-\d\d/(functions|layers|event-source-mappings|runtime|microvm)", re.IGNORECASE)

Asked: TypeAlias = Callable[[], Operation]
"""The operation that a request asks for, worked out only for errors."""

Exceptions: TypeAlias = tuple[type[Exception], ...]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


class NotServedError(Exception):
    """A service of the engine that is out of reach here."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules for one engine.

    Attributes:
        key: The key of the endpoint; "" for none.
        succession: The endpoints that have had the key.
    """

    key: str = ""
    succession: Succession = field(default_factory=Succession)

    @classmethod
    def from_environment(cls) -> "Guard":
        """The rules with the key that the engine was started with; nothing else in the process gets to see it."""
        return cls(os.environ.pop(KEY_VARIABLE, ""))

    def refusal(self, headers: Collection[tuple[str, str]], path: str, asked: Asked) -> ErrorAnswer | None:
        """Why a request is refused; None when it may pass.

        Args:
            headers: Names in lower case.
            path: Decoded.
            asked: For the shape of the error.
        """
        found: dict[str, list[str]] = {}
        for name, value in headers:
            found.setdefault(name, []).append(value)
        if not self._trusts(found.get(_KEY, [])):
            reason = loopback.refusal(found.get("host", ()), found.get("origin", ()), found.get("sec-fetch-site", ()))
            if reason is not None:
                return aws_errors.answer(asked(), 403, "AccessDeniedException", reason)
        path = _SLASHES.sub("/", path)
        if path in _OURS and self._trusts(found.get(_KEY, [])):
            return None
        if path != HEALTH and _ADMINISTRATION.match(path):
            return aws_errors.answer(asked(), 403, "AccessDeniedException", "The engine's own pages are out of reach.")
        if _LAMBDA.match(path):
            return not_served(asked(), "lambda")
        return None

    @contextmanager
    def admitted(self, keys: Sequence[str]) -> Iterator[bool]:
        """Count a request as under way in this block, if it is an endpoint's; False if another one has taken over.

        Args:
            keys: The keys of the request.
        """
        if not self._trusts(keys):
            yield True
            return
        with self.succession.admitted(parted(keys[0])[1]) as is_newest:
            yield is_newest

    def _trusts(self, keys: Sequence[str]) -> bool:
        sent = parted(keys[0])[0] if len(keys) == 1 else ""
        return bool(self.key) and hmac.compare_digest(sent.encode(), self.key.encode())


def _outdated(asked: Operation) -> ErrorAnswer:
    return aws_errors.answer(asked, 403, "AccessDeniedException", "The endpoint of another service has taken over.")


def not_served(asked: Operation, service: str) -> ErrorAnswer:
    """The answer for a service that is out of reach."""
    message = (
        f"{asked.name} of {service} is not available: the engine serves only what neither runs code nor opens ports."
    )
    return aws_errors.answer(asked, 501, "NotImplementedException", message)


def failed(asked: Operation, error: BaseException, unknown: Exceptions) -> ErrorAnswer:
    """The answer for a request at which the engine failed; the reason goes into its log.

    Args:
        asked: The operation that was asked for.
        error: The exception of the engine.
        unknown: The exceptions of the engine for actions that it does not have.
    """
    if isinstance(error, NotServedError):
        return not_served(asked, str(error))
    if isinstance(error, unknown):
        message = f"The engine has no {asked.name}."
        return aws_errors.answer(asked, 501, "NotImplementedException", message)
    request_id = str(uuid.uuid4())
    trace = "".join(traceback.format_exception(error))
    sys.stderr.write(f"request {request_id}: {asked.name}: {trace}")
    message = f"The engine failed at {asked.name}; its log tells why under the request id {request_id}."
    return aws_errors.answer(asked, 500, "InternalFailure", message, request_id)


class Memory(Protocol):
    """Remembers what the engine holds."""

    def remember(self) -> None:
        """Remember all of it as it is now."""
        ...

    def reset(self) -> None:
        """Put back what was remembered; all else is gone."""
        ...


class WsgiGuard:
    """Guards a WSGI application.

    Args:
        application: The engine.
        guard: The rules.
        memory: Remembers what the engine holds.
        unknown: The exceptions of the engine for actions that it does not have.
    """

    def __init__(
        self,
        application: WSGIApplication,
        guard: Guard,
        memory: Memory,
        unknown: Exceptions = (NotImplementedError,),
    ) -> None:
        self.application = application
        self.guard = guard
        self.memory = memory
        self.unknown = unknown

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")

        def asked() -> Operation:
            return Operation.read(environ["REQUEST_METHOD"], _target(environ), headers, form)

        form = _form(environ)
        if refused := self.guard.refusal(headers.items(), path, asked):
            return _told(refused, environ, start_response)
        environ.pop("HTTP_" + loopback.KEY.upper().replace("-", "_"), None)
        if path in _PAGES:
            return _told(_page(path, self.guard.succession, self.memory), environ, start_response)
        with self.guard.admitted([headers[_KEY]] if _KEY in headers else []) as is_newest:
            if not is_newest:
                return _told(_outdated(asked()), environ, start_response)
            return self._passed(environ, start_response, asked)

    def _passed(self, environ: WSGIEnvironment, start_response: StartResponse, asked: Asked) -> Iterable[bytes]:
        held: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:  # noqa: ANN401
            kept = [(name, value) for name, value in headers if not loopback.is_cors(name)]
            if int(status[:3]) < _ERROR or environ["REQUEST_METHOD"] == _HEAD:
                return start_response(status, kept, *rest)
            held.append((status, kept))
            return lambda _: None

        try:
            content = self.application(environ, start)
            if not held:
                return content
            body = b"".join(content)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets AWS's error and the log the reason
            return _told(failed(asked(), error, self.unknown), environ, start_response)
        if hasattr(content, "close"):
            content.close()
        status, headers = held[0]
        if better := aws_errors.in_place_of(asked(), int(status[:3]), body):
            return _told(better, environ, start_response)
        start_response(status, headers)
        return [body]


class AsgiGuard:
    """Guards an ASGI application.

    Args:
        application: The engine.
        guard: The rules.
        memory: Remembers what the engine holds.
    """

    def __init__(self, application: AsgiApplication, guard: Guard, memory: Memory) -> None:
        self.application = application
        self.guard = guard
        self.memory = memory

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request; there are no web sockets."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]

        def asked() -> Operation:
            query = scope.get("query_string", b"").decode("latin-1")
            return Operation.read(scope["method"], f"{quote(scope['path'])}?{query}", dict(headers))

        if refused := self.guard.refusal(headers, scope["path"], asked):
            await _send(refused, scope, send)
            return
        if scope["path"] in _PAGES:
            # Taking over waits for requests, which go on in this thread.
            run = asyncio.to_thread if scope["path"] == TAKE_OVER else _at_once
            await _send(await run(_page, scope["path"], self.guard.succession, self.memory), scope, send)
            return
        others = [header for header in scope["headers"] if header[0].decode("latin-1").lower() != _KEY]
        with self.guard.admitted([value for name, value in headers if name == _KEY]) as is_newest:
            if is_newest:
                await self._pass({**scope, "headers": others}, receive, send, asked)
            else:
                await _send(_outdated(asked()), scope, send)

    async def _pass(self, scope: Message, receive: Receive, send: Send, asked: Asked) -> None:
        form = bytearray()
        held: list[Message] = []
        is_form = any(
            name.lower() == b"content-type" and value.decode("latin-1").lower().startswith(FORM)
            for name, value in scope["headers"]
        )

        async def noting() -> Message:
            message = await receive()
            if is_form:
                form.extend(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [header for header in message["headers"] if not _is_cors(header)]}
            is_error = message.get("status", 0) >= _ERROR and scope["method"] != _HEAD
            if not is_error and not held:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await self._release(held, _with_action(asked(), scope, bytes(form)), scope, send)

        await self.application(scope, noting, sending)

    async def _release(self, held: Sequence[Message], asked: Operation, scope: Message, send: Send) -> None:
        """An error as the engine made it, or in AWS's shape if it is not."""
        body = b"".join(message.get("body", b"") for message in held)
        if better := aws_errors.in_place_of(asked, held[0]["status"], body):
            await _send(better, scope, send)
            return
        for message in held:
            await send(message)


def _page(path: str, succession: Succession, memory: Memory) -> ErrorAnswer:
    """The answer of one of our own pages, after what it does."""
    if path == TAKE_OVER:
        number = succession.take_over()
        return ErrorAnswer(
            HTTPStatus.SERVICE_UNAVAILABLE if number is None else HTTPStatus.OK, {}, str(number).encode()
        )
    if path == REMEMBER:
        memory.remember()
    elif path == RESET:
        memory.reset()
    return ErrorAnswer(HTTPStatus.OK, {}, b"")


async def _at_once(work: Callable[..., ErrorAnswer], *given: object) -> ErrorAnswer:
    return work(*given)


def _is_cors(header: tuple[bytes, bytes]) -> bool:
    return loopback.is_cors(header[0].decode("latin-1"))


def _with_action(asked: Operation, scope: Message, form: bytes) -> Operation:
    if not form or asked.protocol == "json":
        return asked
    named = Operation.read(scope["method"], quote(scope["path"]), {}, form)
    return Operation(named.protocol, named.name, asked.service) if named.protocol == "query" else asked


async def _send(answer: ErrorAnswer, scope: Message, send: Send) -> None:
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    length = (b"content-length", str(len(answer.content)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, length]})
    content = b"" if scope["method"] == _HEAD else answer.content
    await send({"type": "http.response.body", "body": content, "more_body": False})


def _told(answer: ErrorAnswer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    status = HTTPStatus(answer.status)
    headers = [*answer.headers.items(), ("Content-Length", str(len(answer.content)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if environ["REQUEST_METHOD"] == _HEAD else answer.content]


def _target(environ: WSGIEnvironment) -> str:
    raw = (
        environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(environ.get("PATH_INFO", ""), encoding="latin-1")
    )
    query = environ.get("QUERY_STRING", "")
    path = str(raw).partition("?")[0]
    return f"{path}?{query}" if query else path


def _form(environ: WSGIEnvironment) -> bytes:
    """The body, if it is a form, put back for whoever reads it next."""
    if not environ.get("CONTENT_TYPE", "").lower().startswith(FORM):
        return b""
    length = whole_number(environ.get("CONTENT_LENGTH", ""))
    if length is None:
        return b""
    content: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(content)
    return content
