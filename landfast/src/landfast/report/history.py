"""A journal, told by batches: each with its tries, and the parts it was split into."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct, field

from landfast import journal
from landfast.journal import Delivered, Divided, Dropped, Entry, Finished, Invoked, Retrying, Settled

SUCCEEDED: Final = frozenset({"succeed", "return"})
"""Outcomes of the function that are no failure in themselves."""

NOT_REACHED: Final = frozenset({"throttle", "system error"})
"""Outcomes of tries that the function never saw."""

REPORTED: Final = "report"
CUT_OFF: Final = "cut off"
"""The outcome of a try that ended with its service: what accepted the event has tried it again."""

_RETURNS: Final = {**dict.fromkeys(NOT_REACHED, "S-94"), **dict.fromkeys(("raise", "timeout", "exit"), "S-93")}
"""Why messages come back to their queue, by outcome; what the function returned decides it otherwise (S-97)."""

_PARTIAL: Final = "S-97"
_RULE: Final = re.compile(r"[SU]-\d")


class Try(Struct):
    """One try to invoke a batch.

    Attributes:
        at: When it began, in seconds.
        records: The batch.
        number: The try's number in its batch; 0 if it is not known, or did not count as a throttled one.
        shard: The shard, for streams.
        lane: The lane of the shard.
        ended: When it ended; None while it runs.
        outcome: The outcome of the try; empty while it runs.
        error: The error of the function, or of whoever did not reach it.
        again: The records of the try that are tried again.
        due: When that is tried again, or visible again.
        rule: The rule by which it is, or by which the batch was split or given up.
        request_id: The id of the call; empty if its beginning is not in the journal.
        reported: The identifiers of the records that the function has named as failed.
    """

    at: float
    records: tuple[str, ...]
    number: int = 0
    shard: int | str | None = None
    lane: int = 0
    ended: float | None = None
    outcome: str = ""
    error: Any = None
    again: tuple[str, ...] = ()
    due: float | None = None
    rule: str = ""
    request_id: str = ""
    reported: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """True if the function saw it."""
        return self.outcome not in NOT_REACHED

    @property
    def until(self) -> float:
        """The last moment known of it."""
        return self.at if self.ended is None else self.ended


class Batch(Struct):
    """Records that were invoked together.

    Attributes:
        records: Their ids, in order.
        tries: The batch's invocations, and the throttled tries between them.
        parts: The batches into which this one was split.
        why: The rule by which it was split.
        ends: The ends of its records, with the rule; of a batch that was split, its parts tell.
    """

    records: tuple[str, ...]
    tries: list[Try] = field(default_factory=list)
    parts: list["Batch"] = field(default_factory=list)
    why: str = ""
    ends: list[Settled] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Batch"]]:
        """The batch and all its parts with their depths, each before its own parts."""
        stack = [(depth, self)]
        while stack:
            depth, batch = stack.pop()
            yield depth, batch
            stack += [(depth + 1, part) for part in reversed(batch.parts)]

    @property
    def smooth(self) -> bool:
        """True if its first invocation was all it took."""
        return (
            not self.parts and len(self.tries) == 1 and self.tries[0].outcome in SUCCEEDED and not self.tries[0].again
        )


class History(Struct):
    """The history of one source.

    Attributes:
        batches: In the order of their first try; parts are inside the batch they come from.
        tries: All tries, in order.
        deliveries: The records that were sent to destinations and dead-letter queues.
        ends: The end of each record; a record that is not there is pending.
        seen: When each record was first heard of.
        origin: The origin of the records, if that was noted.
        function: The function, if that was noted.
        checkpoints: The last checkpoint of each shard.
        troubles: Deliveries and requests to the engine that failed.
        injected: Faults that were asked for and have struck.
        begun: The moment of the first entry, in seconds.
        ended: The moment of the last one.
        entries: The number of entries.
    """

    batches: list[Batch] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    ends: dict[str, Settled] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    origin: str = ""
    function: str = ""
    checkpoints: dict[int | str | None, str] = field(default_factory=dict)
    troubles: list[Dropped | Retrying] = field(default_factory=list)
    injected: list[journal.Injected] = field(default_factory=list)
    begun: float = 0.0
    ended: float = 0.0
    entries: int = 0


class _Teller(Struct):
    """Tells a journal, one entry after the other; it may begin anywhere, since old entries of a journal are dropped.

    Attributes:
        current: The batch that has exactly these records.
        holding: The smallest batch that a record is in.
        running: Invocations by their request id.
    """

    history: History = field(default_factory=History)
    current: dict[tuple[str, ...], Batch] = field(default_factory=dict)
    holding: dict[str, Batch] = field(default_factory=dict)
    running: dict[str, Try] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:  # noqa: C901 - one case for each kind of entry
        history = self.history
        history.begun = min(history.begun, entry.at) if history.entries else entry.at
        history.ended = max(history.ended, entry.at) if history.entries else entry.at
        history.entries += 1
        match entry:
            case journal.Accepted(records=records):
                history.origin = entry.origin
                self._see(records, entry.at)
            case Invoked():
                self._invoked(entry)
            case Finished():
                self._finished(entry)
            case Retrying(records=records) if records or _RULE.match(entry.rule):
                self._again(records, entry.due, entry.rule)
            case journal.Returned(records=records):
                self._returned(records, entry.due)
            case Divided(records=first, rest=rest):
                self._divided(entry, first, rest)
            case Settled():
                self._settled(entry)
            case Delivered():
                history.deliveries.append(entry)
            case journal.Checkpointed():
                history.checkpoints[entry.shard] = entry.sequence
            case Retrying() | Dropped():
                history.troubles.append(entry)
            case journal.Injected():
                history.injected.append(entry)
            case _:
                pass

    def _see(self, records: Iterable[str], at: float) -> None:
        for record in records:
            self.history.seen.setdefault(record, at)

    def _batch(self, records: tuple[str, ...], at: float) -> Batch:
        batch = self.current.get(records)
        if batch is None:
            batch = self.current[records] = Batch(records)
            self.holding |= dict.fromkeys(records, batch)
            self.history.batches.append(batch)
            self._see(records, at)
        return batch

    def _tried(self, attempt: Try) -> Try:
        batch = self._batch(attempt.records, attempt.at)
        self.holding |= dict.fromkeys(batch.records, batch)
        batch.tries.append(attempt)
        self.history.tries.append(attempt)
        return attempt

    def _invoked(self, entry: Invoked) -> None:
        if entry.request_id in self.running:
            self.running[entry.request_id].outcome = CUT_OFF
        self.history.function = entry.function
        attempt = Try(entry.at, entry.records, entry.attempt, entry.shard, entry.lane, request_id=entry.request_id)
        self.running[entry.request_id] = self._tried(attempt)

    def _finished(self, entry: Finished) -> None:
        """A try whose beginning is not in the journal, as that of a throttled one need not be, is over at once."""
        attempt = self.running.pop(entry.request_id, None) or self._tried(Try(entry.at, entry.records))
        attempt.ended, attempt.outcome, attempt.error = entry.at, entry.outcome, entry.error
        match entry:
            case Finished(outcome="succeed" | "report", value={"batchItemFailures": [_, *_] as failures}):
                attempt.outcome = REPORTED
                attempt.reported = tuple(str(each.get("itemIdentifier")) for each in failures if isinstance(each, dict))
            case Finished(outcome=outcome) if outcome in NOT_REACHED:
                attempt.number = 0

    def _again(self, records: tuple[str, ...], due: float, rule: str) -> None:
        batch = self.holding.get(records[0]) if records else self.current.get(records)
        if batch is not None and batch.tries:
            last = batch.tries[-1]
            last.again, last.due, last.rule = (*last.again, *records), due, rule

    def _returned(self, records: tuple[str, ...], due: float) -> None:
        """Messages come back to their queue: all of a batch, or a part of it."""
        for batch in self._holders(records):
            if not batch.tries:
                continue
            back = tuple(record for record in records if self.holding.get(record) is batch)
            last = batch.tries[-1]
            self._again(back, due, _RETURNS.get(last.outcome, _PARTIAL))
            if batch.ends:
                batch.why = _PARTIAL
                done = tuple(record for end in batch.ends for record in end.records)
                self._part(batch, [done, back] if not batch.parts else [back])

    def _divided(self, entry: Divided, first: tuple[str, ...], rest: tuple[str, ...]) -> None:
        whole = self.holding.get(rest[0]) or self._batch((*first, *rest), entry.at)
        whole.why = entry.rule
        self._explain(whole, entry.rule)
        self._part(whole, [first, rest])

    def _part(self, whole: Batch, parts: Sequence[tuple[str, ...]]) -> None:
        """Split a batch; what has been received again meanwhile stays in the batch that it is in now."""
        for records in parts:
            part = Batch(records)
            if all(self.holding.get(record, whole) is whole for record in records):
                self.current[records] = part
                self.holding |= dict.fromkeys(records, part)
            part.ends = [end for end in whole.ends if set(end.records) <= set(records)]
            whole.ends = [end for end in whole.ends if end not in part.ends]
            whole.parts.append(part)

    def _settled(self, entry: Settled) -> None:
        self._see(entry.records, entry.at)
        self.history.ends |= dict.fromkeys(entry.records, entry)
        for batch in self._holders(entry.records):
            batch.ends.append(entry)
            if entry.state != "processed":
                self._explain(batch, entry.rule)
            self._part_late(batch, entry)

    def _part_late(self, batch: Batch, entry: Settled) -> None:
        """Messages can be deleted after the others of their batch were given back: a service does both at once."""
        last = batch.tries[-1] if batch.tries else None
        if last and last.again and last.rule == _PARTIAL and set(last.again).isdisjoint(entry.records):
            batch.why = _PARTIAL
            self._part(batch, [entry.records, last.again] if not batch.parts else [entry.records])

    @staticmethod
    def _explain(batch: Batch, rule: str) -> None:
        """Why the last try had consequences, unless it is known."""
        if batch.tries and not batch.tries[-1].rule:
            batch.tries[-1].rule = rule

    def _holders(self, records: Iterable[str]) -> list[Batch]:
        batches = {id(batch): batch for record in records if (batch := self.holding.get(record)) is not None}
        return list(batches.values())


def tell(entries: Iterable[Entry]) -> History:
    """The history that the journal of one source tells."""
    teller = _Teller()
    for entry in entries:
        teller.take(entry)
    return teller.history


def tell_each(entries: Iterable[Entry]) -> dict[str, History]:
    """The history of each source of a journal, by its name; one record can be in several of them."""
    tellers: dict[str, _Teller] = {}
    for entry in entries:
        if isinstance(entry, journal.AlarmChanged | journal.Traced):  # neither tells what became of a record
            continue
        tellers.setdefault(entry.source, _Teller()).take(entry)
    return {source: teller.history for source, teller in tellers.items()}
