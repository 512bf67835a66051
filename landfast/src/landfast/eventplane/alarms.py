"""Follows alarms: looks at what was measured, notes when their states change, and tells their actions.

An alarm is looked at once a minute, when somebody asks for it, and when everything rests; the minutes in between are
made up for. Nobody waits for alarms: time never jumps to them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from landfast.aws_errors import AwsError
from landfast.delivery.strict_json import json_text
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.journal import AlarmChanged, Dropped
from landfast.sources import alarms as told
from landfast.sources.alarms import Alarm, Change, State
from landfast.sources.metrics import MINUTE, Metric, Metrics
from landfast.sources.sent import Sent

KIND: Final = "alarms"
_MOST_MADE_UP: Final = 120
"""Minutes for which a level is made up where time has jumped over them."""

Levels: TypeAlias = Callable[[], Iterable[tuple[Metric, float]]]
"""Tells the present values of metrics that are levels, such as the messages in a queue."""


class Shown(msgspec.Struct, kw_only=True):
    """The state of an alarm.

    Attributes:
        state: The state.
        since: Since when, in Unix seconds.
        reason: Why.
    """

    state: State = "INSUFFICIENT_DATA"
    since: float = 0.0
    reason: str = "nothing was measured yet"


class Alarms:
    """All alarms.

    Args:
        world: The event plane's clock, its rows, its journal.
        router: Delivers to actions.
        alarms: The alarms.
        account: The account, twelve digits.
        region: The region.
        levels: Tells the present values of levels.
    """

    def __init__(  # noqa: PLR0917 - what it stands between
        self,
        world: PlaneWorld,
        router: Router,
        alarms: Sequence[Alarm],
        account: str,
        region: str,
        levels: Levels,
    ) -> None:
        self._world = world
        self._router = router
        self._account = account
        self._region = region
        self._levels = levels
        self._keep = world.keeper(KIND, region)
        self._alarms = {alarm.arn: alarm for alarm in alarms}
        self._metrics = Metrics(query.metric for alarm in alarms for query in alarm.queries)
        self._begun = self._checked = world.now()
        self._measured: dict[Metric, float] = {}
        kept = {key: row for owner, key, row in world.rows(KIND) if owner == region}
        self._shown = {arn: self._first(alarm, kept.get(arn)) for arn, alarm in self._alarms.items()}
        for key in kept.keys() - self._alarms.keys():
            self._keep(key, None)
        if alarms:
            self._tick()

    def __bool__(self) -> bool:
        """Tell whether there is any alarm."""
        return bool(self._alarms)

    def put(self, metric: Metric, value: float, at: float) -> None:
        """Note a measurement."""
        self._metrics.put(metric, value, at)

    def states(self) -> list[tuple[Alarm, Shown]]:
        """Every alarm with its state."""
        return [(alarm, self._shown[arn]) for arn, alarm in self._alarms.items()]

    def check(self) -> bool:
        """Look at every alarm; tell whether the state of one has changed."""
        if not self._alarms:
            return False
        now = self._world.now()
        self._measure(now)
        changed = [self._check(alarm, now) for alarm in self._alarms.values()]
        self._checked = now
        return any(changed)

    def _first(self, alarm: Alarm, row: bytes | None) -> Shown:
        """An alarm's state at the start: as it was, or as it is soon after it was made."""
        if row is not None:
            return msgspec.msgpack.decode(row, type=Shown)
        state = alarm.evaluated([None] * alarm.evaluation_periods, "INSUFFICIENT_DATA")
        # Missing data that counts as breaching has not been missing for long enough yet.
        return Shown(state="INSUFFICIENT_DATA" if state == "ALARM" else state, since=self._world.now())

    def _tick(self) -> None:
        def minute() -> None:
            self.check()
            self._tick()

        self._world.at(self._world.now() + MINUTE, minute, background=True)

    def _measure(self, now: float) -> None:
        """Note the levels now; where time has jumped, they were in between what they were before."""
        minutes = range(int(self._checked // MINUTE) + 1, int(now // MINUTE))
        for minute in minutes[-_MOST_MADE_UP:]:
            for metric, value in self._measured.items():
                self.put(metric, value, minute * MINUTE)
        self._measured = dict(self._levels())
        for metric, value in self._measured.items():
            self.put(metric, value, now)

    def _check(self, alarm: Alarm, now: float) -> bool:
        changed = False
        for moment in self._moments(alarm, now):
            changed |= self._evaluate(alarm, moment)
        return changed

    def _moments(self, alarm: Alarm, now: float) -> list[float]:
        """When the state may have changed since the last check: as something was measured, and when that is over."""
        found = {now}
        window = alarm.period * alarm.evaluation_periods
        for query in alarm.queries:
            for minute in self._metrics.measured(query.metric, self._checked - window - alarm.period):
                last = minute + MINUTE - 0.001
                found |= {last, *(last + alarm.period * (after + 1) for after in range(alarm.evaluation_periods + 1))}
        return sorted(moment for moment in found if self._checked < moment <= now or moment == now)

    def _evaluate(self, alarm: Alarm, at: float) -> bool:
        shown = self._shown[alarm.arn]
        datapoints = alarm.datapoints(self._metrics, at)
        state = alarm.evaluated(datapoints, shown.state)
        nothing_yet = at - self._begun < alarm.period * alarm.evaluation_periods and not any(
            value is not None for value in datapoints
        )  # what was measured before a restart is not kept
        if state == shown.state or nothing_yet:
            return False
        change = Change(before=shown.state, state=state, at=at, reason=told.reason(alarm, datapoints, state))
        self._shown[alarm.arn] = now = Shown(state=state, since=at, reason=change.reason)
        self._keep(alarm.arn, msgspec.msgpack.encode(now))
        self._world.note(
            AlarmChanged(
                at=self._world.now(),
                source=f"alarm {alarm.name}",
                before=change.before,
                state=state,
                reason=change.reason,
            )
        )
        self._tell(alarm, change)
        return True

    def _tell(self, alarm: Alarm, change: Change) -> None:
        for arn in alarm.actions.get(change.state, ()):
            try:
                self._router.send(arn, self._sent(alarm, change, arn))
            except AwsError as error:
                self._refused(alarm, f"{arn}: {error}")
        bus = f"arn:aws:events:{self._region}:{self._account}:event-bus/default"
        entry: Mapping[str, object] = {
            "Source": "aws.cloudwatch",
            "DetailType": "CloudWatch Alarm State Change",
            "Resources": [alarm.arn],
            "Detail": json_text(told.detail(alarm, change)),
        }
        self._router.send(bus, Sent(entry=entry, origin=f"alarm {alarm.name}"))

    def _sent(self, alarm: Alarm, change: Change, arn: str) -> Sent:
        origin = f"alarm {alarm.name}"
        if arn.split(":")[2] == "lambda":
            return Sent(body=json_text(told.event(alarm, change, self._account, self._region)), origin=origin)
        content = json_text(told.message(alarm, change, self._account, self._region))
        return Sent(body=content, subject=told.subject(alarm, change, self._region), origin=origin)

    def _refused(self, alarm: Alarm, error: str) -> None:
        now = self._world.now()
        self._world.note(Dropped(at=now, source=f"alarm {alarm.name}", metric="ActionFailed", error=error))
