"""What stands still while a debugger holds a function."""

from landfast.service.clock import Clock
from landfast.service.loop import Loop, UnderWay


class Held:
    """Stops the clock, and keeps it from jumping; for one thread at a time."""

    def __init__(self, clock: Clock, loop: Loop, what: str) -> None:
        """`what` is told to whoever asks what is under way."""
        self._clock = clock
        self._loop = loop
        self._what = what
        self._under_way: UnderWay | None = None

    def set(self, on: bool) -> None:  # noqa: FBT001 - what a debugger tells
        """Stop, or go on."""
        if self._under_way is not None:
            self._under_way.end()
        self._under_way = self._loop.begin(self._what) if on else None
        self._clock.hold(self._what, on=on)
