"""HTTP requests and responses, as the endpoint hands them on."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be answered here.

    Attributes:
        method: The HTTP method.
        target: The path with its query.
        headers: By names in lower case.
        content: The body; None when it was longer than the limit.
        size: The size of the body, in bytes; of one that was longer, as far as it is known.
    """

    method: str
    target: str
    headers: Mapping[bytes, bytes]
    content: bytes | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
