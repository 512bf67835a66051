"""One lane of a shard: batches in order, one in flight, retried, split or given up (S-46 to S-77).

A shard has `ParallelizationFactor` lanes (S-49). What happens after an invocation is decided in three steps: what the
outcome means for the batch (`Verdict`), what follows from it (`Lane.finished`), and which phase may follow (`_LEGAL`).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import islice, takewhile
from typing import Final, Protocol

from landfast.delivery.actions import Action, Deliver, Drop, Invoke, Retry, Settle, Split, Window
from landfast.delivery.batch_payload import COMMA, fits, fitting
from landfast.delivery.destination_records import function_error
from landfast.delivery.lane_state import Batch, LaneState, Resumption
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.partial_responses import Lowest, Success, stream_failures
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import ENDLESS, StreamConfig
from landfast.delivery.stream_records import StreamRecord
from landfast.delivery.strict_json import json_size

STATE_LIMIT: Final = 1_048_576
"""Bytes a tumbling window's state may have before the window ends early (S-76)."""

StreamAction = Action[StreamRecord]


class Phase(Enum):
    """The phases of a lane."""

    IDLE = "idle"
    GATHERING = "gathering"
    IN_FLIGHT = "in flight"
    WAITING = "waiting"


_LEGAL: Mapping[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.GATHERING, Phase.IN_FLIGHT, Phase.WAITING, Phase.IDLE}),
    Phase.GATHERING: frozenset({Phase.GATHERING, Phase.IN_FLIGHT, Phase.WAITING, Phase.IDLE}),
    Phase.IN_FLIGHT: frozenset({Phase.IDLE, Phase.IN_FLIGHT, Phase.WAITING}),
    Phase.WAITING: frozenset({Phase.IN_FLIGHT, Phase.WAITING, Phase.IDLE}),
}


class Verdict(Enum):
    """The meanings of an outcome for its batch."""

    PROCESSED = "all of it is done"
    PROGRESSED = "its first records are done"
    FAILED = "an attempt has failed"
    NOT_REACHED = "the function never saw it"


class Failures(Protocol):
    """Makes the deliveries of records that are given up."""

    def deliver(self, batch: Batch, condition: str, now: float) -> Deliver[StreamRecord] | None:
        """The record for the on-failure destination; None if the mapping has none."""


