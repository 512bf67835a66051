"""Shard iterators: places in a shard, written into texts that clients hand back.

Nothing of them is kept here: all that they say is in the text, so that they outlive a restart.
"""

import base64
import binascii
import zlib
from typing import Final, Self

import msgspec

_LEAD: Final = b"\0\0\0\0\0\0\0\1"
_CHECK: Final = 4


class InvalidIteratorError(ValueError):
    """A text is no shard iterator."""


class ShardIterator(msgspec.Struct, frozen=True, array_like=True):
    """A place in a shard.

    Attributes:
        stream: The stream's name or ARN.
        created: When the stream was made, which tells it from its namesakes.
        shard: The shard's number.
        index: The next record has at least this index.
        issued: When a client was given the iterator, in Unix seconds.
        explicit: True if it was asked for by a sequence number.
    """

    stream: str
    created: float
    shard: int
    index: int
    issued: float
    explicit: bool = False

    @property
    def text(self) -> str:
        """As clients get it."""
        content = msgspec.msgpack.encode(self)
        return base64.b64encode(_LEAD + content + zlib.crc32(content).to_bytes(_CHECK)).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        """Read an iterator.

        Raises:
            InvalidIteratorError: It is no shard iterator.
        """
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidIteratorError(text) from None
        content, check = raw[len(_LEAD) : -_CHECK], raw[-_CHECK:]
        if not raw.startswith(_LEAD) or zlib.crc32(content).to_bytes(_CHECK) != check:
            raise InvalidIteratorError(text)
        try:
            return msgspec.msgpack.decode(content, type=cls)
        except msgspec.DecodeError:
            raise InvalidIteratorError(text) from None
