"""Metric math, as far as it is cheap: arithmetic, comparisons, and the functions that combine a few metrics.

``SUM(FILL(METRICS(), 0))``, ``errors / invocations * 100`` and ``IF(m1 > 10, m2, 0)`` are read; searches, arrays over
time, percentiles and anomaly bands are not.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

Values: TypeAlias = Mapping[str, float | None]
"""The metrics' values in one period, by the ids of their queries."""

Math: TypeAlias = Callable[[Values], Any]

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


class UnreadableMathError(ValueError):
    """The expression uses what is not read here."""


@cache
def math(expression: str) -> Math:
    """Read an expression.

    Returns:
        What tells its value in a period; None if a value that it needs is missing.

    Raises:
        UnreadableMathError: It uses what is not read here.
    """
    try:
        return _read(ast.parse(expression.strip(), mode="eval").body)
    except SyntaxError:
        raise UnreadableMathError(f"{expression!r} is not read here") from None


def _read(node: ast.AST) -> Math:  # noqa: PLR0911 - one case for each kind of node
    match node:
        case ast.Constant(value=int() | float() as number):
            return lambda _: float(number)
        case ast.Name(id=name):
            return lambda values: values.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _both(operator.sub, lambda _: 0.0, _read(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _both(_OPERATORS[type(op)], _read(left), _read(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
            return _both(_OPERATORS[type(op)], _read(left), _read(right))
        case ast.List(elts=elements):
            parts = [_read(each) for each in elements]
            return lambda values: [part(values) for part in parts]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _function(name.upper(), [_read(each) for each in arguments])
    raise UnreadableMathError(f"{ast.unparse(node)!r} is not read here")


def _both(function: Callable[[Any, Any], Any], left: Math, right: Math) -> Math:
    """A function of two values, of which one may be all metrics at once; None without both."""

    def value(values: Values) -> Any:  # noqa: ANN401 - a number, several, or None
        one, other = left(values), right(values)
        if isinstance(one, list):
            return [_apply(function, each, other) for each in one]
        return _apply(function, one, other)

    return value


def _apply(function: Callable[[Any, Any], Any], one: Any, other: Any) -> float | None:  # noqa: ANN401 - as above
    if one is None or other is None:
        return None
    try:
        return float(function(one, other))
    except (ZeroDivisionError, OverflowError):
        return None


def _function(name: str, arguments: list[Math]) -> Math:
    if name == "METRICS" and not arguments:
        return lambda values: [*values.values()]
    if name == "FILL" and len(arguments) == 2:  # noqa: PLR2004 - the metrics and what is missing of them
        return _filled(*arguments)
    if name == "IF" and len(arguments) == 3:  # noqa: PLR2004 - condition, value and other value
        condition, chosen, other = arguments
        return lambda values: (chosen if condition(values) else other)(values)
    if name in _COMBINING and len(arguments) == 1:
        return _combined(_COMBINING[name], arguments[0])
    raise UnreadableMathError(f"{name} with {len(arguments)} argument(s) is not read here")


def _filled(metrics: Math, missing: Math) -> Math:
    def value(values: Values) -> Any:  # noqa: ANN401 - as above
        found, instead = metrics(values), missing(values)
        if isinstance(found, list):
            return [instead if each is None else each for each in found]
        return instead if found is None else found

    return value


def _combined(function: Callable[[list[float]], float], metrics: Math) -> Math:
    def value(values: Values) -> float | None:
        found = metrics(values)
        there = [each for each in (found if isinstance(found, list) else [found]) if each is not None]
        return float(function(there)) if there else None

    return value
