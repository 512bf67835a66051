"""One lane of a shard: batches in order, one in flight, retried, split or given up (S-46 to S-77).

A shard has `ParallelizationFactor` lanes (S-49). What happens after an invocation is decided in three steps: what the
outcome means for the batch (`Verdict`), what follows from it (`Lane.finished`), and which phase may follow (`_LEGAL`).
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final, Protocol

from landfast.delivery.actions import Action, Deliver, Drop, Invoke, Retry, Settle, Split, Window
from landfast.delivery.destination_records import FunctionError, function_error, json_size
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.partial_responses import Lowest, Success, stream_failures
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import ENDLESS, StreamConfig
from landfast.delivery.stream_records import PAYLOAD_LIMIT, StreamRecord

ENVELOPE: Final = len('{"Records":[]}')
"""Bytes of an event around its records; each record but the first needs a comma as well."""

STATE_LIMIT: Final = 1_048_576
"""Bytes a tumbling window's state may have before the window ends early (S-76)."""

StreamAction = Action[StreamRecord]


class Phase(Enum):
    """What a lane is doing."""

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
    """What an outcome means for its batch."""

    PROCESSED = "all of it is done"
    PROGRESSED = "its first records are done"
    FAILED = "an attempt has failed"
    NOT_REACHED = "the function never saw it"


@dataclass(slots=True)
class Batch:
    """Records that are invoked together, until they are done, split or given up.

    Attributes:
        records: The records, in order.
        attempts: Failed invocations since the batch was formed (S-56, S-72).
        misses: Tries in a row that never reached the function (S-57).
        window: The tumbling window it belongs to.
        request_id: Of its last try.
        error: The function error of its last invocation.
        version: The version that its last invocation ran.
    """

    records: Sequence[StreamRecord]
    attempts: int = 0
    misses: int = 0
    window: Window | None = None
    request_id: str = ""
    error: FunctionError | None = None
    version: str = "$LATEST"


class Failures(Protocol):
    """Where records go that are given up."""

    def deliver(self, batch: Batch, condition: str, now: float) -> Deliver[StreamRecord] | None:
        """The record for the on-failure destination; None if the mapping has none."""


