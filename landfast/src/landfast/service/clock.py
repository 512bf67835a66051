"""Time that runs faster than the wall clock's, so that waits of minutes take seconds."""

import time
from collections.abc import Callable


class Clock:
    """Seconds of Unix time that pass `speed` times as fast as real ones.

    The delivery machines and the journal see only this time; whatever really waits asks `until` how long. This is the
    one place that knows the speed.

    Attributes:
        speed: How many seconds pass in one real second.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        not_before: float = 0.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now, or at `not_before` if that is later: time never goes back for a restarted service."""
        self.speed = speed
        self._monotonic = monotonic
        self._wall_start = wall()
        self._monotonic_start = monotonic()
        self._start = max(self._wall_start, not_before)

    def now(self) -> float:
        """The time, in seconds."""
        return self._start + (self._monotonic() - self._monotonic_start) * self.speed

    def until(self, due: float) -> float:
        """Real seconds from now until `due`; 0 if it has passed."""
        return max(0.0, (due - self.now()) / self.speed)

    def real(self, seconds: float) -> float:
        """How many real seconds `seconds` take."""
        return seconds / self.speed

    def at(self, wall: float) -> float:
        """What this clock showed at the real Unix time `wall`, as engines write it on records and messages."""
        elapsed = wall - self._wall_start
        return self._start + elapsed * (self.speed if elapsed > 0 else 1.0)
