"""The patterns by which subscriptions choose log events: terms, and conditions on JSON.

Lists of space-delimited fields and regular expressions are not read.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events,
and Live Tail".
"""

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

from landfast.delivery.strict_json import NotJsonError, read_json

LogFilter: TypeAlias = Callable[[str], bool]
"""Tells whether a log event is chosen."""

_Condition: TypeAlias = Callable[[Any], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
_TOKEN = re.compile(
    r"""\s*(?:(?P<selector>\$(?:\.[\w-]+|\[\d+\]|\.\*|\[\*\])*)"""
    r"""|(?P<operator>&&|\|\||!=|<=|>=|[=<>(){}])"""
    r"""|"(?P<text>(?:[^"\\]|\\.)*)\""""
    r"""|(?P<word>[^\s"=<>!(){}&|]+))"""
)
_STEP = re.compile(r"\.([\w*-]+)|\[(\d+|\*)\]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST: Final = 1_024
_NUMBERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class UnreadablePatternError(ValueError):
    """The pattern is none, or uses what is not read here."""


def log_filter(pattern: str) -> LogFilter:
    """Read a filter pattern; an empty one chooses everything.

    Raises:
        UnreadablePatternError: It is none, or uses what is not read here.
    """
    text = pattern.strip()
    if len(text) > _LONGEST:
        raise UnreadablePatternError(f"a filter pattern has at most {_LONGEST:,} characters, not {len(text):,}")
    if text.startswith("["):
        raise UnreadablePatternError("patterns of space-delimited fields are not read here")
    if re.search(r"%.+%", text):
        raise UnreadablePatternError("regular expressions in patterns are not read here")
    return _json_filter(text) if text.startswith("{") else _terms(text)


def _terms(text: str) -> LogFilter:
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise UnreadablePatternError(f"{text!r} is no filter pattern")
        found[match[1]].append(match[3] if match[2] is None else _unescaped(match[2]))
        position = match.end()

    def chosen(message: str) -> bool:
        # Where there are terms that must be there, those with ? are not looked at.
        optional = not found["?"] or bool(found[""]) or any(term in message for term in found["?"])
        return (
            optional and all(term in message for term in found[""]) and not any(term in message for term in found["-"])
        )

    return chosen


def _json_filter(text: str) -> LogFilter:
    try:
        condition = _Parser(text).read()
    except RecursionError:
        raise UnreadablePatternError("the filter pattern is nested too deeply") from None

    def chosen(message: str) -> bool:
        try:
            event = read_json(message)
        except NotJsonError:
            return False
        return isinstance(event, dict) and condition(event)

    return chosen


class _Parser:
    """Reads conditions on JSON: ``{ ($.level = "ERROR" || $.code >= 500) && $.user NOT EXISTS }``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._error()
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def read(self) -> _Condition:
        """The condition of the whole pattern."""
        self._expect("{")
        condition = self._any()
        self._expect("}")
        if self._tokens:
            raise self._error()
        return condition

    def _any(self) -> _Condition:
        alternatives = [self._all()]
        while self._takes("||"):
            alternatives.append(self._all())
        return lambda event: any(each(event) for each in alternatives)

    def _all(self) -> _Condition:
        parts = [self._one()]
        while self._takes("&&"):
            parts.append(self._one())
        return lambda event: all(each(event) for each in parts)

    def _one(self) -> _Condition:
        if self._takes("("):
            condition = self._any()
            self._expect(")")
            return condition
        kind, selector = self._next()
        if kind != "selector":
            raise self._error()
        kind, operator = self._next()
        if kind == "operator" and operator in _NUMBERS:
            return _comparison(selector, operator, *self._next())
        words = operator.upper(), self._next()[1].upper()
        match words:
            case ("IS", "NULL"):
                return lambda event: None in _found(event, selector)
            case ("IS", "TRUE" | "FALSE" as wanted):
                return lambda event: any(each is (wanted == "TRUE") for each in _found(event, selector))
            case ("NOT", "EXISTS"):
                return lambda event: not _found(event, selector)
        raise self._error()

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise self._error()
        return self._tokens.pop(0)

    def _takes(self, operator: str) -> bool:
        is_there = self._tokens[:1] == [("operator", operator)]
        if is_there:
            self._tokens.pop(0)
        return is_there

    def _expect(self, operator: str) -> None:
        if not self._takes(operator):
            raise self._error()

    def _error(self) -> UnreadablePatternError:
        return UnreadablePatternError(f"{self._text!r} is no filter pattern that is read here")


def _comparison(selector: str, operator: str, kind: str, wanted: str) -> _Condition:
    if kind == "word" and _NUMBER.fullmatch(wanted):
        compare, number = _NUMBERS[operator], float(wanted)
        return lambda event: any(
            compare(each, number)
            for each in _found(event, selector)
            if isinstance(each, int | float) and not isinstance(each, bool)
        )
    text = _unescaped(wanted)
    if operator == "=":
        return lambda event: any(isinstance(each, str) and _like(each, text) for each in _found(event, selector))
    if operator == "!=":
        return lambda event: any(isinstance(each, str) and not _like(each, text) for each in _found(event, selector))
    raise UnreadablePatternError(f"{operator} {wanted} does not compare with a number")


def _like(value: str, pattern: str) -> bool:
    """Tell whether a text is another one, in which ``*`` stands for anything."""
    return (
        fnmatchcase(value, re.sub(r"[?\[]", lambda match: f"[{match[0]}]", pattern))
        if "*" in pattern
        else value == pattern
    )


def _found(event: Any, selector: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    """The values that a selector finds; none if there are none."""
    values = [event]
    for name, index in _STEP.findall(selector):
        values = [each for value in values for each in _members(value, name, index)]
    return values


def _members(value: Any, name: str, index: str) -> list[Any]:  # noqa: ANN401 - any JSON value
    if name and isinstance(value, dict):
        return list(value.values()) if name == "*" else [value[name]] if name in value else []
    if index and isinstance(value, list):
        return value if index == "*" else value[int(index) : int(index) + 1]
    return []


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
