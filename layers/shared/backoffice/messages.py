"""What arrives from outside, read strictly: what is wrong with it is said by field and rule, never by value.

The types here are those that several functions share, so that what one function accepts the next one accepts, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from backoffice.errors import ShopError

if TYPE_CHECKING:
    from collections.abc import Callable

# `\Z` and not `$`, which also matches before a line's end: "A-1\n" would be another item than "A-1".
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
ParcelIdentifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,80}\Z")]
"""An order's identifier, a dash and the parcel's number."""
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class MalformedError(ShopError, ValueError):
    """What was sent breaks a rule of the shop; trying again does not mend it."""


class ForeignEventError(ShopError, ValueError):
    """An event that is not of the kind the function is for: the wiring is wrong, or somebody wrote it by hand."""


UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What msgspec raises for what it can't read; `why` words it."""
_UNKNOWN_FIELD = re.compile(
    r"^Object contains unknown field `(?P<name>.*?)`(?P<at>(?: - at `\$[^`]{0,200}`)?)\Z", re.DOTALL
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AT = re.compile(r" - at `[^`]*`\Z")


def decoded[T](decoder: msgspec.json.Decoder[T], text: bytes | str, error: Callable[[str], Exception]) -> T:
    """Decode JSON, or raise `error` with a reason that names the field where there is one."""
    try:
        return decoder.decode(text)
    except UNREADABLE as fault:
        raise error(why(fault)) from None


def converted[T](value: object, wanted: type[T], error: Callable[[str], Exception]) -> T:
    """Read what is decoded already, such as an event, or raise `error` with a reason that names the field."""
    try:
        return msgspec.convert(value, wanted)
    except UNREADABLE as fault:
        raise error(why(fault)) from None


def why(fault: Exception) -> str:
    """Say what is wrong, from an error of msgspec or of Python's codecs; it quotes no value."""
    match fault:
        case msgspec.ValidationError():
            return _without_values(str(fault))
        case msgspec.DecodeError():
            return str(fault) if str(fault).startswith("JSON") else f"not JSON: {fault}"
        case UnicodeError():
            return "not UTF-8"
        case _:
            return "nested too deeply"


def _without_values(text: str) -> str:
    # msgspec quotes what it was given in these two messages only; the others name the field and the types.
    if unknown := _UNKNOWN_FIELD.match(text):
        # A name is payload as well, and may be as long as the payload.
        return text if _NAME.fullmatch(unknown["name"]) else f"Object contains an unknown field{unknown['at']}"
    if text.startswith(("Invalid value", "Invalid enum")):
        at = _AT.search(text)
        return f"Not an accepted value{at[0] if at else ''}"
    return text


def text_at(record: Mapping[str, Any], *path: str) -> str:
    """Return the text at a place of a record's envelope, such as ``text_at(record, "attributes", "MessageGroupId")``.

    Raises:
        ForeignEventError: there is none.
    """
    found: object = record
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, str):
        raise ForeignEventError(f"{'.'.join(path)} is missing or no text")
    return found
