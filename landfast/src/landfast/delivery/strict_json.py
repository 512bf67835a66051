"""The one reader and the one writer of JSON (RFC 8259): what comes in is JSON or an error, what goes out is JSON.

Python's own `json` takes and makes what is no JSON (``NaN``, ``Infinity``), and its texts may hold half a surrogate
pair, which no UTF-8 can say. Nothing of that gets past this module, so that a record that is sent, an event that a
function gets and the journal can be read by everyone.
"""

import json
import re
from typing import Any, Final, NoReturn

import msgspec

DEEPEST: Final = 500
"""Levels of nesting that are read; RFC 8259 lets a reader set such a limit. Nothing behind this module recurses so far
that Python gives up."""

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_HALF_A_PAIR: Final = re.compile("[\ud800-\udfff]")


class NotJsonError(ValueError):
    """A text is not JSON, or beyond what this reader takes; the text of the error says why, in one line."""


def read_json(text: bytes | str) -> Any:  # noqa: ANN401 - any JSON
    """The value of a JSON text in UTF-8.

    Of two members with one name the last one counts. Half a surrogate pair, which JSON can smuggle in as an escape, is
    read as U+FFFD. Numbers must fit a double or, if they are whole, have at most 4,300 digits.

    Raises:
        NotJsonError: It is not JSON, or nested more than `DEEPEST` levels deep.
    """
    try:
        value = _decoded(text)
    except RecursionError:
        raise NotJsonError(f"it is nested more than {DEEPEST} levels deep") from None
    except UnicodeError:
        raise NotJsonError("it is not UTF-8") from None
    except ValueError as error:
        raise NotJsonError(" ".join(str(error).split()) or "it is empty") from None
    if _is_deep(value):
        raise NotJsonError(f"it is nested more than {DEEPEST} levels deep")
    return value


def json_or_text(text: bytes | str) -> Any:  # noqa: ANN401 - any JSON
    """The value of a JSON text, and any other text as it is; of bytes that are no UTF-8, what can be read of them."""
    try:
        return read_json(text)
    except NotJsonError:
        return text if isinstance(text, str) else text.decode(errors="replace")


def json_text(value: object) -> str:
    """JSON as AWS writes it into messages: no spaces, keys in their order, text unescaped.

    Half a surrogate pair is written as its escape, so that the text can always be encoded.

    Raises:
        ValueError: The value holds ``NaN`` or an infinity.
        TypeError: The value is nothing that JSON can say, such as bytes.
    """
    text = _COMPACT.encode(value)
    if text.isascii():
        return text
    return _HALF_A_PAIR.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_bytes(value: object) -> bytes:
    """The same in UTF-8, made quickly where the value holds nothing out of the ordinary."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, TypeError):
        return json_text(value).encode()


def json_size(value: object) -> int:
    """The bytes of `json_text`."""
    text = json_text(value)
    return len(text) if text.isascii() else len(text.encode())


def text_size(text: str) -> int:
    """The bytes of a text in UTF-8; half a surrogate pair counts three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def whole(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair."""
    return text if text.isascii() else _HALF_A_PAIR.sub("\N{REPLACEMENT CHARACTER}", text)


def _decoded(text: bytes | str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        if not _may_hold_halves(text):
            raise
    plain = text.decode() if isinstance(text, bytes) else text
    read = json.loads(plain, parse_constant=_refuse)
    return msgspec.json.decode(whole(_COMPACT.encode(read)))


def _may_hold_halves(text: bytes | str) -> bool:
    """Tell whether there are escapes or characters of surrogates, the only JSON that msgspec does not take."""
    if isinstance(text, bytes):
        return b"\\ud" in text or b"\\uD" in text
    return "\\ud" in text or "\\uD" in text or _HALF_A_PAIR.search(text) is not None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
