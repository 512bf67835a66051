"""Metric math, as far as it is cheap: arithmetic, comparisons, and the functions that combine a few metrics.

``SUM(FILL(METRICS(), 0))``, ``errors / invocations * 100`` and ``IF(m1 > 10, m2, 0)`` are read; searches, arrays over
time, percentiles and anomaly bands are not.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

Values: TypeAlias = Mapping[str, float | None]
"""The metrics' values in one period, by the ids of their queries."""

_OPERATORS: Final[Mapping[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Gt: lambda left, right: float(left > right),
    ast.GtE: lambda left, right: float(left >= right),
    ast.Lt: lambda left, right: float(left < right),
    ast.LtE: lambda left, right: float(left <= right),
    ast.Eq: lambda left, right: float(left == right),
    ast.NotEq: lambda left, right: float(left != right),
}
_COMBINING: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: sum(values) / len(values),
}
_LONGEST: Final = 2_048
_DEEPEST: Final = 100


class UnreadableMathError(ValueError):
    """The expression uses what is not read here."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an expression.

    Attributes:
        of: Its values in a period: one, or one of each of several metrics; None for each that is missing.
        many: True if it is several metrics.
    """

    of: Callable[[Values], list[float | None]]
    many: bool = False


@cache
def metric_math(expression: str) -> Callable[[Values], float | None]:
    """Read an expression.

    Returns:
        What tells its value in a period; None if a value that it needs is missing, or if there is no such number.

    Raises:
        UnreadableMathError: It uses what is not read here, or tells more than one value.
    """
    if len(expression) > _LONGEST:
        raise UnreadableMathError(f"an expression has at most {_LONGEST:,} characters, not {len(expression):,}")
    try:
        part = _read(ast.parse(expression.strip(), mode="eval").body, 0)
    except (SyntaxError, RecursionError, MemoryError):
        raise UnreadableMathError(f"{expression!r} is not read here") from None
    if part.many:
        raise UnreadableMathError(f"{expression!r} tells the values of several metrics, not one")
    return lambda values: part.of(values)[0]


def _read(node: ast.AST, depth: int) -> _Part:
    if depth > _DEEPEST:
        raise UnreadableMathError(f"an expression is read down to {_DEEPEST} levels")
    return _part(node, lambda inner: _read(inner, depth + 1))


def _part(node: ast.AST, inner: Callable[[ast.AST], _Part]) -> _Part:
    match node:
        case ast.Constant(value=int() | float() as number) if (value := _number(number)) is not None:
            return _Part(lambda _: [value])
        case ast.Name(id=name) if name[0].islower():  # as the ids of queries; REPEAT and LINEAR are none
            return _Part(lambda values: [values.get(name)])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _both(operator.sub, _Part(lambda _: [0.0]), inner(operand))
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]) if (
            type(op) in _OPERATORS
        ):
            return _both(_OPERATORS[type(op)], inner(left), inner(right))
        case ast.List(elts=elements):
            parts = [inner(each) for each in elements]
            return _Part(lambda values: [value for part in parts for value in part.of(values)], many=True)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _function(name.upper(), [inner(each) for each in arguments])
    raise UnreadableMathError(f"{ast.unparse(node)!r} is not read here")


def _both(function: Callable[[float, float], float], left: _Part, right: _Part) -> _Part:
    """A function of two values; one of them may be those of several metrics, with each of which the other goes."""
    if left.many and right.many:
        raise UnreadableMathError("several metrics cannot be combined with several others")

    def of(values: Values) -> list[float | None]:
        ones, others = left.of(values), right.of(values)
        return [_applied(function, one, other) for one in ones for other in others]

    return _Part(of, left.many or right.many)


def _applied(function: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    try:
        return _number(function(one, other))
    except (ZeroDivisionError, OverflowError):
        return None


def _number(found: complex) -> float | None:
    """A number that a metric can have: the root of a negative one, and what is beyond all doubles, are none."""
    try:
        return float(found) if isinstance(found, int | float) and math.isfinite(found) else None
    except OverflowError:
        return None


def _function(name: str, arguments: list[_Part]) -> _Part:
    match name, arguments:
        case "METRICS", []:
            return _Part(lambda values: [*values.values()], many=True)
        case "FILL", [metrics, missing] if not missing.many:
            return _filled(metrics, missing)
        case "IF", [condition, chosen, other] if not condition.many:
            return _Part(
                lambda values: (chosen if condition.of(values)[0] else other).of(values), chosen.many or other.many
            )
        case _, [metrics] if name in _COMBINING:
            return _combined(_COMBINING[name], metrics)
    raise UnreadableMathError(f"{name} with such arguments is not read here")


def _filled(metrics: _Part, missing: _Part) -> _Part:
    def of(values: Values) -> list[float | None]:
        (instead,) = missing.of(values)
        return [instead if each is None else each for each in metrics.of(values)]

    return _Part(of, metrics.many)


def _combined(function: Callable[[list[float]], float], metrics: _Part) -> _Part:
    def of(values: Values) -> list[float | None]:
        there = [each for each in metrics.of(values) if each is not None]
        return [_number(function(there)) if there else None]

    return _Part(of)
