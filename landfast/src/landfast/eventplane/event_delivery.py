"""From a bus to the targets of its rules: at once, and again where that may help.

An event goes to its targets in the turn in which it is put. A target that is busy is tried again by its retry policy;
of one that refuses for good, the dead-letter queue gets the event, or it is dropped with the reason. All of that is in
the journal. What is still to be tried is kept.

EventBridge is none of the services through which Lambda follows a chain of calls (S-34): the trace header goes on
without the chain.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from landfast.aws_errors import AwsError
from landfast.delivery.recursion import Lineage
from landfast.delivery.times import iso_seconds
from landfast.eventplane.ports import PlaneWorld
from landfast.eventplane.router import Router
from landfast.journal import Delivered, Dropped, Retrying
from landfast.sources import event_failures
from landfast.sources.event_buses import Bus, EventBuses, Rule, Target
from landfast.sources.event_failures import WAITS, Exhausted, Pending
from landfast.sources.event_inputs import InvalidInputError, Occasion
from landfast.sources.event_paths import MISSING, Path
from landfast.sources.refusal import Refusal
from landfast.sources.rows import Keep
from landfast.sources.sent import Sent

RETRY: Final = "retry "
"""The beginning of the keys of rows of events that are tried again."""


class EventDelivery:
    """Delivers events to targets.

    Args:
        world: The event plane's clock and its journal.
        router: Delivers.
        buses: All buses.
        keep: Keeps the rows.
        new_id: Makes unique ids.
    """

    def __init__(
        self, world: PlaneWorld, router: Router, buses: EventBuses, keep: Keep, new_id: Callable[[], str]
    ) -> None:
        self._world = world
        self._router = router
        self._buses = buses
        self._keep = keep
        self._new_id = new_id

    def restore(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Plan what an earlier run had still to try; rows of other kinds are left to others."""
        for key, content in rows:
            if key.startswith(RETRY):
                self._plan(key, msgspec.msgpack.decode(content, type=Pending))

    def deliver(self, bus: Bus, event: Mapping[str, Any], trace: str = "", *, hopped: bool = False) -> None:
        """Send an event to the targets of the rules that match it.

        Args:
            bus: The bus to which it was put.
            event: All of it.
            trace: The trace header that came with it.
            hopped: True if it came from another bus.
        """
        for rule in self._buses.matching(bus, event):
            self.deliver_by(rule, event, trace, hopped=hopped)

    def deliver_by(self, rule: Rule, event: Mapping[str, Any], trace: str = "", *, hopped: bool = False) -> None:
        """Send an event to the targets of one rule, whether it matches or not; as `deliver`."""
        now, passed_on = self._world.now(), Lineage().write(trace)
        for target in list(rule.targets.values()):
            pending = Pending(
                event=dict(event),
                bus=rule.bus,
                rule=rule.name,
                target=target.id,
                first=now,
                tries=0,
                due=now,
                hopped=hopped,
                trace=passed_on,
            )
            self._try(pending, rule, target)

    def _plan(self, key: str, pending: Pending) -> None:
        what = f"rule {pending.rule} of bus {pending.bus}, target {pending.target}"
        self._world.telling(lambda: what).at(pending.due, lambda: self._again(key, pending))

    def _again(self, key: str, pending: Pending) -> None:
        """Try again what is due, unless its rule or its target has gone meanwhile."""
        self._keep(key, None)
        try:
            rule = self._buses.rule(self._buses.bus(pending.bus), pending.rule)
            target = rule.targets[pending.target]
        except (Refusal, KeyError):
            self._drop(pending, "FailedInvocations", f"target {pending.target} of rule {pending.rule} is gone")
            return
        self._try(pending, rule, target)

    def _try(self, pending: Pending, rule: Rule, target: Target) -> None:
        try:
            self._send(pending, rule, target)
        except AwsError as error:
            pending.tries += 1
            self._failed(pending, rule, target, error)

    def _send(self, pending: Pending, rule: Rule, target: Target) -> None:
        if target.arn.split(":")[2] == "events":
            self._forward(pending, target)
            return
        occasion = Occasion(rule.arn, iso_seconds(pending.first))
        try:
            body = target.input(pending.event, occasion)
        except InvalidInputError as error:
            raise AwsError("INVALID_JSON", str(error)) from error
        sent = Sent(
            body=body,
            group=(target.params.get("SqsParameters") or {}).get("MessageGroupId"),
            partition_key=_partition_key(target, pending.event),
            trace=pending.trace,
            origin=f"rule {rule.name}",
        )
        self._router.send(target.arn, sent)

    def _forward(self, pending: Pending, target: Target) -> None:
        """Put an event onto another bus, once: AWS routes none to a third bus."""
        if pending.hopped:
            raise AwsError(
                "THIRD_ACCOUNT_HOP_DETECTED",
                "Events received from another event bus cannot be forwarded to this event bus.",
            )
        try:
            bus = self._buses.bus(target.arn)
        except Refusal as refusal:
            raise AwsError(refusal.code, refusal.message) from refusal
        self.deliver(bus, pending.event, pending.trace, hopped=True)

    def _failed(self, pending: Pending, rule: Rule, target: Target, error: AwsError) -> None:
        gone: Exhausted | None = None
        if event_failures.is_temporary(error.code, error.status):
            pending.due = self._world.now() + WAITS.wait(pending.tries)
            gone = event_failures.exhausted(target.retry_policy, pending.first, pending.tries, pending.due)
            if gone is None:
                key = RETRY + self._new_id()
                self._keep(key, msgspec.msgpack.encode(pending))
                self._plan(key, pending)
                self._world.note(
                    Retrying(
                        at=self._world.now(),
                        source=_source(pending),
                        records=(pending.event["id"],),
                        due=pending.due,
                        rule="RetryPolicy of the target",
                    )
                )
                return
        self._give_up(pending, rule, target, error, gone)

    def _give_up(self, pending: Pending, rule: Rule, target: Target, error: AwsError, gone: Exhausted | None) -> None:
        reason, queue = f"{target.arn}: {error}", target.dead_letter_queue
        if queue is None:
            self._drop(pending, "FailedInvocations", reason)
            return
        attributes = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target.arn,
            "ERROR_CODE": event_failures.error_code(error.code, error.status),
            "ERROR_MESSAGE": error.message,
            "RETRY_ATTEMPTS": str(pending.tries - 1),
            "EXHAUSTED_RETRY_CONDITION": gone or "",
        }
        letter = event_failures.dead_letter(pending.event, attributes, pending.trace)
        try:
            self._router.send(queue, letter)
        except AwsError as refused:
            self._drop(pending, "InvocationsFailedToBeSentToDLQ", f"{reason}; {queue}: {refused}")
            return
        self._world.note(
            Delivered(
                at=self._world.now(),
                source=_source(pending),
                records=(pending.event["id"],),
                kind="dlq",
                target=queue,
                body={"body": letter.body, "attributes": dict(letter.attributes)},
                rule="DeadLetterConfig of the target",
            )
        )

    def _drop(self, pending: Pending, metric: str, reason: str) -> None:
        self._world.note(
            Dropped(
                at=self._world.now(),
                source=_source(pending),
                records=(pending.event["id"],),
                metric=metric,
                error=reason,
            )
        )


def _source(pending: Pending) -> str:
    return f"rule {pending.rule}"


def _partition_key(target: Target, event: Mapping[str, Any]) -> str:
    """The key of a stream's record: what `PartitionKeyPath` finds in the event, or the event's id."""
    path = (target.params.get("KinesisParameters") or {}).get("PartitionKeyPath")
    value = Path.read(path).of(event) if path else MISSING
    identity: str = event["id"]
    return identity if value is MISSING else str(value)
