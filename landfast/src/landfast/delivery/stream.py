"""One shard of a stream: reading, lanes and the checkpoint (S-45, S-46, S-49, S-78)."""

import math
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from landfast.delivery.actions import Checkpoint, Deliver, Fetch, Invoke, KeepLanes, Settle
from landfast.delivery.destination_records import s3_body, stream_object_key, stream_record, with_payload
from landfast.delivery.destinations import parse
from landfast.delivery.lane import Lane, StreamAction
from landfast.delivery.lane_state import Batch, LaneState, Resumption
from landfast.delivery.outcomes import Outcome
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import StreamConfig
from landfast.delivery.stream_records import Envelope, Render, StreamRecord, stream_event

READ_LIMIT: Final = 10_000
"""Records that one read of a shard returns at most (Kinesis `GetRecords`)."""

READ_AHEAD: Final = 100_000
"""Records of one shard that wait in its lanes at most; a failing lane fills them before it holds back the others."""


@dataclass(slots=True)
class Failures:
    """Makes the records of given-up batches (S-63 to S-67).

    Attributes:
        epoch: Unix time of the machine's time 0.
    """

    config: StreamConfig
    settings: Settings
    shard_id: str
    render: Render
    new_id: Callable[[], str]
    epoch: float = 0.0

    def deliver(self, batch: Batch, condition: str, now: float) -> Deliver[StreamRecord] | None:
        """The record for the on-failure destination; None if the mapping has none."""
        target = parse(self.config.on_failure or "")
        if target is None:
            return None
        at = self.epoch + now
        record = self._record(batch, condition, at)
        if target.kind != "s3":
            return Deliver(target.kind, target.arn, record, batch.records, "S-63")
        event = stream_event(
            batch.records,
            self.render,
            window=batch.window,
            shard_id=self.shard_id,
            stream_arn=self.config.stream_arn,
            epoch=self.epoch,
        )
        key = stream_object_key(self.config.mapping_id, self.shard_id, unique=self.new_id(), now=at)
        body = s3_body(target.name, key, with_payload(record, event))
        return Deliver("s3", target.arn, body, batch.records, "S-66")

    def _record(self, batch: Batch, condition: str, at: float) -> dict[str, object]:
        first, last = batch.records[0], batch.records[-1]
        arn = self.config.function_arn
        exhausted = condition == "RetryAttemptsExhausted"
        return stream_record(
            request_id=batch.request_id or self.new_id(),
            function_arn=arn if self.settings.qualified_stream_arn else ":".join(arn.split(":")[:7]),
            condition=condition,
            attempts=max(1, batch.attempts),
            response=batch.error if exhausted else "absent",
            executed_version=batch.version,
            now=at,
            source=self.config.source,
            shard_id=self.shard_id,
            start_sequence=first.sequence,
            end_sequence=last.sequence,
            first_arrival=self.epoch + first.arrived,
            last_arrival=self.epoch + last.arrived,
            batch_size=len(batch.records),
            stream_arn=self.config.stream_arn,
        )


@dataclass(slots=True)
class Progress:
    """The checkpoint: the last record before the lowest one that is not done."""

    checkpoint: str | None = None
    _open: deque[str] = field(default_factory=deque)
    _done: set[str] = field(default_factory=set)

    def read(self, records: Sequence[StreamRecord]) -> None:
        """Records were read, the next in order."""
        self._open.extend([record.sequence for record in records])

    def done(self, records: Sequence[StreamRecord]) -> None:
        """These records need no more work."""
        open_, done, passed = self._open, self._done, None
        for record in records:
            if open_ and open_[0] == record.sequence:  # most are done in their order: nothing need be remembered
                passed = open_.popleft()
            else:
                done.add(record.sequence)
        while done and open_ and open_[0] in done:
            passed = open_.popleft()
            done.discard(passed)
        self.checkpoint = passed or self.checkpoint

    @property
    def undone(self) -> int:
        """The number of records that were read and are not past the checkpoint."""
        return len(self._open)


