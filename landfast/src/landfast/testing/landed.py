"""Where an event landed, and why: what the journal tells of it and of everything that came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from landfast.journal import Delivered, Invoked
from landfast.report import wording
from landfast.report.account import Account, Fault, Limits
from landfast.report.account import Landed as End
from landfast.report.chains import Chains
from landfast.report.history import Try
from landfast.report.live import accounts
from landfast.service.store import read_journal
from landfast.testing.errors import StackError
from landfast.testing.sent import Sent

if TYPE_CHECKING:
    from landfast.testing.stack import Stack

__tracebackhide__ = True

_TOLD: Final = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "[ERROR] ")
"""The beginnings of what the runtime logs: the account has told it already."""

_GOOD: Final = frozenset({"processed", "filtered"})


@dataclass(frozen=True, slots=True)
class Hop:
    """One record of the event, at one function that it came to.

    Attributes:
        source: The function for asynchronous events, with its alias; else the event source mapping.
        function: The logical id of the function; empty if it was never called.
        record: The record's id: a request id, a message id or an event id.
        end: Where it ended, since when, after how many invocations and by which rule.
        account: The account of all entries of the journal that are about it.
    """

    source: str
    function: str
    record: str
    end: End
    account: Account

    @property
    def state(self) -> str:
        """``processed``, ``to_destination``, ``dead_lettered``, ``dropped``, ``filtered`` or ``pending``."""
        return self.end.state

    @property
    def rule(self) -> str:
        """The rule that decided, by its number and in words: ``S-04 RetriesExhausted``."""
        return self.end.rule

    @property
    def attempts(self) -> int:
        """How many invocations of the function it took."""
        return self.end.invocations

    @property
    def tries(self) -> Sequence[Try]:
        """Every try with its times; those that were throttled, too."""
        return [each for line in self.account.timeline.lines for each in line.tries if self.record in each.records]

    @property
    def errors(self) -> Sequence[Fault]:
        """The function's errors, each with its traceback and how often it came."""
        return [each for each in self.account.errors.shown if self.record in each.records]

    @property
    def deliveries(self) -> Sequence[Delivered]:
        """The records about it that were sent to destinations and dead-letter queues."""
        return [each for each in self.account.deliveries.shown if self.record in each.records]

    @property
    def reason(self) -> str:
        """The function's last error, or the rule if there was none."""
        return self.errors[-1].text if self.errors else self.rule

    def __str__(self) -> str:
        """Say in one line how it ended."""
        attempts = wording.several(self.attempts, "attempt")
        return f"{self.source}: {wording.state(self.state)} after {attempts} ({self.rule})"


