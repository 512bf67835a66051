"""How an invocation ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal


class _Unreadable(Enum):
    UNREADABLE = "unreadable"


UNREADABLE: Final = _Unreadable.UNREADABLE
"""The value of a response that is not JSON (S-97: the whole batch fails)."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The function returned.

    Attributes:
        value: The decoded JSON response, or `UNREADABLE`.
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
