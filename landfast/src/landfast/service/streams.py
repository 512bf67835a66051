"""Kinesis and DynamoDB streams as event sources: one actor a shard, parents before children."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from landfast.dataplane.errors import SourceGoneError
from landfast.dataplane.streams import After, AtTimestamp, Change, KinesisRecord, Page, Position, Shard
from landfast.delivery import actions
from landfast.delivery.actions import Action
from landfast.delivery.settings import Settings
from landfast.delivery.shards import ShardTree
from landfast.delivery.stream import ShardPoller
from landfast.delivery.stream_config import StreamConfig
from landfast.delivery.stream_records import StreamRecord, dynamodb_record, kinesis_record, stream_event
from landfast.delivery.strict_json import json_size, json_text
from landfast.journal import Accepted, Dropped
from landfast.service.actor import Actor, Step, Surroundings
from landfast.service.functions import Target
from landfast.service.patience import Patience, StoppedError
from landfast.service.store import ShardState, keep_shard

type Answer = Sequence[Action[StreamRecord]]
type SourceRecord = KinesisRecord | Change

_LISTING = 10.0
"""Seconds between two looks at which shards there are; a shard that ends is a reason to look at once."""

_SHORTEST_LISTING = 1.0
_SHORTEST_IDLE = 0.1
"""Real seconds: however fast time runs, an idle engine is not asked more often."""


class ShardReader(Protocol):
    """Reads one shard, page by page."""

    def read(self, limit: int) -> Page[KinesisRecord] | Page[Change]:
        """The next records."""
        ...


class Stream(Protocol):
    """A stream at the endpoint."""

    def shards(self) -> list[Shard]:
        """All shards that hold records."""
        ...

    def reader(self, shard_id: str, position: Position) -> ShardReader:
        """A reader of one shard."""
        ...


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """One mapping of a stream.

    Attributes:
        source: Its logical id.
        target: The function it calls.
        stream: What it reads.
        config: Its settings.
        settings: The unconfirmed points.
    """

    source: str
    target: Target
    stream: Stream
    config: StreamConfig
    settings: Settings


class ShardActor(Actor[StreamRecord]):
    """Drives one shard of one mapping.

    Args:
        mapping: What it belongs to.
        shard_id: The shard.
        state: How far the mapping had come in it.
        position: Where reading begins.
        drained: Told when the shard has ended and all of it is done.
        surroundings: What it shares with the others.
    """

    def __init__(
        self,
        mapping: StreamMapping,
        shard_id: str,
        state: ShardState,
        position: Position,
        *,
        drained: Callable[[str], None],
        surroundings: Surroundings,
    ) -> None:
        super().__init__(mapping.source, mapping.target, surroundings, shard=shard_id)
        self._mapping = mapping
        self._shard_id = shard_id
        self._kept = state
        self._drained = drained
        self._reader = mapping.stream.reader(shard_id, position)
        self._age = 0.0
        self._poller = ShardPoller(
            mapping.config,
            shard_id,
            settings=mapping.settings,
            new_id=lambda: str(uuid.uuid4()),
            render=_rendered,
            windows=state.windows,
        )

    @property
    def machine(self) -> ShardPoller:
        """The poller."""
        return self._poller

    @property
    def state(self) -> str:
        """Records waiting, lanes in use and the iterator's age, for people."""
        lanes = self._mapping.config.parallelization_factor
        return (
            f"{self._shard_id}: {self._poller.undone} records undone, {self.in_flight} of {lanes} lanes running, "
            f"iterator age {self._age:.1f} s"
        )

    def identify(self, record: StreamRecord) -> str:
        """The event id."""
        return record.name

    def payload(self, invoke: actions.Invoke[StreamRecord]) -> bytes:
        """The batch as the function gets it (S-75, S-83, S-84)."""
        event = stream_event(
            invoke.records,
            _rendered,
            window=invoke.window,
            shard_id=self._shard_id,
            stream_arn=self._mapping.config.stream_arn,
        )
        return json_text(event).encode()

    def opening(self, now: float) -> Answer:
        """Nothing: `advance` begins."""
        del now
        return ()

    def carry_out(self, answer: Answer) -> None:
        """Do what the poller asks for, in order, and tell when the shard has ended."""
        super().carry_out(answer)
        if self._poller.drained and not self._kept.ended:
            self._keep(ended=True)
            self._drained(self._shard_id)

    def perform(self, action: Action[StreamRecord], step: Step) -> None:
        """Read, or keep the checkpoint."""
        match action:
            case actions.Fetch(limit):
                self.apart(lambda: self._fetch(limit))
            case actions.Checkpoint(sequence, windows):
                self._kept = ShardState(sequence=sequence, windows=tuple(windows), started=self._kept.started)
                step.changes.append(keep_shard(self.source, self._shard_id, self._kept))
            case _:
                pass  # Retry, Split, Settle and Drop are only to be noted

    def _keep(self, *, ended: bool) -> None:
        kept = self._kept
        self._kept = ShardState(sequence=kept.sequence, windows=kept.windows, started=kept.started, ended=ended)
        self.surroundings.store.commit([], [keep_shard(self.source, self._shard_id, self._kept)])

    def _fetch(self, limit: int) -> None:
        began = time.monotonic()
        try:
            page = self.patience.until_done(
                f"reading {self._shard_id}", lambda: self._reader.read(limit), failures=(BotoCoreError, ClientError)
            )
        except SourceGoneError as error:
            self._note_lost("SourceGone", str(error))
            return
        if page.trimmed:
            self._note_lost("TrimmedRecords", f"{self._shard_id}: records have left the stream before they were read")
        records = [self._record(record) for record in page.records]
        if records:
            self._age = self.clock.now() - records[-1].arrived
            self.surroundings.store.commit([self._accepted(records)])
        elif not page.ended:
            self._age = 0.0
            self.stopping.wait(max(0.0, _SHORTEST_IDLE - (time.monotonic() - began)))
        self.tell(lambda now: self._poller.fetched(records, now, ended=page.ended))

    def _accepted(self, records: Sequence[StreamRecord]) -> Accepted:
        return Accepted(
            at=self.clock.now(),
            source=self.source,
            records=tuple(map(self.identify, records)),
            origin=self._mapping.config.stream_arn,
        )

    def _note_lost(self, metric: str, error: str) -> None:
        self.surroundings.store.commit([Dropped(at=self.clock.now(), source=self.source, metric=metric, error=error)])

    def _record(self, record: SourceRecord) -> StreamRecord:
        arn = self._mapping.config.stream_arn
        region = arn.split(":")[3]
        if isinstance(record, KinesisRecord):
            event = kinesis_record(
                sequence=record.sequence,
                key=record.key,
                data=record.data,
                arrived=record.arrived,
                shard_id=self._shard_id,
                stream_arn=arn,
                role_arn=self.target.spec.role_arn,
                region=region,
            )
        else:
            event = dynamodb_record(
                event_id=record.event_id,
                event_name=record.event_name,
                change=record.change,
                stream_arn=arn,
                region=region,
            )
        return StreamRecord(
            sequence=record.sequence,
            key=record.key,
            arrived=self.clock.at(record.arrived),
            size=json_size(event),
            body=event,
            name=str(event["eventID"]),
        )


