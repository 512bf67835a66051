"""Signals that end a run: they come up only where they can do no harm, and there once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHELLS = 128


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end.

    Attributes:
        status: The exit status that shells expect, 128 and the signal's number.
        is_regular: True if it is how people and service managers end a service, and not the loss of its terminal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = _SHELLS + number
        self.is_regular = number in {signal.SIGINT, signal.SIGTERM}


class Interrupts:
    """Remembers the first signal that asks for the end; raises it in sections that allow that.

    An exception in the middle of starting or stopping something would leave it behind, half started or half stopped.
    So whatever makes or ends processes runs outside of such sections, and whatever waits for long runs inside.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._allowed = False

    def install(self) -> None:
        """Take the signals over; to be called in the main thread.

        SIGINT is taken even if it was ignored, as a shell does to its background jobs, since `landfast down` and
        service managers may send it; an ignored SIGHUP stays ignored, since that is what nohup is for.
        """
        for number in _ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._take)

    def arrived(self) -> Interrupted | None:
        """The signal that has asked for the end, if one has."""
        return None if self._number is None else Interrupted(self._number)

    def check(self) -> None:
        """Raise what has arrived.

        Raises:
            Interrupted: A signal has.
        """
        signalled = self.arrived()
        if signalled is not None:
            raise signalled

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """A section that a signal may break off at any point.

        Raises:
            Interrupted: One arrived before or within.
        """
        self._allowed = True
        try:
            self.check()
            yield
        finally:
            self._allowed = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._number is None:
            self._number = number
        if self._allowed:
            self._allowed = False
            raise Interrupted(self._number)
