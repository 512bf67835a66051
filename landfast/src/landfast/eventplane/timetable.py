"""Everything that happens by a schedule: when it is due next, and firing it before its time.

Nobody waits for a schedule: time never jumps to it by itself. Whoever wants to see it fire asks for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landfast.aws_errors import AwsError
from landfast.driver import Plan
from landfast.eventplane.ports import PlaneWorld
from landfast.sources.schedule_expressions import Schedule


@dataclass(slots=True)
class Entry:
    """A schedule.

    Attributes:
        name: Its name, for people.
        expression: As it was declared.
        enabled: True if it is followed.
        schedule: Tells when it is due.
        since: When it began, in Unix seconds.
        end: After which it is not due any more; None for never.
        fire: Does what is due, given the time of the schedule.
        due: When it is due next; None if it is not.
        plan: What is planned.
    """

    name: str
    expression: str
    enabled: bool
    schedule: Schedule
    since: float
    fire: Callable[[float], None]
    end: float | None = None
    due: float | None = None
    plan: Plan | None = None


class Timetable:
    """All schedules of a service, by ARN.

    Args:
        world: The clock.
    """

    def __init__(self, world: PlaneWorld) -> None:
        self._world = world
        self._entries: dict[str, Entry] = {}

    def follow(self, arn: str, entry: Entry, after: float | None = None) -> None:
        """Follow a schedule, in place of the one with this ARN.

        Args:
            arn: Its ARN.
            entry: The schedule.
            after: It is due later than that; than now without it.
        """
        self.forget(arn)
        self._entries[arn] = entry
        self._plan(entry, self._world.now() if after is None else after)

    def forget(self, arn: str) -> None:
        """Follow a schedule no more; there need not be such a one."""
        entry = self._entries.pop(arn, None)
        if entry is not None and entry.plan is not None:
            entry.plan.cancel()

    def listed(self) -> Sequence[tuple[str, Entry]]:
        """Every schedule with its ARN, the one that is due first first, those that are not due last."""
        return sorted(self._entries.items(), key=lambda item: (item[1].due is None, item[1].due or 0.0, item[0]))

    def fire(self, arn: str, *, jump: bool) -> float:
        """Fire a schedule before its time, disabled or not.

        Args:
            arn: Its ARN.
            jump: True if time may jump to when it is due; without it, or if it is not due any more, it fires now.

        Returns:
            The time of the schedule with which it fires.

        Raises:
            AwsError: There is no such schedule.
        """
        entry = self._entries.get(arn)
        if entry is None:
            raise AwsError("ResourceNotFoundException", f"Schedule {arn} does not exist.", status=404)
        if jump and entry.plan is not None and entry.due is not None:
            entry.plan.cancel()
            self._planned(entry, entry.due, background=False)
            return entry.due
        now = self._world.now()
        entry.fire(now)
        return now

    def _plan(self, entry: Entry, after: float) -> None:
        due = entry.schedule.next(after, entry.since) if entry.enabled else None
        entry.due = None if due is None or (entry.end is not None and due > entry.end) else due
        entry.plan = None
        if entry.due is not None:
            self._planned(entry, entry.due, background=True)

    def _planned(self, entry: Entry, due: float, *, background: bool) -> None:
        told = self._world.telling(lambda: f"schedule {entry.name}")
        entry.plan = told.at(due, lambda: self._arrived(entry, due), background=background)

    def _arrived(self, entry: Entry, due: float) -> None:
        # Of all the moments that a jump of time has passed, it fires for the first one only.
        self._plan(entry, max(due, self._world.now()))
        entry.fire(due)
