"""Just enough of HTTP/1.1 (RFC 9112) to answer some requests and hand the others on unread."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Self

_LONGEST_LINE = 65_536
_MOST_HEADERS = 200
_PIECE = 65_536


class ProtocolError(Exception):
    """What arrived is not HTTP/1.1, or it ended in the middle."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers of a message.

    Attributes:
        first: The request or status line, without its end.
        headers: Names in lower case, with their values.
        raw: The header lines as they came.
    """

    first: bytes
    headers: dict[bytes, bytes]
    raw: tuple[bytes, ...]

    @classmethod
    def read(cls, stream: BufferedReader) -> Self | None:
        """The next message's head; None when the other side has closed.

        Raises:
            ProtocolError: It is not one.
        """
        first = _line(stream)
        if first is None:
            return None
        raw: list[bytes] = []
        headers: dict[bytes, bytes] = {}
        while line := _line(stream):
            name, colon, value = line.partition(b":")
            if not colon or len(raw) == _MOST_HEADERS:
                raise ProtocolError("malformed headers")
            raw.append(line)
            headers[name.lower()] = value.strip()
        return cls(first, headers, tuple(raw))

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return b"chunked" in self.headers.get(b"transfer-encoding", b"").lower()

    @property
    def length(self) -> int | None:
        """The body's length in bytes, if it is announced.

        Raises:
            ProtocolError: It is not a number.
        """
        value = self.headers.get(b"content-length")
        if value is None:
            return None
        if not value.isdigit():
            raise ProtocolError("malformed Content-Length")
        return int(value)

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this message."""
        wish = self.headers.get(b"connection", b"").lower()
        return wish == b"close" or (b"HTTP/1.0" in self.first and wish != b"keep-alive")

    def encoded(self, *, without: frozenset[bytes] = frozenset()) -> bytes:
        """The head as it goes over the wire, some headers left out."""
        kept = [line for line in self.raw if line.partition(b":")[0].lower() not in without]
        return b"\r\n".join((self.first, *kept, b"", b""))


def _line(stream: BufferedReader) -> bytes | None:
    line = stream.readline(_LONGEST_LINE)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise ProtocolError("a line is too long or incomplete")
    return line.rstrip(b"\r\n")


def pieces(stream: BufferedReader, head: Head, *, until_closed: bool) -> Iterator[bytes]:
    """The body as it came, chunk marks included, piece by piece.

    Args:
        stream: Where it comes from.
        head: Its head.
        until_closed: Whether a body of unannounced length ends with the connection; else there is none.

    Raises:
        ProtocolError: It ended early.
    """
    if head.chunked:
        yield from _chunks(stream)
    elif head.length is not None:
        yield from _exactly(stream, head.length)
    elif until_closed:
        while piece := stream.read1(_PIECE):
            yield piece


def _exactly(stream: BufferedReader, length: int) -> Iterator[bytes]:
    while length:
        piece = stream.read1(min(length, _PIECE))
        if not piece:
            raise ProtocolError("the body ended early")
        length -= len(piece)
        yield piece


def _chunks(stream: BufferedReader) -> Iterator[bytes]:
    while True:
        mark = stream.readline(_LONGEST_LINE)
        size = _chunk_size(mark)
        yield mark
        if size == 0:
            break
        yield from _exactly(stream, size + 2)
    while (trailer := stream.readline(_LONGEST_LINE)) not in {b"\r\n", b"\n"}:
        if not trailer:
            raise ProtocolError("the body ended early")
        yield trailer
    yield trailer


def _chunk_size(mark: bytes) -> int:
    try:
        return int(mark.split(b";")[0], 16)
    except ValueError:
        raise ProtocolError("malformed chunk") from None


def body(stream: BufferedReader, head: Head, limit: int) -> bytes | None:
    """The whole body of a request, decoded; None when it is longer than `limit` bytes, though it is read to its end.

    Raises:
        ProtocolError: It ended early.
    """
    content = bytearray()
    size = 0
    source = _chunk_contents(stream) if head.chunked else pieces(stream, head, until_closed=False)
    for piece in source:
        size += len(piece)
        if size <= limit:
            content += piece
    return bytes(content) if size <= limit else None


def _chunk_contents(stream: BufferedReader) -> Iterator[bytes]:
    while size := _chunk_size(stream.readline(_LONGEST_LINE)):
        yield from _exactly(stream, size)
        stream.readline(_LONGEST_LINE)
    while stream.readline(_LONGEST_LINE) not in {b"\r\n", b"\n", b""}:
        pass
