"""Comparisons of moto's conditions, by the types of DynamoDB instead of those of Python.

moto fails where a text is compared with a number, and at the size of an attribute that is not there; and to it a
missing attribute is the same as ``NULL``, and 1 the same as true, so that it writes what AWS would not.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
"""

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeAlias

from moto.dynamodb import comparisons as moto
from moto.dynamodb.models.dynamo_type import Item

Typed: TypeAlias = tuple[str, Any] | None
"""A value with its type; None for an attribute that is not there."""

_ORDERED: Final = frozenset({"B", "N", "S"})
_SEARCHED: Final = frozenset({"B", "BS", "NS", "S", "SS"})
_SIZED: Final = frozenset({"B", "BS", "L", "M", "NS", "S", "SS"})

Test: TypeAlias = Callable[[Any, Item | None], bool]
"""The method of moto's that tells whether a part of a condition holds."""


def mend() -> None:
    """Let moto compare so; before its first request."""
    for kind, holds in _MENDED.items():
        kind.expr = holds


def _compared(holds: Callable[[Typed, Typed], bool]) -> Test:
    return lambda self, item: holds(_typed(self.lhs, item), _typed(self.rhs, item))


def _in_order(holds: Callable[[Any, Any], bool]) -> Callable[[Typed, Typed], bool]:
    """Only texts, numbers and binary values have an order, each among themselves."""

    def ordered(one: Typed, other: Typed) -> bool:
        if one is None or other is None or one[0] != other[0] or one[0] not in _ORDERED:
            return False
        return holds(one[1], other[1])

    return ordered


def _is_between(self: moto.FuncBetween, item: Item | None) -> bool:
    start, value, end = (_typed(each, item) for each in (self.start, self.attr, self.end))
    is_ordered = _in_order(operator.le)
    return is_ordered(start, value) and is_ordered(value, end)


def _is_in(self: moto.FuncIn, item: Item | None) -> bool:
    return any(_typed(self.attr, item) == _typed(each, item) for each in self.possible_values)


def _contains(self: moto.FuncContains, item: Item | None) -> bool:
    path, part = self.attr, _typed(self.operand, item)
    whole = path._get_attr(item) if isinstance(path, moto.AttributePath) else None  # noqa: SLF001 - the value with its types
    if whole is None or part is None:
        return False
    if whole.type == "L":
        return any((each.type, each.cast_value) == part for each in whole.value)
    return whole.type in _SEARCHED and whole.type[0] == part[0] and part[1] in whole.cast_value


def _typed(operand: Any, item: Item | None) -> Typed:  # noqa: ANN401 - a path, a value, or a size
    if isinstance(operand, moto.FuncSize):
        sized = _typed(operand.attr, item)
        if sized is None or sized[0] in _SIZED:
            return sized and ("N", Decimal(len(sized[1])))
        return "no size", object()  # is equal to nothing
    kind = operand.get_type(item)
    return None if kind is None else (kind, operand.expr(item))


_MENDED: Final[Mapping[type[Any], Test]] = {
    moto.OpEqual: _compared(operator.eq),
    moto.OpNotEqual: _compared(operator.ne),
    moto.OpLessThan: _compared(_in_order(operator.lt)),
    moto.OpLessThanOrEqual: _compared(_in_order(operator.le)),
    moto.OpGreaterThan: _compared(_in_order(operator.gt)),
    moto.OpGreaterThanOrEqual: _compared(_in_order(operator.ge)),
    moto.FuncBetween: _is_between,
    moto.FuncContains: _contains,
    moto.FuncIn: _is_in,
}
