"""Event filtering: which records of a source the function gets (S-78 to S-82, S-104).

A pattern names fields of the record as the function would get it. Only leaves count: a field that holds an object does
not exist by itself (S-80), and a field that holds a list is as many leaves as the list has scalars.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

import base64
import ipaddress
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeIs

from landfast.delivery.errors import Refused
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import NotJsonError, read_json

MAXIMUM_FILTERS: Final = 5
"""Filters in one mapping, without a raised quota (S-78)."""

MAXIMUM_PATTERN_LENGTH: Final = 4096
"""Characters of one pattern (S-78)."""

type Source = Literal["sqs", "kinesis", "dynamodb"]
type _Record = Mapping[str, Any]
type _Test = Callable[[object], bool]
type _Matcher = Callable[[_Record], bool]

_MISSING: Final = object()
_TEXT_FIELDS: Final[Mapping[Source, str]] = {"sqs": "body", "kinesis": "data"}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """The filters of one mapping; a record passes if it matches any of them."""

    _patterns: Sequence[_Matcher]
    _source: Source

    def matches(self, event_record: _Record) -> bool:
        """Whether the function gets this record, in the shape of S-83, S-84 or S-105."""
        view = _kinesis_view(event_record) if self._source == "kinesis" else event_record
        return any(pattern(view) for pattern in self._patterns)


def compile_filters(filter_criteria: object, source: Source, settings: Settings) -> Filter | None:
    """Compile a mapping's `FilterCriteria`; None if there is nothing to filter by (S-79).

    Args:
        filter_criteria: The property, or None.
        source: Whose records they are; queues and Kinesis streams have a text field of their own (S-81, S-104).
        settings: U-23 decides whether a plain text can be matched, U-31 whether `cidr` can be used.

    Raises:
        Refused: A pattern that Lambda refuses, with its text (S-79), or too many or too long ones (S-78).
    """
    match filter_criteria:
        case None:
            return None
        case {**properties} if not set(properties) - {"Filters"}:
            filters = properties.get("Filters", [])
        case _:
            raise Refused("FilterCriteria", "must be an object with a list of Filters")
    if not isinstance(filters, list):
        raise Refused("FilterCriteria.Filters", "must be a list of objects with a Pattern each")
    if not filters:
        return None
    if len(filters) > MAXIMUM_FILTERS:
        raise Refused("FilterCriteria.Filters", f"{len(filters)} filters; a mapping has at most {MAXIMUM_FILTERS}")
    return Filter(tuple(_compiled(item, place, source, settings) for place, item in enumerate(filters)), source)


def _compiled(item: object, place: int, source: Source, settings: Settings) -> _Matcher:
    field = f"FilterCriteria.Filters[{place}].Pattern"
    match item:
        case {"Pattern": str(text), **rest} if not rest:
            pass
        case _:
            raise Refused(field, "each filter is an object with one Pattern, a string of JSON")
    if len(text) > MAXIMUM_PATTERN_LENGTH:
        raise Refused(
            field,
            f"1 validation error detected: Value at 'filterCriteria.filters.{place + 1}.member.pattern' failed to "
            f"satisfy constraint: Member must have length less than or equal to {MAXIMUM_PATTERN_LENGTH}",
            code="ValidationException",
        )
    try:
        return _object(read_json(text), _TEXT_FIELDS.get(source), settings)
    except (ValueError, RecursionError) as error:
        raise Refused(field, "Invalid filter pattern definition.") from error


def _invalid(what: object = "") -> NoReturn:
    raise ValueError(what)


def _object(pattern: object, text_field: str | None, settings: Settings) -> _Matcher:
    """All fields of a pattern's object must match; `text_field` is the one that holds a text of its own."""
    if not isinstance(pattern, dict) or not pattern:
        _invalid(pattern)

    def member(key: str, value: object) -> _Matcher:
        match key, value:
            case "$or", [_, _, *_]:
                return _either([_object(option, text_field, settings) for option in value])
            case "$or", _:
                _invalid(value)
            case _ if key == text_field:
                return _text(key, value, settings)
            case _, list():
                return _on_leaves(key, _leaf(value, settings))
        return _nested(key, _object(value, None, settings))

    members = [member(key, value) for key, value in pattern.items()]
    return lambda record: all(matches(record) for matches in members)


def _either(options: Sequence[_Matcher]) -> _Matcher:
    return lambda record: any(matches(record) for matches in options)


def _on_leaves(key: str, test: Callable[[Sequence[object]], bool]) -> _Matcher:
    return lambda record: test(list(_leaves(record.get(key, _MISSING))))


def _nested(key: str, matches: _Matcher) -> _Matcher:
    return lambda record: any(map(matches, _objects(record.get(key))))


