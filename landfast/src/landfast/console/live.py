"""The state that the page always has: one message, sent to every open page when it has changed."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec

from landfast.console.context import Context
from landfast.service.clock import Mode

_BETWEEN = 0.25
"""Real seconds between two looks, while a page is open."""

_JUMP = 0.5
"""Real seconds by which the clock of a page may be wrong."""

_SILENCE = 15.0
"""Real seconds after which a line is sent though nothing has changed, to learn whether the page is still there."""


class ClockState(msgspec.Struct, frozen=True):
    """The clock.

    Attributes:
        mode: The mode.
        speed: The seconds that pass in one real second.
        held: True if time stands.
        now: The time, in Unix seconds.
    """

    mode: Mode
    speed: float
    held: bool
    now: float


class State(msgspec.Struct, frozen=True):
    """The state of a running service, in small.

    Attributes:
        journal: The number of the journal's newest entry: what a view has read before it has changed may be old.
        clock: The clock.
        failures: The number of failures in all stores; None as long as it is not known.
    """

    journal: int
    clock: ClockState
    failures: int | None


class Live:
    """Looks at the service for all pages together, and only while one is open.

    Args:
        context: The service.
        failures: Counts the failures, without making anybody wait.
    """

    def __init__(self, context: Context, failures: Callable[[], Awaitable[int | None]]) -> None:
        self._context = context
        self._failures = failures
        self._pages: set[asyncio.Event] = set()
        self._newest: tuple[int, bytes] = (0, b"")
        self._looking: asyncio.Task[None] | None = None

    async def messages(self) -> AsyncGenerator[bytes, None]:
        """Yield the state as JSON, at once and whenever it has changed; empty texts while it does not change."""
        changed = asyncio.Event()
        self._pages.add(changed)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            seen = 0
            while True:
                number, message = self._newest
                if message and number > seen:
                    seen = number
                    yield message
                changed.clear()
                try:
                    async with asyncio.timeout(_SILENCE):
                        await changed.wait()
                except TimeoutError:
                    yield b""
        finally:
            self._pages.discard(changed)
            if not self._pages and self._looking is not None:
                looking, self._looking = self._looking, None
                self._newest = (self._newest[0], b"")  # whoever opens a page later is not told what was
                looking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await looking

    async def _look(self) -> None:
        last: State | None = None
        begun = 0.0
        while True:
            state = await self._state()
            clock = state.clock
            runs_since = clock.now - (0.0 if clock.held else clock.speed * time.monotonic())
            told = msgspec.structs.replace(state, clock=msgspec.structs.replace(clock, now=0.0))
            # A clock that only runs on is nothing new: every page counts that itself.
            if told != last or abs(runs_since - begun) > _JUMP * clock.speed:
                last, begun = told, runs_since
                self._newest = (self._newest[0] + 1, msgspec.json.encode(state))
                for page in self._pages:
                    page.set()
            await asyncio.sleep(_BETWEEN)

    async def _state(self) -> State:
        service = self._context.service
        clock = service.clock
        return State(
            journal=await self._context.apart(service.store.newest),
            clock=ClockState(clock.mode, clock.speed, clock.is_held, clock.now()),
            failures=await self._failures(),
        )
