"""Event filtering: which records of a source the function gets (S-78 to S-82, S-104).

A pattern names fields of the record as the function would get it; how it matches, `patterns` says.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import MappedSource
from landfast.delivery.pattern_tests import OPERATORS
from landfast.delivery.patterns import Dialect, Matcher, Special, compiled, leaf_matcher, leaves, objects
from landfast.delivery.settings import Settings
from landfast.delivery.strict_json import NotJsonError, read_json

MAXIMUM_FILTERS: Final = 5
"""Filters in one mapping, without a raised quota (S-78)."""

MAXIMUM_PATTERN_LENGTH: Final = 4096
"""Characters of one pattern (S-78)."""

_Record: TypeAlias = Mapping[str, Any]

_MISSING: Final = object()
_WITH_CIDR: Final = Dialect(
    operators=OPERATORS - {"wildcard"},
    unlike=frozenset({"prefix", "suffix", "equals-ignore-case"}),
    nested_case=False,
)
_DIALECT: Final = Dialect(
    operators=_WITH_CIDR.operators - {"cidr"}, unlike=_WITH_CIDR.unlike, nested_case=_WITH_CIDR.nested_case
)


@dataclass(frozen=True, slots=True)
class Filter:
    """The filters of one mapping; a record passes if it matches any of them."""

    _patterns: Sequence[Matcher]
    _source: MappedSource

    def matches(self, event_record: _Record) -> bool:
        """Tell whether the function gets this record, in the shape of S-83, S-84 or S-105."""
        view = self._source.filter_view(event_record)
        return any(pattern(view) for pattern in self._patterns)


def compile_filters(filter_criteria: object, source: MappedSource, settings: Settings) -> Filter | None:
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


def _compiled(item: object, place: int, source: MappedSource, settings: Settings) -> Matcher:
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
    dialect = _WITH_CIDR if settings.cidr_patterns else _DIALECT
    try:
        return compiled(read_json(text), dialect, _members(source, settings, dialect))
    except (ValueError, RecursionError) as error:
        raise Refused(field, "Invalid filter pattern definition.") from error


def _members(source: MappedSource, settings: Settings, dialect: Dialect) -> Special:
    """Match a record's text in its own way: the body of a message, the data of a Kinesis record."""

    def text(key: str, pattern: object) -> Matcher | None:
        return _text(key, pattern, settings, dialect) if key == source.text_field else None

    return text


def _text(key: str, pattern: object, settings: Settings, dialect: Dialect) -> Matcher:
    """A text: JSON for an object pattern, plain for a list; the other kind never matches (S-81, S-104)."""
    if not isinstance(pattern, list):
        inner = compiled(pattern, dialect)
        return lambda record: (value := _parsed(record.get(key))) is not _MISSING and any(map(inner, objects(value)))
    test = leaf_matcher(pattern, dialect)

    def plain(record: _Record) -> bool:
        text = record.get(key)
        return settings.plain_body_patterns and _parsed(text) is _MISSING and test(leaves(text))

    return plain


def _parsed(text: object) -> object:
    try:
        return read_json(text) if isinstance(text, str) else _MISSING
    except NotJsonError:
        return _MISSING
