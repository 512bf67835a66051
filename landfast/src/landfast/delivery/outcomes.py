"""The outcomes of an invocation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from landfast.delivery.strict_json import NotJsonError, read_json


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The value of a response that is not JSON (S-97: the whole batch fails).

    Attributes:
        text: The text that was returned, with U+FFFD in place of what is not UTF-8.
    """

    text: str = ""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The function returned.

    Attributes:
        value: The decoded JSON response, or an `Unreadable` one.
        executed_version: The version that ran.
    """

    value: object = None
    executed_version: str = "$LATEST"


@dataclass(frozen=True, slots=True)
class Failed:
    """The function raised, exited, timed out, ran out of memory or answered too much (S-05).

    Attributes:
        error: The error object, in the shapes of S-17.
        executed_version: The version that ran.
    """

    error: Mapping[str, object]
    executed_version: str = "$LATEST"


@dataclass(frozen=True, slots=True)
class NotReached:
    """The invocation never reached the function: throttled (429) or a system error (5xx) (S-06, S-57, S-94)."""

    why: Literal["throttle", "system error"] = "throttle"


Outcome = Succeeded | Failed | NotReached


def returned(payload: bytes, version: str) -> Succeeded:
    """The outcome of an invocation that returned these bytes; none at all are ``null``."""
    if not payload:
        return Succeeded(None, version)
    try:
        return Succeeded(read_json(payload), version)
    except NotJsonError:
        return Succeeded(Unreadable(payload.decode(errors="replace")), version)
