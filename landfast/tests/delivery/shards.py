"""Driving a shard by hand: records that lie in the stream, and answers to what the machine asks."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from landfast.delivery.actions import Action, Checkpoint, Deliver, Fetch, Invoke, KeepLanes, Settle
from landfast.delivery.event_sources import KINESIS, StreamSource
from landfast.delivery.lane_state import LaneState
from landfast.delivery.outcomes import Failed, NotReached, Outcome, Succeeded
from landfast.delivery.settings import Settings
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import configuration
from landfast.delivery.stream_records import StreamRecord

QUEUE = "arn:aws:sqs:us-east-1:123456789012:failures"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
RAISED = Failed({"errorType": "ValueError", "errorMessage": "no stock"})
THROTTLED = NotReached("throttle")

Answer = Callable[[Invoke[StreamRecord]], Outcome]


def record(number: int, *, at: float = 0.0, key: str = "k", size: int = 100, body: object = None) -> StreamRecord:
    return StreamRecord(f"{number:04d}", key, at, size, body, f"r{number}")


def records(*numbers: int, at: float = 0.0) -> list[StreamRecord]:
    return [record(number, at=at) for number in numbers]


def failing(*names: str, outcome: Outcome = RAISED) -> Answer:
    """A function that fails whenever its batch holds one of these records."""
    return lambda call: outcome if set(names) & set(named(call.records)) else Succeeded(None)


def reporting(*names: str) -> Answer:
    """A function that reports those of these records that are in its batch."""
    return lambda call: Succeeded(failures(*(item.sequence for item in call.records if item.name in names)))


def failures(*identifiers: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def named(items: Sequence[StreamRecord]) -> list[str]:
    return [item.name for item in items]


@dataclass
class Shard:
    """A shard with a machine on it, and a clock that moves only when told to."""

    poller: ShardPoller
    stream: list[StreamRecord] = field(default_factory=list)
    now: float = 0.0
    actions: list[Action[StreamRecord]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    running: list[Invoke[StreamRecord]] = field(default_factory=list)
    closed: bool = False

    def put(self, *items: StreamRecord) -> None:
        self.stream.extend(items)

    def advance(self, now: float) -> None:
        """Wake the machine whenever it wants, up to and at `now`."""
        while (due := self.poller.due()) is not None and due <= now:
            self.now = max(self.now, due)
            self._take(self.poller.advance(self.now))
        self.now = now
        self._take(self.poller.advance(now))

    def finish(self, outcome: Outcome = Succeeded(None), *, lane: int | None = None) -> Invoke[StreamRecord]:  # noqa: B008 - immutable
        """End an invocation that runs: the first one, or the one of a lane."""
        call = next(call for call in self.running if lane is None or call.lane == lane)
        self.running.remove(call)
        self._take(self.poller.finished(call.request_id, outcome, self.now))
        return call

    def run(self, answer: Answer, *, until: float = 100_000.0) -> None:
        """Let time pass, answering every invocation at once, until nothing is left to do."""
        self._take(self.poller.advance(self.now))
        while True:
            if self.running:
                self.finish(answer(self.running[0]))
                continue
            due = self.poller.due()
            if due is None or due > until or (not self._unread() and not self.poller.undone and not self._window()):
                return
            self.now = max(self.now, due)
            self._take(self.poller.advance(self.now))

    def invocations(self) -> list[list[str]]:
        return [named(call.records) for call in self.calls()]

    def calls(self) -> list[Invoke[StreamRecord]]:
        return [action for action in self.actions if isinstance(action, Invoke)]

    def started(self) -> list[float]:
        """When each invocation began."""
        return [at for at, action in zip(self.times, self.actions, strict=True) if isinstance(action, Invoke)]

    def settled(self, state: str) -> list[str]:
        found = [action.records for action in self.actions if isinstance(action, Settle) and action.state == state]
        return named([item for group in found for item in group])

    def deliveries(self) -> list[Deliver[StreamRecord]]:
        return [action for action in self.actions if isinstance(action, Deliver)]

    def checkpoints(self) -> list[str]:
        return [action.sequence for action in self.actions if isinstance(action, Checkpoint)]

    def lanes(self) -> tuple[LaneState, ...]:
        """What was kept of the lanes last."""
        return [action for action in self.actions if isinstance(action, KeepLanes)][-1].lanes

    def _take(self, actions: Sequence[Action[StreamRecord]]) -> None:
        for action in actions:
            self.actions.append(action)
            self.times.append(self.now)
            if isinstance(action, Invoke):
                self.running.append(action)
            elif isinstance(action, Fetch):
                arrived = [item for item in self.stream if item.arrived <= self.now][: action.limit]
                del self.stream[: len(arrived)]
                ended = self.closed and not self.stream
                self._take(self.poller.fetched(arrived, self.now, ended=ended))

    def _unread(self) -> bool:
        return bool(self.stream)

    def _window(self) -> bool:
        return any(lane.open_window is not None for lane in self.poller._lanes)


def shard(
    properties: Mapping[str, object] | None = None,
    *items: StreamRecord,
    source: StreamSource = KINESIS,
    settings: Settings | None = None,
    retention: float = 86_400.0,
    lanes: Sequence[LaneState] = (),
) -> Shard:
    """A shard that holds these records, with a mapping of these properties."""
    given = {"StartingPosition": "TRIM_HORIZON", **(properties or {})}
    config = configuration(
        given, source, retention=retention, stream_arn=STREAM, function_arn=FUNCTION, mapping_id="mapping"
    )
    poller = ShardPoller(
        config,
        "shardId-000000000000",
        settings=settings or Settings(),
        new_id=ids().__next__,
        render=lambda item: {"name": item.name, "kinesis": {"data": item.body}},
        lanes=lanes,
    )
    return Shard(poller, list(items))


def ids() -> Iterator[str]:
    return (f"request-{number}" for number in itertools.count(1))


def payload_of(delivery: Deliver[StreamRecord]) -> object:
    """The decoded payload of a record in S3."""
    whole = delivery.body["object"]
    assert isinstance(whole, Mapping)
    return json.loads(whole["payload"])
