"""CloudFormation's intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from landfast.digits import whole_number
from landfast.template.errors import Mistake, Unavailable, Where
from landfast.template.parameters import Withheld

Elsewhere: TypeAlias = Callable[[str, Where], str | None]
"""Tells what stands for a value that only AWS has, given its name there and the place that asks; None for nothing."""

Attribute: TypeAlias = Callable[[str, str | None, Where], object]
"""Tells the value of ``Ref`` (no attribute) or ``Fn::GetAtt`` of a logical id; the place is the one that asks."""

_VARIABLE = re.compile(r"\$\{(!?)([^{}]+)\}")
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^:{}]*:?([^{}]*)\}?\}?")
_NO_VALUE: Final = object()
_ON_AWS_ONLY = frozenset({"Fn::ImportValue", "Fn::GetAZs", "Fn::Cidr", "Fn::GetStackOutput"})
_CONDITIONAL = frozenset({"Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals"})


def function_of(value: object) -> str | None:
    """The name of the intrinsic function that a value calls, e.g. ``Fn::Sub``, or None."""
    if isinstance(value, dict) and len(value) == 1:
        name = next(iter(value))
        if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
            return str(name)
    return None


def variables(text: str) -> Iterator[str]:
    """The names that a ``Fn::Sub`` text asks for."""
    return (match[2] for match in _VARIABLE.finditer(text) if not match[1])


class Resolver:
    """Resolves values against one stack's parameters, mappings, conditions and resources."""

    def __init__(
        self,
        *,
        parameters: Mapping[str, object],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        attribute: Attribute,
        elsewhere: Elsewhere = lambda _name, _where: None,
    ) -> None:
        """Pseudo parameters are parameters here.

        Args:
            parameters: Values by name, `Withheld` where there is none.
            mappings: The section.
            conditions: The section.
            attribute: Tells the names of the resources.
            elsewhere: Stands in for exports, dynamic references and parameters that only AWS has.
        """
        self._parameters = {"AWS::NoValue": _NO_VALUE, **parameters}
        self._mappings = mappings
        self._conditions = conditions
        self._attribute = attribute
        self._elsewhere = elsewhere
        self._evaluating: list[str] = []
        self._functions: Mapping[str, Callable[[Any, Where], object]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": self._base64,
            "Fn::Length": self._length,
            "Fn::ToJsonString": self._to_json_string,
        }

    @property
    def conditions(self) -> Mapping[str, Any]:
        """The section."""
        return self._conditions

    def resolve(self, value: object, where: Where) -> Any:  # noqa: ANN401 - a template holds any JSON value
        """The value without intrinsic functions. What is ``AWS::NoValue`` is left out; alone, it gives None.

        Raises:
            Mistake: It makes no sense.
            Unavailable: It needs something that exists on AWS only.
        """
        resolved = self._resolve(value, where)
        return None if resolved is _NO_VALUE else resolved

    def branch(self, value: object, where: Where) -> Any:  # noqa: ANN401 - as above
        """Return what is left of a value when its outermost ``Fn::If`` are decided; nothing inside is resolved."""
        while function_of(value) == "Fn::If" and isinstance(value, dict):
            value = self._chosen(value["Fn::If"], (*where, "Fn::If"))
        return None if value == {"Ref": "AWS::NoValue"} else value

    def holds(self, condition: object, where: Where) -> bool:
        """Tell whether the condition of this name is true."""
        if not isinstance(condition, str) or condition not in self._conditions:
            raise Mistake(where, f"the template has no condition {condition}; declare it under Conditions")
        if condition in self._evaluating:
            circle = " -> ".join([*self._evaluating[self._evaluating.index(condition) :], condition])
            raise Mistake(("Conditions", condition), f"depends on itself: {circle}")
        self._evaluating.append(condition)
        try:
            return self._evaluate(self._conditions[condition], ("Conditions", condition))
        finally:
            self._evaluating.pop()

    def _evaluate(self, node: object, where: Where) -> bool:
        if not isinstance(node, dict) or len(node) != 1:
            raise Mistake(where, "must be one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition")
        ((function, arguments),) = node.items()
        where = (*where, function)
        if function == "Condition":
            return self.holds(arguments, where)
        if function == "Fn::Equals":
            left, right = self._arguments(arguments, 2, 2, where)
            return _comparable(self.resolve(left, where)) == _comparable(self.resolve(right, where))
        if function == "Fn::Not":
            (negated,) = self._arguments(arguments, 1, 1, where)
            return not self._evaluate(negated, where)
        if function in ("Fn::And", "Fn::Or"):
            most = 10
            operands = [self._evaluate(each, where) for each in self._arguments(arguments, 2, most, where)]
            return all(operands) if function == "Fn::And" else any(operands)
        raise Mistake(where, "must be one of Fn::And, Fn::Or, Fn::Not, Fn::Equals, Condition")

    def _resolve(self, value: object, where: Where) -> object:
        if isinstance(value, str):
            return self._without_dynamic_reference(value, where)
        if isinstance(value, list):
            items = (self._resolve(item, (*where, index)) for index, item in enumerate(value))
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if function := function_of(value):
            return self._call(function, value[function], where)
        return self._mapping(value, where)

    def _mapping(self, value: Mapping[Any, Any], where: Where) -> dict[str, object]:
        resolved: dict[str, object] = {}
        for key, member in value.items():
            name = str(key)
            if name == "Fn::Transform":
                raise Unavailable((*where, name), _of_macro(member))
            if name.startswith("Fn::"):
                raise Mistake((*where, name), "an intrinsic function stands alone in its mapping")
            if (kept := self._resolve(member, (*where, name))) is not _NO_VALUE:
                resolved[name] = kept
        return resolved

    def _call(self, function: str, arguments: object, where: Where) -> object:
        where = where if function == "Ref" else (*where, function)
        if function == "Fn::Transform":
            raise Unavailable(where, _of_macro(arguments))
        if function in _ON_AWS_ONLY:
            if function == "Fn::ImportValue" and (found := self._elsewhere(self._text(arguments, where), where)):
                return found
            raise Unavailable(where, f"{function} can only be answered by AWS")
        if function in _CONDITIONAL:
            raise Mistake(where, "is allowed under Conditions only; name a condition and use Fn::If")
        if function not in self._functions:
            raise Mistake(where, f"{function} is not an intrinsic function")
        return self._functions[function](arguments, where)

    def _ref(self, name: object, where: Where) -> object:
        if not isinstance(name, str):
            raise Mistake(where, "Ref wants the name of a parameter or resource")
        if name not in self._parameters:
            return self._attribute(name, None, where)
        value = self._parameters[name]
        if isinstance(value, Withheld):
            if found := self._elsewhere(name, where):
                return found
            raise Unavailable(where, value.reason)
        return value

    def _get_att(self, arguments: object, where: Where) -> object:
        parts = arguments.split(".", 1) if isinstance(arguments, str) else arguments
        if not isinstance(parts, list) or len(parts) < 2:  # noqa: PLR2004 - logical id and attribute
            raise Mistake(where, "wants a logical id and an attribute, as in Orders.Arn")
        logical_id, *attribute = (self._text(part, where) for part in parts)
        return self._attribute(logical_id, ".".join(attribute), where)

    def _sub(self, arguments: object, where: Where) -> str:
        text, given = (arguments, {}) if isinstance(arguments, str) else self._arguments(arguments, 2, 2, where)
        if not isinstance(text, str) or not isinstance(given, dict):
            raise Mistake(where, "wants a text, or a list of a text and a mapping")

        def value(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return self._text(given[name], (*where, name))
            asked = self._ref if name in self._parameters or "." not in name else self._get_att
            return _as_text(asked(name, where), where)

        return self._without_dynamic_reference(_VARIABLE.sub(value, text), where)

    def _join(self, arguments: object, where: Where) -> str:
        delimiter, items = self._arguments(arguments, 2, 2, where)
        if not isinstance(delimiter, str):
            raise Mistake(where, "wants a text as its delimiter")
        return delimiter.join(_as_text(item, where) for item in self._list(items, where))

    def _select(self, arguments: object, where: Where) -> object:
        index, items = self._arguments(arguments, 2, 2, where)
        text, choices = self._text(index, where), self._list(items, where)
        position = whole_number(text)
        if position is None or position >= len(choices):
            raise Mistake(where, f"cannot select index {text} of a list of {len(choices)}")
        return choices[position]

    def _split(self, arguments: object, where: Where) -> list[str]:
        delimiter, text = self._arguments(arguments, 2, 2, where)
        if not isinstance(delimiter, str) or not delimiter:
            raise Mistake(where, "wants a text as its delimiter")
        return self._text(text, where).split(delimiter)

    def _if(self, arguments: object, where: Where) -> object:
        return self._resolve(self._chosen(arguments, where), where)

    def _chosen(self, arguments: object, where: Where) -> object:
        condition, if_true, if_false = self._arguments(arguments, 3, 3, where)
        return if_true if self.holds(condition, where) else if_false

    def _find_in_map(self, arguments: object, where: Where) -> object:
        name, top, second, *fallback = self._arguments(arguments, 3, 4, where)
        keys = [self._text(part, where) for part in (name, top, second)]
        value: object = self._mappings
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                if fallback and isinstance(fallback[0], dict) and "DefaultValue" in fallback[0]:
                    return self._resolve(fallback[0]["DefaultValue"], where)
                raise Mistake(where, f"Mappings has no {'.'.join(keys)}; add it or give another key")
            value = value[key]
        return value

    def _base64(self, arguments: object, where: Where) -> str:
        return base64.b64encode(self._text(arguments, where).encode()).decode()

    def _length(self, arguments: object, where: Where) -> int:
        return len(self._list(arguments, where))

    def _to_json_string(self, arguments: object, where: Where) -> str:
        return json.dumps(self.resolve(arguments, where), separators=(",", ":"), ensure_ascii=False)

    def _without_dynamic_reference(self, text: str, where: Where) -> str:
        def value(match: re.Match[str]) -> str:
            # What is part of a longer text is a part of a name there, as in Fn::Sub.
            found = self._elsewhere(match[1], where if match[0] == text else (*where, "Fn::Sub"))
            if found is None:
                raise Unavailable(where, "a dynamic reference ({{resolve:...}}) can only be answered by AWS")
            return found

        return _DYNAMIC_REFERENCE.sub(value, text)

    def _arguments(self, arguments: object, least: int, most: int, where: Where) -> list[Any]:
        if not isinstance(arguments, list) or not least <= len(arguments) <= most:
            count = str(least) if least == most else f"{least} to {most}"
            raise Mistake(where, f"wants a list of {count}")
        return arguments

    def _list(self, value: object, where: Where) -> list[Any]:
        resolved = self._resolve(value, where)
        if not isinstance(resolved, list):
            raise Mistake(where, "wants a list")
        return resolved

    def _text(self, value: object, where: Where) -> str:
        return _as_text(self._resolve(value, where), where)


def scalar(value: object) -> str | None:
    """A number, truth value or text as CloudFormation writes it in text, or None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _of_macro(arguments: object) -> str:
    """Why a macro's result is not here, and what to do."""
    name = arguments.get("Name") if isinstance(arguments, dict) else None
    if name != "AWS::Include":
        return f"the macro {name} runs on AWS only; write out what it makes"
    return "what AWS::Include means is not on this machine; give a file beside the template as its Location"


def _as_text(value: object, where: Where) -> str:
    text = scalar(value)
    if text is None:
        kind = "nothing (AWS::NoValue or null)" if value in (_NO_VALUE, None) else f"a {type(value).__name__}"
        raise Mistake(where, f"wants a text but is given {kind}")
    return text


def _comparable(value: object) -> object:
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return scalar(value)
