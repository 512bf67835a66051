"""EventBridge Scheduler's schedules, as a template declares them: followed, and tried until their targets have them.

Its API is not here.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import NotJsonError, read_json
from landfast.eventplane.plane import EventPlane
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.eventplane.timetable import Entry, Timetable
from landfast.journal import Delivered, Dropped, Retrying
from landfast.sources import event_failures, schedules
from landfast.sources.event_failures import WAITS
from landfast.sources.schedule_expressions import schedule
from landfast.sources.schedules import UNIVERSAL, Execution, Target
from landfast.sources.sent import Sent

KIND: Final = "scheduler"
_SINCE: Final = "since "
_RETRY: Final = "retry "


class _Invocation(msgspec.Struct, rename="pascal", frozen=True):
    """The parameters of `Invoke` that count here."""

    function_name: str
    payload: str = "{}"


class Schedules:
    """Follows schedules.

    Args:
        world: The event plane's clock, its rows, its journal.
        router: Delivers to resources.
        apis: Carry out what universal targets ask for.
        timetable: Knows when each schedule is due.
        account: The account, twelve digits.
        region: The region.
        new_id: Makes unique ids.
    """

    def __init__(  # noqa: PLR0917 - what it stands between
        self,
        world: PlaneWorld,
        router: Router,
        apis: EventPlane,
        timetable: Timetable,
        account: str,
        region: str,
        new_id: Callable[[], str],
    ) -> None:
        self._world = world
        self._router = router
        self._apis = apis
        self._timetable = timetable
        self._account = account
        self._region = region
        self._new_id = new_id
        self._keep = world.keeper(KIND, region)
        rows = [(key, content) for owner, key, content in world.rows(KIND) if owner == region]
        self._since: dict[str, tuple[str, float]] = {
            key.removeprefix(_SINCE): tuple(json.loads(row)) for key, row in rows if key.startswith(_SINCE)
        }
        for key, row in rows:
            if key.startswith(_RETRY):
                self._plan(key, msgspec.msgpack.decode(row, type=Execution))

    def put(
        self,
        arn: str,
        expression: str,
        timezone: str,
        target: Target,
        *,
        enabled: bool = True,
        start: float | None = None,
        end: float | None = None,
    ) -> None:
        """Follow a schedule from now on; one that goes on as it was counts from its beginning.

        Args:
            arn: Its ARN.
            expression: When it is due.
            timezone: Where it is due then.
            target: What gets it.
            enabled: True if it is followed.
            start: It is not due before that, in Unix seconds.
            end: It is not due after that.

        Raises:
            InvalidExpressionError: The expression or the time zone is none.
        """
        now = self._world.now()
        known, began = self._since.get(arn, ("", now))
        is_new = known != expression
        if is_new:
            began = now
            self._since[arn] = (expression, began)
            self._keep(_SINCE + arn, json.dumps([expression, began]).encode())
        since = began if start is None else max(start, began)
        entry = Entry(
            name=arn.rpartition("/")[2],
            expression=expression,
            enabled=enabled,
            schedule=schedule(expression, timezone),
            since=since,
            fire=lambda due: self._fire(arn, target, due),
            end=end,
        )
        # A rate without a start invokes at once, when the schedule is made.
        self._timetable.follow(arn, entry, max(now, since) - 0.001 if is_new else max(now, since - 0.001))

    def forget_others(self, arns: set[str]) -> None:
        """Forget the schedules that are not among these: the template declares them no more."""
        for arn in self._since.keys() - arns:
            del self._since[arn]
            self._keep(_SINCE + arn, None)
            self._timetable.forget(arn)

    def _fire(self, arn: str, target: Target, due: float) -> None:
        now = self._world.now()
        execution = Execution(
            schedule=arn, id=self._new_id(), scheduled=due, first=now, tries=0, due=now, target=target
        )
        self._try(execution)

    def _plan(self, key: str, execution: Execution) -> None:
        def again() -> None:
            self._keep(key, None)
            self._try(execution)

        self._world.telling(lambda: _source(execution)).at(execution.due, again)

    def _try(self, execution: Execution) -> None:
        text = schedules.body(execution, self._account, self._region)
        try:
            self._send(execution, text)
        except AwsError as error:
            execution.tries += 1
            self._failed(execution, text, error)

    def _send(self, execution: Execution, text: str) -> None:
        universal = UNIVERSAL.fullmatch(execution.target.arn)
        if universal is None:
            self._router.send(execution.target.arn, schedules.sent(execution, text, _source(execution)))
            return
        service, _, action = universal[1].partition(":")
        if service == "lambda":
            invocation = _invocation(text)
            body = invocation.payload or "{}"
            self._router.send(self._function(invocation.function_name), Sent(body=body, origin=_source(execution)))
            return
        self._apis.result(protocols.call_of(service, action[0].upper() + action[1:], text))

    def _function(self, reference: str) -> str:
        is_arn = reference.startswith("arn:")
        return reference if is_arn else f"arn:aws:lambda:{self._region}:{self._account}:function:{reference}"

    def _failed(self, execution: Execution, text: str, error: AwsError) -> None:
        gone = None
        if event_failures.is_temporary(error.code, error.status):
            execution.due = self._world.now() + WAITS.wait(execution.tries)
            policy = execution.target.retry_policy
            gone = event_failures.exhausted(policy, execution.first, execution.tries, execution.due)
            if gone is None:
                key = _RETRY + self._new_id()
                self._keep(key, msgspec.msgpack.encode(execution))
                self._plan(key, execution)
                rule = "RetryPolicy of the schedule"
                self._world.note(Retrying(**self._noted(execution), due=execution.due, rule=rule))
                return
        self._give_up(execution, text, error, gone)

    def _give_up(self, execution: Execution, text: str, error: AwsError, gone: str | None) -> None:
        queue, reason = execution.target.dead_letter_arn, f"{execution.target.arn}: {error}"
        noted = self._noted(execution)
        if queue is None:
            self._world.note(Dropped(**noted, metric="InvocationDroppedCount", error=reason))
            return
        letter = schedules.dead_letter(execution, text, (error.code, error.message), gone, _source(execution))
        try:
            self._router.send(queue, letter)
        except AwsError as refused:
            told = f"{reason}; {queue}: {refused}"
            self._world.note(Dropped(**noted, metric="InvocationsFailedToBeSentToDeadLetterCount", error=told))
            return
        content = {"body": letter.body, "attributes": dict(letter.attributes)}
        rule = "DeadLetterConfig of the schedule"
        self._world.note(Delivered(**noted, kind="dlq", target=queue, body=content, rule=rule))

    def _noted(self, execution: Execution) -> dict[str, Any]:
        return {"at": self._world.now(), "source": _source(execution), "records": (execution.id,)}


def _source(execution: Execution) -> str:
    return f"schedule {execution.schedule.rpartition('/')[2]}"


def _invocation(text: str) -> _Invocation:
    try:
        return msgspec.convert(read_json(text), _Invocation)
    except (NotJsonError, msgspec.ValidationError) as error:
        raise AwsError("ValidationException", f"the input is none for lambda:invoke: {error}") from None
