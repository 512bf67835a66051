"""Changes of a table's items by writes, and the records that a table's stream makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

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


def is_same(old: Item | None, new: Item | None) -> bool:
    """Tell whether two images are one item to DynamoDB: sets have no order, and 1 and 1.0 are one number."""
    return old == new or (old is not None and new is not None and _plain({"M": old}) == _plain({"M": new}))


def _plain(value: Item) -> object:
    """A value of DynamoDB's JSON, so that equal values are equal."""
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return kind, Decimal(content)
        case "NS":
            return kind, frozenset(map(Decimal, content))
        case "SS" | "BS":
            return kind, frozenset(content)
        case "L":
            return kind, [_plain(item) for item in content]
        case "M":
            return kind, {name: _plain(item) for name, item in content.items()}
        case _:
            return kind, content


def event_name(change: ItemChange) -> EventName:
    """Name what was done to the item."""
    if change.old is None:
        return "INSERT"
    return "REMOVE" if change.new is None else "MODIFY"
