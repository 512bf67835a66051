"""Requests of clients: refused where aiohttp takes more than RFC 9112 and our limits, and read with patience."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import HttpVersion, HttpVersion10, HttpVersion11, web

from landfast.aws_errors import FORM, Operation

if TYPE_CHECKING:
    from landfast.service.connections import Connection

LINE = 16_384
"""The most bytes of a request line or a header."""

HEADERS = 200
"""The most headers of a request."""

HEAD = 65_536
"""The most bytes of all headers together."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_ABSOLUTE = re.compile(r"http://(?P<host>[^/?#]*)(?P<target>[/?].*)?", re.IGNORECASE)
_VERSIONS = frozenset({HttpVersion10, HttpVersion11})


class Refusal(Exception):  # noqa: N818 - what a client is refused is not a failure of the service
    """A request that is refused.

    Attributes:
        status: The HTTP status.
        code: AWS's error code.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def refuse_nonsense(request: web.BaseRequest) -> None:
    """Refuse what aiohttp takes and RFC 9112 or our limits do not.

    Raises:
        Refusal: The request is not HTTP/1.1, or larger than this service reads.
    """
    version: HttpVersion = request.version
    if version not in _VERSIONS:
        raise Refusal(505, "HttpVersionNotSupported", "This service speaks HTTP/1.1.")
    if sum(len(name) + len(value) for name, value in request.raw_headers) > HEAD:
        raise Refusal(431, "RequestHeaderSectionTooLarge", f"The headers are larger than {HEAD} bytes.")
    encodings = request.headers.getall("Transfer-Encoding", ())
    if encodings and (version == HttpVersion10 or [token.strip().lower() for token in encodings] != ["chunked"]):
        # RFC 9112, 6.1 and 7: an encoding that is not understood, or one before HTTP/1.1
        raise Refusal(501, "NotImplemented", "The only transfer encoding of this service is chunked.")
    expectations = request.headers.getall("Expect", ())
    if any(token.strip().lower() != "100-continue" for token in expectations):
        raise Refusal(417, "ExpectationFailed", "The only expectation that is met is 100-continue.")


def checked_target(request: web.BaseRequest) -> str:
    """Path and query, in origin form.

    Raises:
        Refusal: The target is neither in origin form nor in absolute form with the same host as the Host header.
    """
    target = request.raw_path
    if absolute := _ABSOLUTE.fullmatch(target):
        if absolute["host"].lower() != request.headers.get("Host", "").strip().lower():
            raise Refusal(400, "BadRequest", "The request target and the Host header name different hosts.")
        target = absolute["target"] or "/"
        target = target if target.startswith("/") else f"/{target}"
    if not target.startswith("/") or "#" in target or request.method == "CONNECT":
        raise Refusal(400, "BadRequest", "The request target must be a path.")
    return target


def operation(request: web.BaseRequest, form: bytes = b"") -> Operation:
    """Name the operation that a request asks for, for errors."""
    return Operation.read(request.method, request.raw_path, request.headers, form)


def is_form(request: web.BaseRequest) -> bool:
    """Tell whether the body is the form of a query protocol."""
    return request.headers.get("Content-Type", "").lower().startswith(FORM)


async def pieces(request: web.BaseRequest, patience: float) -> AsyncIterator[bytes]:
    """The body, as it comes.

    Args:
        request: Whose.
        patience: For how many seconds to wait for the next piece.

    Raises:
        ConnectionError: It does not come, or it is malformed; the client has been told.
    """
    connection: Connection = request.protocol  # type: ignore[assignment] # made by Connections
    if request.headers.get("Expect") and not request.content.is_eof() and request.version == HttpVersion11:
        await request.writer.write(_CONTINUE)
        request.writer.output_size = 0
    while not request.content.at_eof():
        connection.begin_waiting()
        try:
            if request.content.is_eof():
                piece = request.content.read_nowait()  # the rest is here: no need for a timer
            else:
                async with asyncio.timeout(patience):
                    piece = await request.content.readany()
        except TimeoutError:
            message = f"No piece of the body came within {patience:g} s."
            raise connection.give_up(operation(request), 408, "RequestTimeout", message) from None
        except web.RequestPayloadError as error:
            message = f"The body is malformed: {first_line(str(error).partition('message:')[2])}"
            raise connection.give_up(operation(request), 400, "BadRequest", message) from None
        finally:
            connection.end_waiting()
        if piece:
            yield piece


async def body(request: web.BaseRequest, limit: int, patience: float) -> tuple[bytes | None, int]:
    """The body and its size; None when it is longer than `limit` bytes.

    Raises:
        ConnectionError: It does not come, or it is malformed; the client has been told.
    """
    announced = request.content_length or 0
    if announced > limit:
        return None, announced
    content = bytearray()
    async for piece in pieces(request, patience):
        content += piece
        if len(content) > limit:
            return None, len(content)
    return bytes(content), len(content)


def first_line(text: str) -> str:
    """Return the first line of what aiohttp's parser says; the others show the input."""
    return text.strip().partition("\n")[0].rstrip(": ") or "it is incomplete"
