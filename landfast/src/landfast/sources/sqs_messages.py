"""The messages of a queue over time: which can be received, until when others are hidden, and when they expire."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from landfast.sources.rows import Keep, keep_nothing
from landfast.sources.sqs_line import Line
from landfast.sources.sqs_message import Message, restored

_STALE: Final = 1000
"""Plans for messages that are gone, before they are cleared away."""

_Plans: TypeAlias = list[tuple[float, int]]


class Messages:
    """Holds messages, each of them visible, in flight or delayed.

    Args:
        fifo: True if groups keep their order.
        retention: Seconds for which each is kept.
        keep: Keeps the rows of each message.

    Attributes:
        in_flight: The number of messages that were received and are still hidden.
        delayed: The number of messages that wait for their first delivery.
    """

    def __init__(self, *, fifo: bool, retention: float, keep: Keep) -> None:
        self._fifo = fifo
        self._retention = retention
        self._keep = keep
        self._is_kept = keep is not keep_nothing
        self._stored: dict[int, Message] = {}
        self._line = Line(fifo=fifo)
        self._hidden: _Plans = []
        self._awaited: _Plans = []
        self._ages: _Plans = []
        self.in_flight = 0
        self.delayed = 0

    def __len__(self) -> int:
        """Tell how many there are."""
        return len(self._stored)

    def __iter__(self) -> Iterator[Message]:
        """All of them in the order of sending."""
        return iter(self._stored.values())

    def get(self, number: int) -> Message | None:
        """One of them; None if it is gone."""
        return self._stored.get(number)

    @property
    def retention(self) -> float:
        """Seconds for which each is kept."""
        return self._retention

    @retention.setter
    def retention(self, seconds: float) -> None:
        """Change it, for all that are here as well."""
        if seconds != self._retention:
            self._retention = seconds
            self._ages = [(message.kept_from, message.number) for message in self]
            heapq.heapify(self._ages)

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Take back what was kept; nobody has it in hand but clients of the API, so all else is waited for."""
        for number in sorted(int(key[1:]) for key in rows if key[0] == "m"):
            message = restored(number, rows[f"m{number}"], rows.get(f"s{number}"))
            message.awaited = not message.outside
            self._enter(message)

    def add(self, message: Message) -> None:
        """Take a message in; it is delayed if it is hidden."""
        self._enter(message)
        if self._is_kept:
            self._keep(f"m{message.number}", message.content())
            if message.hidden_until is not None or message.receives:
                self.keep_state(message)

    def take(self, room: int, give_up: Callable[[Message], bool]) -> list[Message]:
        """Take up to `room` messages whose turn it is; each must then be hidden.

        Args:
            room: The number of messages that may be in flight.
            give_up: Tells of a message that it is to be forgotten instead.
        """
        line, stored = self._line, self._stored
        taken: list[Message] = []
        while line and len(taken) < room:
            found = line.take()
            if found is None:
                continue
            number, group = found
            message = stored.get(number)
            if message is None:
                line.leave(group, hidden=False)
            elif give_up(message):
                self.forget(message)
            else:
                taken.append(message)
                line.offer(group)
        return taken

    def hide(self, message: Message, until: float) -> None:
        """Hide a message until then, whether it is hidden already or not."""
        if message.hidden_until is None:
            self.in_flight += 1
            self._line.hide(message.group)
        message.hidden_until = until
        self.plan(message)
        self.keep_state(message)

    def offer(self, messages: Iterable[Message]) -> None:
        """Let the groups of messages that were hidden have their turn again."""
        for group in {message.group for message in messages}:
            self._line.offer(group)

    def plan(self, message: Message) -> None:
        """Plan when a hidden message becomes visible, after that or whether it is waited for has changed."""
        if message.hidden_until is not None:
            plans = self._awaited if message.awaited else self._hidden
            heapq.heappush(plans, (message.hidden_until, message.number))
            if len(plans) > _STALE + 2 * len(self._stored):
                plans[:] = filter(self._is_hidden, plans)
                heapq.heapify(plans)

    def keep_state(self, message: Message) -> None:
        """Keep the row of what has become of a message."""
        if self._is_kept:
            message.has_state = True
            self._keep(f"s{message.number}", message.state())

    def forget(self, message: Message) -> Message:
        """Forget a message, which is returned."""
        number, group = message.number, message.group
        del self._stored[number]
        if message.is_delayed:
            self.delayed -= 1
        else:
            hidden = message.hidden_until is not None
            self.in_flight -= hidden
            self._line.leave(group, hidden=hidden)
        if self._is_kept:
            self._keep(f"m{number}", None)
            if message.has_state:
                self._keep(f"s{number}", None)
        return message

    def clear(self) -> list[Message]:
        """Forget all of them, which are returned."""
        messages = [*map(self.forget, [*self])]
        self._line = Line(fifo=self._fifo)
        return messages

    def is_blocked(self, group: str) -> bool:
        """Tell whether messages of the group have to wait for one that is in flight (S-99)."""
        return self._line.is_blocked(group)

    @property
    def blocked_groups(self) -> int:
        """The number of groups that have to wait for a message that is in flight (S-99)."""
        return self._line.blocked

    def oldest(self) -> float | None:
        """From when on the retention of the message counts that is here for longest."""
        while self._ages and self._ages[0][1] not in self._stored:
            heapq.heappop(self._ages)
        return self._ages[0][0] if self._ages else None

    def due(self) -> float | None:
        """When the next message becomes visible or expires."""
        oldest = self.oldest()
        times = [] if oldest is None else [oldest + self._retention]
        times += [plans[0][0] for plans in (self._hidden, self._awaited) if self._first(plans)]
        return min(times, default=None)

    def is_due_before(self, time: float) -> bool:
        """Tell whether anything is planned before then, perhaps for a message that is gone."""
        hidden, awaited, ages = self._hidden, self._awaited, self._ages
        return (
            (bool(hidden) and hidden[0][0] < time)
            or (bool(awaited) and awaited[0][0] < time)
            or (bool(ages) and ages[0][0] + self._retention < time)
        )

    def awaited(self) -> float | None:
        """When the next message becomes visible that somebody waits for."""
        return self._awaited[0][0] if self._first(self._awaited) else None

    def advance(self, now: float) -> list[Message]:
        """Let time pass: messages become visible or expire, and those that expire are returned.

        What is in flight when its retention ends expires when it would become visible.
        """
        expired: list[Message] = []
        while plans := self._next_plans(now):
            plan = heapq.heappop(plans)
            if self._is_hidden(plan):
                message = self._stored[plan[1]]
                if self._is_old(message, now):
                    expired.append(self.forget(message))
                else:
                    self._show(message)
        while self._ages and self._ages[0][0] + self._retention <= now:
            old = self._stored.get(heapq.heappop(self._ages)[1])
            if old is not None and old.hidden_until is None:
                expired.append(self.forget(old))
        return expired

    def _enter(self, message: Message) -> None:
        self._stored[message.number] = message
        heapq.heappush(self._ages, (message.kept_from, message.number))
        if len(self._ages) > _STALE + 2 * len(self._stored):
            self._ages = [age for age in self._ages if age[1] in self._stored]
            heapq.heapify(self._ages)
        if message.hidden_until is None:
            self._line.show(message.number, message.group)
            return
        if message.is_delayed:
            self.delayed += 1
        else:
            self.in_flight += 1
            self._line.hide(message.group)
        self.plan(message)

    def _show(self, message: Message) -> None:
        if message.is_delayed:
            self.delayed -= 1
        else:
            self.in_flight -= 1
            self._line.leave(message.group, hidden=True)
        message.hidden_until = None
        self._line.show(message.number, message.group)

    def _next_plans(self, now: float) -> _Plans | None:
        """The plans whose first is due, and due first."""
        hidden, awaited = self._hidden, self._awaited
        first = awaited if awaited and not (hidden and hidden[0] < awaited[0]) else hidden
        return first if first and first[0][0] <= now else None

    def _first(self, plans: _Plans) -> bool:
        """Tell whether any of the plans still holds; the first one then does."""
        while plans and not self._is_hidden(plans[0]):
            heapq.heappop(plans)
        return bool(plans)

    def _is_hidden(self, plan: tuple[float, int]) -> bool:
        message = self._stored.get(plan[1])
        return message is not None and message.hidden_until == plan[0]

    def _is_old(self, message: Message, now: float) -> bool:
        return message.kept_from + self._retention <= now