class ShardPoller:
    """The state machine of one shard.

    The driver wakes it at `due()` by `advance`, answers each `actions.Fetch` by `fetched` and each `actions.Invoke` by
    `finished`. An order of records holds within a lane; a key is always in the same lane (S-49, U-11).

    Attributes:
        is_paused: True once it begins nothing any more.
    """

    def __init__(
        self,
        config: StreamConfig,
        shard_id: str,
        *,
        settings: Settings,
        new_id: Callable[[], str],
        render: Render,
        lanes: Sequence[LaneState] = (),
        epoch: float = 0.0,
    ) -> None:
        """Begin at the shard's starting position or checkpoint, which the driver knows.

        Args:
            config: The mapping's settings.
            shard_id: The shard.
            settings: The unconfirmed points.
            new_id: Makes request ids.
            render: Makes a record as the function gets it.
            lanes: How far the lanes had come before a restart; where there are another number of them now, what they
                tried again begins anew, and their windows stay.
            epoch: Unix time of the machine's time 0.
        """
        self.config = config
        self.shard_id = shard_id
        self._settings = settings
        self._render = render
        matches = self._matcher()
        self._matches = matches if settings.batch_size_after_filters else None
        # By U-19 `BatchSize` counts before the filters; then records are filtered in the batch, else as they are read.
        late = None if settings.batch_size_after_filters else matches
        failures = Failures(config, settings, shard_id, render, new_id, epoch)
        factor = config.parallelization_factor
        self._kept = tuple(_windowed(lane, config.tumbling_window) for lane in _resumed(lanes, factor))
        self._lanes = [
            Lane(config, settings, new_id, failures, Envelope(shard_id, config.stream_arn, epoch), number, kept, late)
            for number, kept in enumerate(self._kept)
        ]
        # Keys are in other lanes where there are another number of them: what is done is told by the earlier ones.
        self._earlier = [Resumption(lane) for lane in lanes] if len(lanes) != factor else []
        self._in_flight: dict[str, Lane] = {}
        self._progress = Progress()
        self._checkpoint: str | None = None
        self._fetching = 0
        self._next_read = -math.inf
        self._read_until = -math.inf
        self._ended = False
        self.is_paused = False

    @property
    def drained(self) -> bool:
        """True if the shard has ended and all of it is done; its children may begin (S-51)."""
        return self._ended and not self._progress.undone and all(self._settled(lane) for lane in self._lanes)

    @property
    def lanes(self) -> Sequence[Lane]:
        """The lanes of the shard, to be looked at."""
        return self._lanes

    @property
    def undone(self) -> int:
        """The number of records that were read and are not past the checkpoint."""
        return self._progress.undone

    def pause(self) -> None:
        """Read nothing and invoke nothing any more; what waits to be tried again is kept as for a restart (S-53)."""
        self.is_paused = True
        for lane in self._lanes:
            lane.is_paused = True

    def due(self) -> float | None:
        """When the machine next wants to be woken."""
        if self.is_paused:
            return None
        # A free lane waits for what is being read: it would form a smaller batch of what it has.
        lanes = (lane for lane in self._lanes if not (self._fetching and lane.free))
        times = [wake for lane in lanes if (wake := lane.due()) is not None]
        if self._wants_records():
            times.append(self._next_read)
        return min(times, default=None)

    def advance(self, now: float) -> list[StreamAction]:
        """Do what is due."""
        return self._noted(self._advance(now))

    def fetched(
        self, records: Sequence[StreamRecord], now: float, *, ended: bool = False, nothing_before: float = -math.inf
    ) -> list[StreamAction]:
        """Take in what a `Fetch` brought.

        Args:
            records: The records that were read, in order.
            now: The time.
            ended: True if the shard is closed and this was the last of it.
            nothing_before: The driver knows that no record arrives before this time; it spares useless reads.
        """
        limit, self._fetching = self._fetching, 0
        taken, is_all = self._take_in(records), len(records) < limit
        if ended:
            self._end()
        elif is_all:
            # Reads are at whole multiples of the interval, as a poller with a fixed rate would make them (S-45).
            self._read_until = max(now, nothing_before)
            interval = self.config.source.poll_interval
            self._next_read = max(_tick_after(now, interval), _tick_from(nothing_before, interval))
        if ended or is_all:
            for lane in self._lanes:
                lane.read_again()
        return self._noted(chain(taken, self._go_on(now)))

    def arrived(self) -> None:
        """There is something to read, or the shard has closed; for drivers that know, there are no polls (S-45)."""
        self._next_read = self._read_until = -math.inf

    def finished(self, request_id: str, outcome: Outcome, now: float) -> list[StreamAction]:
        """Take in how an invocation ended."""
        lane = self._in_flight.pop(request_id)
        return self._noted(self._finish(lane, outcome, now))

    def _end(self) -> None:
        self._ended = True
        for lane in self._lanes:
            lane.ended = True

    def _advance(self, now: float) -> Iterator[StreamAction]:
        for lane in self._lanes:
            wake = lane.due()
            if wake is not None and wake <= now:
                yield from lane.wake(now)
        yield from self._go_on(now)

    def _take_in(self, records: Sequence[StreamRecord]) -> list[StreamAction]:
        rejected: list[StreamRecord] = []
        lanes, matches, count = self._lanes, self._matches, len(self._lanes)
        self._progress.read(records)
        for record in records:
            lane = lanes[lane_of(record.key, count) if count > 1 else 0]
            # After a restart a shard is read from its checkpoint; lanes that were further on have done more (S-53).
            if lane.knows(record) or (self._earlier and self._was_done(record)):
                self._progress.done([record])
            elif matches is not None and not matches(record):
                rejected.append(record)
            else:
                lane.offer(record)
        return [Settle(rejected, "filtered", "S-78 no pattern matches")] if rejected else []

    def _was_done(self, record: StreamRecord) -> bool:
        """Tell whether an earlier lane, when there were another number of them, has done a record."""
        return self._earlier[lane_of(record.key, len(self._earlier))].is_done(record)

    def _finish(self, lane: Lane, outcome: Outcome, now: float) -> Iterator[StreamAction]:
        yield from lane.finished(outcome, now)
        yield from self._go_on(now)

    def _go_on(self, now: float) -> Iterator[StreamAction]:
        """Invoke what is ready; read more if a lane could use it."""
        if self.is_paused:
            return
        reading = self._wants_records() and self._next_read <= now
        # AWS says that lanes are independent; U-11 can say that one that fails holds up all.
        blocked = self._settings.failing_lane_blocks_shard and any(lane.failing for lane in self._lanes)
        more = reading or bool(self._fetching)
        for lane in self._lanes:
            if blocked or not lane.free:
                yield from lane.expire(now)
            else:
                yield from lane.start(now, read_until=self._read_until, more=more)
        if reading and self._wants_records():
            self._fetching = self._fetch_size()
            yield Fetch(self._fetching)

    def _wants_records(self) -> bool:
        # One lane that fails must not let the others starve, nor fill the memory: reading goes on up to `READ_AHEAD`.
        hungry = any(lane.free and not lane.full for lane in self._lanes)
        return hungry and not self._fetching and not self._ended and self._waiting() < READ_AHEAD

    def _waiting(self) -> int:
        return sum(len(lane.backlog) for lane in self._lanes)

    def _fetch_size(self) -> int:
        # One lane takes what is read in order: more than a batch would lie there. Of several, any may take it.
        if len(self._lanes) == 1:
            return min(READ_LIMIT, self.config.batch_size - len(self._lanes[0].backlog))
        return min(READ_LIMIT, self.config.batch_size * len(self._lanes))

    def _noted(self, actions: Iterator[StreamAction]) -> list[StreamAction]:
        """The actions, with what they mean for the shard: invocations in flight, records done, the checkpoint."""
        noted: list[StreamAction] = []
        for action in actions:
            noted.append(action)
            if isinstance(action, Invoke):
                self._in_flight[action.request_id] = self._lanes[action.lane]
            elif isinstance(action, Settle):
                self._progress.done(action.records)
        # Lanes pass the checkpoint at their own pace: what each has done is kept beside it, or it would be done again.
        lanes = tuple([lane.state for lane in self._lanes])
        checkpoint = self._progress.checkpoint
        if checkpoint != self._checkpoint and checkpoint is not None:
            noted.append(Checkpoint(checkpoint))
        if checkpoint != self._checkpoint or lanes != self._kept:
            noted.append(KeepLanes(lanes))
        self._checkpoint, self._kept = checkpoint, lanes
        return noted

    def _matcher(self) -> Callable[[StreamRecord], bool] | None:
        criteria, render = self.config.filter_criteria, self._render
        if criteria is None:
            return None
        from landfast.delivery.filters import compile_filters  # noqa: PLC0415 - most mappings have no filters to load

        compiled = compile_filters(criteria, self.config.source, self._settings)
        return None if compiled is None else lambda record: compiled.matches(render(record))

    @staticmethod
    def _settled(lane: Lane) -> bool:
        return lane.free and not lane.backlog and lane.open_window is None


