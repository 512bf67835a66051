"""HTTP as moto speaks it: what is malformed is refused, in AWS's shape, and connections are kept.

moto is served by werkzeug's development server, which is kind to what RFC 9112 refuses. It answers what is no HTTP in
HTML, takes the first of two lengths, and reads a chunk that was announced and never came as zeros until the memory is
full: the engine is killed then, and all its data is gone. It ends the connection after each response, because it does
not know where a body ends: a new connection, and a thread for it, cost as much as what moto does for the request.
"""

import io
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from http import HTTPStatus
from typing import IO, Any, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import BadRequest
from werkzeug.wsgi import LimitedStream

from landfast import aws_errors
from landfast.aws_errors import Operation

LARGEST = 5 * 1024**3
"""The most bytes of a body: an object in one request (S3 user guide, uploading objects)."""

_UNKNOWN = Operation("json", "")
_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_LENGTH = re.compile(r"[0-9]{1,19}")
_ABOUT_BODIES = (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
"""The defects that Python's reader of e-mails finds in the head of a form with files, not having seen the body."""

_CHUNK = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,15})(?:[ \t]*;[^\r\n]*)?\r\n")
_CHUNK_LINE = 4_096
_FAREWELL = 2.0
"""For how long, in seconds, a refused client may say nothing until it is hung up on."""

_MOST_UNREAD = 16 * 1024 * 1024
_WITHOUT_CONTENT = frozenset({"204", "304"})


class StrictRequestHandler(MotoRequestHandler):
    """Reads requests as RFC 9112 has them, and as many of a connection as its client sends."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def parse_request(self) -> bool:
        """Read a request's head; False if it was refused."""
        if not super().parse_request():
            return False
        refused = self._refused()
        if refused is not None:
            self.send_error(*refused)
        return refused is None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that was not understood, and end the connection."""
        del explain
        self.close_connection = True
        status = HTTPStatus(code)
        text = f"The request is refused: {message or status.description or status.phrase}"
        self.wfile.write(aws_errors.answer(_UNKNOWN, code, status.phrase.replace(" ", ""), text).encoded)
        self._say_farewell()

    def make_environ(self) -> dict[str, Any]:
        """Make the environment of the application."""
        environ = super().make_environ()
        if self.headers.get("Transfer-Encoding"):
            self._body: LimitedStream | Chunks = Chunks(self.rfile)
        else:
            self._body = LimitedStream(cast("IO[bytes]", self.rfile), int(self.headers.get("Content-Length", 0)))
        environ["wsgi.input"] = io.BufferedReader(self._body)
        environ["wsgi.input_terminated"] = True
        return environ

    def run_wsgi(self) -> None:
        """Answer a request; the connection is kept if its body was read to where the next request begins."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
            started.append((status, headers))
            return lambda _: None

        answer = self.server.app(self.make_environ(), start_response)
        try:
            content = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
        self.close_connection |= self.request_version == "HTTP/1.0" or not self._body.is_exhausted
        self._respond(*started[-1], content)
        if not self._body.is_exhausted:
            self._say_farewell()

    def log_request(self, *_: object) -> None:
        """Write nothing: a line for every request would fill the disk."""

    def _respond(self, status: str, headers: Iterable[tuple[str, str]], content: bytes) -> None:
        code, _, reason = status.partition(" ")
        has_content = self.command != "HEAD" and code not in _WITHOUT_CONTENT
        self.send_response(int(code), reason)
        for name, value in headers:
            if name.lower() != "content-length" or self.command == "HEAD":  # the length of what it does not get
                self.send_header(name, value)
        if has_content:
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_content:
            self.wfile.write(content)

    def _say_farewell(self) -> None:
        """Read what is still sent: closed over unread data, the connection would be reset, and the answer lost."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_FAREWELL)
            self.rfile.read(_MOST_UNREAD)

    def _refused(self) -> tuple[int, str] | None:
        """With which status, and why."""
        if self.request_version not in _VERSIONS:
            return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this is not HTTP/1.1"
        if any(not isinstance(each, _ABOUT_BODIES) for each in self.headers.defects) or not all(
            _TOKEN.fullmatch(name) and _VALUE.fullmatch(value) for name, value in self.headers.items()
        ):
            return HTTPStatus.BAD_REQUEST, "a header is malformed"
        return self._unclear_length()

    def _unclear_length(self) -> tuple[int, str] | None:
        lengths, encodings = (self.headers.get_all(name, []) for name in ("Content-Length", "Transfer-Encoding"))
        if len(lengths) + len(encodings) > 1:
            return HTTPStatus.BAD_REQUEST, "the length of its body is given twice"
        if encodings and (encodings[0].strip().lower() != "chunked" or self.request_version != "HTTP/1.1"):
            return HTTPStatus.NOT_IMPLEMENTED, "the only transfer encoding is chunked"
        if lengths and not _LENGTH.fullmatch(lengths[0].strip()):
            return HTTPStatus.BAD_REQUEST, "Content-Length is no number"
        if lengths and int(lengths[0]) > LARGEST:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"its body is larger than {LARGEST} bytes"
        return None


class Chunks(io.RawIOBase):
    """A body that comes in chunks.

    Args:
        source: The connection.

    Attributes:
        is_exhausted: True if it was read to its end.
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._left = 0
        self.is_exhausted = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - anything writable, as io has it
        """Read what is there of the current chunk, or begin the next one.

        Raises:
            BadRequest: The chunk is malformed, or the client has gone.
        """
        if not self._left and not self.is_exhausted:
            self._begin()
        if self.is_exhausted:
            return 0
        piece = self._source.read(min(len(buffer), self._left))
        if not piece:
            raise BadRequest("the body ends within a chunk")
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        if not self._left and self._source.readline(3) != b"\r\n":
            raise BadRequest("a chunk is longer than it says")
        return len(piece)

    def _begin(self) -> None:
        head = _CHUNK.fullmatch(self._source.readline(_CHUNK_LINE))
        if head is None:
            raise BadRequest("the size of a chunk is malformed")
        self._left = int(head["size"], 16)
        if not self._left:
            self._pass_over_trailers()
            self.is_exhausted = True

    def _pass_over_trailers(self) -> None:
        while (line := self._source.readline(_CHUNK_LINE)) != b"\r\n":
            # The rest of a line that was cut off could be taken for the end, and what follows for the next request.
            if not line.endswith(b"\r\n"):
                raise BadRequest("a trailer is malformed")