class Landed:
    """What became of an event, as far as the journal told when it was asked for.

    What it says of a state, of attempts and of a reason is about the first function that did not process it; if all
    did, about the first one. `hops` has all of them, and `at` finds one.

    Args:
        stack: The stack.
        sent: The event.
    """

    def __init__(self, stack: "Stack", sent: Sent) -> None:
        self.sent = sent
        self._stack = stack
        self._entries = [entry for _, entry in read_journal(stack.service.journal)]
        self._ids = Chains.of(self._entries).chained(sent.root)

    @cached_property
    def hops(self) -> Sequence[Hop]:
        """Every record of it at every function that it came to, in the order in which they came."""
        found: list[tuple[float, Hop]] = []
        about = [entry for entry in self._entries if not self._ids.isdisjoint(entry.records)]
        for account in accounts(about, Limits()):
            function = next(
                (entry.function for entry in about if isinstance(entry, Invoked) and entry.source == account.title), ""
            )
            for end in account.records.shown:
                if end.record in self._ids:
                    seen = next(entry.at for entry in about if end.record in entry.records)
                    found.append((seen, Hop(account.title, function, end.record, end, account)))
        return [hop for _, hop in sorted(found, key=lambda pair: pair[0])]

    def at(self, function: str) -> Hop:
        """The hop at a function, by its logical id; the first one, if several records came to it.

        Raises:
            StackError: It did not come there.
        """
        for hop in self.hops:
            if function in {hop.function, hop.source, hop.source.partition(":")[0]}:
                return hop
        came = ", ".join(dict.fromkeys(hop.function or hop.source for hop in self.hops)) or "no function"
        raise StackError(f"{self.sent} did not come to {function}: it came to {came}")

    @property
    def state(self) -> str:
        """``processed``, ``to_destination``, ``dead_lettered``, ``dropped``, ``filtered`` or ``pending``.

        It is ``delivered`` if no function was to have it.
        """
        return self._telling.state if self._telling else "delivered"

    @property
    def rule(self) -> str:
        """The rule that decided, by its number and in words; empty if no function was to have it."""
        return self._telling.rule if self._telling else ""

    @property
    def attempts(self) -> int:
        """How many invocations it took."""
        return self._telling.attempts if self._telling else 0

    @property
    def tries(self) -> Sequence[Try]:
        """Every try with its times."""
        return self._telling.tries if self._telling else ()

    @property
    def reason(self) -> str:
        """The function's last error, or the rule if there was none."""
        return self._telling.reason if self._telling else ""

    @property
    def traceback(self) -> str:
        """The traceback of the function's last error; empty without one."""
        errors = self._telling.errors if self._telling else ()
        return errors[-1].trace if errors else ""

    @property
    def logs(self) -> str:
        """What the functions logged about it, in the order of hops."""
        return "\n".join(line for hop in self.hops for line in self._logged(hop))

    def in_queue(self, logical_id: str) -> bool:
        """Tell whether a message of it, or about it, is in a queue now."""
        return any(message.id in self._ids for message in self._stack.queue(logical_id))

    def in_bucket(self, logical_id: str) -> bool:
        """Tell whether a destination's record about it is in a bucket now."""
        bucket = self._stack.s3(logical_id)
        keys = set(bucket.keys())
        return any(
            each.kind == "s3" and each.body["bucket"] == bucket.name and each.body["key"] in keys
            for hop in self.hops
            for each in hop.deliveries
        )

    @property
    def queues(self) -> Sequence[str]:
        """The template's queues in which a message of it, or about it, is now, by their logical ids."""
        queues = self._stack.service.running.of_kind("queue")
        return [queue.logical_id for queue in queues if self.in_queue(queue.logical_id)]

    def account(self) -> str:
        """All of it in words: attempts with their times, errors with their tracebacks, logs, and where it lies."""
        return "\n".join(self._told())

    def __repr__(self) -> str:
        """Say in one line where it landed."""
        told = str(self._telling) if self._telling else "it came to no function"
        return f"<{self.sent}: {told}>"

    @cached_property
    def _telling(self) -> Hop | None:
        """The hop that matters most."""
        failed = (hop for hop in self.hops if hop.state not in _GOOD)
        return next(failed, self.hops[0] if self.hops else None)

    def _told(self) -> Iterator[str]:
        yield str(self.sent)
        for hop in self.hops:
            yield from (f"  {line}" for line in self._told_of(hop))
        if not self.hops:
            yield "  came to no function"
        yield f"  lies in {', '.join(self.queues)}" if self.queues else "  lies in no queue"

    def _told_of(self, hop: Hop) -> Iterator[str]:
        words = hop.account.words
        yield str(hop)
        for line in hop.account.timeline.lines:
            if any(hop.record in each.records for each in line.tries):
                at, where, _, number, outcome, then = words.cells(line)
                yield "  " + "  ".join(filter(None, (at, where, f"attempt {number}", outcome, then)))
        for fault in hop.account.injected.shown:
            if hop.record in fault.records:
                yield f"  injected fault: {words.fault(fault)}"
        for fault in hop.errors:
            yield f"  {words.fault(fault)}"
            yield from (f"    {line}" for line in fault.trace.splitlines())
        for delivery in hop.deliveries:
            at, target, _, why = words.delivery(delivery)
            yield f"  {at}  delivered to {target} ({why})"
        records = (record for record in self._logged(hop) if not record.startswith(_TOLD))
        yield from (f"  | {line}" for record in records for line in record.splitlines())

    def _logged(self, hop: Hop) -> Iterator[str]:
        requests = {
            entry.request_id
            for entry in self._entries
            if isinstance(entry, Invoked) and entry.source == hop.source and hop.record in entry.records
        }
        yield from self._stack.logs(hop.function, requests) if hop.function else ()