def _resumed(lanes: Sequence[LaneState], factor: int) -> tuple[LaneState, ...]:
    """The states of so many lanes."""
    if len(lanes) == factor:
        return tuple(lanes)
    windows = [*(lane.window for lane in lanes), *[None] * factor][:factor]
    return tuple(LaneState(window=window) for window in windows)


def _windowed(lane: LaneState, length: float) -> LaneState:
    """The state of a lane without windows of another length than the mapping's now; their states are given up."""
    windows = [lane.window, *(batch.window for batch in (*lane.batches, *lane.given_up))]
    if all(window is None or window.end - window.start == length for window in windows):
        return lane
    batches, given_up = (
        tuple(replace(batch, window=None) for batch in part if batch.first is not None)
        for part in (lane.batches, lane.given_up)
    )
    return replace(lane, window=None, batches=batches, given_up=given_up)


def lane_of(key: str, lanes: int) -> int:
    """The lane of a key: always the same one, whatever the process; numbered keys spread evenly (U-11)."""
    # Not `hash`, which differs from one process to the next: after a restart keys must find their lanes.
    return zlib.adler32(key.encode()) % lanes if lanes > 1 else 0


def _tick_after(now: float, interval: float) -> float:
    """The first multiple of the interval after `now`."""
    return (math.floor(now / interval) + 1) * interval


def _tick_from(time: float, interval: float) -> float:
    """The first multiple of the interval that is not before `time`."""
    return math.ceil(time / interval) * interval if math.isfinite(time) else time
