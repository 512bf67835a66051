"""Times to live of tables that have a stream: when an item is over it is deleted, and its record says by whom.

The engines are not asked for it: one would delete past the streams, another one never.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from landfast.eventplane.ports import PlaneWorld, UnderWay
from landfast.eventplane.table_items import name_of
from landfast.sources.table_changes import Item, ItemChange
from landfast.sources.time_to_live import over_at

if TYPE_CHECKING:
    from landfast.driver import Plan

KIND: Final = "times to live"
_OWNER: Final = "tables"
_AGAIN: Final = 60.0  # seconds until an engine that gave no answer is asked once more


@dataclass(frozen=True, slots=True)
class Over:
    """An item that is over.

    Attributes:
        table: The table's name.
        keys: The item's keys.
        condition: The attribute that tells it, with its value: an item that was changed meanwhile is not deleted.
    """

    table: str
    keys: Item
    condition: Item


class TableExpiry:
    """Knows which items are over; everything runs in the driver's thread.

    Args:
        world: The world.

    Attributes:
        attributes: The names of the attributes, by tables that have a time to live.
        wake: Called where items are over, with what ends when they are deleted; `next` tells them.
    """

    def __init__(self, world: PlaneWorld) -> None:
        self._world = world
        self._keep = world.keeper(KIND, _OWNER)
        self.attributes = {table: content.decode() for _, table, content in world.rows(KIND)}
        self.wake: Callable[[UnderWay], object] = UnderWay.end
        self._plans: dict[str, dict[str, Plan]] = {}
        self._over: deque[Over] = deque()

    def set(self, table: str, attribute: str | None) -> None:
        """Give a table a time to live, or none any more."""
        self.forget(table)
        if attribute is None:
            self.attributes.pop(table, None)
        else:
            self.attributes[table] = attribute
        self._keep(table, None if attribute is None else attribute.encode())

    def forget(self, table: str) -> None:
        """Delete no items of a table, until it tells of them again."""
        for plan in self._plans.pop(table, {}).values():
            plan.cancel()

    def changed(self, table: str, changes: Iterable[ItemChange]) -> None:
        """Take in how items are now."""
        attribute = self.attributes.get(table)
        if attribute is None:
            return
        plans = self._plans.setdefault(table, {})
        for change in changes:
            name = name_of(change.keys)
            if (plan := plans.pop(name, None)) is not None:
                plan.cancel()
            due = None if change.new is None else over_at(change.new, attribute, self._world.now())
            if due is not None and change.new is not None:
                over = Over(table, change.keys, {attribute: change.new[attribute]})
                plans[name] = self._planned(name, over, due)

    def again(self, over: Over) -> None:
        """Try once more to delete an item, later, unless it was written meanwhile."""
        name, plans = name_of(over.keys), self._plans.setdefault(over.table, {})
        if name not in plans:
            plans[name] = self._planned(name, over, self._world.now() + _AGAIN)

    def next(self) -> Over | None:
        """Take one of the items that are over; None if there is none."""
        return self._over.popleft() if self._over else None

    def _planned(self, name: str, over: Over, due: float) -> "Plan":
        told = self._world.telling(lambda: f"the time to live of {over.table} {name}")
        return told.at(max(due, self._world.now()), lambda: self._due(name, over), background=True)

    def _due(self, name: str, over: Over) -> None:
        self._plans.get(over.table, {}).pop(name, None)
        self._over.append(over)
        if len(self._over) == 1:
            self.wake(self._world.begin("items whose time to live is over"))


def described(attribute: str | None) -> dict[str, Any]:
    """What `DescribeTimeToLive` tells."""
    if attribute is None:
        return {"TimeToLiveStatus": "DISABLED"}
    return {"TimeToLiveStatus": "ENABLED", "AttributeName": attribute}


def problem(specification: Mapping[str, Any], attribute: str | None) -> str | None:
    """Why AWS would refuse a table's time to live; None if it is sound.

    Args:
        specification: What is asked for.
        attribute: The attribute that tells it so far; None if the table has no time to live.
    """
    if not specification["Enabled"]:
        return "TimeToLive is already disabled" if attribute is None else None
    if attribute is None:
        return None
    if attribute == specification["AttributeName"]:
        return "TimeToLive is already enabled"
    return f"TimeToLive is active on a different AttributeName: current AttributeName is {attribute}"
