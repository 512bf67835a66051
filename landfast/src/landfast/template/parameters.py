"""The values of a template's parameters, by CloudFormation's rules.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from landfast.template.errors import Mistake, Where

type Value = str | int | float | list[Any]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The value of a parameter that only AWS can know.

    Attributes:
        reason: Why, and how to give one.
    """

    reason: str


def values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Value | Withheld]:
    """The value of every declared parameter: a list for list types, a number for `Number`, else text.

    Raises:
        Mistake: A value that is missing, not allowed, or for a parameter that is not declared. The value of a `NoEcho`
            parameter is never shown.
    """
    for name in given:
        if name not in declared:
            close = get_close_matches(name, declared, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(declared) or 'none'}"
            raise Mistake(("Parameters", name), f"the template has no such parameter; {hint}")
    return {name: _value(name, declaration, given.get(name)) for name, declaration in declared.items()}


def _value(name: str, declaration: object, given: str | None) -> Value | Withheld:
    where = ("Parameters", name)
    if not isinstance(declaration, dict) or not isinstance(declaration.get("Type"), str):
        raise Mistake(where, "must be a mapping with a Type")
    kind = declaration["Type"]
    if given is None and kind.startswith(_SSM_VALUE):
        return Withheld(f"parameter {name} is read from the Systems Manager parameter store; give it a value")
    raw = declaration.get("Default") if given is None else given
    if raw is None:
        raise Mistake(where, f"has no Default and no value was given; give {name}=VALUE")
    text = _text(raw)
    rule = _Rules(where, declaration)
    if kind == "Number":
        return rule.number(text)
    if kind == "CommaDelimitedList" or "List<" in kind:
        items = [item.strip() for item in text.split(",")] if text else []
        return [rule.number(item) if kind == "List<Number>" else rule.text(item) for item in items]
    return rule.text(text)


def _text(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return ",".join(map(str, raw)) if isinstance(raw, list) else str(raw)


@dataclass(frozen=True, slots=True)
class _Rules:
    where: Where
    declaration: Mapping[str, Any]

    def text(self, value: str) -> str:
        self._allowed(value)
        pattern = self.declaration.get("AllowedPattern")
        if pattern is not None and not self._matches(str(pattern), value):
            self._refuse(value, f"does not match AllowedPattern {pattern}")
        if len(value) < (least := self._limit("MinLength", len(value))):
            self._refuse(value, f"is shorter than MinLength {least:g}")
        if len(value) > (most := self._limit("MaxLength", len(value))):
            self._refuse(value, f"is longer than MaxLength {most:g}")
        return value

    def number(self, value: str) -> int | float:
        self._allowed(value)
        if not _NUMBER.fullmatch(value):
            self._refuse(value, "is not a number")
        number = int(value) if re.fullmatch(r"[+-]?\d+", value) else float(value)
        if number < (least := self._limit("MinValue", number)):
            self._refuse(value, f"is below MinValue {least:g}")
        if number > (most := self._limit("MaxValue", number)):
            self._refuse(value, f"is above MaxValue {most:g}")
        return number

    def _limit(self, name: str, default: float) -> float:
        limit = _text(self.declaration.get(name, default))
        if not _NUMBER.fullmatch(limit):
            raise Mistake((*self.where, name), "is not a number")
        return float(limit)

    def _allowed(self, value: str) -> None:
        allowed = self.declaration.get("AllowedValues")
        if allowed is not None and value not in (choices := [_text(choice) for choice in allowed]):
            self._refuse(value, f"is not one of AllowedValues {', '.join(choices)}")

    def _matches(self, pattern: str, value: str) -> bool:
        try:
            return re.fullmatch(pattern, value) is not None
        except re.error as error:
            raise Mistake((*self.where, "AllowedPattern"), f"is not a regular expression: {error}") from None

    def _refuse(self, value: str, problem: str) -> NoReturn:
        hidden = _text(self.declaration.get("NoEcho", "false")).lower() == "true"
        shown = "the value" if hidden else f"{value!r}"
        description = self.declaration.get("ConstraintDescription")
        raise Mistake(self.where, f"{shown} {problem}" + (f" ({description})" if description else ""))
