"""The number of a queue's batches that are handled at once (S-93, S-100, S-102, S-103).

A standard queue's mapping starts small and grows while all it has is in use. A function error takes half of it back,
down to the start; partial failures and throttles take nothing, but nothing grows while a throttled batch waits. A FIFO
queue bounds itself by its active groups, so its mapping may use all of its maximum at once.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

import math
from dataclasses import dataclass, field
from typing import Final

START: Final = 5
GROWTH: Final = 300
MAXIMUM: Final = 1250
PROVISIONED_GROWTH: Final = 1000
INVOCATIONS_PER_POLLER: Final = 10


@dataclass(frozen=True, slots=True)
class Scale:
    """The bounds of a mapping's concurrency.

    Attributes:
        start: Concurrent batches at first, and when idle.
        maximum: Concurrent batches at most.
        per_minute: By how many it grows in a minute.
    """

    start: int = START
    maximum: int = MAXIMUM
    per_minute: int = GROWTH


def on_demand(*, fifo: bool, maximum_concurrency: int | None) -> Scale:
    """The bounds without provisioned pollers."""
    maximum = MAXIMUM if maximum_concurrency is None else maximum_concurrency
    return Scale(start=maximum if fifo else min(START, maximum), maximum=maximum)


def provisioned(minimum_pollers: int, maximum_pollers: int) -> Scale:
    """The bounds with provisioned pollers."""
    return Scale(
        start=minimum_pollers * INVOCATIONS_PER_POLLER,
        maximum=maximum_pollers * INVOCATIONS_PER_POLLER,
        per_minute=PROVISIONED_GROWTH,
    )


@dataclass(slots=True)
class Scaling:
    """A mapping's concurrency over time.

    Attributes:
        scale: The scaling's bounds.
        capacity: Batches it may handle at once now.
    """

    scale: Scale
    capacity: int = field(init=False)
    _grows_at: float | None = field(init=False, default=None)
    _used_up: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.capacity = self.scale.start

    def due(self) -> float | None:
        """When the capacity grows next, if it goes on being used up."""
        return self._grows_at

    def advance(self, now: float) -> None:
        """Grow by what is due, if all was in use at any time since it last grew: between two batches it never is."""
        if self._grows_at is None or now < self._grows_at:
            return
        if self._used_up:
            steps = 1 + math.floor((now - self._grows_at) / self._interval)
            self.capacity = min(self.scale.maximum, self.capacity + steps)
        self._grows_at = now + self._interval if self._used_up and self.capacity < self.scale.maximum else None
        self._used_up = False

    def observe(self, *, used_up: bool, now: float) -> None:
        """Note whether all of the capacity is in use: only then it grows."""
        self._used_up |= used_up
        if used_up and self._grows_at is None and self.capacity < self.scale.maximum:
            self._grows_at = now + self._interval

    def failed(self) -> None:
        """A function error: poll less (S-93)."""
        self.capacity = max(self.scale.start, self.capacity // 2)

    def idle(self) -> None:
        """Nothing to do: shrink to the start."""
        self.capacity = self.scale.start

    @property
    def _interval(self) -> float:
        return 60 / self.scale.per_minute
