"""The batches of a shard's lanes, and what must survive a restart of them.

A batch that was never invoked, or that was in flight for the first time, is not kept: its records are read again and
form a batch anew. One that has failed, or was split, keeps its records together, its retries and the time of its next
try (S-56, S-57, S-60).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from landfast.delivery.actions import Window
from landfast.delivery.destination_records import FunctionError
from landfast.delivery.stream_records import StreamRecord


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch that is tried again. Its attributes are those of `Batch`; its records are told by their numbers.

    Attributes:
        first: The sequence number of its first record; None for the last invocation of a window, which has none.
        last: The sequence number of its last record.
    """

    first: str | None
    last: str | None
    attempts: int
    misses: int
    window: Window | None
    request_id: str
    error: FunctionError | None
    version: str
    part: bool
    since: float


@dataclass(slots=True)
class Batch:
    """Records that are invoked together, until they are done, split or given up.

    Attributes:
        records: The records, in order; none for the last invocation of a window.
        attempts: Failed invocations since the batch was formed (S-56, S-72).
        misses: Tries in a row that never reached the function (S-57).
        window: The tumbling window it belongs to.
        request_id: The request id of the last try.
        error: The function error of its last invocation.
        version: The version that its last invocation ran.
        part: True if it was bisected off a larger batch.
        since: When it became due, for the last invocation of a window: its age is counted from then.
    """

    records: Sequence[StreamRecord]
    attempts: int = 0
    misses: int = 0
    window: Window | None = None
    request_id: str = ""
    error: FunctionError | None = None
    version: str = "$LATEST"
    part: bool = False
    since: float = 0.0

    @property
    def state(self) -> BatchState:
        """The part of the batch that is kept for a restart."""
        records = self.records
        return BatchState(
            first=records[0].sequence if records else None,
            last=records[-1].sequence if records else None,
            attempts=self.attempts,
            misses=self.misses,
            window=self.window,
            request_id=self.request_id,
            error=self.error,
            version=self.version,
            part=self.part,
            since=self.since,
        )

    @classmethod
    def resumed(cls, state: BatchState, records: Sequence[StreamRecord]) -> "Batch":
        """A batch as it was kept, with its records."""
        return cls(
            records=records,
            attempts=state.attempts,
            misses=state.misses,
            window=state.window,
            request_id=state.request_id,
            error=state.error,
            version=state.version,
            part=state.part,
            since=state.since,
        )


@dataclass(frozen=True, slots=True)
class LaneState:
    """The state of a lane that is kept for a restart.

    Attributes:
        upto: The sequence number up to which all its records are done, or in one of the batches.
        window: The tumbling window that is open, with its state (S-75).
        batches: The batches that are tried again; the last one first.
        given_up: The parts of a bisected batch that were given up and are not yet delivered (U-30).
        due: When the next try is, in seconds.
    """

    upto: str | None = None
    window: Window | None = None
    batches: tuple[BatchState, ...] = ()
    given_up: tuple[BatchState, ...] = ()
    due: float | None = None


@dataclass(slots=True)
class Resumption:
    """Finds for each record that is read again after a restart where it belongs.

    Attributes:
        state: The state that was kept.
        complete: True if all that belongs to the batches has been read again.
        records: Those of each batch, the given-up ones behind the others.
    """

    state: LaneState
    complete: bool = False
    records: list[list[StreamRecord]] = field(default_factory=list)
    _ranges: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for batch in (*self.state.batches, *self.state.given_up):
            self.records.append([])
            first, last = (0, -1) if batch.first is None or batch.last is None else (int(batch.first), int(batch.last))
            self._ranges.append((first, last))

    def is_done(self, record: StreamRecord) -> bool:
        """Tell whether a record was done before the restart; one that comes after all that was kept completes it."""
        if self.state.upto is None or int(record.sequence) > int(self.state.upto):
            self.complete = True
            return False
        return self._batch_of(record) is None

    def takes(self, record: StreamRecord) -> bool:
        """Put a record back into its batch; False if it belongs to none."""
        records = self._batch_of(record)
        if records is not None:
            records.append(record)
        return records is not None

    def _batch_of(self, record: StreamRecord) -> list[StreamRecord] | None:
        sequence = int(record.sequence)
        for (first, last), records in zip(self._ranges, self.records, strict=True):
            if first <= sequence <= last:
                return records
        return None
