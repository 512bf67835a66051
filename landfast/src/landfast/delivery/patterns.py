"""Patterns over JSON: what Lambda's filters, EventBridge's rules and SNS's filter policies have in common.

A pattern has the structure of what it matches. Its members must all match; a member's list is of alternatives, of
which one must. Only leaves count: a field that holds an object does not exist by itself (S-80), and a field that holds
a list is as many leaves as the list has scalars. Of a list of objects, one must match all members of its pattern.

Sources: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; the library behind
all three, https://github.com/aws/event-ruler (README); the refusals' words as recorded by LocalStack's
``tests/aws/services/events/test_events_patterns.snapshot.json``.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from landfast.delivery import pattern_tests
from landfast.delivery.pattern_tests import OPERATORS, PatternError, Test, is_number

__all__ = ["Dialect", "Matcher", "PatternError", "compiled", "leaf_matcher", "leaves", "objects"]

_Record: TypeAlias = Mapping[str, Any]
Matcher: TypeAlias = Callable[[_Record], bool]
LeafMatcher: TypeAlias = Callable[[Sequence[object]], bool]
Special: TypeAlias = Callable[[str, object], Matcher | None]
"""Reads a member in a way of its own; None if it is like any other."""

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Dialect:
    """The differences between one service's patterns and another's.

    Attributes:
        operators: Those there are.
        unlike: Those that can stand within an `anything-but`.
        nested_case: True if a prefix or suffix can be one that ignores case.
        unlike_all: True if `anything-but` wants every element of a list to be unlike; else one is enough.
        equal_numbers: True if 1 and 1.0 are the same; else they are two values, as they are written differently.
    """

    operators: frozenset[str] = OPERATORS
    unlike: frozenset[str] = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
    nested_case: bool = True
    unlike_all: bool = False
    equal_numbers: bool = False


def compiled(pattern: object, dialect: Dialect, special: Special | None = None) -> Matcher:
    """Compile a pattern's object.

    Args:
        pattern: The decoded JSON.
        dialect: The service's.
        special: The matchers of the members of the object itself, not of those in it.

    Raises:
        PatternError: The pattern is refused.
    """
    if not isinstance(pattern, dict):
        raise PatternError("Filter is not an object")
    if not pattern:
        raise PatternError("Empty objects are not allowed")

    def member(key: str, value: object) -> Matcher:
        matcher = special(key, value) if special is not None else None
        if matcher is not None:
            return matcher
        options = _options(key, value)
        if options:
            return _either([compiled(option, dialect, special) for option in options])
        if isinstance(value, dict):
            return _nested(key, compiled(value, dialect))
        if isinstance(value, list):
            return _on_leaves(key, leaf_matcher(value, dialect))
        raise PatternError(f'"{key}" must be an object or an array')

    members = [member(key, value) for key, value in pattern.items()]
    return lambda record: all(matches(record) for matches in members)


def leaf_matcher(alternatives: Sequence[object], dialect: Dialect) -> LeafMatcher:
    """Compile the alternatives of one field: any leaf matches any of them; `exists` looks at all leaves.

    Raises:
        PatternError: One is refused.
    """
    if not alternatives:
        raise PatternError("Empty arrays are not allowed")
    tests = [_alternative(item, dialect) for item in alternatives]
    return lambda found: any(test(found) for test in tests)


def leaves(value: object) -> list[object]:
    """The scalars of a field: of what is in a list, in the lists in it, and so on."""
    return [item for item in _flat(value) if item is not _MISSING and not isinstance(item, Mapping)]


def objects(value: object) -> Iterator[_Record]:
    """The objects to look into; where there is none, an empty one, in which fields can only be absent."""
    items = _flat(value) if value != [] else iter([value])
    return (item if isinstance(item, Mapping) else {} for item in items)


def _options(key: str, value: object) -> list[object]:
    """Return what a member joins by or: two or more objects, none with an operator's name (event-ruler, README)."""
    if key != "$or" or not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - of one there is no choice
        return []
    return value if all(isinstance(option, dict) and not OPERATORS & set(option) for option in value) else []


def _either(options: Sequence[Matcher]) -> Matcher:
    return lambda record: any(matches(record) for matches in options)


def _on_leaves(key: str, test: LeafMatcher) -> Matcher:
    return lambda record: test(leaves(record.get(key, _MISSING)))


def _nested(key: str, matches: Matcher) -> Matcher:
    return lambda record: any(map(matches, objects(record.get(key))))


def _flat(value: object) -> Iterator[object]:
    """Yield what is in a list, in the lists in it, and so on; anything else is itself."""
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, list):
            rest += reversed(item)
        else:
            yield item


def _alternative(item: object, dialect: Dialect) -> LeafMatcher:
    match item:
        case {**operators} if len(operators) == 1:
            ((name, operand),) = operators.items()
            return _operator(str(name), operand, dialect)
        case {}:
            raise PatternError("Only one key allowed in match expression")
        case None | str() | bool() | int() | float():
            return _any(_equal(item, dialect))
    raise PatternError("Match value must be String, number, true, false, or null")


def _operator(name: str, operand: object, dialect: Dialect) -> LeafMatcher:
    if name not in dialect.operators:
        raise PatternError(f"Unrecognized match type {name}")
    match name:
        case "exists":
            if not isinstance(operand, bool):
                raise PatternError("exists match pattern must be either true or false.")
            return bool if operand else operator.not_
        case "anything-but":
            unlike = pattern_tests.unlike(_listed(operand, dialect))
            if dialect.unlike_all:
                return lambda found: bool(found) and all(map(unlike, found))
            return _any(unlike)
    return _any(pattern_tests.of_operator(name, operand, nested_case=dialect.nested_case))


def _listed(operand: object, dialect: Dialect) -> list[Test]:
    """Return the values that `anything-but` excludes."""
    match operand:
        case {**operators} if len(operators) == 1:
            ((name, values),) = operators.items()
            if name not in dialect.unlike:
                raise PatternError(f"Unsupported anything-but pattern: {name}")
            texts = values if isinstance(values, list) else [values]
            if "" in texts and name in {"prefix", "suffix"}:
                raise PatternError("Null prefix/suffix not allowed")
            return [pattern_tests.of_operator(str(name), text, nested_case=False) for text in texts]
        case {}:
            raise PatternError("Only one key allowed in match expression")
    values = operand if isinstance(operand, list) else [operand]
    if not all(isinstance(value, str) or is_number(value) for value in values):
        raise PatternError("Value of anything-but must be an array or single string/number value.")
    return [_equal(value, dialect) for value in values]


def _equal(value: object, dialect: Dialect) -> Test:
    if dialect.equal_numbers and is_number(value):
        return lambda leaf: is_number(leaf) and leaf == value
    return lambda leaf: pattern_tests.same(leaf, value)


def _any(test: Test) -> LeafMatcher:
    return lambda found: any(test(leaf) for leaf in found)
