"""The payloads of asynchronous events: Lambda takes JSON of a certain size and refuses the rest."""

from typing import Final

from landfast.delivery.errors import Refused
from landfast.delivery.strict_json import NotJsonError, read_json

EVENT_LIMIT: Final = 1024 * 1024
"""The most bytes of an asynchronous event (section F of the reference)."""


def decoded(body: bytes) -> object:
    """An event's payload, as `read_json` reads it.

    Raises:
        Refused: It is not JSON: 400 `InvalidRequestContentException`.
    """
    try:
        return read_json(body)
    except NotJsonError as error:
        text = f"Could not parse request body into json: {error}"
        raise Refused("Payload", text, code="InvalidRequestContentException") from error


def too_large_event(size: int, limit: int) -> Refused:
    """The refusal of an asynchronous event of `size` bytes, which is more than `limit`."""
    return Refused(
        "Payload",
        f"{size} byte payload is too large for the Event invocation type (limit {limit} bytes)",
        code="RequestEntityTooLargeException",
        status=413,
    )
