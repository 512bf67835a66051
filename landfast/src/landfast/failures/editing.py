"""What can be changed of a failure before it is replayed: its text, and the way of what was made of it."""

import json
from typing import Any

import msgspec

from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.failures.access import Access
from landfast.failures.errors import FailuresError
from landfast.failures.model import Failure, Records, Way
from landfast.failures.replaying import editable, edited


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is edited of a failure.

    Attributes:
        text: The event, as JSON with a line for each value; or as it is, if it is no JSON.
        is_json: True if it has to be JSON again.
    """

    text: str
    is_json: bool


def draft(access: Access, failure: Failure) -> Draft:
    """What can be edited of a failure; of a stream's position, the records themselves are read back for it."""
    value = editable(access, failure, failure.way)
    if isinstance(value, str):
        return Draft(text=value, is_json=False)
    return Draft(text=pretty(value), is_json=True)


def mended(failure: Failure, text: str, *, is_json: bool) -> Way:
    """The way of a failure with another text.

    Raises:
        FailuresError: The text is not what it has to be; where it is not, by line and column.
    """
    value = _value(text) if is_json else text
    if isinstance(failure.way, Records) and not (
        isinstance(value, dict)
        and isinstance(records := value.get("Records"), list)
        and all(isinstance(each, dict) for each in records)
    ):
        raise FailuresError(f"{failure.id}: an object with a list Records is wanted, of objects")
    return edited(failure.way, value)


def pretty(value: object) -> str:
    """JSON with a line for each value."""
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return read_json(text)
    except NotJsonError as refused:
        try:
            json.loads(text)  # it knows the line
        except json.JSONDecodeError as error:
            raise FailuresError(
                f"this is not JSON: line {error.lineno}, column {error.colno}: {error.msg.lower()}"
            ) from None
        except RecursionError:
            pass  # which the first one has told
        raise FailuresError(f"this is not JSON: {refused}") from None