@dataclass(slots=True)
class Lane:
    """The state machine of one lane.

    Attributes:
        number: Its number in the shard, from 0.
        failures: Makes the records of failures.
        backlog: What was read and belongs to no batch yet.
        open_window: The tumbling window that is open, with its state (S-75).
        ended: Whether the shard is closed and all of it was offered.
        late_filter: Tells which records of a batch are delivered, if `BatchSize` counts before the filters (U-19).
    """

    config: StreamConfig
    settings: Settings
    new_id: Callable[[], str]
    failures: Failures
    number: int = 0
    open_window: Window | None = None
    late_filter: Callable[[StreamRecord], bool] | None = None
    ended: bool = False
    phase: Phase = Phase.IDLE
    backlog: deque[StreamRecord] = field(default_factory=deque)
    _backlog_size: int = 0
    _work: list[Batch] = field(default_factory=list)
    _wake: float | None = None
    _last_end: float | None = None

    @property
    def free(self) -> bool:
        """Whether it could form a batch."""
        return self.phase in {Phase.IDLE, Phase.GATHERING}

    @property
    def failing(self) -> bool:
        """Whether its batch waits to be tried again, or is a part of one that failed."""
        return self.phase is Phase.WAITING or any(batch.attempts or batch.misses for batch in self._work)

    @property
    def full(self) -> bool:
        """Whether its backlog fills a batch (S-48)."""
        return len(self.backlog) >= self.config.batch_size or self._backlog_size + ENVELOPE > PAYLOAD_LIMIT

    def due(self) -> float | None:
        """When it next wants to be woken."""
        return self._wake

    def offer(self, record: StreamRecord) -> None:
        """Take in a record, the next in order."""
        self.backlog.append(record)
        self._backlog_size += record.size + 1

    def start(self, now: float, *, read_until: float, more: bool) -> Iterator[StreamAction]:
        """Form and invoke the next batch, if it is time; of batches that are too old as a whole, form the next.

        Args:
            now: The time.
            read_until: Everything that arrived before this time has been offered.
            more: Whether the shard has more to read at once; then only a full batch is formed.
        """
        while self.free:
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
        """Read what the function returned: partial failures (S-70, S-71), and the state of its window (S-76)."""
        state = value.get("state") if isinstance(value, Mapping) else None
        if batch.window is not None and not isinstance(state, Mapping):
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
        yield Settle(first, "processed", "S-70 before the lowest failed record")
        yield Split(first, rest, "S-72 the checkpoint moved")
        self._work[-1] = Batch(rest, window=self.open_window)
        yield from self._try(now)

    def _fail(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        batch.attempts += 1
        batch.misses = 0
        limit = self.config.maximum_retry_attempts
        if self.config.bisect and len(batch.records) > 1:
            yield from self._bisect(batch, now)
        elif limit != ENDLESS and batch.attempts > limit:
            yield from self._give_up(batch, "RetryAttemptsExhausted", now)
            yield from self._next(now)
        else:
            wait = self.settings.stream_backoff.wait(batch.attempts)
            yield self._retry_at(now + wait, batch, "S-56 the attempt failed")

    def _bisect(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        """Split in two; the left half is worked off to its end first, and a split costs no retry (S-60, U-14)."""
        middle = len(batch.records) // 2
        left, right = batch.records[:middle], batch.records[middle:]
        yield Split(left, right, "S-60 bisected")
        attempts = batch.attempts - 1 if self.settings.bisect_keeps_attempts else 0
        self._work[-1:] = [Batch(part, attempts, window=batch.window) for part in (right, left)]
        yield from self._try(now)

    def _give_up(self, batch: Batch, condition: str, now: float) -> Iterator[StreamAction]:
        """Send where failures go, or drop (S-59)."""
        if not batch.records:
            return
        delivery = self.failures.deliver(batch, condition, now)
        if delivery is None:
            yield Drop(batch.records, "DroppedEventCount")
            yield Settle(batch.records, "dropped", f"S-59 {condition}, no on-failure destination")
        else:
            yield delivery
            yield Settle(batch.records, "to_destination", f"S-59 {condition}")

    def _next(self, now: float) -> Iterator[StreamAction]:
        """The batch on top is settled: go on with the part behind it, if it was split."""
        batch = self._work.pop()
        if batch.window is not None and batch.window.final:
            self.open_window = None
        if self._work:
            yield from self._try(now)
        else:
            self._to(Phase.IDLE)

    def _miss(self, batch: Batch, now: float, rule: str) -> StreamAction:
        """A try that did not reach the function: it does not count, and is made again later (S-57)."""
        batch.misses += 1
        return self._retry_at(now + self.settings.stream_backoff.wait(batch.misses), batch, rule)

    def _retry_at(self, at: float, batch: Batch, rule: str) -> StreamAction:
        self._to(Phase.WAITING, wake=at)
        return Retry(batch.records, at, rule)

    # Trying a batch

    def _try(self, now: float) -> Iterator[StreamAction]:
        """Look at the age of the batch on top, then invoke it (S-54, S-59)."""
        batch = self._work[-1]
        if batch.records:
            yield from self._discard_old(batch, now)
            if not batch.records:
                yield from self._next(now)
                return
            if len(batch.records) == 1 and _oversized(batch.records[0]):
                yield self._miss(batch, now, "U-24 no payload can hold it")
                return
        batch.request_id = self.new_id()
        self._to(Phase.IN_FLIGHT)
        if self.open_window is not None and batch.records:
            batch.window = replace(self.open_window, terminated_early=False)
        yield Invoke(batch.request_id, batch.records, batch.attempts + 1, batch.window, self.number)

    def _discard_old(self, batch: Batch, now: float) -> Iterator[StreamAction]:
        """Split off only what has left the stream or is too old; what is younger starts afresh (S-54, S-59)."""
        age, retention = self.config.maximum_record_age, self.config.retention
        expired = _first(batch.records, lambda record: now - record.arrived >= retention)
        old = expired if age == ENDLESS else _first(batch.records, lambda record: now - record.arrived > age)
        gone = max(expired, old)
        if not gone:
            return
        if gone < len(batch.records):
            yield Split(batch.records[:gone], batch.records[gone:], "S-59 only the old are given up")
        if expired:
            yield Drop(batch.records[:expired], "DroppedEventCount")
            yield Settle(batch.records[:expired], "dropped", "S-54 expired in the stream")
        if old > expired:
            yield from self._give_up(replace(batch, records=batch.records[expired:old]), "RecordAgeExceeded", now)
        batch.records, batch.attempts, batch.misses = batch.records[gone:], 0, 0

    # Forming a batch

    def _ready(self, now: float, *, more: bool) -> bool:
        """Whether the batch closes: nothing can join it, at the end of its window, or at once without one (S-48)."""
        if self.full or self.ended or self._window_is_over():
            return True
        if more:
            return False
        if self.phase is Phase.IDLE:
            self._to(Phase.GATHERING, wake=self._gathering_ends(now))
        return self._wake is None or now >= self._wake

    def _gathering_ends(self, now: float) -> float:
        """The batching window begins when the previous invocation has ended, or else with its first record (S-48)."""
        window = self.config.batching_window
        begun = self._last_end if self._last_end is not None and now < self._last_end + window else now
        end = begun + window
        return end if self.open_window is None else min(end, self.open_window.end)

    def _form(self, now: float) -> Iterator[StreamAction]:
        """Take the first records of the backlog, as many as a batch may hold (S-47, S-48)."""
        taken: list[StreamRecord] = []
        size = ENVELOPE
        end = self.open_window.end if self.open_window is not None else None
        while self.backlog and len(taken) < self.config.batch_size:
            record = self.backlog[0]
            if size + record.size > PAYLOAD_LIMIT or (end is not None and record.arrived >= end):
                break
            size += record.size + 1
            taken.append(self.backlog.popleft())
        self._backlog_size -= size - ENVELOPE
        if not taken:
            yield from self._reject_oversized(now)
            return
        self._work.append(Batch(taken, window=self.open_window))
        if self.late_filter is not None:
            yield from self._filter_batch(self._work[-1], self.late_filter)
        if self._work[-1].records:
            yield from self._try(now)
        else:
            yield from self._next(now)

    def _filter_batch(self, batch: Batch, matches: Callable[[StreamRecord], bool]) -> Iterator[StreamAction]:
        rejected = [record for record in batch.records if not matches(record)]
        batch.records = [record for record in batch.records if matches(record)]
        if rejected:
            yield Settle(rejected, "filtered", "S-78 no pattern matches")

    def _reject_oversized(self, now: float) -> Iterator[StreamAction]:
        """A record that no payload can hold goes to the on-failure destination, unseen (S-48).

        Without a destination it is dropped or, by U-24, holds its lane until it is too old.
        """
        record = self.backlog.popleft()
        self._backlog_size -= record.size + 1
        if self.config.on_failure is None and not self.settings.drop_oversized_records:
            self._work.append(Batch([record], window=self.open_window))
            yield from self._try(now)
        else:
            yield from self._give_up(Batch([record], request_id=self.new_id()), "PayloadSizeExceeded", now)
            self._to(Phase.IDLE)

    # Tumbling windows

    def _close_window(self, now: float, read_until: float) -> bool:
        """Open the window of the next record; queue the last invocation of one that is over (S-77)."""
        if self.open_window is None and self.backlog:
            self.open_window = self._window_of(self.backlog[0].arrived)
        window = self.open_window
        if window is None:
            return False
        if self.backlog and self.backlog[0].arrived < window.end and not window.terminated_early:
            return False
        if not self._window_is_over() and not (self.ended or (now >= window.end and read_until >= window.end)):
            self._to(Phase.IDLE, wake=window.end if now < window.end else None)
            return False
        if not self.settings.empty_final_window:
            self.open_window = None
            return False
        self._work.append(Batch([], window=replace(window, final=True)))
        return True

    def _window_is_over(self) -> bool:
        """Whether nothing can join the open window any more: it outgrew its state, or a later record is here."""
        window = self.open_window
        if window is None:
            return False
        if window.terminated_early or not self.backlog:
            return window.terminated_early
        return max(self.backlog[0].arrived, self.backlog[-1].arrived) >= window.end

    def _window_of(self, arrived: float) -> Window:
        length = self.config.tumbling_window
        start = arrived - arrived % length if self.settings.window_alignment_to_epoch else arrived
        return Window(start, start + length, {})

    def _keep_state(self, window: Window, state: Mapping[str, object]) -> None:
        early = window.terminated_early or json_size(state) > STATE_LIMIT
        self.open_window = replace(window, state=state, terminated_early=early)

    def _to(self, phase: Phase, *, wake: float | None = None) -> None:
        if phase not in _LEGAL[self.phase]:
            raise RuntimeError(f"lane {self.number}: {self.phase.value} -> {phase.value}")
        self.phase = phase
        self._wake = wake


def _oversized(record: StreamRecord) -> bool:
    return ENVELOPE + record.size > PAYLOAD_LIMIT


def _first(records: Sequence[StreamRecord], condition: Callable[[StreamRecord], bool]) -> int:
    """How many of the first records meet the condition."""
    return next((index for index, record in enumerate(records) if not condition(record)), len(records))
