"""How time passes: the clock's mode, what is due next, and jumps to it."""

from collections.abc import Callable, Iterable
from http import HTTPStatus

import msgspec

from landfast.console.context import Context
from landfast.console.routes import Asked, Problem, Route
from landfast.service.clock import Mode
from landfast.service.state import ServiceError
from landfast.service.timing import Timing


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """How time is to pass: the mode, and how many times faster in the mode ``fast``."""

    mode: Mode
    speed: float = 60.0


class Moment(msgspec.Struct, forbid_unknown_fields=True):
    """Where time is to jump: a Unix time, or to what is due next without one."""

    to: float | None = None


class ClockPart:
    """Answers what the clock shows, and changes how it runs."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Iterable[Route]:
        """The routes of this part."""
        yield Route("GET", "/clock", self._told)
        yield Route("POST", "/clock", self._run)
        yield Route("POST", "/clock/hold", self._hold)
        yield Route("POST", "/clock/jump", self._jump)
        yield Route("POST", "/clock/step", self._step)

    async def _told(self, asked: Asked) -> Timing:
        del asked
        return await self._after(lambda: None)

    async def _run(self, asked: Asked) -> Timing:
        wanted = asked.read(Wanted)
        return await self._after(lambda: self._context.service.run_clock(wanted.mode, wanted.speed))

    async def _hold(self, asked: Asked) -> Timing:
        del asked
        return await self._after(self._context.service.hold)

    async def _jump(self, asked: Asked) -> Timing:
        to = asked.read(Moment).to
        return await self._after(lambda: self._jumped(self._context.service.jump(to)))

    async def _step(self, asked: Asked) -> Timing:
        del asked
        return await self._after(lambda: self._jumped(self._context.service.step()))

    @staticmethod
    def _jumped(to: float | None) -> None:
        if to is None:
            raise Problem(HTTPStatus.CONFLICT, "nothing is planned that anybody waits for: time has nowhere to jump")

    async def _after(self, change: Callable[[], None]) -> Timing:
        """What the clock shows after a change.

        Raises:
            Problem: It cannot be made.
        """
        service = self._context.service

        def changed() -> Timing:
            change()
            return service.timing()

        try:
            return await self._context.driver(changed)
        except ServiceError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
