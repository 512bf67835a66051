"""The one clock of machines and journal: real time, time that passes faster, or time that skips waits."""

import math
import threading
import time
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

SLOWEST: Final = 0.01
FASTEST: Final = 100_000
"""More than a day in a second: timers could not keep up."""

Mode: TypeAlias = Literal["real", "fast", "skip"]
"""How time passes: as it really does, so many times faster, or with jumps over waits."""


class Clock:
    """Seconds of Unix time, which never go back; safe to share between threads.

    The delivery machines and the journal see only this time; whatever really waits asks `until` how long. This is the
    one place that knows the speed, what was skipped, and how long time stood.

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
        self._holders: set[str] = set()
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._time = max(wall(), not_before)
        self._since = monotonic()  # when it was `_time`, in real seconds

    @property
    def mode(self) -> Mode:
        """How time passes."""
        if self.skips:
            return "skip"
        return "real" if self.speed == 1.0 else "fast"

    @property
    def is_held(self) -> bool:
        """True if time stands."""
        return bool(self._holders)

    def run(self, speed: float, *, skips: bool) -> None:
        """Let time pass in another way from now on."""
        with self._lock:
            self._rebase()
            self.speed = speed
            self.skips = skips

    def hold(self, by: str, *, on: bool) -> None:
        """Let time stand from now on, or go on as soon as nobody else holds it.

        Args:
            by: Who holds it: a debugger that holds a function, or whoever looks at the service.
            on: True to let it stand.
        """
        with self._lock:
            self._rebase()
            (self._holders.add if on else self._holders.discard)(by)

    def now(self) -> float:
        """The time, in seconds."""
        with self._lock:
            return self._at(self._monotonic())

    def until(self, due: float) -> float:
        """Real seconds from now until `due`: 0 if it has passed, infinitely many while time stands."""
        left = max(0.0, due - self.now())
        return math.inf if left and self._holders else left / self.speed

    def skip_to(self, due: float) -> None:
        """Jump to the time `due`, also while time stands; never back."""
        with self._lock:
            self._rebase()
            self._time = max(self._time, due)

    def _at(self, real: float) -> float:
        passed = 0.0 if self._holders else real - self._since
        return self._time + passed * self.speed

    def _rebase(self) -> None:
        """Count from now on; with the lock held, before anything changes by which time passes."""
        real = self._monotonic()
        self._time, self._since = self._at(real), real
