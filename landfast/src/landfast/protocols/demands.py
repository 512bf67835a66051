"""Single constraints of a model's shapes, with the words in which AWS's services tell that they are not met."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from landfast.protocols.models import Shape

_NUMBERS = frozenset({"integer", "long", "float", "double"})


@dataclass(frozen=True, slots=True)
class Demand:
    """One constraint of a value.

    Attributes:
        text: As AWS's services tell it.
        met: Tells whether a value meets it.
    """

    text: str
    met: Callable[[Any], bool]


def demands(shape: Shape) -> tuple[Demand, ...]:
    """List the demands on a value itself, in the order in which AWS's services list them."""
    return tuple(_demands(shape))


def _demands(shape: Shape) -> Iterator[Demand]:
    if shape.enum:
        allowed = frozenset(shape.enum)
        yield Demand(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", allowed.__contains__)
    size, what = (_value, "value") if shape.type in _NUMBERS else (len, "length")
    if (most := shape.max) is not None:
        less = f"Member must have {what} less than or equal to {most:.0f}"
        yield Demand(less, lambda value: size(value) <= most)
    if (least := shape.min) is not None:
        yield Demand(
            f"Member must have {what} greater than or equal to {least:.0f}", lambda value: size(value) >= least
        )
    if shape.pattern and (matches := _pattern(shape.pattern)):
        yield Demand(
            f"Member must satisfy regular expression pattern: {shape.pattern}",
            lambda value: matches.fullmatch(value) is not None,
        )


def _value(value: float) -> float:
    return value


@cache
def _pattern(pattern: str) -> re.Pattern[str] | None:
    """A pattern of Java's; None for what Python does not know, which is then not demanded."""
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:
        return None


_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}
"""Java's classes of characters, and Python's that come next to them from above."""


def printed(value: object) -> str:
    """A value as messages show it."""
    shown = _java(value)
    return f"'{shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '...'}'"


_SHOWN = 1_000
"""The characters of a value that a message shows; AWS's services show all of them."""


def _java(value: object) -> str:
    """A value as Java prints it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case bytes():
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
        case list():
            return f"[{', '.join(map(_java, value))}]"
        case dict():
            return f"{{{', '.join(f'{key}={_java(item)}' for key, item in value.items())}}}"
    return str(value)
