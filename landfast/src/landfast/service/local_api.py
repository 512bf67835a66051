"""The API of the tool's own commands and tests, below ``/_landfast/`` of a running service's endpoint.

``POST /_landfast/settle?timeout=60`` answers ``{"settled": true}`` with status 200 as soon as nothing is under way and
nothing is planned; or, after so many real seconds, 504 and ``{"settled": false, "reason": ...}``.

``GET /_landfast/queues/NAME?limit=10`` answers ``{"messages": [{"message", "state", "due"}]}``: what is in a queue,
visible, in flight and delayed; looking changes nothing. ``DELETE /_landfast/queues/NAME/ID`` takes the message with
this id out of it, wherever it is, and answers ``{"removed": true}``; ``false`` if it was not there.

``GET /_landfast/schedules`` answers ``{"schedules": [{"arn", "name", "expression", "enabled", "due"}]}``, in the order
in which they are due. ``POST /_landfast/schedules/ARN`` fires one before its time and answers ``{"due": ...}``, the
time of the schedule with which it fires.

``GET /_landfast/alarms`` looks at every alarm and answers
``{"alarms": [{"name", "arn", "description", "state", "since", "reason"}]}``.

``GET /_landfast/clock`` answers ``{"now": ...}``, the time of the service's clock in Unix seconds.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from landfast.aws_errors import AwsError
from landfast.eventplane import Alarms, Timetable
from landfast.eventplane.passing import Driver
from landfast.protocols import Response
from landfast.service.loop import Loop

PREFIX = "/_landfast/"
"""The beginning of these paths; no service of AWS has such a one."""

SETTLE = f"{PREFIX}settle"
QUEUES = f"{PREFIX}queues/"
SCHEDULES = f"{PREFIX}schedules"
ALARMS = f"{PREFIX}alarms"
CLOCK = f"{PREFIX}clock"
LONGEST_WAIT = 3_600.0
"""Real seconds."""

MOST = 10_000
"""Messages of a queue that one answer shows at most."""

_PATHS = (
    f"there are POST {SETTLE}, GET {QUEUES}NAME, DELETE {QUEUES}NAME/ID, GET {SCHEDULES}, POST {SCHEDULES}/ARN, "
    f"GET {ALARMS} and GET {CLOCK}"
)


class Queues(Protocol):
    """Shows what is in queues, and takes it out."""

    def peek(self, arn: str, limit: int) -> Sequence[Any]:
        """The messages of a queue; looking changes nothing."""
        ...

    def remove(self, arn: str, message_id: str) -> bool:
        """Take a message out of a queue; tell whether it was there."""
        ...


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LocalApi:
    """Answers these requests; their answers are JSON.

    Args:
        loop: Knows whether everything rests.
        queues: The queues.
        timetable: The schedules.
        alarms: The alarms.
    """

    def __init__(self, loop: Loop, queues: Queues, timetable: Timetable, alarms: Alarms) -> None:
        self._loop = loop
        self._queues = queues
        self._timetable = timetable
        self._alarms = alarms

    async def answer(self, method: str, target: str, driver: Driver) -> Response:
        """The response to one request."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        try:
            if parts.path == SETTLE and method == "POST":
                return await self._settle(_number(query, "timeout", 60, LONGEST_WAIT), driver)
            if work := self._work(method, parts.path, query):
                return _json(HTTPStatus.OK, await driver(work))
        except _RefusedError as refused:
            return _json(refused.status, {"message": str(refused)})
        except AwsError as error:
            return _json(error.status, {"message": f"{error.code}: {error.message}"})
        return _json(HTTPStatus.NOT_FOUND, {"message": _PATHS})

    def _work(self, method: str, path: str, query: dict[str, list[str]]) -> Callable[[], dict[str, object]] | None:
        """What answers a request in the driver's thread; None for what is not there."""
        listed = {SCHEDULES: self._listed, ALARMS: self._states, CLOCK: self._now}
        if method == "GET" and path in listed:
            return listed[path]
        if method == "GET" and path.startswith(QUEUES):
            name, limit = unquote(path.removeprefix(QUEUES)), int(_number(query, "limit", 10, MOST))
            return lambda: self._peeked(name, limit)
        if method == "DELETE" and path.startswith(QUEUES):
            queue, _, message = path.removeprefix(QUEUES).rpartition("/")
            return lambda: {"removed": self._queues.remove(unquote(queue), unquote(message))}
        if method == "POST" and path.startswith(f"{SCHEDULES}/"):
            arn = unquote(path.removeprefix(f"{SCHEDULES}/"))
            return lambda: self._fired(arn)
        return None

    def _now(self) -> dict[str, object]:
        return {"now": self._loop.clock.now()}

    def _peeked(self, name: str, limit: int) -> dict[str, object]:
        peeked = self._queues.peek(name, limit)
        return {"messages": [{"message": each.message, "state": each.state, "due": each.due} for each in peeked]}

    def _fired(self, arn: str) -> dict[str, object]:
        return {"due": self._timetable.fire(arn, jump=self._loop.clock.skips)}

    def _listed(self) -> dict[str, object]:
        listed = [
            {"arn": arn, "name": each.name, "expression": each.expression, "enabled": each.enabled, "due": each.due}
            for arn, each in self._timetable.listed()
        ]
        return {"schedules": listed}

    def _states(self) -> dict[str, object]:
        self._alarms.check()
        states = [
            {
                "name": alarm.name,
                "arn": alarm.arn,
                "description": alarm.description,
                "state": shown.state,
                "since": shown.since,
                "reason": shown.reason,
            }
            for alarm, shown in self._alarms.states()
        ]
        return {"alarms": states}

    async def _settle(self, seconds: float, driver: Driver) -> Response:
        try:
            async with asyncio.timeout(seconds):
                await self._rest(driver)
                while await driver(self._alarms.check):  # an alarm that has changed may have called a function
                    await self._rest(driver)
        except TimeoutError:
            reason = await driver(self._loop.unsettled)
            return _json(HTTPStatus.GATEWAY_TIMEOUT, {"settled": False, "reason": reason})
        return _json(HTTPStatus.OK, {"settled": True})

    async def _rest(self, driver: Driver) -> None:
        """Wait until nothing is under way and nothing is planned."""
        running = asyncio.get_running_loop()
        rests = asyncio.Event()

        def settled() -> None:
            running.call_soon_threadsafe(rests.set)

        await driver(lambda: self._loop.when_settled(settled))
        try:
            await rests.wait()
        finally:
            self._loop.post(lambda: self._loop.forget_settling(settled))


def _number(query: dict[str, list[str]], name: str, default: float, most: float) -> float:
    text = query.get(name, [str(default)])[0]
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, f"{name} is {text!r}, not a number from 0 to {most:g}")
    return number


def _json(status: int, content: object) -> Response:
    return Response(status, json.dumps(content, default=_text).encode(), {"Content-Type": "application/json"})


def _text(content: object) -> str:
    """A Binary attribute of a message."""
    return content.hex() if isinstance(content, bytes) else str(content)
