"""The words for everything that is told: times, records in short, rules, states, faults. No other module has any."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from landfast.journal import Delivered, Dropped, Retrying

if TYPE_CHECKING:
    from landfast.report.account import Account, Again, Fault, Landed, Landing, Node
    from landfast.report.history import Try
    from landfast.report.hold_ups import HoldUp
    from landfast.report.timeline import Line

MEANINGS: Final[Mapping[str, str]] = {
    "S-63": "record for SQS or SNS",
    "S-66": "record for S3, with the whole event",
    "S-88": "the invocation succeeded: deleted",
    "S-93": "the function failed",
    "S-94": "throttled",
    "S-97": "partial response",
    "S-104": "no filter matches: deleted",
}
"""Rules whose notes are their bare ids, in words."""

STATES: Final[Mapping[str, str]] = {
    "processed": "good",
    "to_destination": "kept",
    "dead_lettered": "kept",
    "dropped": "worst",
    "filtered": "note",
    "pending": "worst",
}
"""The states of a record, and whether each is good."""

GIVEN_UP: Final[Mapping[str, str]] = {
    "RetriesExhausted": "The function failed, and MaximumRetryAttempts was used up (S-04).",
    "EventAgeExceeded": "The next retry would have come after MaximumEventAgeInSeconds (S-12).",
    "ZeroReservedConcurrency": "The function's reserved concurrency is 0, so it could never run (S-10).",
    "RetryAttemptsExhausted": "The batch failed, and the mapping's MaximumRetryAttempts was used up (S-58).",
    "RecordAgeExceeded": "The records were older than the mapping's MaximumRecordAgeInSeconds (S-58).",
    "maxReceiveCount": "The message was received as often as the maxReceiveCount of its queue allows (S-95).",
    "function": "A function has put the message here itself, with its reason, and deleted it from its queue.",
    "function dead letter": "Lambda gave the event up and sent it to the function's dead-letter queue (S-24).",
    "target exhausted": "EventBridge could not reach the target, and its RetryPolicy was used up.",
    "target refused": "The target refused the event for good: EventBridge tries such a one no further.",
    "subscription": "SNS could not deliver the message, and its RedrivePolicy keeps it for the subscription.",
    "parked": "A function has parked the record itself.",
    "parked without data": "The record has no streamArn, partitionKey and data: what is missing must be sent again.",
}
"""The rules that end an event, by the condition that AWS names, or by what kept it."""

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))
_NUMBERED: Final = re.compile(r"(.*?)(0|[1-9][0-9]{0,99})", re.DOTALL)
_RUN: Final = 3
_PIECES: Final = 4
_LONG: Final = 60
_LONG_ID: Final = 100
_SHORT: Final = 8
_LONGEST_FAULT: Final = 400
_PLURALS: Final = {"try": "tries", "entry": "entries", "batch": "batches", "delivery": "deliveries"}


def duration(seconds: float) -> str:
    """A span of time, exact to the millisecond: ``6h 58m 3s``."""
    rest = round(seconds * 1000)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size * 1000)
        if count:
            parts.append(f"{count}{unit}")
    if rest or not parts:
        parts.append(f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s")
    return " ".join(parts)


def clock_time(seconds: float) -> str:
    """The time of day of a Unix time, in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S.%f")[:-3]


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would not print as it is."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def cut(text: str, limit: int = _LONG) -> str:
    """The text, or as much of its beginning as fits."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def short_id(record: str) -> str:
    """The beginning of a UUID; of a Kinesis event id, which begins with the shard, the end of the sequence number."""
    _, colon, sequence = record.rpartition(":")
    return printable(sequence[-_SHORT:] if colon else record[:_SHORT])


def several(count: int, noun: str) -> str:
    """A number and its noun: ``1 record``, ``2 records``."""
    last = noun.rpartition(" ")[2]
    plural = noun.removesuffix(last) + _PLURALS.get(last, f"{last}s")
    return f"{count:,} {noun if count == 1 else plural}"


def resource(arn: str) -> str:
    """Name the resource of an ARN as people do: by its last part."""
    return arn.rsplit(":", maxsplit=1)[-1]


def shard(name: int | str | None) -> str:
    """Name a shard as people do: by its number, or by the end of a name without one."""
    text = "unknown" if name is None else printable(str(name))
    number = re.fullmatch(r"shardId-0*(\d{1,12})", text)
    return number[1] if number else text.rpartition("-")[2]


def rule(text: str) -> str:
    """A rule, with what it means if the note is its bare id."""
    return f"{text} {MEANINGS[text]}" if text in MEANINGS else text


def rule_id(text: str) -> str:
    """The id of a rule alone."""
    return text.partition(" ")[0]


def state(name: str) -> str:
    """Name the state in which a record ended, as people say it."""
    return name.replace("_", " ")


def error(of: object) -> str:
    """Say what an error is: its type and its message."""
    if not isinstance(of, Mapping):
        return str(of)
    kind, message = of.get("errorType"), of.get("errorMessage", "")
    return f"{kind}: {message}" if kind else str(message)


def trouble(entry: Dropped | Retrying) -> str:
    """Say what could not be delivered, or asked of the engine, and why."""
    if isinstance(entry, Retrying):
        return entry.rule
    return f"{entry.metric}: {entry.error}" if entry.error else entry.metric


def delivered(delivery: Delivered) -> str:
    """Say why and after how many calls the record of a delivery was sent."""
    count = _context(delivery.body).get("approximateInvokeCount")
    return rule(delivery.rule) + (f", approximateInvokeCount {count}" if count is not None else "")


def _context(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request context of a record, which may be inside an EventBridge entry or an S3 object."""
    for record in (body, body.get("detail"), body.get("object")):
        context = record.get("requestContext") if isinstance(record, Mapping) else None
        if isinstance(context, Mapping):
            return context
    return {}


