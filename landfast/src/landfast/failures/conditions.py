"""Chooses failures: ``error~Validation and function=MyFunction``; pure.

A condition is a field, an operator and a value; several are joined by ``and``. ``~`` wants a text in the field, ``!~``
wants it absent, ``=`` and ``!=`` compare all of it, ``>`` and ``<`` compare numbers. Upper and lower case are alike. A
value with spaces stands in quotes.
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
    "attempts": lambda failure: str(failure.attempts or 0),
    "what": lambda failure: failure.what,
    "event": lambda failure: failure.kept.body,
    "request": lambda failure: failure.request_id,
}
"""The fields that can be asked about."""

_CONDITION: Final = re.compile(
    r"""\s*(?P<field>\w+)\s*(?P<operator>!=|!~|=|~|>|<)\s*(?P<value>"[^"]*"|'[^']*'|\S+)\s*(?P<joined>and\b)?""",
    re.IGNORECASE,
)
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
            raise FailuresError(f"--where: {text[place:].strip()!r} is no condition: {_HINT}")
        conditions.append(_condition(found["field"].lower(), found["operator"], found["value"].strip("\"'")))
        place, joined = found.end(), found["joined"] is not None
    if not conditions or joined:
        raise FailuresError(f"--where: a condition is missing: {_HINT}")
    return lambda failure: all(holds(failure) for holds in conditions)


def _condition(field: str, operator: str, value: str) -> Callable[[Failure], bool]:
    if field not in FIELDS:
        raise FailuresError(f"--where: there is no field {field}: there is {', '.join(FIELDS)}")
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
        raise FailuresError(f"--where: {field} {text!r} is no number, which > and < compare") from None
