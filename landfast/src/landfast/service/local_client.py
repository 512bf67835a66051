"""Asks a running service what AWS's calls cannot: to come to rest, to show queues and alarms, to fire schedules."""

import http.client
import json
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from landfast.service.local_api import ALARMS, CLOCK, LONGEST_WAIT, QUEUES, SCHEDULES, SETTLE
from landfast.service.state import ServiceError

WAIT = 60.0
"""Real seconds that `settle` waits without being told otherwise."""

_MARGIN = 30.0
"""Real seconds beyond a wait in which a busy machine has to answer."""


class Peeked(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a queue, looked at without being received.

    Attributes:
        id: The message id.
        body: The text.
        receive_count: The number of receives of the message.
        state: The state of the message.
        due: When it becomes visible, in Unix seconds of the service's clock; None if it is.
        raw: All of it, as `ReceiveMessage` would answer.
    """

    id: str
    body: str
    receive_count: int
    state: Literal["visible", "in flight", "delayed"]
    due: float | None
    raw: dict[str, Any]


def settle(endpoint: str, timeout: float = WAIT) -> None:
    """Wait until nothing is under way and nothing is planned.

    Args:
        endpoint: The service's URL.
        timeout: Real seconds to wait at most.

    Raises:
        ServiceError: Something does not come to rest, and what; or the service does not answer.
    """
    if not 0 <= timeout <= LONGEST_WAIT:
        raise ServiceError(f"a wait of {timeout:g} s: give seconds from 0 to {LONGEST_WAIT:g}")
    _, answer = _asked(endpoint, "POST", f"{SETTLE}?timeout={timeout:g}", timeout + _MARGIN)
    if not answer.get("settled"):
        reason = answer.get("reason") or answer.get("message")
        raise ServiceError(f"not everything has landed after {timeout:g} s: {reason}")


def peek(endpoint: str, queue: str, limit: int) -> list[Peeked]:
    """The messages of a queue in the order of sending, those in flight and the delayed ones too; nothing changes.

    Args:
        endpoint: The service's URL.
        queue: The queue's name.
        limit: The most messages to show.

    Raises:
        ServiceError: There is no such queue, or the service does not answer.
    """
    status, answer = _asked(endpoint, "GET", f"{QUEUES}{quote(queue)}?limit={limit}", _MARGIN)
    if status != http.HTTPStatus.OK:
        raise ServiceError(str(answer.get("message")))
    return [
        Peeked(
            id=message["message"]["MessageId"],
            body=message["message"]["Body"],
            receive_count=int(message["message"]["Attributes"]["ApproximateReceiveCount"]),
            state=message["state"],
            due=message["due"],
            raw=message["message"],
        )
        for message in answer["messages"]
    ]


def remove(endpoint: str, queue: str, message_id: str) -> bool:
    """Take a message out of a queue, wherever it is in it; tell whether it was there.

    Raises:
        ServiceError: There is no such queue, or the service does not answer.
    """
    target = f"{QUEUES}{quote(queue)}/{quote(message_id, safe='')}"
    status, answer = _asked(endpoint, "DELETE", target, _MARGIN)
    if status != http.HTTPStatus.OK:
        raise ServiceError(str(answer.get("message")))
    return bool(answer["removed"])


class Scheduled(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule.

    Attributes:
        arn: Its ARN.
        name: Its name.
        expression: When it is due, as declared.
        enabled: True if it is followed.
        due: When it is due next, in Unix seconds of the service's clock; None if it is not.
    """

    arn: str
    name: str
    expression: str
    enabled: bool
    due: float | None


def schedules(endpoint: str) -> list[Scheduled]:
    """Every schedule, in the order in which they are due.

    Raises:
        ServiceError: The service does not answer.
    """
    _, answer = _asked(endpoint, "GET", SCHEDULES, _MARGIN)
    return msgspec.convert(answer["schedules"], list[Scheduled])


def fire(endpoint: str, arn: str) -> float:
    """Fire a schedule before its time; where waits are skipped, time jumps to when it is due.

    Returns:
        The time of the schedule with which it fires.

    Raises:
        ServiceError: There is no such schedule, or the service does not answer.
    """
    status, answer = _asked(endpoint, "POST", f"{SCHEDULES}/{quote(arn, safe='')}", _MARGIN)
    if status != http.HTTPStatus.OK:
        raise ServiceError(str(answer.get("message")))
    return float(answer["due"])


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an alarm.

    Attributes:
        name: Its name.
        arn: Its ARN.
        description: For people.
        state: The state.
        since: Since when, in Unix seconds of the service's clock.
        reason: Why.
    """

    name: str
    arn: str
    description: str = ""
    state: Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
    since: float
    reason: str


def alarms(endpoint: str) -> list[AlarmState]:
    """Every alarm with its state now.

    Raises:
        ServiceError: The service does not answer.
    """
    _, answer = _asked(endpoint, "GET", ALARMS, _MARGIN)
    return msgspec.convert(answer["alarms"], list[AlarmState])


def now(endpoint: str) -> float:
    """The time of the service's clock, in Unix seconds.

    Raises:
        ServiceError: The service does not answer.
    """
    _, answer = _asked(endpoint, "GET", CLOCK, _MARGIN)
    return float(answer["now"])


def _asked(endpoint: str, method: str, target: str, timeout: float) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=timeout)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ServiceError(f"{endpoint}: the service does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()
