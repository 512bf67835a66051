"""Accepts each replay of a failure once: what it was answered is kept in the turn that accepts it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Lock
from typing import Any, TypeVar

import msgspec

from landfast.delivery.strict_json import json_or_text
from landfast.eventplane.ports import PlaneWorld
from landfast.protocols import Response
from landfast.service.loop import Loop

HEADER = "X-Landfast-Replay"
"""The header of a request that is a replay; its value names the failure."""

_KIND = "replays"
_KEPT = 14 * 86_400.0
"""Seconds for which an answer is kept: no queue keeps a failure for longer, so that nobody asks again."""

T = TypeVar("T")


class Replays:
    """Remembers what replays were answered; only for the driver's thread.

    Args:
        world: The clock, and the rows that outlive the service.
    """

    def __init__(self, world: PlaneWorld) -> None:
        self._world = world
        self._keep = world.keeper(_KIND, "")
        oldest = world.now() - _KEPT
        self._answers: dict[str, Any] = {}
        for _, replay, content in world.rows(_KIND):
            at, answer = msgspec.msgpack.decode(content)
            if at < oldest:
                self._keep(replay, None)
            else:
                self._answers[replay] = answer

    def answered(self, replay: str) -> Any:  # noqa: ANN401 - whatever it was
        """What a replay was answered; None if it was not accepted yet."""
        return self._answers.get(replay)

    def once(self, replay: str, accept: Callable[[], T]) -> T:
        """Return what `accept` answers; or what it answered, if the same replay was accepted before.

        Args:
            replay: Names the replay; an empty one is none, and is not remembered.
            accept: Takes the replay in; what it raises is not remembered.
        """
        if not replay:
            return accept()
        if replay not in self._answers:
            answer = accept()
            self._answers[replay] = answer
            self._keep(replay, msgspec.msgpack.encode((self._world.now(), answer)))
        return self._answers[replay]  # type: ignore[no-any-return] # of whoever asks the same again


class ReplayedCalls:
    """Lets each call of a function that is a replay succeed once; from any thread.

    A call that has succeeded is not made again: whoever repeats it gets its answer, and waits for it if it still runs.
    If the service is killed between the function's end and the commit, the call is made again, as Lambda would.

    Args:
        loop: The thread of the machines.
        replays: What was answered.
    """

    def __init__(self, loop: Loop, replays: Replays) -> None:
        self._loop = loop
        self._replays = replays
        self._running: defaultdict[str, Lock] = defaultdict(Lock)

    def answer(self, replay: str, call: Callable[[], Response]) -> Response:
        """The response to a call, or the one that it had before."""
        with self._running[replay]:
            kept = self._loop.ask(lambda: self._replays.answered(replay))
            if kept is not None:
                return Response(*kept)
            response = call()
            if _has_succeeded(response):
                answer = [response.status, response.content, dict(response.headers)]
                self._loop.ask(lambda: self._replays.once(replay, lambda: answer))
            return response


def _has_succeeded(response: Response) -> bool:
    """Tell whether a function has handled all it was given."""
    if response.status != HTTPStatus.OK or "X-Amz-Function-Error" in response.headers:
        return False
    value = json_or_text(response.content)
    return not (isinstance(value, dict) and value.get("batchItemFailures"))


def replay_of(headers: Mapping[bytes, bytes]) -> str:
    """The replay that a request is; empty for any other request."""
    return headers.get(HEADER.lower().encode(), b"").decode("latin-1")
