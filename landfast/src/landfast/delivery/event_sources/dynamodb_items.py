"""Items of DynamoDB in its own JSON: how they are written, what they weigh, and what is none."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from landfast.delivery.event_sources.scenario_records import UnacceptableError, at_most
from landfast.delivery.strict_json import text_size

LARGEST_ITEM: Final = 400 * 1024
"""Bytes of an item, its names included."""

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DEEPEST: Final = 32
_SCALARS: Final[Mapping[str, Callable[[object], bool]]] = {
    "S": lambda value: isinstance(value, str),
    "N": lambda value: isinstance(value, str) and _NUMBER.fullmatch(value) is not None,
    "B": lambda value: isinstance(value, str) and _is_base64(value),
    "BOOL": lambda value: isinstance(value, bool),
    "NULL": lambda value: value is True,
}
_SETS: Final = {"SS": "S", "NS": "N", "BS": "B"}


def attribute_size(value: Mapping[str, Any]) -> int:  # noqa: PLR0911 - one rule for each type
    """Bytes of a DynamoDB attribute value by its item-size rules (S-85)."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "N":
            return (len(content.lstrip("-").replace(".", "").lstrip("0")) + 1) // 2 + 1
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(attribute_size({kind[0]: item}) for item in content)
        case "L":
            return 3 + sum(attribute_size(item) + 1 for item in content)
        case _:
            return 3 + sum(len(name.encode()) + attribute_size(item) + 1 for name, item in content.items())


def change_size(change: Mapping[str, Any]) -> int:
    """``SizeBytes`` of a change: the sum over its keys and images (S-85)."""
    parts = (change.get(part) or {} for part in ("Keys", "NewImage", "OldImage"))
    return sum(len(name.encode()) + attribute_size(value) for part in parts for name, value in part.items())


def typed(image: Mapping[str, object]) -> bool:
    """Tell whether an object is an item in DynamoDB's own words, with a type for each value."""
    types = {*_SCALARS, *_SETS, "L", "M"}
    return bool(image) and all(
        isinstance(value, dict) and len(value) == 1 and value.keys() <= types for value in image.values()
    )


def plain_image(payload: object) -> dict[str, object]:
    """An item made of plain JSON; of what is no object its only attribute is called ``value``."""
    given = payload if isinstance(payload, dict) else {"value": payload}
    return {str(name): _attribute(value, 1) for name, value in given.items()}


def _attribute(value: object, depth: int) -> dict[str, object]:
    """A plain value as a DynamoDB attribute."""
    _check_depth("data", depth)
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": f"{value}"}
        case list():
            return {"L": [_attribute(item, depth + 1) for item in value]}
        case dict():
            return {"M": {str(key): _attribute(item, depth + 1) for key, item in value.items()}}
        case _:
            return {"S": str(value)}


def check_image(field: str, image: object, key: str) -> None:
    """Refuse what is no item, or too large for one; `key` is added where the item does not name it.

    Raises:
        UnacceptableError: It names the field.
    """
    if not isinstance(image, dict):
        raise UnacceptableError(field, "is not an item")
    for name, value in image.items():
        _check_attribute(f"{field}.{name}", value, 1)
    size = sum(text_size(name) + attribute_size(value) for name, value in image.items())
    if key and "id" not in image:
        size += len("id") + text_size(key)
    at_most(size, LARGEST_ITEM, "a DynamoDB item", field)


def _check_attribute(field: str, value: object, depth: int) -> None:
    """Refuse what is no attribute value: an object of one type and its content."""
    _check_depth(field, depth)
    match value:
        case {"L": list(items), **rest} if not rest:
            members = [*items]
        case {"M": dict(items), **rest} if not rest:
            members = [*items.values()]
        case dict() if len(value) == 1 and _is_scalar(value):
            members = []
        case _:
            raise UnacceptableError(field, 'is not an attribute value, such as {"S": "text"}')
    for member in members:
        _check_attribute(field, member, depth + 1)


def _is_scalar(value: Mapping[str, object]) -> bool:
    [(kind, content)] = value.items()
    if kind in _SETS:
        return isinstance(content, list) and bool(content) and all(map(_SCALARS[_SETS[kind]], content))
    return kind in _SCALARS and _SCALARS[kind](content)


def _check_depth(field: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise UnacceptableError(field, f"a DynamoDB item is nested at most {_DEEPEST} levels deep")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
