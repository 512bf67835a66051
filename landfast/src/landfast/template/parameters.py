"""The values of a template's parameters, by CloudFormation's rules.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NoReturn, TypeAlias

from landfast.template.errors import Mistake
from landfast.template.findings import Findings

Value: TypeAlias = str | int | float | list[Any]

UNKNOWN: Final = "=VALUE"
"""How the reasons end that ask for a parameter's value."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The value of a parameter that nobody here knows.

    Attributes:
        reason: Why, and how to give one.
    """

    reason: str


def values(declared: Mapping[str, Any], given: Mapping[str, str], findings: Findings) -> dict[str, Value | Withheld]:
    """The value of every declared parameter: a list for list types, a number for `Number`, else text.

    A parameter without a value is `Withheld`: it costs what needs it, and no more.

    Args:
        declared: The section.
        given: Values by name.
        findings: Takes what CloudFormation would refuse of the defaults.

    Raises:
        Mistake: A given value that is not allowed, or is for a parameter that is not declared. The value of a `NoEcho`
            parameter is never shown.
    """
    for name in given:
        if name not in declared:
            close = get_close_matches(name, declared, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(declared) or 'none'}"
            raise Mistake(("Parameters", name), f"the template has no such parameter; {hint}")
    return {name: _value(name, declaration, given.get(name), findings) for name, declaration in declared.items()}


def _value(name: str, declaration: object, given: str | None, findings: Findings) -> Value | Withheld:
    if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
        findings.lines.append(f"Parameters.{name}: must be a mapping with a Type")
        return Withheld(f"parameter {name} is no mapping with a Type; correct it")
    kind = declaration["Type"]
    if given is None and kind.startswith(_SSM_VALUE):
        return Withheld(
            f"parameter {name} is read from the Systems Manager parameter store; give it a value: "
            f"--parameter {name}{UNKNOWN}"
        )
    raw = declaration.get("Default") if given is None else given
    if raw is None:
        return Withheld(f"parameter {name} has no value; give it one: --parameter {name}{UNKNOWN}")
    text = _text(raw)
    rules = _Rules(name, declaration, findings)
    try:
        rules.check(text)
    except Mistake as error:
        if given is not None:
            raise
        findings.lines.append(f"{error}: CloudFormation refuses such a Default; it is used here")
    return _typed(kind, text)


def _typed(kind: str, text: str) -> Value:
    if kind == "Number":
        return _number(text)
    if kind == "CommaDelimitedList" or "List<" in kind:
        items = _items(text)
        return [_number(item) for item in items] if kind == "List<Number>" else [*items]
    return text


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


def _number(text: str) -> int | float | str:
    """The number, or the text if it is none."""
    if not _NUMBER.fullmatch(text):
        return text
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return ",".join(map(str, raw)) if isinstance(raw, list) else str(raw)


@dataclass(frozen=True, slots=True)
class _Rules:
    name: str
    declaration: Mapping[str, Any]
    findings: Findings

    def check(self, value: str) -> None:
        """Raises a `Mistake` for a value that the declaration does not allow."""
        kind = self.declaration["Type"]
        listed = kind == "CommaDelimitedList" or "List<" in kind
        for item in _items(value) if listed else [value]:
            self._allowed(item)
            if kind in ("Number", "List<Number>"):
                self._as_number(item)
            else:
                self._as_text(item)

    def _as_text(self, value: str) -> None:
        pattern = self.declaration.get("AllowedPattern")
        if pattern is not None and not self._matches(str(pattern), value):
            self._refuse(value, f"does not match AllowedPattern {pattern}")
        if len(value) < (least := self._limit("MinLength", len(value))):
            self._refuse(value, f"is shorter than MinLength {least:g}")
        if len(value) > (most := self._limit("MaxLength", len(value))):
            self._refuse(value, f"is longer than MaxLength {most:g}")

    def _as_number(self, value: str) -> None:
        number = _number(value)
        if isinstance(number, str):
            self._refuse(value, "is not a number")
        if number < (least := self._limit("MinValue", number)):
            self._refuse(value, f"is below MinValue {least:g}")
        if number > (most := self._limit("MaxValue", number)):
            self._refuse(value, f"is above MaxValue {most:g}")

    def _limit(self, name: str, default: float) -> float:
        limit = _text(self.declaration.get(name, default))
        if not _NUMBER.fullmatch(limit):
            self._tell(name, "is not a number")
            return default
        return float(limit)

    def _allowed(self, value: str) -> None:
        allowed = self.declaration.get("AllowedValues")
        if allowed is None:
            return
        if not isinstance(allowed, list):
            self._tell("AllowedValues", "is not a list")
        elif value not in (choices := [_text(choice) for choice in allowed]):
            self._refuse(value, f"is not one of AllowedValues {', '.join(choices)}")

    def _matches(self, pattern: str, value: str) -> bool:
        found = _matches(pattern, value)
        if found is None:
            self._tell("AllowedPattern", f"{pattern} is not read here, so no value is held against it")
        return found is not False

    def _tell(self, what: str, problem: str) -> None:
        line = f"Parameters.{self.name}.{what}: {problem}"
        if line not in self.findings.lines:
            self.findings.lines.append(line)

    def _refuse(self, value: str, problem: str) -> NoReturn:
        hidden = _text(self.declaration.get("NoEcho", "false")).lower() == "true"
        shown = "the value" if hidden else f"{value!r}"
        description = self.declaration.get("ConstraintDescription")
        raise Mistake(("Parameters", self.name), f"{shown} {problem}" + (f" ({description})" if description else ""))


def _matches(pattern: str, value: str) -> bool | None:
    """Tell whether a value matches a pattern of Java's; None for a pattern that cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # where Python reads a set of Java's in its own way
        try:
            return re.fullmatch(pattern, value) is not None
        except (re.error, FutureWarning):
            pass
    import regex  # noqa: PLC0415 - few patterns need it: classes as \p{Alpha}, sets within sets

    try:
        return regex.fullmatch(pattern, value, flags=regex.VERSION1) is not None
    except regex.error:
        return None
