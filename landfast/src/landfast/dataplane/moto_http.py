"""HTTP as moto reads it: what is malformed is refused, in AWS's shape.

moto is served by werkzeug's development server, which is kind to what RFC 9112 refuses. It answers what is no HTTP in
HTML, takes the first of two lengths, and reads a chunk that was announced and never came as zeros until the memory is
full: the engine is killed then, and all its data is gone.
"""

import io
import re
import socket
from contextlib import suppress
from email.errors import (
    CloseBoundaryNotFoundDefect,
    InvalidMultipartContentTransferEncodingDefect,
    MultipartInvariantViolationDefect,
    NoBoundaryInMultipartDefect,
    StartBoundaryNotFoundDefect,
)
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import BadRequest

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


class StrictRequestHandler(MotoRequestHandler):
    """Reads requests as RFC 9112 has them."""

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
        with suppress(OSError):  # closed over unread data, the connection would be reset, and the answer lost with it
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_FAREWELL)
            self.rfile.read(_MOST_UNREAD)

    def make_environ(self) -> dict[str, Any]:
        """Make the environment of the application."""
        environ = super().make_environ()
        if self.headers.get("Transfer-Encoding"):
            environ["wsgi.input"] = io.BufferedReader(Chunks(self.rfile))
        return environ

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
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self._left = 0
        self._has_ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - anything writable, as io has it
        """Read what is there of the current chunk, or begin the next one.

        Raises:
            BadRequest: The chunk is malformed, or the client has gone.
        """
        if not self._left and not self._has_ended:
            self._begin()
        if self._has_ended:
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
            self._has_ended = True
            while self._source.readline(_CHUNK_LINE) not in (b"\r\n", b""):
                pass  # a trailer, which nobody reads
