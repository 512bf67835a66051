"""The one clock of machines and journal: real time, time that passes faster, or time that skips waits."""

import time
from collections.abc import Callable


class Clock:
    """Seconds of Unix time.

    The delivery machines and the journal see only this time; whatever really waits asks `until` how long. This is the
    one place that knows the speed, and what was skipped.

    Attributes:
        speed: The seconds that pass in one real second.
        skips: True if time jumps to what is due next as soon as everything rests (`Loop`).
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        skips: bool = False,
        not_before: float = 0.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now, or at `not_before` if that is later: time never goes back for a restarted service."""
        self.speed = speed
        self.skips = skips
        self._monotonic = monotonic
        self._monotonic_start = monotonic()
        self._wall_start = wall()
        self._start = max(self._wall_start, not_before)
        self._skipped = 0.0
        self._held: tuple[float, float | None] = (0.0, None)  # how long so far, and since when now

    def hold(self, *, on: bool) -> None:
        """Let time stand from now on, or go on; a debugger holds a function meanwhile."""
        held, since = self._held
        if on and since is None:
            self._held = (held, self._monotonic())
        elif not on and since is not None:
            self._held = (held + self._monotonic() - since, None)

    def now(self) -> float:
        """The time, in seconds."""
        held, since = self._held
        passed = (self._monotonic() if since is None else since) - held - self._monotonic_start
        return self._start + self._skipped + passed * self.speed

    def until(self, due: float) -> float:
        """Real seconds from now until `due`; 0 if it has passed."""
        return max(0.0, (due - self.now()) / self.speed)

    def skip_to(self, due: float) -> None:
        """Jump to the time `due`; never back."""
        self._skipped += max(0.0, due - self.now())

    def real(self, seconds: float) -> float:
        """Count the real seconds that `seconds` take."""
        return seconds / self.speed

    def at(self, wall: float) -> float:
        """Return this clock's time at the real Unix time `wall`, as engines write it on records and messages."""
        elapsed = wall - self._wall_start - self._held[0]
        return self._start + elapsed * (self.speed if elapsed > 0 else 1.0)
