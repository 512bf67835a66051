"""The operators of patterns that test one value: `prefix`, `numeric`, `cidr` and their like.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, TypeGuard

Test: TypeAlias = Callable[[object], bool]

OPERATORS: Final = frozenset(
    {"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"}
)
"""All that there are."""

_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PatternError(ValueError):
    """A pattern that AWS refuses; the text says why, in AWS's words where they are known."""


def of_operator(name: str, operand: object, *, nested_case: bool) -> Test:
    """Make the test of an operator for one value; `exists` and `anything-but` are not of this kind.

    Args:
        name: The name of the operator.
        operand: The operand, as the pattern gives it.
        nested_case: True if a prefix or suffix can be one that ignores case.

    Raises:
        PatternError: The operand is refused, or the operator is of another kind.
    """
    match name, operand:
        case "prefix" | "suffix", {"equals-ignore-case": str(text), **rest} if nested_case and not rest:
            plain = _on_text(name, text.casefold())
            return lambda leaf: isinstance(leaf, str) and plain(leaf.casefold())
        case "numeric", list():
            return _numeric(operand)
        case "cidr", str():
            return _cidr(operand)
        case "wildcard", str():
            return _wildcard(operand)
        case "prefix" | "suffix" | "equals-ignore-case", str():
            return _on_text(name, operand)
        case "numeric", _:
            raise PatternError("Value of numeric must be an array.")
        case "cidr", _:
            raise PatternError("prefix match pattern must be a string")  # AWS's own word for it
    raise PatternError(f"{name} match pattern must be a string")


def unlike(tests: Sequence[Test]) -> Test:
    """Tell whether a value passes none of the tests.

    Raises:
        PatternError: There is none.
    """
    if not tests:
        raise PatternError("Empty arrays are not allowed")
    return lambda leaf: not any(test(leaf) for test in tests)


def same(left: object, right: object) -> bool:
    """Equal as they are written: 1, 1.0, "1" and true are four values."""
    return type(left) is type(right) and left == right


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether it is a number of JSON; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _on_text(name: str, operand: str) -> Test:
    match name:
        case "prefix":
            return lambda leaf: isinstance(leaf, str) and leaf.startswith(operand)
        case "suffix":
            return lambda leaf: isinstance(leaf, str) and leaf.endswith(operand)
    folded = operand.casefold()
    return lambda leaf: isinstance(leaf, str) and leaf.casefold() == folded


def _numeric(operands: Sequence[object]) -> Test:
    match operands:
        case []:
            raise PatternError("Invalid member in numeric match: ]")
        case [str(name), bound] if name in _COMPARISONS and is_number(bound):
            compare = _COMPARISONS[name]
            return lambda leaf: is_number(leaf) and compare(leaf, bound)
        case [">" | ">=" as low_name, low, "<" | "<=" as high_name, high] if is_number(low) and is_number(high):
            if low >= high:
                raise PatternError("Bottom must be less than top")
            above, below = _numeric([low_name, low]), _numeric([high_name, high])
            return lambda leaf: above(leaf) and below(leaf)
    raise PatternError(_numeric_fault(operands))


def _numeric_fault(operands: Sequence[object]) -> str:
    """Why a list is no comparison."""
    name, bound, high_name, high = [*operands, None, None, None][:4]
    faults = (
        (not isinstance(name, str), f"Invalid member in numeric match: {name}"),
        (str(name) not in _COMPARISONS, f"Unrecognized numeric range operator: {name}"),
        (not is_number(bound), f"Value of {_told(name)} must be numeric"),
        (name not in (">", ">="), "Too many elements in numeric expression"),
        (not isinstance(high_name, str), f"Bad value in numeric range: {high_name}"),
        (high_name not in ("<", "<="), f"Bad numeric range operator: {high_name}"),
        (not is_number(high), f"Value of {_told(high_name)} must be numeric"),
    )
    return next((text for holds, text in faults if holds), "Too many terms in numeric range expression")


def _told(name: object) -> str:
    return "equals" if name == "=" else str(name)


def _cidr(operand: str) -> Test:
    """An address of the network; what is no address matches nothing (U-31)."""
    address, slash, mask = operand.partition("/")
    if not slash or "/" in mask:
        raise PatternError("Malformed CIDR, one '/' required")
    if not mask.isdecimal():
        raise PatternError("Malformed CIDR, mask bits must be an integer")
    import ipaddress  # noqa: PLC0415 - it takes as long to load as a whole mapping, and hardly any pattern has networks

    try:
        network = ipaddress.ip_network(operand, strict=False)
    except ValueError:
        raise PatternError(f"Nonstandard IP address: {address}") from None

    def contains(leaf: object) -> bool:
        try:
            return isinstance(leaf, str) and ipaddress.ip_address(leaf) in network
        except ValueError:
            return False

    return contains


def _wildcard(operand: str) -> Test:
    """Any characters, or none, for each ``*``; a backslash escapes ``*`` and itself."""
    parts = _literals(operand)
    if len(parts) == 1:
        return lambda leaf: leaf == parts[0]
    first, *middle, last = parts

    def matches(leaf: object) -> bool:
        if not isinstance(leaf, str) or not leaf.startswith(first) or not leaf.endswith(last):
            return False
        place, end = len(first), len(leaf) - len(last)
        for part in middle:
            start = leaf.find(part, place, end)
            if start < 0:
                return False
            place = start + len(part)
        return place <= end

    return matches


def _literals(operand: str) -> list[str]:
    """Return the texts between the wildcards."""
    parts, place = [""], 0
    while place < len(operand):
        character = operand[place]
        if character == "\\":
            place += 1
            if operand[place : place + 1] not in {"*", "\\"}:
                raise PatternError(f"Invalid escape character at pos {place - 1}")
            parts[-1] += operand[place]
        elif character == "*":
            if operand[place + 1 : place + 2] == "*":
                raise PatternError(f"Consecutive wildcard characters at pos {place}")
            parts.append("")
        else:
            parts[-1] += character
        place += 1
    return parts
