"""Changes of a table's items by writes, and the records that a table's stream makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from landfast.sources.table_numbers import number

Item: TypeAlias = Mapping[str, Any]
"""An item in DynamoDB's JSON, binary values as base64 text."""

ViewType = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
EventName = Literal["INSERT", "MODIFY", "REMOVE"]


class ChangeRecord(msgspec.Struct, frozen=True, array_like=True):
    """A record of a table's stream.

    Attributes:
        index: The record's place in the stream, from 1.
        keys: The item's keys.
        old: The item as it was; None where the view type leaves it out, or where there was none.
        new: The item as it is now; None likewise.
        name: The event name: insertion, modification or removal.
        arrived: When, in Unix seconds.
        expired: True if DynamoDB itself has deleted the item, whose time to live was over.
    """

    index: int
    keys: dict[str, Any]
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    name: EventName
    arrived: float
    expired: bool = False


@dataclass(frozen=True, slots=True)
class ItemChange:
    """A change of an item by a committed write.

    Attributes:
        keys: The item's keys.
        old: The item before; None if there was none.
        new: The item now; None if there is none.
    """

    keys: Item
    old: Item | None
    new: Item | None


def as_kept(document: Any) -> Any:  # noqa: ANN401 - JSON
    """An item, or a call that has some, as DynamoDB keeps it.

    A member that is null is not there, and `number` says how numbers are written.
    """
    match document:
        case dict():
            return {name: _kept(name, each) for name, each in document.items() if each is not None}
        case [*members]:
            return [as_kept(each) for each in members]
        case _:
            return document


def is_same(old: Item | None, new: Item | None) -> bool:
    """Tell whether two images are one item to DynamoDB: sets have no order, and 1 and 1.0 are one number."""
    return old == new or (old is not None and new is not None and _unordered(as_kept(old)) == _unordered(as_kept(new)))


def _kept(kind: str, content: Any) -> Any:  # noqa: ANN401 - JSON
    """A member: where it has a number's type for its name it is a value, as an item's attribute is never a text."""
    if kind == "N" and isinstance(content, str):
        return number(content)
    if kind == "NS" and isinstance(content, list):
        return [number(each) if isinstance(each, str) else each for each in content]
    return as_kept(content)


def _unordered(document: Any) -> Any:  # noqa: ANN401 - an engine may hold what is no value of DynamoDB
    """The same with each set in one order."""
    match document:
        case {"SS": [*members]} | {"NS": [*members]} | {"BS": [*members]}:
            return [*document], sorted(map(str, members))
        case dict():
            return {name: _unordered(each) for name, each in document.items()}
        case [*members]:
            return [_unordered(each) for each in members]
        case _:
            return document


def event_name(change: ItemChange) -> EventName:
    """Name what was done to the item."""
    if change.old is None:
        return "INSERT"
    return "REMOVE" if change.new is None else "MODIFY"
