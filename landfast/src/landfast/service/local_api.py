"""What the tool's own commands and tests ask of a running service, below ``/_landfast/`` of its endpoint."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

from landfast.eventplane.passing import Driver
from landfast.protocols import Response
from landfast.service.loop import Loop

PREFIX = "/_landfast/"
"""Where these paths begin; no service of AWS has such a one."""

SETTLE = f"{PREFIX}settle"
LONGEST = 3_600.0
DEFAULT = 60.0
"""Real seconds that `settle` waits."""


class LocalApi:
    """Answers these requests.

    Args:
        loop: Knows whether everything rests.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    async def answer(self, method: str, target: str, driver: Driver) -> Response:
        """The response to one request; its content is JSON.

        ``POST /_landfast/settle?timeout=60`` answers ``{"settled": true}`` with status 200 as soon as nothing is under
        way and nothing is planned; or, after so many real seconds, 504 and ``{"settled": false, "reason": ...}``.
        """
        parts = urlsplit(target)
        if parts.path != SETTLE:
            return _json(404, {"message": f"{parts.path} is not known; there is {SETTLE}"})
        if method != "POST":
            return _json(405, {"message": f"{SETTLE} takes POST"})
        timeout = parse_qs(parts.query).get("timeout", [str(DEFAULT)])[0]
        try:
            seconds = float(timeout)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST:
            return _json(400, {"message": f"timeout is {timeout!r}, not a number of seconds from 0 to {LONGEST:g}"})
        return await self._settle(seconds, driver)

    async def _settle(self, seconds: float, driver: Driver) -> Response:
        running = asyncio.get_running_loop()
        rests = asyncio.Event()

        def settled() -> None:
            running.call_soon_threadsafe(rests.set)

        await driver(lambda: self._loop.when_settled(settled))
        try:
            async with asyncio.timeout(seconds):
                await rests.wait()
        except TimeoutError:
            reason = await driver(self._loop.unsettled)
            return _json(504, {"settled": False, "reason": reason})
        finally:
            self._loop.post(lambda: self._loop.forget_settling(settled))
        return _json(200, {"settled": True})


def _json(status: int, content: object) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
