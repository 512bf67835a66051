"""Chooses failures: ``error~Validation and function=MyFunction``; pure.

A condition is a field, an operator and a value; several are joined by ``and``. ``~`` wants a text in the field, ``!~``
wants it absent, ``=`` and ``!=`` compare all of it, ``>`` and ``<`` compare numbers. Upper and lower case are alike. A
value with spaces stands in quotes; a quote in it is written twice.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from landfast.failures.errors import FailuresError
from landfast.failures.model import Failure

FIELDS: Final[Mapping[str, Callable[[Failure], str]]] = {
    "id": lambda failure: failure.id,
    "store": lambda failure: failure.store,
    "function": lambda failure: failure.function,
    "reason": lambda failure: failure.reason,
    "error": lambda failure: f"{failure.error.type}: {failure.error.message}",
    "type": lambda failure: failure.error.type,
    "attempts": lambda failure: str(failure.attempts or 0),
    "what": lambda failure: failure.what,
    "event": lambda failure: failure.kept.body,
    "request": lambda failure: failure.request_id,
}
"""The fields that can be asked about."""

_CONDITION: Final = re.compile(
    r"""\s*(?P<field>\w+)\s*(?P<operator>!=|!~|=|~|>|<)\s*(?P<value>"(?:[^"]|"")*"|'(?:[^']|'')*'|\S+)\s*(?P<joined>and\b)?""",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(r"[\w.:/$-]+")
_HINT: Final = "write it as in: error~Validation and function=MyFunction"


def chosen_by(text: str) -> Callable[[Failure], bool]:
    """Make of a text what tells whether a failure is meant.

    Raises:
        FailuresError: The text is no condition.
    """
    conditions, place, joined = [], 0, True
    while place < len(text):
        found = _CONDITION.match(text, place)
        if found is None or not joined:
            raise FailuresError(f"{text[place:].strip()!r} is no condition: {_HINT}")
        conditions.append(_condition(found["field"].lower(), found["operator"], _unquoted(found["value"])))
        place, joined = found.end(), found["joined"] is not None
    if not conditions or joined:
        raise FailuresError(f"a condition is missing: {_HINT}")
    return lambda failure: all(holds(failure) for holds in conditions)


def equal(field: str, value: str) -> str:
    """The condition that a field has a value, as text."""
    return f"{field}={value}" if _PLAIN.fullmatch(value) else f'{field}="{value.replace(chr(34), chr(34) * 2)}"'


def _unquoted(text: str) -> str:
    mark = text[0]
    return text[1:-1].replace(mark * 2, mark) if mark in "\"'" and len(text) > 1 and text[-1] == mark else text


def _condition(field: str, operator: str, value: str) -> Callable[[Failure], bool]:
    if field not in FIELDS:
        raise FailuresError(f"there is no field {field}: there is {', '.join(FIELDS)}")
    read, wanted = FIELDS[field], value.lower()
    match operator:
        case "=":
            return lambda failure: read(failure).lower() == wanted
        case "!=":
            return lambda failure: read(failure).lower() != wanted
        case "~":
            return lambda failure: wanted in read(failure).lower()
        case "!~":
            return lambda failure: wanted not in read(failure).lower()
    number = _number(value, field)
    if operator == ">":
        return lambda failure: _number(read(failure), field) > number
    return lambda failure: _number(read(failure), field) < number


def _number(text: str, field: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FailuresError(f"{field} {text!r} is no number, which > and < compare") from None
