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

_COMPARED: Final[Mapping[type[Any], Callable[[Any, Any], bool]]] = {
    moto.OpLessThan: operator.lt,
    moto.OpLessThanOrEqual: operator.le,
    moto.OpGreaterThan: operator.gt,
    moto.OpGreaterThanOrEqual: operator.ge,
}


def mend() -> None:
    """Let moto compare so; before its first request."""
    moto.OpEqual.expr = lambda self, item: _typed(self.lhs, item) == _typed(self.rhs, item)  # type: ignore[method-assign]
    moto.OpNotEqual.expr = lambda self, item: _typed(self.lhs, item) != _typed(self.rhs, item)  # type: ignore[method-assign]
    moto.FuncIn.expr = lambda self, item: any(  # type: ignore[method-assign]
        _typed(self.attr, item) == _typed(each, item) for each in self.possible_values
    )
    moto.FuncBetween.expr = lambda self, item: (  # type: ignore[method-assign]
        _holds(operator.le, _typed(self.start, item), _typed(self.attr, item))
        and _holds(operator.le, _typed(self.attr, item), _typed(self.end, item))
    )
    moto.FuncContains.expr = lambda self, item: _contains(self.attr, _typed(self.operand, item), item)  # type: ignore[method-assign]
    for kind, holds in _COMPARED.items():
        kind.expr = _by_order(holds)


def _by_order(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Item | None], bool]:
    return lambda self, item: _holds(holds, _typed(self.lhs, item), _typed(self.rhs, item))


def _contains(path: Any, part: Typed, item: Item | None) -> bool:  # noqa: ANN401 - moto's own
    whole = path._get_attr(item) if isinstance(path, moto.AttributePath) else None  # noqa: SLF001 - the value with its types
    if whole is None or part is None:
        return False
    if whole.type == "L":
        return any((each.type, each.cast_value) == part for each in whole.value)
    return whole.type in _SEARCHED and whole.type[0] == part[0] and part[1] in whole.cast_value


def _holds(holds: Callable[[Any, Any], bool], one: Typed, other: Typed) -> bool:
    if one is None or other is None or one[0] != other[0] or one[0] not in _ORDERED:
        return False
    return holds(one[1], other[1])


def _typed(operand: Any, item: Item | None) -> Typed:  # noqa: ANN401 - a path, a value, or a size
    if isinstance(operand, moto.FuncSize):
        sized = _typed(operand.attr, item)
        if sized is None or sized[0] in _SIZED:
            return sized and ("N", Decimal(len(sized[1])))
        return "no size", object()  # is equal to nothing
    kind = operand.get_type(item)
    return None if kind is None else (kind, operand.expr(item))