@dataclass(slots=True)
class Lane:
    """The state machine of one lane.

    Attributes:
        number: The lane's number in the shard, from 0.
        failures: Makes the records of failures.
        envelope: Tells the bytes of an invocation's event without its records, from its window (S-48).
        backlog: The records that were read and belong to no batch yet.
        open_window: The tumbling window that is open, with its state (S-75).
        ended: True if the shard is closed and all of it was offered.
        late_filter: Tells which records of a batch are delivered, if `BatchSize` counts before the filters (U-19).
        kept: The state of the lane before a restart.
        is_paused: True if it may begin nothing any more: a batch that would be invoked waits instead.
    """

    config: StreamConfig
    settings: Settings
    new_id: Callable[[], str]
    failures: Failures
    envelope: Callable[[Window | None], int]
    number: int = 0
    kept: LaneState = field(default_factory=LaneState)
    late_filter: Callable[[StreamRecord], bool] | None = None
    ended: bool = False
    is_paused: bool = False
    phase: Phase = Phase.IDLE
    backlog: deque[StreamRecord] = field(default_factory=deque)
    _backlog_size: int = 0
    _work: list[Batch] = field(default_factory=list)
    _given_up: list[Batch] = field(default_factory=list)
    _around: int = field(init=False)
    _around_at_least: int = field(init=False)
    _wake: float | None = None
    _last_end: float | None = None
    open_window: Window | None = field(init=False)
    _resumption: Resumption | None = field(init=False)
    _taken: str | None = field(init=False)
    _done: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.open_window = self.kept.window
        self._taken = self._done = self.kept.upto
        self._resumption = None if self.kept == LaneState() else Resumption(self.kept)
        self._around = self.envelope(self.open_window)
        self._around_at_least = self.envelope(Window(0.0, 0.0, {}) if self.config.tumbling_window else None)

    @property
    def free(self) -> bool:
        """True if it could form a batch."""
        return self.phase is Phase.IDLE or self.phase is Phase.GATHERING  # asked so often that a set is too slow

    @property
    def failing(self) -> bool:
        """True if its batch waits to be tried again, or is a part of one that failed."""
        return self.phase is Phase.WAITING or any(batch.attempts or batch.misses or batch.part for batch in self._work)

    @property
    def full(self) -> bool:
        """True if its backlog fills a batch (S-48)."""
        return len(self.backlog) >= self.config.batch_size or not fits(self._backlog_size, envelope=self._around)

    @property
    def batches(self) -> Sequence[Batch]:
        """The batches that are not settled: the last one is in flight or waits, the parts behind it come after it."""
        return tuple(self._work)

    @property
    def state(self) -> LaneState:
        """The part of the lane that is kept for a restart."""
        if self._resumption is not None:
            return self.kept
        if not self._work and not self._given_up:
            return LaneState(self._taken, self.open_window)
        if len(self._work) == 1 and not self._given_up and not self.failing:
            return LaneState(self._done, self.open_window)
        return LaneState(
            upto=self._taken,
            window=self.open_window,
            batches=tuple(batch.state for batch in self._work),
            given_up=tuple(batch.state for batch in self._given_up),
            due=self._wake,
        )

    def due(self) -> float | None:
        """When it next wants to be woken."""
        return self._wake

    def knows(self, record: StreamRecord) -> bool:
        """Tell whether a record that is read again was done before the restart."""
        return self._resumption is not None and self._resumption.is_done(record)

    def offer(self, record: StreamRecord) -> None:
        """Take in a record, the next in order."""
        if self._resumption is not None and self._resumption.takes(record):
            return
        self.backlog.append(record)
        self._backlog_size += record.size + COMMA

    def read_again(self) -> None:
        """All that was read before a restart, and is still there, has been offered again."""
        if self._resumption is not None:
            self._resumption.complete = True

    def expire(self, now: float) -> Iterator[StreamAction]:
        """Let go of what has left the stream while it waited, behind whatever holds the lane (S-54)."""
        gone = self._take(_first(self.backlog, lambda record: now - record.arrived >= self.config.retention))
        if gone:
            yield from _expired(gone)

    def start(self, now: float, *, read_until: float, more: bool) -> Iterator[StreamAction]:
        """Form and invoke the next batch, if it is time; of batches that are too old as a whole, form the next.

        Args:
            now: The time.
            read_until: Everything that arrived before this time has been offered.
            more: True if the shard has more to read at once; then only a full batch is formed.
        """
        if self._resumption is not None:
            yield from self._resume(self._resumption, now)
        while self.free and self._resumption is None:
            if self.config.tumbling_window and self._close_window(now, read_until):
                yield from self._try(now)
            elif self.backlog and self._ready(now, more=more):
                yield from self._form(now)
            else:
                return

    def wake(self, now: float) -> Iterator[StreamAction]:
        """Try the waiting batch again."""
        if self.phase is Phase.WAITING:
            yield from self._try(now)

    def finished(self, outcome: Outcome, now: float) -> Iterator[StreamAction]:
        """The invocation in flight has ended."""
        batch = self._work[-1]
        self._last_end = now
        verdict, done = self._verdict(batch, outcome)
        match verdict:
            case Verdict.PROCESSED:
                yield from self._complete(batch, now)
            case Verdict.PROGRESSED:
                yield from self._shrink(batch, done, now)
            case Verdict.FAILED:
                yield from self._fail(batch, now)
            case Verdict.NOT_REACHED:
                yield self._miss(batch, now, "S-57 throttled")

    def _resume(self, resumption: Resumption, now: float) -> Iterator[StreamAction]:
        """Go on where a restart has interrupted, once all that belongs to the batches was read again."""
        if not resumption.complete:
            return
        self._resumption = None
        kept = (*self.kept.batches, *self.kept.given_up)
        batches = [Batch.resumed(*each) for each in zip(kept, resumption.records, strict=True)]
        count = len(self.kept.batches)  # what has no records has left the stream meanwhile
        self._work = [batch for batch in batches[:count] if batch.records or self._is_last_of_window(batch)]
        self._given_up = [batch for batch in batches[count:] if batch.records]
        if self._work and self.kept.due is not None and self.kept.due > now:
            self._to(Phase.WAITING, wake=self.kept.due)
        elif self._work or self._given_up:
            yield from self._try(now)

    # What an outcome means

    def _verdict(self, batch: Batch, outcome: Outcome) -> tuple[Verdict, int]:
        match outcome:
            case NotReached():
                return Verdict.NOT_REACHED, 0
            case Failed():
                batch.error = function_error(outcome, handled_errors=self.settings.handled_errors)
                batch.version = outcome.executed_version
                return Verdict.FAILED, 0
            case Succeeded(value, version):
                batch.error, batch.version = None, version
                return self._response(batch, value)

    def _response(self, batch: Batch, value: object) -> tuple[Verdict, int]:
        """Read what the function returned: partial failures (S-70, S-71), and the state of its window (S-76).

        A state that not even an event without records can hold is no better than none.
        """
        state = value.get("state") if isinstance(value, Mapping) else None
        if batch.window is not None and not (isinstance(state, Mapping) and self._can_be_sent(batch.window, state)):
            return Verdict.FAILED, 0
        done = len(batch.records)
        if self.config.report_batch_item_failures:
            sequences = [record.sequence for record in batch.records]
            match stream_failures(value, sequences, self.settings):
                case Success():
                    pass
                case Lowest(index) if index > 0:
                    done = index
                case _:
                    return Verdict.FAILED, 0
        if batch.window is not None and isinstance(state, Mapping):
            self._keep_state(batch.window, state)
        return (Verdict.PROCESSED if done == len(batch.records) else Verdict.PROGRESSED), done

    # What follows from it

    def _complete(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        if batch.records:
            yield Settle(batch.records, "processed", "S-46 the batch succeeded")
        yield from self._next(now)

    def _shrink(self, batch: Batch, done: int, now: float) -> Iterator[StreamAction]:
        """The checkpoint moves to the lowest failed record, and the rest starts afresh (S-61, S-72)."""
        first, rest = batch.records[:done], batch.records[done:]
        self._done = first[-1].sequence
        yield Settle(first, "processed", "S-70 before the lowest failed record")
        yield Split(first, rest, "S-72 the checkpoint moved")
        # The rest is a batch of its own: its retries are counted from 0 (S-72).
        self._work[-1] = replace(batch, records=rest, attempts=0, misses=0)
        yield from self._try(now)

    def _fail(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        batch.attempts += 1
        batch.misses = 0
        limit, rules = self.config.maximum_retry_attempts, self.settings.bisect
        exhausted = limit != ENDLESS and batch.attempts > limit
        # A batch of one cannot be split: it is retried, or given up, as if nothing were set (S-60).
        divisible = self.config.bisect and len(batch.records) > 1
        if divisible and not (exhausted and rules.exhausted == "any"):
            yield from self._bisect(batch, now)
        elif exhausted:
            # One record of failure for all parts comes when the last of them is settled (U-30).
            if batch.part and self.settings.merge_bisected_failures:
                self._given_up.append(batch)
            else:
                yield from self._give_up(batch, _EXHAUSTED, now)
            yield from self._next(now)
        else:
            wait = self.settings.stream_backoff.wait(batch.attempts)
            yield self._retry_at(now + wait, batch, "S-56 the attempt failed")

    def _bisect(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        """Split in two; a split costs no retry (S-60, U-14)."""
        rules = self.settings.bisect
        middle = rules.middle(len(batch.records))
        left, right = batch.records[:middle], batch.records[middle:]
        yield Split(left, right, "S-60 bisected")
        # AWS says that a split costs no retry, and not whether the halves begin to count anew (S-60, U-14).
        attempts = batch.attempts if rules.counter == "kept" else 0
        halves = [Batch(part, attempts, window=batch.window, part=True) for part in (right, left)]
        others = self._work[:-1]
        # The last one is tried next: the left half stands behind the right one, as order holds within the batch.
        self._work = [*others, *halves] if rules.order == "left" else [*halves, *others]
        yield from self._try(now)

    def _give_up(self, batch: Batch, condition: str, now: float) -> Iterator[StreamAction]:
        """Send where failures go, or drop (S-59); of a window's last invocation there is no record to send."""
        delivery = self.failures.deliver(batch, condition, now) if batch.records else None
        if delivery is not None:
            yield delivery
            yield Settle(batch.records, "to_destination", f"S-59 {condition}")
            return
        yield Drop(batch.records, "DroppedEventCount")
        if batch.records:
            yield Settle(batch.records, "dropped", f"S-59 {condition}, no on-failure destination")

    def _give_up_merged(self, now: float) -> Iterator[StreamAction]:
        """Give up the parts of a bisected batch in one record, once all of the batch is settled (U-30)."""
        parts, self._given_up = self._given_up, []
        if parts:
            records = [record for part in parts for record in part.records]
            merged = replace(parts[-1], records=records, attempts=max(part.attempts for part in parts))
            yield from self._give_up(merged, _EXHAUSTED, now)

    def _next(self, now: float) -> Iterator[StreamAction]:
        """The batch on top is settled: go on with the part behind it, if it was split."""
        self._settle_top()
        yield from self._try(now)

    def _settle_top(self) -> None:
        batch = self._work.pop()
        if batch.records:
            self._done = batch.records[-1].sequence
        if batch.window is not None and batch.window.final:
            self._set_window(None)

    def _miss(self, batch: Batch, now: float, rule: str) -> StreamAction:
        """A try that did not reach the function: it does not count, and is made again later (S-57)."""
        batch.misses += 1
        return self._retry_at(now + self.settings.stream_backoff.wait(batch.misses), batch, rule)

    def _retry_at(self, at: float, batch: Batch, rule: str) -> StreamAction:
        self._to(Phase.WAITING, wake=at)
        return Retry(batch.records, at, rule)

    # Trying a batch

    def _try(self, now: float) -> Iterator[StreamAction]:
        """Invoke the batch on top; where it has grown too old as a whole, the one behind it (S-54, S-59)."""
        while self._work:
            batch = self._work[-1]
            if batch.records:
                yield from self._discard_old(batch, now)
            elif self._is_too_old(batch.since, now):
                yield from self._give_up(batch, "RecordAgeExceeded", now)
                self._settle_top()
                continue
            if batch.records or self._is_last_of_window(batch):
                yield from self._send(now)
                return
            self._settle_top()
        yield from self._give_up_merged(now)
        self._to(Phase.IDLE)

    def _send(self, now: float) -> Iterator[StreamAction]:
        """Invoke the batch on top, or as much of it as an event can hold together with its window's state (S-48)."""
        if self.is_paused:
            self._to(Phase.WAITING)
            return
        if self._work[-1].records:
            # It holds its lane until it is too old, without a call: no invocation could carry it (U-24).
            if len(self._work[-1].records) == 1 and self._oversized(self._work[-1].records[0]):
                yield self._miss(self._work[-1], now, "U-24 no payload can hold it")
                return
            if self.config.tumbling_window:
                self._enter_window(self._work[-1], now)
                yield from self._cut()
        batch = self._work[-1]
        batch.request_id = self.new_id()
        self._to(Phase.IN_FLIGHT)
        yield Invoke(batch.request_id, batch.records, batch.attempts + 1, batch.window, self.number)

    def _enter_window(self, batch: Batch, now: float) -> None:
        """Give a batch its window as it now stands; a window that has to end before gets its last invocation first.

        It has to when its state has outgrown its limit (S-76), and when no record fits into an event beside it.
        """
        window = self.open_window
        if window is not None and (window.terminated_early or not fits(batch.records[0].size, envelope=self._around)):
            self._set_window(replace(window, terminated_early=True))
            if self._end_window(now):
                return
        if self.open_window is None:
            self._set_window(self._window_of(batch.records[0].arrived))
        batch.window = self.open_window

    def _cut(self) -> Iterator[StreamAction]:
        """Split off what no longer fits, because the window's state has grown since the batch was formed."""
        batch = self._work[-1]
        count = fitting((record.size for record in batch.records), envelope=self._around)
        if count < len(batch.records):
            first, rest = batch.records[:count], batch.records[count:]
            yield Split(first, rest, "S-48 the payload is full")
            # The first part goes on as the batch that it was, with its attempts; the rest is a batch of its own.
            self._work[-1:] = [replace(batch, records=rest, attempts=0), replace(batch, records=first)]

    def _discard_old(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        """Split off only what has left the stream or is too old; what is younger starts afresh (S-54, S-59)."""
        age, retention = self.config.maximum_record_age, self.config.retention
        expired = _first(batch.records, lambda record: now - record.arrived >= retention)
        old = expired if age == ENDLESS else _first(batch.records, lambda record: now - record.arrived > age)
        # Records stand in the order of their arrival, so what is too old comes first; retention may end before the age.
        gone = max(expired, old)
        if not gone:
            return
        if gone < len(batch.records):
            yield Split(batch.records[:gone], batch.records[gone:], "S-59 only the old are given up")
        if expired:
            yield from _expired(batch.records[:expired])
        if old > expired:
            yield from self._give_up(replace(batch, records=batch.records[expired:old]), "RecordAgeExceeded", now)
        # What is left is younger, and has not failed by itself: it starts afresh (S-59).
        self._done = batch.records[gone - 1].sequence
        batch.records, batch.attempts, batch.misses = batch.records[gone:], 0, 0

    def _is_too_old(self, since: float, now: float) -> bool:
        """Tell whether what has waited since then, without records of its own, has waited too long (S-54, S-59)."""
        age = self.config.maximum_record_age
        return now - since >= self.config.retention or (age != ENDLESS and now - since > age)

    # Forming a batch

    def _ready(self, now: float, *, more: bool) -> bool:
        """Tell whether the batch closes: nothing can join it, at its window's end, or at once without one (S-48)."""
        if self.full or self.ended or self._window_is_over():
            return True
        # A shard that has more to give at once fills the batch: a window is for shards that have nothing more (S-48).
        if more:
            return False
        if self.phase is Phase.IDLE:
            self._to(Phase.GATHERING, wake=self._gathering_ends(now))
        return self._wake is None or now >= self._wake

    def _gathering_ends(self, now: float) -> float:
        """The batching window begins when the previous invocation has ended, or else with its first record (S-48)."""
        window = self.config.batching_window
        # A record that comes soon after an invocation finds a window open that began with its end (S-48).
        begun = self._last_end if self._last_end is not None and now < self._last_end + window else now
        end = begun + window
        return end if self.open_window is None else min(end, self.open_window.end)

    def _form(self, now: float) -> Iterator[StreamAction]:
        """Take the first records of the backlog, as many as a batch may hold (S-47, S-48)."""
        count = min(len(self.backlog), self.config.batch_size)
        # Records are only weighed one by one where they might not all fit.
        if self.open_window is not None or not fits(self._backlog_size, envelope=self._around):
            count = fitting(map(_size, self._candidates()), envelope=self._around)
        if not count:
            yield from self._turn_away(now)
            return
        self._work.append(Batch(self._take(count)))
        if self.late_filter is not None:
            yield from self._filter_batch(self._work[-1], self.late_filter)
        yield from self._try(now)

    def _candidates(self) -> Iterator[StreamRecord]:
        """Return the records that could be in one batch: no more than `BatchSize`, and of one window."""
        candidates = islice(self.backlog, self.config.batch_size)
        window = self.open_window
        return candidates if window is None else takewhile(lambda record: record.arrived < window.end, candidates)

    def _take(self, count: int) -> list[StreamRecord]:
        if count:
            self._done = self._done if self._work else self._taken
            self._taken = self.backlog[count - 1].sequence
        if count == len(self.backlog):
            taken = list(self.backlog)
            self.backlog.clear()
            self._backlog_size = 0
            return taken
        taken = [self.backlog.popleft() for _ in range(count)]
        self._backlog_size -= sum(record.size + COMMA for record in taken)
        return taken

    def _filter_batch(self, batch: Batch, matches: Callable[[StreamRecord], bool]) -> Iterator[StreamAction]:
        rejected = [record for record in batch.records if not matches(record)]
        batch.records = [record for record in batch.records if matches(record)]
        if rejected:
            yield Settle(rejected, "filtered", "S-78 no pattern matches")

    def _turn_away(self, now: float) -> Iterator[StreamAction]:
        """The first record does not fit: its window ends early, or it goes unseen to the on-failure destination (S-48).

        Without a destination it is dropped or, by U-24, holds its lane until it is too old.
        """
        # Beside an empty state it would fit: the window ends early, and the record opens the next one (S-76).
        if not self._oversized(self.backlog[0]) and self.open_window is not None:
            self._set_window(replace(self.open_window, terminated_early=True))
            return
        batch = Batch(self._take(1))
        if self.config.on_failure is None and not self.settings.oversized_records.drop:
            self._work.append(batch)
            yield from self._try(now)
        else:
            batch.request_id = self.new_id()
            yield from self._give_up(batch, self.settings.oversized_records.condition, now)
            self._to(Phase.IDLE)

    def _oversized(self, record: StreamRecord) -> bool:
        """Tell whether no event can hold it, not even in a window that has no state yet."""
        return not fits(record.size, envelope=self._around_at_least)

    # Tumbling windows

    def _close_window(self, now: float, read_until: float) -> bool:
        """Open the window of the next record; queue the last invocation of one that is over (S-77)."""
        if self.open_window is None and self.backlog:
            self._set_window(self._window_of(self.backlog[0].arrived))
        window = self.open_window
        if window is None:
            return False
        if self.backlog and self.backlog[0].arrived < window.end and not window.terminated_early:
            return False
        # The stream may still bring a record that belongs into the window, until its end has been read past (S-77).
        if not self._window_is_over() and not (self.ended or (now >= window.end and read_until >= window.end)):
            self._to(Phase.IDLE, wake=window.end if now < window.end else None)
            return False
        return self._end_window(now)

    def _end_window(self, now: float) -> bool:
        """Queue the last invocation of the open window, if there is to be one (U-25); otherwise it just ends."""
        window = self.open_window
        if window is None or not self.settings.empty_final_window:
            self._set_window(None)
            return False
        if not self._work:
            self._done = self._taken
        # A last invocation without records has no arrival of its own: it ages from the end of its window (S-59).
        self._work.append(Batch([], window=replace(window, final=True), since=min(window.end, now)))
        return True

    def _window_is_over(self) -> bool:
        """Tell whether nothing can join the open window any more: it outgrew its state, or a later record is here."""
        window = self.open_window
        if window is None:
            return False
        if window.terminated_early or not self.backlog:
            return window.terminated_early
        return max(self.backlog[0].arrived, self.backlog[-1].arrived) >= window.end

    def _window_of(self, arrived: float) -> Window:
        length = self.config.tumbling_window
        # AWS does not say where windows begin: at multiples of their length since 1970, or with a record (U-18).
        start = arrived - arrived % length if self.settings.window_alignment_to_epoch else arrived
        return Window(start, start + length, {})

    def _keep_state(self, window: Window, state: Mapping[str, object]) -> None:
        # A state that is too large is kept all the same: the window ends early, and its last invocation gets it (S-76).
        early = window.terminated_early or json_size(state) > STATE_LIMIT
        self._set_window(replace(window, state=state, terminated_early=early))

    def _can_be_sent(self, window: Window, state: Mapping[str, object]) -> bool:
        return fits(0, envelope=self.envelope(replace(window, state=state, final=False)))

    def _set_window(self, window: Window | None) -> None:
        self.open_window = window
        self._around = self.envelope(window)

    @staticmethod
    def _is_last_of_window(batch: Batch) -> bool:
        return batch.window is not None and batch.window.final

    def _to(self, phase: Phase, *, wake: float | None = None) -> None:
        # A step that no rule allows is a fault of ours: better found at once than told as a delivery.
        if phase not in _LEGAL[self.phase]:
            raise RuntimeError(f"lane {self.number}: {self.phase.value} -> {phase.value}")
        self.phase = phase
        self._wake = wake


_EXHAUSTED: Final = "RetryAttemptsExhausted"


def _size(record: StreamRecord) -> int:
    return record.size


def _expired(records: Sequence[StreamRecord]) -> Iterator[StreamAction]:
    yield Drop(records, "DroppedEventCount")
    yield Settle(records, "dropped", "S-54 expired in the stream")


def _first(records: Iterable[StreamRecord], condition: Callable[[StreamRecord], bool]) -> int:
    """Count how many of the first records meet the condition."""
    return sum(1 for _ in takewhile(condition, records))
