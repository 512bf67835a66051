"""What DynamoDB refuses of the values of attributes.

Source: DynamoDB API Reference, AttributeValue; Developer Guide, "Data types" and "Constraints".
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from landfast.eventplane.table_items import name_of

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DIGITS: Final = 38
_LARGEST: Final = 125
_SMALLEST: Final = -130
"""Powers of ten: numbers up to 9.9E+125, and as small as 1E-130."""

_BEYOND: Final = 999
_DEEPEST: Final = 32
TOO_DEEP: Final = "Nesting Levels have exceeded supported limits"
"""What AWS says of more than 32 levels."""

_TYPES: Final = frozenset({"B", "BOOL", "BS", "L", "M", "N", "NS", "NULL", "S", "SS"})
_SETS: Final = {"SS": "string", "NS": "number", "BS": "binary"}
_INVALID: Final = "One or more parameter values were invalid:"


def of_values(values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with values, in AWS's words where they are known.

    Args:
        values: As JSON has them, of the types that the API gives them.
    """
    for value in values:
        yield from _of_a_value(value)


def _of_a_value(value: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    given = value.keys() & _TYPES
    if len(given) != 1:
        how = "has more than one datatypes set" if given else "is empty"
        yield f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes"
    elif depth > _DEEPEST:
        yield TOO_DEEP
    else:
        [kind] = given
        content = value[kind]
        if kind in {"L", "M"}:
            for each in content.values() if kind == "M" else content:
                yield from _of_a_value(each, depth + 1)
        elif kind in _SETS:
            yield from _of_a_set(kind, content)
        elif kind == "N":
            yield from _of_a_number(content)
        elif kind == "NULL" and content is not True:
            yield f"{_INVALID} Null attribute value types must have the value of true"


def _of_a_set(kind: str, content: Sequence[str]) -> Iterator[str]:
    if not content:
        yield f"{_INVALID} An {_SETS[kind]} set  may not be empty"
    if kind == "NS":
        for each in content:
            yield from _of_a_number(each)
    if len({name_of({"": {kind[0]: each}}) for each in content}) < len(content):
        told = ", ".join(content)
        yield f"{_INVALID} Input collection [{told}] contains duplicates."


def _of_a_number(text: str) -> Iterator[str]:
    if not _NUMBER.fullmatch(text):
        yield "The parameter cannot be converted to a numeric value" + (text and f": {text}")
        return
    if len(text) <= _DIGITS and "E" not in text.upper():
        return  # as nearly all are: it is neither long nor large nor small
    try:
        number = Decimal(text)
    except ArithmeticError:  # an exponent beyond any
        number = Decimal(1).scaleb(-_BEYOND if "E-" in text.upper() else _BEYOND)
    if not number:
        return
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _DIGITS:
        yield "Attempting to store more than 38 significant digits in a Number"
    if number.adjusted() > _LARGEST:
        yield "Number overflow. Attempting to store a number with magnitude larger than supported range"
    if number.adjusted() < _SMALLEST:
        yield "Number underflow. Attempting to store a number with magnitude smaller than supported range"
