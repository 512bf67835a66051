"""The JSON that Lambda takes as an event: RFC 8259, in UTF-8."""

from typing import Final

import msgspec

from landfast.delivery.errors import Refused

_TOO_DEEP: Final = "it is nested too deeply"


def decoded(body: bytes) -> object:
    """An event's payload.

    Neither a byte order mark, another encoding, `NaN` and `Infinity`, nor half a surrogate pair is JSON in UTF-8. What
    Python's own decoder can't hold is refused as well, as the function could not read it: integers of thousands of
    digits, numbers beyond a double, and arrays in arrays by the ten thousand.

    Raises:
        Refused: It is not JSON: 400 `InvalidRequestContentException`.
    """
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise _refused(_TOO_DEEP) from None
    except ValueError as error:
        raise _refused(str(error)) from None


def too_large_event(size: int, limit: int) -> Refused:
    """The refusal of an asynchronous event of `size` bytes, which is more than `limit`."""
    return Refused(
        "Payload",
        f"{size} byte payload is too large for the Event invocation type (limit {limit} bytes)",
        code="RequestEntityTooLargeException",
        status=413,
    )


def _refused(why: str) -> Refused:
    return Refused("Payload", f"Could not parse request body into json: {why}", code="InvalidRequestContentException")