def _text(key: str, pattern: object, settings: Settings) -> _Matcher:
    """A text: JSON for an object pattern, plain for a list; the other kind never matches (S-81, S-104)."""
    if not isinstance(pattern, list):
        inner = _object(pattern, None, settings)
        return lambda record: (value := _parsed(record.get(key))) is not _MISSING and any(map(inner, _objects(value)))
    test = _leaf(pattern, settings)

    def plain(record: _Record) -> bool:
        text = record.get(key)
        return settings.plain_body_patterns and _parsed(text) is _MISSING and test(list(_leaves(text)))

    return plain


def _parsed(text: object) -> object:
    try:
        return read_json(text) if isinstance(text, str) else _MISSING
    except NotJsonError:
        return _MISSING


def _flat(value: object) -> Iterator[object]:
    """What is in a list, in the lists in it, and so on; anything else is itself."""
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, list):
            rest += reversed(item)
        else:
            yield item


def _leaves(value: object) -> Iterator[object]:
    return (item for item in _flat(value) if item is not _MISSING and not isinstance(item, Mapping))


def _objects(value: object) -> Iterator[_Record]:
    """The objects to look into; where there is none, an empty one, in which fields can only be absent."""
    items = _flat(value) if value != [] else iter([value])
    return (item if isinstance(item, Mapping) else {} for item in items)


def _leaf(alternatives: Sequence[object], settings: Settings) -> Callable[[Sequence[object]], bool]:
    """Any leaf of a field matches any alternative; `exists` looks at all of them."""
    if not alternatives:
        _invalid(alternatives)
    absent = {"exists": False} in [item for item in alternatives if isinstance(item, dict)]
    tests = [_alternative(item, settings) for item in alternatives]

    def matches(leaves: Sequence[object]) -> bool:
        return any(test(leaf) for leaf in leaves for test in tests) or (absent and not leaves)

    return matches


def _alternative(item: object, settings: Settings) -> _Test:
    match item:
        case {**operators} if len(operators) == 1:
            ((name, operand),) = operators.items()
            return _operator(str(name), operand, settings)
        case None | str() | bool() | int() | float():
            return lambda leaf: _same(leaf, item)
    _invalid(item)


def _operator(name: str, operand: object, settings: Settings) -> _Test:
    match name, operand:
        case "cidr", str() if settings.cidr_patterns:
            return _cidr(operand)
        case "exists", bool():
            return lambda _: operand
        case "numeric", list():
            return _numeric(operand)
        case "anything-but", {**operators} if len(operators) == 1:
            ((inner, values),) = operators.items()
            return _unlike(
                [_on_text(str(inner), value) for value in (values if isinstance(values, list) else [values])]
            )
        case "anything-but", _:
            values = operand if isinstance(operand, list) else [operand]
            return _unlike([_scalar(value) for value in values])
    return _on_text(name, operand)


def _cidr(operand: str) -> _Test:
    """An address of the network, as EventBridge's `cidr` has it (U-31); what is no address matches nothing."""
    if not operand.rpartition("/")[2].isdecimal():
        _invalid(operand)
    network = ipaddress.ip_network(operand, strict=False)
    return lambda leaf: isinstance(leaf, str) and (address := _address(leaf)) is not None and address in network


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _unlike(tests: Sequence[_Test]) -> _Test:
    if not tests:
        _invalid("anything-but nothing")
    return lambda leaf: not any(test(leaf) for test in tests)


def _scalar(value: object) -> _Test:
    if not isinstance(value, str) and not _is_number(value):
        _invalid(value)
    return lambda leaf: _same(leaf, value)


def _on_text(name: str, operand: object) -> _Test:
    if not isinstance(operand, str) or (name != "equals-ignore-case" and not operand):
        _invalid(operand)
    match name:
        case "prefix":
            return lambda leaf: isinstance(leaf, str) and leaf.startswith(operand)
        case "suffix":
            return lambda leaf: isinstance(leaf, str) and leaf.endswith(operand)
        case "equals-ignore-case":
            folded = operand.casefold()
            return lambda leaf: isinstance(leaf, str) and leaf.casefold() == folded
    _invalid(name)


def _numeric(operands: Sequence[object]) -> _Test:
    match operands:
        case [str(name), bound] if name in _COMPARISONS and _is_number(bound):
            compare = _COMPARISONS[name]
            return lambda leaf: _is_number(leaf) and compare(leaf, bound)
        case [">" | ">=" as low_name, low, "<" | "<=" as high_name, high] if _is_number(low) and _is_number(high):
            if low >= high:
                _invalid(operands)
            above, below = _numeric([low_name, low]), _numeric([high_name, high])
            return lambda leaf: above(leaf) and below(leaf)
    _invalid(operands)


def _is_number(value: object) -> TypeIs[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: object, right: object) -> bool:
    """Equal as they are written: 1, 1.0, "1" and true are four values."""
    return type(left) is type(right) and left == right


def _kinesis_view(record: _Record) -> _Record:
    """A Kinesis record as patterns see it: its own fields beside the others, and `data` decoded (S-81)."""
    inner = record["kinesis"]
    try:
        data = base64.b64decode(inner["data"], validate=True).decode()
    except ValueError:
        data = None
    return {**record, **inner, "data": data}
