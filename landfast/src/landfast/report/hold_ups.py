"""Finds what was held up by failures: the lanes of shards, and message groups."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from operator import itemgetter
from typing import Literal

from msgspec import Struct

from landfast.report.history import Batch, History


class Arrival(Struct, frozen=True):
    """A record as its source had it: when it arrived, in seconds, in which shard, with which key or message group."""

    id: str
    at: float
    shard: int | str | None = None
    key: str = ""


class Source(Struct, frozen=True):
    """The records of a journal, and the order that holds among them.

    Attributes:
        records: All of them, in their order.
        order: Within what they wait for each other; None for events and the messages of standard queues.
    """

    records: Sequence[Arrival]
    order: Literal["shard", "message group"] | None = None


class HoldUp(Struct, frozen=True):
    """A time in which a shard's lane or a message group could not go on because something failed.

    Attributes:
        kind: The kind of thing that was held up.
        name: The number or name of the shard, or of the lane's shard, or the message group.
        lane: The lane.
        begun: When it began, in seconds: the end of the first try that failed.
        ended: When the last of what failed had reached its end; None if that is not reached.
        failed: The records because of which.
        waiting: The number of other records that waited behind them.
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
    match source.order:
        case "shard":
            found = _of_streams(history, source.records)
        case "message group":
            found = _of_groups(history, source.records)
        case None:
            return []
    return sorted(found, key=_longest_first)


def _of_streams(history: History, arrivals: Iterable[Arrival]) -> Iterator[HoldUp]:
    """The hold-ups of a stream's lanes."""
    lane_of = {
        record: (attempt.shard, attempt.lane)
        for attempt in history.tries
        if attempt.reached
        for record in attempt.records
    }
    lanes: dict[tuple[int | str | None, int], list[float]] = {}
    place: dict[str, int] = {}
    for record in arrivals:
        lane = lane_of.setdefault(record.id, (record.shard, 0))
        place[record.id] = len(lanes.setdefault(lane, []))
        lanes[lane].append(record.at)
    for root in history.batches:
        failures = [each.until for _, batch in root.walk() for each in batch.tries if each.again or batch.parts]
        begun, ended = min(failures, default=inf), _ended(history, root.records)
        if not failures or ended == begun:
            continue
        shard_and_lane = lane_of[root.records[0]]
        behind = bisect_left(lanes[shard_and_lane], inf if ended is None else ended)
        waiting = max(0, behind - max(place[record] for record in root.records) - 1)
        failed = tuple(record for _, batch in root.walk() if _failing(batch) for record in batch.records)
        waiting += sum(1 for record in set(root.records).difference(failed) if _later(history, record, begun))
        yield HoldUp("shard", str(shard_and_lane[0]), shard_and_lane[1], begun, ended, failed, waiting)


def _of_groups(history: History, arrivals: Iterable[Arrival]) -> Iterator[HoldUp]:
    """The hold-ups of a FIFO queue's message groups."""
    begun: dict[str, float] = {}
    for attempt in history.tries:
        for record in attempt.again:
            begun.setdefault(record, attempt.until)
    groups: dict[str, list[tuple[str, float]]] = {}
    for message in arrivals:
        groups.setdefault(message.key, []).append((message.id, message.at))
    for group, messages in groups.items():
        failing = sorted(
            ((begun[record], _ended(history, [record]), record) for record, _ in messages if record in begun),
            key=itemgetter(0),
        )
        for start, end, failed in _episodes(failing):
            waiting = sum(
                1 for record, at in messages if record not in failed and at < end and _later(history, record, start)
            )
            yield HoldUp("message group", group, 0, start, None if end == inf else end, failed, waiting)


def _failing(batch: Batch) -> bool:
    """Tell whether it is the smallest batch that did not go well."""
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
    """Tell whether a record reached its end after a moment, if ever."""
    end = history.ends.get(record)
    return end is None or end.at > moment


def _ended(history: History, records: Iterable[str]) -> float | None:
    ends = [history.ends.get(record) for record in records]
    return None if None in ends else max((end.at for end in ends if end is not None), default=None)


def _longest_first(hold_up: HoldUp) -> tuple[float, str, int, float]:
    length = inf if hold_up.ended is None else hold_up.ended - hold_up.begun
    return -length, hold_up.name, hold_up.lane, hold_up.begun
