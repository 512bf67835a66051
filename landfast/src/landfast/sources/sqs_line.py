"""The order in which a queue hands out its visible messages: by groups (S-99), by tenants (S-134), else by sending.

Messages of one queue are in the order of sending (U-28). A group of a FIFO queue gives nothing while a message of it is
in flight. A standard queue first hands out the messages of those tenants that have the fewest in flight; a message
without a group is a tenant of its own. (SQS itself calls a tenant noisy from about 30 messages and a tenth of all that
are in flight; what runs locally is smaller. SQS guide, "How Amazon SQS fair queues work".)
"""

import heapq
from typing import Final

import msgspec

_STALE: Final = 1000
"""Places in the line that nobody holds any more, before they are cleared away."""


class _Group(msgspec.Struct, gc=False):
    """Messages with one message group id.

    Attributes:
        visible: Heap of the numbers of what can be received.
        hidden: The number of messages in flight.
        offered: The group's place among those that can be received from: how busy it is, and its first message.
    """

    visible: list[int]
    hidden: int = 0
    offered: tuple[int, int] | None = None


class Line:
    """The visible messages of a queue.

    Args:
        fifo: True if groups keep their order.
    """

    def __init__(self, *, fifo: bool) -> None:
        self._fifo = fifo
        self._groups: dict[str, _Group] = {}
        self._heads: list[tuple[tuple[int, int], str]] = []

    def __bool__(self) -> bool:
        """Tell whether there may be something to take."""
        return bool(self._heads)

    def show(self, number: int, group: str) -> None:
        """A message can be received."""
        place = self._groups.get(group)
        if place is None:
            place = self._groups[group] = _Group([])
        heapq.heappush(place.visible, number)
        self._offer(group, place)

    def take(self) -> tuple[int, str] | None:
        """Take the first message of the group whose turn it is; None if the group has changed since it was offered.

        The group must be offered again when it is known what becomes of the message.
        """
        place, key = heapq.heappop(self._heads)
        group = self._groups.get(key)
        if group is None or group.offered != place:
            return None
        group.offered = None
        return heapq.heappop(group.visible), key

    def offer(self, key: str) -> None:
        """Give a group its place in the line, as busy as it now is."""
        group = self._groups.get(key)
        if group is not None:
            self._offer(key, group)

    def hide(self, key: str) -> None:
        """A message of the group is in flight from now on."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group([])
        group.hidden += 1

    def leave(self, key: str, *, hidden: bool) -> None:
        """A message of the group is gone or, if it was in flight, visible again."""
        group = self._groups.get(key)
        if group is None:
            return
        group.hidden -= hidden
        if group.hidden or group.visible:
            self._offer(key, group)
        else:
            del self._groups[key]

    @property
    def blocked(self) -> int:
        """The number of groups whose order forbids to hand out more of them now (S-99)."""
        return sum(group.hidden > 0 for group in self._groups.values()) if self._fifo else 0

    def is_blocked(self, key: str) -> bool:
        """Tell whether the group's order forbids to hand out more of it now (S-99)."""
        return self._fifo and key in self._groups and self._groups[key].hidden > 0

    def _offer(self, key: str, group: _Group) -> None:
        hidden, visible = group.hidden, group.visible
        place = ((hidden if key else 0), visible[0]) if visible and not (hidden and self._fifo) else None
        if place != group.offered:
            group.offered = place
            if place is not None:
                heapq.heappush(self._heads, (place, key))
        if len(self._heads) > _STALE + 2 * len(self._groups):
            self._heads = [(group.offered, key) for key, group in self._groups.items() if group.offered]
            heapq.heapify(self._heads)
