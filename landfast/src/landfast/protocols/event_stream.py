"""AWS's event stream encoding, as answers use it (https://smithy.io/2.0/aws/amazon-eventstream.html)."""

import struct
import zlib
from typing import Final

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_STRING: Final = 7
"""The type of a header whose value is a text."""


def event(kind: str, content_type: str, payload: bytes) -> bytes:
    """One event of a stream.

    Args:
        kind: The member of the stream's union.
        content_type: The media type of the payload.
        payload: The event's own content.
    """
    told = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    headers = b"".join(_header(name, value) for name, value in told.items())
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + _checksum(prelude) + headers + payload
    return message + _checksum(message)


def _header(name: str, value: str) -> bytes:
    return bytes((len(name),)) + name.encode() + struct.pack(">BH", _STRING, len(value)) + value.encode()


def _checksum(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))