class StreamSupervisor:
    """Begins an actor for every shard that may be read (S-51).

    Args:
        mapping: The mapping.
        surroundings: What it shares with the others.
        begin: Starts an actor.
    """

    def __init__(self, mapping: StreamMapping, surroundings: Surroundings, begin: Callable[[ShardActor], None]) -> None:
        self._mapping = mapping
        self._surroundings = surroundings
        self._begin = begin
        self._tree = ShardTree(parents_first=mapping.settings.parents_first)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._look = threading.Event()
        self._patience = Patience(mapping.source, surroundings.clock, surroundings.store, self._stopping)
        self._known = surroundings.store.shards(mapping.source)
        self._first = not self._known
        self._started = time.time()
        self._thread = threading.Thread(target=self._run, name=f"shards of {mapping.source}", daemon=True)

    def start(self) -> None:
        """Begin, and return when the shards that exist are being read."""
        self._look_at_shards()
        self._thread.start()

    def stop(self) -> None:
        """Begin no more shards."""
        self._stopping.set()
        self._look.set()

    def _run(self) -> None:
        pause = max(_SHORTEST_LISTING, self._surroundings.clock.real(_LISTING))
        try:
            while not self._stopping.is_set():
                self._look.wait(pause)
                self._look.clear()
                self._look_at_shards()
        except (StoppedError, SourceGoneError):
            return
        except BaseException as error:
            if not self._stopping.is_set():
                self._surroundings.crashed(f"shards of {self._mapping.source}", error)
                raise

    def _look_at_shards(self) -> None:
        shards = self._patience.until_done(
            "listing shards", self._mapping.stream.shards, failures=(BotoCoreError, ClientError)
        )
        ended = [name for name, state in self._known.items() if state.ended]
        with self._lock:
            self._tree.know({shard.id: shard.parents for shard in shards}, ended)
            ready = self._tree.begin()
        for shard_id in ready:
            if self._stopping.is_set():
                return
            self._begin(self._actor(shard_id))
        self._first = False

    def _actor(self, shard_id: str) -> ShardActor:
        state = self._known.get(shard_id)
        if state is None:
            state = ShardState(started=self._started if self._first else None)
            self._surroundings.store.commit([], [keep_shard(self._mapping.source, shard_id, state)])
        return ShardActor(
            self._mapping,
            shard_id,
            state,
            self._position(state),
            drained=self._ended,
            surroundings=self._surroundings,
        )

    def _position(self, state: ShardState) -> Position:
        """Where reading begins (S-50): what appears later than the mapping is read from its beginning."""
        config = self._mapping.config
        if state.sequence is not None:
            return After(state.sequence)
        if config.starting_position == "AT_TIMESTAMP" and config.starting_timestamp is not None:
            return AtTimestamp(config.starting_timestamp)
        if config.starting_position == "LATEST" and state.started is not None:
            return AtTimestamp(state.started)
        return "TRIM_HORIZON"

    def _ended(self, shard_id: str) -> None:
        with self._lock:
            self._tree.drained(shard_id)
        self._look.set()


def _rendered(record: StreamRecord) -> Mapping[str, object]:
    event: Mapping[str, object] = record.body
    return event
