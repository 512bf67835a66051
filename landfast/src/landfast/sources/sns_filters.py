"""Filter policies of subscriptions: which messages of a topic an endpoint gets.

Of attributes a policy sees `String`, `String.Array` (the elements of its JSON) and `Number`, never `Binary`. Of a body
it sees the JSON object; a body that is none passes no policy.

Sources: Amazon SNS Developer Guide, "Amazon SNS subscription filter policies", "String value matching", "Numeric value
matching" and "Filter policy constraints". The texts of refusals were recorded by LocalStack
(``tests/aws/services/sns/test_sns_filter_policy.py``).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from landfast.delivery.patterns import Dialect, Matcher, PatternError, compiled
from landfast.delivery.strict_json import NotJsonError, read_json, text_size

Scope = Literal["MessageAttributes", "MessageBody"]

SCOPES: Final[tuple[Scope, ...]] = ("MessageAttributes", "MessageBody")
MOST_KEYS: Final = 5
MOST_COMBINATIONS: Final = 150
LARGEST: Final = 256 * 1024
"""Bytes of a policy."""

Policy: TypeAlias = Callable[[str, Mapping[str, Any]], bool]
"""Tells whether a message passes, by its body, and its attributes in the form of the API."""

_BODY: Final = Dialect(nested_case=False, equal_numbers=True)
_ATTRIBUTES: Final = Dialect(nested_case=False, equal_numbers=True, unlike_all=True)


def policy(document: str, scope: Scope) -> Policy | None:
    """Compile a `FilterPolicy`; None for one that lets everything pass.

    Args:
        document: The attribute's value: JSON text, or nothing.
        scope: The part of a message that the policy looks at.

    Raises:
        PatternError: SNS refuses it.
    """
    if text_size(document) > LARGEST:
        raise PatternError(f"FilterPolicy: Filter policy can not be larger than {LARGEST} bytes")
    try:
        pattern = read_json(document or "{}")
    except NotJsonError:
        raise PatternError("FilterPolicy: failed to parse JSON.") from None
    if not isinstance(pattern, dict):
        raise PatternError("FilterPolicy: Filter policy must be an object")
    if not pattern:
        return None
    _check(pattern, scope)
    try:
        matches = compiled(pattern, _BODY if scope == "MessageBody" else _ATTRIBUTES)
    except PatternError as error:
        raise PatternError(f"FilterPolicy: {error}") from None
    return _of_body(matches) if scope == "MessageBody" else _of_attributes(matches)


def _of_body(matches: Matcher) -> Policy:
    def passes(body: str, attributes: Mapping[str, Any]) -> bool:
        del attributes
        try:
            value = read_json(body)
        except NotJsonError:
            return False
        return isinstance(value, dict) and matches(value)

    return passes


def _of_attributes(matches: Matcher) -> Policy:
    def passes(body: str, attributes: Mapping[str, Any]) -> bool:
        del body
        return matches({name: value for name, given in attributes.items() for value in _seen(given)})

    return passes


def _seen(attribute: Mapping[str, Any]) -> list[object]:
    """The attribute's value as a policy sees it, in a list; an empty one if it is not seen."""
    kind, text = attribute["DataType"], attribute.get("StringValue", "")
    if kind == "String.Array":
        return [_elements(text)]
    match kind.partition(".")[0]:
        case "String":
            return [text]
        case "Number":
            return [float(text)]
    return []


def _elements(text: str) -> object:
    """Return the elements of an array; a text that is no array counts as one."""
    try:
        value = read_json(text)
    except NotJsonError:
        return text
    return value if isinstance(value, list) else text


def _check(pattern: Mapping[str, Any], scope: Scope) -> None:
    """Hold a policy to SNS's limits, which the patterns of other services don't have."""
    if len(pattern) > MOST_KEYS:
        raise PatternError(f"FilterPolicy: Filter policy can not have more than {MOST_KEYS} keys")
    if scope == "MessageAttributes" and _is_nested(pattern):
        raise PatternError("Filter policy scope MessageAttributes does not support nested filter policy")
    if _combinations(pattern) > MOST_COMBINATIONS:
        raise PatternError("FilterPolicy: Filter policy is too complex")


def _is_nested(pattern: Mapping[str, Any]) -> bool:
    options = pattern.get("$or")
    alternatives = [each for each in options if isinstance(each, Mapping)] if isinstance(options, list) else []
    return any(isinstance(value, Mapping) for value in pattern.values()) or any(map(_is_nested, alternatives))


def _combinations(pattern: Mapping[str, Any], depth: int = 1, product: int = 1) -> int:
    """The product of what each array has times its depth; the branches of `$or` are added up."""
    for key, value in pattern.items():
        if isinstance(value, Mapping):
            product = _combinations(value, depth + 1, product)
        elif key == "$or" and isinstance(value, list):
            product = sum(_combinations(each, depth, product) for each in value if isinstance(each, Mapping)) or product
        elif isinstance(value, list):
            product *= max(1, len(value)) * depth
    return product