class Wording(Struct, frozen=True):
    """The way in which a journal's times and ids are written.

    Attributes:
        times: The meaning of the journal's times; Unix times are written as clock times in UTC.
        dated: True if clock times need their day.
    """

    times: Literal["seconds from the start", "Unix time"] = "seconds from the start"
    dated: bool = False

    @property
    def live(self) -> bool:
        """True if a running service kept the journal: its ids are AWS's, and long."""
        return self.times == "Unix time"

    def time(self, seconds: float) -> str:
        """A moment."""
        if not self.live:
            return duration(seconds)
        day = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d ") if self.dated else ""
        return day + clock_time(seconds)

    def name(self, record: str) -> str:
        """A record; the sequence numbers of a Kinesis stream may be the same in each shard."""
        if not self.live:
            return cut(printable(record))
        place, colon, _ = record.rpartition(":")
        return f"{shard(place)}:{short_id(record)}" if colon else short_id(record)

    def short(self, records: Sequence[str]) -> str:
        """Records in short: ``r1-r8 (8)``; those that follow each other by number, evenly, are written as a range."""
        pieces = list(islice(self._ranges(records), _PIECES + 1))
        text = ",".join(pieces[:_PIECES])
        if len(pieces) > _PIECES:
            text += ",..."
        return f"{text} ({len(records):,})" if len(records) > 1 else text

    def _ranges(self, records: Sequence[str]) -> Iterator[str]:
        start = 0
        while start < len(records):
            end, step = _even_run(records, start)
            if end - start < _RUN:
                yield self.name(records[start])
                start += 1
                continue
            first, last = self.name(records[start]), self.name(records[end - 1])
            last = last.rpartition(":")[2] if self.live else last
            yield cut(f"{first}-{last}" if step == 1 else f"{first}..{last} by {step}")
            start = end

    def spread(self, low: float, high: float) -> str:
        """Two moments, or the one that both are."""
        return self.time(low) if low == high else f"{self.time(low)} - {self.time(high)}"

    def then(self, attempt: "Try") -> str:
        """Say what followed a try that did not end it all well, and why."""
        if attempt.due is None:
            return rule(attempt.rule)
        some = "" if attempt.again == attempt.records else f"{self.short(attempt.again)} "
        return f"{some}again at {self.time(attempt.due)} ({rule(attempt.rule)})"

    def cells(self, line: "Line") -> tuple[str, str, str, str, str, str]:
        """A line of the timeline: when, where, which records, which try, how it ended, and what followed."""
        first, count = line.first, len(line.tries)
        at, until = self.time(first.at), line.last.until
        if count > 1:
            return at, "", f"... {count} more like it", "", line.outcome, f"until {self.time(until)}"
        took = f" in {duration(until - first.at)}" if until > first.at else ""
        number = f"{first.number or '-'}"
        return at, line.where, self.short(first.records), number, line.outcome + took, self.then(first)

    def notes(self, node: "Node", name: Callable[[str], str]) -> list[str]:
        """Say what became of a batch: by which rule it was split, or where its records ended; `name` names a rule."""
        found = [name(node.why)] if node.why else []
        found += [f"{state(end.state)} at {self.time(end.at)} ({name(end.rule)})" for end in node.ends]
        if not (found or node.outcomes):
            found.append("not tried again on its own")
        return found

    def landing(self, landing: "Landing") -> tuple[str, str, str, str, str]:
        """Records that landed alike: which, in which state, when, how often invoked, and by which rule."""
        when = "-" if landing.when is None else self.spread(*landing.when)
        least, most = landing.invocations
        invoked = f"{least}x" if least == most else f"{least} - {most}x"
        return self.short(landing.records), state(landing.state), when, invoked, landing.rule

    def landed(self, landed: "Landed") -> tuple[str, str, str, str, str]:
        """A record, by its whole id unless that is very long: its state, since when, how often invoked, and why."""
        at = "-" if landed.at is None else self.time(landed.at)
        record = cut(printable(landed.record), _LONG_ID)
        return record, state(landed.state), at, f"{landed.invocations}x", landed.rule

    def delivery(self, delivery: Delivered) -> tuple[str, str, str, str]:
        """A delivery: when, to what, of which records, and why."""
        target = f"{delivery.kind} {cut(printable(resource(delivery.target)))}"
        return self.time(delivery.at), target, self.short(delivery.records), delivered(delivery)

    def again(self, again: "Again") -> str:
        """Which records were handled again although it had gone well."""
        return f"{self.short(again.records)}: {again.invocations} invocations succeeded"

    def held_up(self, hold_up: "HoldUp") -> str:
        """Say what was held up, for how long and by what."""
        lane = f", lane {hold_up.lane}" if hold_up.lane else ""
        name = shard(hold_up.name) if hold_up.kind == "shard" else printable(hold_up.name) or "(none)"
        begun = self.time(hold_up.begun)
        if hold_up.ended is None:
            span = f"from {begun} on, without end in this {'journal' if self.live else 'scenario'}"
        else:
            span = f"for {duration(hold_up.ended - hold_up.begun)} ({begun} to {self.time(hold_up.ended)})"
        waited = f"{several(hold_up.waiting, 'other record')} waited" if hold_up.waiting else "nothing else waited"
        return f"{hold_up.kind} {name}{lane}: {span}, by {self.short(hold_up.failed)}; {waited}"

    def fault(self, fault: "Fault") -> str:
        """Say what went wrong, where, how often and when."""
        where = f", at {fault.where}" if fault.where else ""
        first, last = self.time(fault.first), self.time(fault.last)
        when = f"at {first}" if fault.count == 1 else f"{fault.count:,} times from {first} to {last}"
        records = f", {self.short(fault.records)}" if fault.records else ""
        return f"{printable(cut(fault.text, _LONGEST_FAULT))}{printable(where)}: {when}{records}"

    def summary(self, account: "Account") -> str:
        """The counts, as a sentence."""
        counts = account.counts
        landed = [f"{counts[name]:,} {state(name)}" for name in STATES if counts[name]]
        unreached = [("throttles", "throttled try"), ("system_errors", "try with a system error")]
        also = "".join(f" and {several(counts[name], noun)}" for name, noun in unreached if counts[name])
        return (
            f"{several(counts['invocations'], 'invocation')}{also}: {', '.join(landed) or 'no records'}. "
            f"Ended at {self.time(account.ended)}."
        )


def _even_run(records: Sequence[str], start: int) -> tuple[int, int]:
    """Find the end of the run that begins at `start`, and its step."""
    first = _NUMBERED.fullmatch(records[start])
    end, step = start + 1, 0
    if first is None:
        return end, step
    number = int(first[2])
    while end < len(records):
        following = _NUMBERED.fullmatch(records[end])
        gap = int(following[2]) - number if following and following[1] == first[1] else 0
        if gap < 1 or (step and gap != step):
            break
        end, step, number = end + 1, gap, number + gap
    return end, step
