"""CBOR (RFC 8949), as far as AWS's protocols use it.

botocore can read and write it as well, but only as part of its clients, and importing those takes half a second.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

T = TypeVar("T")

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE: Final = 31
_DIRECT: Final = 24
_DEEPEST: Final = 200
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_CONSTANTS = {20: False, 21: True, 22: None, 23: None}
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}
_EPOCH: Final = 1
_MOST_DISTANT: Final = 2**63
_BREAK: Final = b"\xff"


class CborError(ValueError):
    """Bytes that are no CBOR, or not of the kind that AWS's protocols use."""


class Epoch(float):
    """A number that was, or is to be, tagged as a moment; what it counts is the protocol's business."""

    __slots__ = ()


def decode(content: bytes) -> Any:  # noqa: ANN401 - any document
    """The document that `content` is.

    Raises:
        CborError: It is none.
    """
    reader = _Reader(content)
    try:
        document = reader.item(0)
    except (struct.error, UnicodeDecodeError, TypeError):
        raise CborError("The body is malformed CBOR.") from None
    if reader.place != len(content):
        raise CborError("Something follows the CBOR document.")
    return document


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.place = 0

    def item(self, depth: int) -> Any:  # noqa: ANN401 - any document
        """The next item."""
        if depth > _DEEPEST:
            raise CborError("The CBOR document is nested too deeply.")
        first = self._take(1)[0]
        kind, extra = first >> 5, first & 31
        if kind == _SIMPLE:
            return self._simple(extra)
        size = None if extra == _INDEFINITE else self._size(extra)
        return _READERS[kind](self, size, depth)

    def _take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self._content):
            raise CborError("The CBOR document is cut off.")
        taken = self._content[self.place : end]
        self.place = end
        return taken

    def _size(self, extra: int) -> int:
        if extra < _DIRECT:
            return extra
        if extra not in _SIZES:
            raise CborError("The body is malformed CBOR.")
        return int.from_bytes(self._take(_SIZES[extra]))

    def _simple(self, extra: int) -> Any:  # noqa: ANN401 - any document
        if extra in _FLOATS:
            (number,) = struct.unpack(_FLOATS[extra], self._take(_SIZES[extra]))
            return number
        if extra not in _CONSTANTS:
            raise CborError("The CBOR document has a value that AWS does not use.")
        return _CONSTANTS[extra]

    def unsigned(self, size: int | None, depth: int) -> int:
        del depth
        return _known(size)

    def negative(self, size: int | None, depth: int) -> int:
        del depth
        return -1 - _known(size)

    def binary(self, size: int | None, depth: int) -> bytes:
        if size is not None:
            return self._take(size)
        return b"".join(self._until_end(lambda: self.item(depth + 1)))

    def text(self, size: int | None, depth: int) -> str:
        if size is not None:
            return self._take(size).decode()
        return "".join(self._until_end(lambda: self.item(depth + 1)))

    def array(self, size: int | None, depth: int) -> list[Any]:
        if size is None:
            return self._until_end(lambda: self.item(depth + 1))
        return [self.item(depth + 1) for _ in range(size)]

    def mapping(self, size: int | None, depth: int) -> dict[Any, Any]:
        if size is None:
            return dict(self._until_end(lambda: (self.item(depth + 1), self.item(depth + 1))))
        return {self.item(depth + 1): self.item(depth + 1) for _ in range(size)}

    def tagged(self, size: int | None, depth: int) -> Any:  # noqa: ANN401 - any document
        item = self.item(depth + 1)
        return _moment(item) if size == _EPOCH else item

    def _until_end(self, one: Callable[[], T]) -> list[T]:
        items: list[T] = []
        while self._content[self.place : self.place + 1] != _BREAK:
            items.append(one())
        self.place += 1
        return items


def _moment(item: object) -> Epoch:
    """Return the number that a tag says is a moment; texts, truth values, NaN and what no clock reaches are none."""
    if isinstance(item, bool) or not isinstance(item, int | float) or not -_MOST_DISTANT < item < _MOST_DISTANT:
        raise CborError("A moment in the CBOR document is no number, or one that no clock reaches.")
    return Epoch(item)


def _known(size: int | None) -> int:
    if size is None:
        raise CborError("The body is malformed CBOR.")
    return size


_READERS: dict[int, Callable[[_Reader, int | None, int], Any]] = {
    _UNSIGNED: _Reader.unsigned,
    _NEGATIVE: _Reader.negative,
    _BYTES: _Reader.binary,
    _TEXT: _Reader.text,
    _ARRAY: _Reader.array,
    _MAP: _Reader.mapping,
    _TAG: _Reader.tagged,
}


def encode(document: object) -> bytes:
    """A document as CBOR."""
    parts: list[bytes] = []
    _write(document, parts)
    return b"".join(parts)


def _write(value: object, parts: list[bytes]) -> None:  # noqa: C901 - one case for each kind
    match value:
        case None:
            parts.append(b"\xf6")
        case bool():
            parts.append(b"\xf5" if value else b"\xf4")
        case int():
            parts.append(_head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value))
        case Epoch():
            parts.append(_head(_TAG, _EPOCH))
            _write(round(value), parts)
        case float():
            parts.append(b"\xfb" + struct.pack(">d", value))
        case bytes():
            parts += (_head(_BYTES, len(value)), value)
        case str():
            encoded = value.encode()
            parts += (_head(_TEXT, len(encoded)), encoded)
        case Mapping():
            parts.append(_head(_MAP, len(value)))
            for name, item in value.items():
                _write(name, parts)
                _write(item, parts)
        case Sequence():
            parts.append(_head(_ARRAY, len(value)))
            for item in value:
                _write(item, parts)
        case _:
            message = f"{type(value).__name__} is nothing that CBOR has"
            raise TypeError(message)


def _head(kind: int, size: int) -> bytes:
    if size < _DIRECT:
        return bytes((kind << 5 | size,))
    for extra, count in _SIZES.items():
        if size < 1 << 8 * count:
            return bytes((kind << 5 | extra,)) + size.to_bytes(count)
    message = f"{size} has more than 64 bits"
    raise OverflowError(message)
