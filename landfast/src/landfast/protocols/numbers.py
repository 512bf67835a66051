"""Numbers of a model's types: whole ones have as many bits as Java's (Smithy 2.0, simple types).

A number in a document that is beyond them counts as the last that is within, as recorded by the authors of dynalite
(https://github.com/mhart/dynalite, ``validations/index.js``); digits in a form or a path are refused.
"""

import math
import re
import sys
from typing import Final

from landfast.protocols.wrong import not_a

_INTEGER: Final = 2**31
_LONG: Final = 2**63
_LARGEST: Final = sys.float_info.max
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,20}")
_FRACTION: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def integer(value: object) -> int:
    """A whole number of 32 bits; of a fraction AWS takes the whole part."""
    return _whole(value, "Integer", _INTEGER)


def long(value: object) -> int:
    """A whole number of 64 bits; of a fraction AWS takes the whole part."""
    return _whole(value, "Long", _LONG)


def double(value: object) -> float:
    """A number with a fraction."""
    return _finite(value, "Double")


def moment(value: object) -> float:
    """Unix seconds."""
    return _finite(value, "Date")


def integer_of(text: str) -> int:
    """A whole number of 32 bits by its digits, in ASCII."""
    return _parsed(text, "Integer", _INTEGER)


def long_of(text: str) -> int:
    """A whole number of 64 bits by its digits, in ASCII."""
    return _parsed(text, "Long", _LONG)


def double_of(text: str) -> float:
    """A number with a fraction by its digits, in ASCII."""
    if _FRACTION.fullmatch(text):
        return _finite(float(text), "Double")
    raise not_a(text, "Double")


def _whole(value: object, name: str, beyond: int) -> int:
    if type(value) is float and math.isfinite(value):
        value = int(value)
    if type(value) is int:
        return min(max(value, -beyond), beyond - 1)
    raise not_a(value, name)


def _finite(value: object, name: str) -> float:
    if (type(value) is float or type(value) is int) and -_LARGEST <= value <= _LARGEST:
        return float(value)
    raise not_a(value, name)


def _parsed(text: str, name: str, beyond: int) -> int:
    if _WHOLE.fullmatch(text) and -beyond <= (value := int(text)) < beyond:
        return value
    raise not_a(text, name)
