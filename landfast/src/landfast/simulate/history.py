"""The journal of a simulation, told by batches: each with its tries, and the parts it was split into."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from operator import itemgetter
from typing import Final, Literal

from landfast.journal import Delivered, Divided, Entry, Finished, Invoked, Retrying, Returned, Settled
from landfast.simulate.scenario import Queue, Record, Source

SUCCEEDED: Final = frozenset({"succeed", "return"})
"""Outcomes of the function that are no failure in themselves."""

THROTTLED: Final = "throttle"

_RETURNS: Final = {THROTTLED: "S-94", "raise": "S-93", "timeout": "S-93", "exit": "S-93"}
"""Why messages come back to their queue, by outcome; what the function returned decides it otherwise (S-97)."""


@dataclass(slots=True)
class Try:
    """One try to invoke a batch.

    Attributes:
        at: When it began, in seconds.
        records: The batch.
        number: Its number among the tries of the batch; 0 if it was throttled, which does not count.
        shard: The shard, for streams.
        lane: The lane of the shard.
        ended: When it ended; None while it runs.
        outcome: How it ended.
        again: What of it is tried again.
        due: When that is tried again, or visible again.
        rule: The rule by which it is, or by which the batch was split or given up.
    """

    at: float
    records: tuple[str, ...]
    number: int = 0
    shard: int | str | None = None
    lane: int = 0
    ended: float | None = None
    outcome: str = ""
    again: tuple[str, ...] = ()
    due: float | None = None
    rule: str = ""

    @property
    def throttled(self) -> bool:
        """Whether it never reached the function."""
        return self.outcome == THROTTLED

    @property
    def until(self) -> float:
        """The last moment known of it."""
        return self.at if self.ended is None else self.ended


@dataclass(slots=True)
class Batch:
    """Records that were invoked together.

    Attributes:
        records: Their ids, in order.
        tries: Its invocations, and the throttled tries between them.
        parts: What it was split into.
        why: The rule by which it was split.
        ends: What became of its records, with the rule; of a batch that was split, its parts tell.
    """

    records: tuple[str, ...]
    tries: list[Try] = field(default_factory=list)
    parts: list["Batch"] = field(default_factory=list)
    why: str = ""
    ends: list[Settled] = field(default_factory=list)

    def walk(self) -> Iterator["Batch"]:
        """The batch and all its parts, each before its own parts."""
        stack = [self]
        while stack:
            batch = stack.pop()
            yield batch
            stack += reversed(batch.parts)

    @property
    def smooth(self) -> bool:
        """Whether its first invocation was all it took."""
        return (
            not self.parts and len(self.tries) == 1 and self.tries[0].outcome in SUCCEEDED and not self.tries[0].again
        )


@dataclass(slots=True)
class History:
    """What happened.

    Attributes:
        batches: In the order of their first try; parts are inside the batch they come from.
        tries: All tries, in order.
        deliveries: What was sent to destinations and dead-letter queues.
        ends: How each record ended; what is not there is pending.
    """

    batches: list[Batch] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    ends: dict[str, Settled] = field(default_factory=dict)


@dataclass(slots=True)
class _Teller:
    """Tells a journal, one entry after the other.

    Attributes:
        current: The batch that has exactly these records.
        holding: The smallest batch that a record is in.
        running: Invocations by their request id.
    """

    history: History = field(default_factory=History)
    current: dict[tuple[str, ...], Batch] = field(default_factory=dict)
    holding: dict[str, Batch] = field(default_factory=dict)
    running: dict[str, Try] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        match entry:
            case Invoked(request_id=request_id):
                self.running[request_id] = self._tried(
                    Try(entry.at, entry.records, entry.attempt, entry.shard, entry.lane)
                )
            case Finished():
                self._finished(entry)
            case Retrying(records=records):
                self._again(records, entry.due, entry.rule)
            case Returned(records=records):
                self._returned(records, entry.due)
            case Divided(records=first, rest=rest):
                self._divided(first, rest, entry.rule)
            case Settled():
                self._settled(entry)
            case Delivered():
                self.history.deliveries.append(entry)
            case _:
                pass

    def _batch(self, records: tuple[str, ...]) -> Batch:
        batch = self.current.get(records)
        if batch is None:
            batch = Batch(records)
            self._enter(batch)
            self.history.batches.append(batch)
        return batch

    def _enter(self, batch: Batch) -> None:
        self.current[batch.records] = batch
        self.holding |= dict.fromkeys(batch.records, batch)

    def _tried(self, attempt: Try) -> Try:
        batch = self._batch(attempt.records)
        self.holding |= dict.fromkeys(batch.records, batch)
        batch.tries.append(attempt)
        self.history.tries.append(attempt)
        return attempt

    def _finished(self, entry: Finished) -> None:
        """Throttled tries are over at once, and do not count."""
        attempt = self.running.pop(entry.request_id, None) or self._tried(Try(entry.at, entry.records))
        attempt.ended, attempt.outcome = entry.at, entry.outcome
        attempt.number = 0 if attempt.throttled else attempt.number

    def _again(self, records: tuple[str, ...], due: float, rule: str) -> None:
        batch = self.holding.get(records[0])
        if batch is not None and batch.tries:
            last = batch.tries[-1]
            last.again, last.due, last.rule = (*last.again, *records), due, rule

    def _returned(self, records: tuple[str, ...], due: float) -> None:
        """Messages come back to their queue: all of a batch, or a part of it."""
        for batch in self._holders(records):
            back = tuple(record for record in records if self.holding.get(record) is batch)
            last = batch.tries[-1]
            self._again(back, due, _RETURNS.get(last.outcome, "S-97"))
            if batch.ends:
                batch.why = "S-97"
                done = tuple(record for end in batch.ends for record in end.records)
                self._part(batch, [done, back] if not batch.parts else [back])

    def _divided(self, first: tuple[str, ...], rest: tuple[str, ...], rule: str) -> None:
        whole = self.holding.get(rest[0]) or self._batch((*first, *rest))
        whole.why = rule
        self._explain(whole, rule)
        self._part(whole, [first, rest])

    def _part(self, whole: Batch, parts: Sequence[tuple[str, ...]]) -> None:
        for records in parts:
            part = Batch(records)
            self._enter(part)
            part.ends = [end for end in whole.ends if set(end.records) <= set(records)]
            whole.ends = [end for end in whole.ends if end not in part.ends]
            whole.parts.append(part)

    def _settled(self, entry: Settled) -> None:
        self.history.ends |= dict.fromkeys(entry.records, entry)
        for batch in self._holders(entry.records):
            batch.ends.append(entry)
            if entry.state != "processed":
                self._explain(batch, entry.rule)

    @staticmethod
    def _explain(batch: Batch, rule: str) -> None:
        """Why the last try had consequences, unless it is known."""
        if batch.tries and not batch.tries[-1].rule:
            batch.tries[-1].rule = rule

    def _holders(self, records: Iterable[str]) -> list[Batch]:
        found = {id(batch): batch for record in records if (batch := self.holding.get(record)) is not None}
        return list(found.values())


def tell(entries: Iterable[Entry]) -> History:
    """The history that a journal tells."""
    teller = _Teller()
    for entry in entries:
        teller.take(entry)
    return teller.history


def handled_again(history: History) -> dict[int, list[str]]:
    """The records that more than one invocation succeeded with, by the number of those invocations."""
    counts = Counter(record for attempt in history.tries if attempt.outcome == "succeed" for record in attempt.records)
    found: dict[int, list[str]] = {}
    for record, count in counts.items():
        if count > 1:
            found.setdefault(count, []).append(record)
    return found


# Long stories in short


@dataclass(frozen=True, slots=True)
class Repeats:
    """Tries of one batch that all went the same way, in place of which one line is enough.

    Attributes:
        tries: Which.
    """

    tries: Sequence[Try]

    @property
    def records(self) -> tuple[str, ...]:
        """The batch."""
        return self.tries[0].records

    @property
    def outcome(self) -> str:
        """How they all ended."""
        return self.tries[0].outcome

    @property
    def at(self) -> float:
        """When the first of them began."""
        return self.tries[0].at

    @property
    def until(self) -> float:
        """When the last of them ended."""
        return self.tries[-1].until

    @property
    def again(self) -> tuple[str, ...]:
        """What of it is tried again."""
        return self.tries[-1].again

    @property
    def due(self) -> float | None:
        """When the try after them is."""
        return self.tries[-1].due


_SHOWN: Final = 2
_WORTH_FOLDING: Final = 5


def folded(history: History) -> list[Try | Repeats]:
    """All tries in order, where many alike follow each other in a batch only the first two and the last one."""
    hidden: dict[int, Repeats | None] = {}
    for root in history.batches:
        for batch in root.walk():
            for alike in _alike(batch.tries):
                middle = alike[_SHOWN:-1]
                if len(alike) >= _WORTH_FOLDING:
                    hidden |= dict.fromkeys(map(id, middle), None)
                    hidden[id(middle[0])] = Repeats(middle)
    told = (hidden.get(id(attempt), attempt) for attempt in history.tries)
    return [item for item in told if item is not None]


def _alike(tries: Sequence[Try]) -> Iterator[list[Try]]:
    run: list[Try] = []
    for attempt in tries:
        if run and (attempt.outcome != run[-1].outcome or attempt.again != run[-1].again):
            yield run
            run = []
        run.append(attempt)
    if run:
        yield run


def chosen(history: History, limit: int) -> tuple[list[Try | Repeats], int]:
    """At most `limit` lines of the timeline, and how many tries are left out: first those of batches that went well."""
    items = folded(history)
    if len(items) > limit:
        dull = {id(batch.tries[0]) for batch in history.batches if batch.smooth}
        rough = [item for item in items if id(item) not in dull]
        spare = max(0, limit - len(rough))
        kept = {id(item) for item in rough[:limit]}
        kept |= {id(item) for item in [item for item in items if id(item) in dull][:spare]}
        items = [item for item in items if id(item) in kept]
    shown = sum(len(item.tries) if isinstance(item, Repeats) else 1 for item in items)
    return items, len(history.tries) - shown


# Who was held up


@dataclass(frozen=True, slots=True)
class HoldUp:
    """A time in which a shard's lane or a message group could not go on because something failed.

    Attributes:
        kind: What was held up.
        name: Its number or name; for a lane, of its shard.
        lane: The lane.
        begun: When it began, in seconds: the end of the first try that failed.
        ended: When the last of what failed had reached its end; None if that is not reached.
        failed: The records because of which.
        waiting: How many other records waited behind them.
    """

    kind: Literal["shard", "message group"]
    name: str
    lane: int
    begun: float
    ended: float | None
    failed: tuple[str, ...]
    waiting: int


def hold_ups(source: Source, history: History) -> list[HoldUp]:
    """The hold-ups of a source, longest first; events and the messages of standard queues hold up nobody."""
    if source.type in {"kinesis", "dynamodb"}:
        return _of_streams(history, source.all())
    if isinstance(source.queue, Queue) and source.queue.FifoQueue:
        return _of_groups(history, source.all())
    return []


def _of_streams(history: History, arrivals: Iterable[Record]) -> list[HoldUp]:
    """The hold-ups of a stream's lanes."""
    lane_of = {
        record: (attempt.shard, attempt.lane)
        for attempt in history.tries
        if not attempt.throttled
        for record in attempt.records
    }
    lanes: dict[tuple[int | str | None, int], list[float]] = {}
    place: dict[str, int] = {}
    for record in arrivals:
        lane = lane_of.setdefault(record.id, (record.shard, 0))
        place[record.id] = len(lanes.setdefault(lane, []))
        lanes[lane].append(record.at)
    found: list[HoldUp] = []
    for root in history.batches:
        failures = [each.until for batch in root.walk() for each in batch.tries if each.again or batch.parts]
        begun, ended = min(failures, default=inf), _ended(history, root.records)
        if not failures or ended == begun:
            continue
        shard_and_lane = lane_of[root.records[0]]
        behind = bisect_left(lanes[shard_and_lane], inf if ended is None else ended)
        waiting = max(0, behind - max(place[record] for record in root.records) - 1)
        failed = tuple(record for batch in root.walk() if _failing(batch) for record in batch.records)
        waiting += sum(1 for record in set(root.records).difference(failed) if _later(history, record, begun))
        found.append(HoldUp("shard", str(shard_and_lane[0]), shard_and_lane[1], begun, ended, failed, waiting))
    return sorted(found, key=_longest_first)


