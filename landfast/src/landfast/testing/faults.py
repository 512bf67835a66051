"""Faults that a test asks for: each is counted, ends by itself and is noted in the journal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from landfast.report.chains import Chains
from landfast.service import faults
from landfast.service.faults import Calls, Fail, Fault, Kill, KillAt, Refuse, Slow, Throttle, Twice
from landfast.service.service import Service
from landfast.service.store import read_journal
from landfast.testing.errors import StackError, no_such
from landfast.testing.sent import Sent

if TYPE_CHECKING:
    from landfast.template import Template


@dataclass(frozen=True, slots=True)
class FunctionsCalls:
    """AWS calls of functions, which a fault can be asked for.

    Attributes:
        faults: The faults of the service.
        calls: Which ones.
    """

    faults: faults.Faults
    calls: Calls

    def fail(self, code: str, message: str = "A fault of the test.", *, status: int = 400, times: int = 1) -> None:
        """Let AWS refuse the next ones of them; SDKs try some errors again by themselves.

        Args:
            code: AWS's error code: ``ProvisionedThroughputExceededException``.
            message: The error's message.
            status: The HTTP status: 503 for S3's ``SlowDown``, for example.
            times: How many.
        """
        self.faults.arm_call(self.calls, Refuse(code, message, status), times=_positive(times))


class Faulty:
    """The part of a stack that makes faults.

    Attributes:
        service: The running service.
    """

    service: Service

    def throttle(self, function: str, *, times: int | None = None, seconds: float | None = None) -> None:
        """Let Lambda throttle the next invocations of a function: 429, which its source deals with by its rule.

        Args:
            function: The logical id of the function.
            times: How many; one, if `seconds` are not given either.
            seconds: For how long, by the stack's time.
        """
        self._arm(function, Throttle(), times, seconds)

    def fail(
        self,
        function: str,
        error: str = "InjectedError",
        message: str = "A fault of the test.",
        *,
        times: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Let the next invocations of a function end with an error, as if its code had raised it.

        Args:
            function: The logical id of the function.
            error: The type of the error.
            message: The error's message.
            times: How many; one, if `seconds` are not given either.
            seconds: For how long, by the stack's time.
        """
        self._arm(function, Fail({"errorMessage": message, "errorType": error, "stackTrace": []}), times, seconds)

    def slow(self, function: str, seconds: float, *, times: int = 1) -> None:
        """Let the next invocations of a function take longer; those that take longer than its time-out run into it.

        Whoever calls it and waits for its answer is not made to wait: such a call only runs into its time-out.

        Args:
            function: The logical id of the function.
            seconds: How much longer, by the stack's time.
            times: How many invocations.
        """
        self._arm(function, Slow(seconds), times, None)

    def kill(self, function: str, *, before: int | None = None, after: int | None = None) -> None:
        """Let the process of a function be killed in its next invocation: at its beginning, or at an AWS call.

        Args:
            function: The logical id of the function.
            before: Before which of its AWS calls, from 1: AWS never gets it.
            after: After which one: AWS has done it, and the function is not told.
        """
        if before is None and after is None:
            self._arm(function, Kill(), 1, None)
            return
        if before is not None and after is not None:
            raise StackError(f"kill {function}: before or after a call, not both")
        moment = KillAt("before" if after is None else "after")
        number = _positive(before or after or 0)
        self.service.faults.arm_call(Calls(self._function(function)), moment, skip=number - 1)

    def duplicate(self, source: str, *, times: int = 1) -> None:
        """Let a source deliver its next events twice, with the same ids, as any source of Lambda may.

        The function handles them twice, one after the other; what it answers first is lost.

        Args:
            source: The logical id of a queue, stream, table, bucket, topic, bus or rule, or of the function itself.
            times: How many invocations.
        """
        for function in self._fed_by(source):
            self._arm(function, Twice(), times, None)

    def deliver_again(self, event: Sent | str) -> None:
        """Deliver an event once more that was delivered, with the same ids, to the functions that have got it.

        What they answer changes nothing of where it has landed, and they are not tried again.

        Args:
            event: What was sent, or the id of a message, of a record or of an asynchronous invocation.
        """
        entries = (entry for _, entry in read_journal(self.service.journal))
        ids = Chains.of(entries).chained(event.root) if isinstance(event, Sent) else {event}
        found = [each for each in self.service.faults.deliveries or () if not ids.isdisjoint(each.records)]
        if not found:
            raise StackError(f"{event}: it was not delivered to any function, so it cannot be delivered again")
        first = found[0].source
        for each in {each.records: each for each in found if each.source == first}.values():
            each.again()

    def calls(self, service: str, operation: str = "", *, function: str = "", target: str = "") -> FunctionsCalls:
        """The AWS calls of functions, to let some fail: ``calls("dynamodb", "PutItem").fail("InternalServerError")``.

        Args:
            service: As boto3 names it.
            operation: AWS's name of the action; any without it.
            function: The logical id of the function; any without it.
            target: The logical id of the table, queue, topic... that they are about; any without it.
        """
        names = {each.logical_id: each.name for each in self.service.running.resources}
        if target and target not in names:
            raise StackError(f"the template has no {target}")
        calls = Calls(function and self._function(function), service, operation, names.get(target, ""))
        return FunctionsCalls(self.service.faults, calls)

    def clear(self) -> None:
        """End all faults that are still to come."""
        self.service.faults.clear()

    def _arm(self, function: str, fault: Fault, times: int | None, seconds: float | None) -> None:
        until = None if seconds is None else self.service.clock.now() + seconds
        number = 1 if times is None and seconds is None else times
        self.service.faults.arm(self._function(function), fault, times=number and _positive(number), until=until)

    def _function(self, logical_id: str) -> str:
        if logical_id not in self.service.template.functions:
            raise no_such("function", logical_id, self.service.running.resources)
        return logical_id

    def _fed_by(self, source: str) -> list[str]:
        """The functions that get the events of a source."""
        template = self.service.template
        if source in template.functions:
            return [source]
        arns = {each.split(":")[6] for each in _targets(template, source) if ":function:" in each}
        fed = [each.function for each in template.event_source_mappings.values() if each.source == source]
        found = [*fed, *(each.logical_id for each in template.functions.values() if each.name in arns)]
        if not found:
            raise StackError(f"{source}: no function gets its events from it")
        return [*dict.fromkeys(found)]


def _targets(template: "Template", source: str) -> list[str]:
    """The ARNs to which a bucket, a topic, a bus, a rule or a schedule hands its events."""
    buckets = [one for one in template.buckets.values() if one.logical_id == source]
    topics = {one.arn for one in template.topics.values() if one.logical_id == source}
    buses = {one.name for one in template.event_buses.values() if one.logical_id == source}
    rules = [one for one in template.rules.values() if one.logical_id == source or one.event_bus_name in buses]
    return [
        *(each.target_arn for bucket in buckets for each in bucket.notifications),
        *(each.endpoint for each in template.subscriptions if each.topic_arn in topics),
        *(target.arn for rule in rules for target in rule.targets),
        *(one.target.arn for one in template.schedules.values() if one.logical_id == source),
    ]


def _positive(number: int) -> int:
    if number < 1:
        raise StackError(f"{number}: give a whole number from 1")
    return number
