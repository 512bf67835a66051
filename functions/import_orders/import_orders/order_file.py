"""Order files: JSON Lines in UTF-8, plain or gzip, read as a stream in constant memory."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator

from backoffice.messages import MalformedError
from import_orders.order import InvalidOrderError, Order, parse_order

MAX_LINE_BYTES = 1_048_576
"""Longest line, its end included; an order at all its bounds is a tenth of it."""
MAX_ORDERS = 500_000
"""Most orders of one file: their ids take 75 MB of memory, their writes 12 of its 15 minutes (1.4 ms each)."""
MAX_FILE_BYTES = 512 * 1_048_576
"""Largest file once decompressed: 1,000 bytes an order, and the end of a gzip bomb."""

_READ_BYTES = 1_048_576
_GZIP_MAGIC = b"\x1f\x8b"
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class InvalidOrderFileError(MalformedError):
    """A file that can't be imported; the message names file, line and field, and nothing was written."""


def read_orders(name: str, body: io.RawIOBase) -> Iterator[Order]:
    r"""Yield the orders of a file, one a line, in the file's order.

    Empty lines are skipped but counted, a leading UTF-8 byte order mark is skipped, and lines may end in
    `\n` or `\r\n`. An empty file has no orders.

    Args:
        name: what errors call the file.
        body: the object's bytes, as S3 streams them.

    Raises:
        InvalidOrderFileError: at the first line that is no order or repeats one, at a truncated or damaged gzip
            stream, at another encoding, and beyond the limits of this module.
    """
    seen: set[str] = set()
    for number, line in _lines(name, body):
        try:
            order = parse_order(line)
        except InvalidOrderError as error:
            field = f", field {error.field}" if error.field else ""
            raise InvalidOrderFileError(f"{name}, line {number}{field}: {error.reason}") from None
        if order.order_id in seen:
            raise InvalidOrderFileError(f"{name}, line {number}, field orderId: repeats an earlier line's order")
        seen.add(order.order_id)
        if len(seen) > MAX_ORDERS:
            raise InvalidOrderFileError(f"{name}, line {number}: more than {MAX_ORDERS} orders; split the file")
        yield order


def _lines(name: str, body: io.RawIOBase) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold something, with their numbers from 1."""
    read = 0
    plain = _plain(body)
    number = 1
    while raw := _next_line(name, plain):
        read += len(raw)
        if read > MAX_FILE_BYTES:
            raise InvalidOrderFileError(f"{name}, line {number}: over {MAX_FILE_BYTES} bytes; split the file")
        if len(raw) > MAX_LINE_BYTES:
            raise InvalidOrderFileError(f"{name}, line {number}: longer than {MAX_LINE_BYTES} bytes")
        line = _without_mark(name, raw) if number == 1 else raw
        if line.strip():
            yield number, line
        number += 1


def _plain(body: io.RawIOBase) -> io.BufferedIOBase:
    """Decompress if the file is gzip by its first bytes, whatever its name or headers say."""
    stream = io.BufferedReader(body, _READ_BYTES)
    return gzip.GzipFile(fileobj=stream) if stream.peek(2).startswith(_GZIP_MAGIC) else stream


def _next_line(name: str, plain: io.BufferedIOBase) -> bytes:
    try:
        return plain.readline(MAX_LINE_BYTES + 1)
    except EOFError:
        raise InvalidOrderFileError(f"{name}: truncated gzip, its end is missing; upload it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        reason = str(error).partition(" (b")[0]  # without the bytes that it quotes
        raise InvalidOrderFileError(f"{name}: damaged gzip ({reason}); upload it again") from None


def _without_mark(name: str, line: bytes) -> bytes:
    for mark, encoding in _FOREIGN_MARKS.items():
        if line.startswith(mark):
            raise InvalidOrderFileError(f"{name}: encoded in {encoding}; save it as UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)