def _of_groups(history: History, arrivals: Iterable[Record]) -> list[HoldUp]:
    """The hold-ups of a FIFO queue's message groups."""
    begun: dict[str, float] = {}
    for attempt in history.tries:
        for record in attempt.again:
            begun.setdefault(record, attempt.until)
    groups: dict[str, list[tuple[str, float]]] = {}
    for message in arrivals:
        groups.setdefault(message.key, []).append((message.id, message.at))
    found: list[HoldUp] = []
    for group, messages in groups.items():
        failing = sorted(
            ((begun[record], _ended(history, [record]), record) for record, _ in messages if record in begun),
            key=itemgetter(0),
        )
        for start, end, failed in _episodes(failing):
            waiting = sum(
                1 for record, at in messages if record not in failed and at < end and _later(history, record, start)
            )
            found.append(HoldUp("message group", group, 0, start, None if end == inf else end, failed, waiting))
    return sorted(found, key=_longest_first)


def _failing(batch: Batch) -> bool:
    """Whether it is the smallest batch that did not go well."""
    return not batch.parts and (
        any(attempt.again for attempt in batch.tries) or any(end.state != "processed" for end in batch.ends)
    )


def _episodes(failing: Iterable[tuple[float, float | None, str]]) -> Iterator[tuple[float, float, tuple[str, ...]]]:
    """Times that overlap as one: its begin, its end, and the records that failed in it."""
    begun, ended, records = inf, -inf, list[str]()
    for start, end, record in failing:
        if records and start > ended:
            yield begun, ended, tuple(records)
            begun, ended, records = inf, -inf, []
        begun, ended = min(begun, start), max(ended, inf if end is None else end)
        records.append(record)
    if records:
        yield begun, ended, tuple(records)


def _later(history: History, record: str, moment: float) -> bool:
    """Whether a record reached its end after a moment, if ever."""
    end = history.ends.get(record)
    return end is None or end.at > moment


def _ended(history: History, records: Iterable[str]) -> float | None:
    ends = [history.ends.get(record) for record in records]
    return None if None in ends else max((end.at for end in ends if end is not None), default=None)


def _longest_first(hold_up: HoldUp) -> tuple[float, str, int, float]:
    length = inf if hold_up.ended is None else hold_up.ended - hold_up.begun
    return -length, hold_up.name, hold_up.lane, hold_up.begun
