"""A stream's mapping, driven against a stream made up on the spot."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from landfast.dataplane.streams import KinesisRecord, Page, Shard
from landfast.delivery.payload import PAYLOAD_LIMIT
from landfast.delivery.settings import Settings
from landfast.delivery.starting_positions import After, AtTimestamp, Position
from landfast.delivery.stream_config import configuration
from landfast.driver import ShardDriver
from landfast.journal import Delivered, Divided, Dropped, Finished, Retrying, Settled
from landfast.runtime.model import Answered, Result
from landfast.service.streams import StreamMapping, StreamReader
from tests.service.conftest import FAILURES, REPORT, Stage, answered, errored, eventually

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/scans"


@dataclass
class MadeUpReader:
    stream: "MadeUpStream"
    shard: str
    position: Position

    def read(self, limit: int) -> Page[KinesisRecord]:
        if self.stream.failures:
            self.stream.failures -= 1
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        if self.shard in self.stream.stuck:
            assert self.stream.release.wait(5)
        records = [one for one in self.stream.records.get(self.shard, []) if self._follows(one)][:limit]
        if records:
            self.position = After(records[-1].sequence)
        trimmed, self.stream.trimmed = self.stream.trimmed, False
        ended = not records and self.shard in self.stream.closed
        return Page(tuple(records), ended=ended, trimmed=trimmed, behind=0.0)

    def _follows(self, record: KinesisRecord) -> bool:
        match self.position:
            case After(sequence):
                return int(record.sequence) > int(sequence)
            case AtTimestamp(seconds):
                return record.arrived >= seconds
            case _:
                return True


@dataclass
class MadeUpStream:
    """Shards with records, as the engine would have them."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"s1": ()})
    records: dict[str, list[KinesisRecord]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    trimmed: bool = False

    def put(self, *names: str, shard: str = "s1", arrived: float | None = None) -> None:
        kept = self.records.setdefault(shard, [])
        for name in names:
            data = json.dumps(name).encode()
            kept.append(KinesisRecord(str(len(kept) + 1), name, data, time.time() if arrived is None else arrived))

    def shards(self) -> list[Shard]:
        return [Shard(name, parents, name in self.closed) for name, parents in self.parents.items()]

    def reader(self, shard_id: str, position: Position) -> MadeUpReader:
        return MadeUpReader(self, shard_id, position)


@dataclass
class Rig:
    stage: Stage
    stream: MadeUpStream
    start: Callable[..., None]
    stop: Callable[[], None]

    def handled(self) -> list[list[str]]:
        """The records of each call."""
        return [_names(json.loads(call["payload"])) for call in self.stage.runtime.calls]


def _names(event: dict[str, Any]) -> list[str]:
    return [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]


def make(stage: Stage, stream: MadeUpStream) -> Rig:
    def start(position: str = "TRIM_HORIZON", **properties: object) -> None:
        properties = {"StartingPosition": position, **properties}
        config = configuration(properties, "kinesis", stream_arn=ARN, function_arn="f", mapping_id="m")
        target = stage.functions.find("orders")
        StreamReader(StreamMapping("mapping", target, stream, config, Settings()), stage.shared).start()

    def end() -> None:
        stream.release.set()
        stage.loop.stop(5)

    return Rig(stage, stream, start, end)


@pytest.fixture
def rig(stage: Stage) -> Iterator[Rig]:
    made = make(stage, MadeUpStream())
    yield made
    made.stop()


def settled(stage: Stage, count: int) -> Callable[[], bool]:
    return lambda: sum(len(entry.records) for entry in stage.journal(Settled)) == count


def test_a_shards_records_are_handled_in_order_and_the_checkpoint_is_kept(rig: Rig) -> None:
    rig.stream.put("a", "b", "c")
    rig.start(BatchSize=2)
    assert eventually(settled(rig.stage, 3))
    assert rig.handled() == [["a", "b"], ["c"]]
    assert eventually(lambda: rig.stage.store.shards("mapping")["s1"].sequence == "3")


def test_a_restarted_service_goes_on_after_the_checkpoint(tmp_path: Path) -> None:
    stream = MadeUpStream()
    first = make(Stage(tmp_path), stream)
    stream.put("a", "b")
    first.start()
    assert eventually(lambda: first.stage.store.shards("mapping")["s1"].sequence == "2")
    first.stop()
    first.stage.close()
    stream.put("c")
    second = make(Stage(tmp_path), stream)
    second.start()
    assert eventually(settled(second.stage, 3))
    assert second.handled() == [["c"]]
    second.stop()
    second.stage.close()


def test_a_record_in_hand_when_the_service_ended_is_offered_again(tmp_path: Path) -> None:
    stream = MadeUpStream()
    first = make(Stage(tmp_path), stream)
    release = threading.Event()

    def handler(_: object) -> Result:
        release.wait(5)
        return answered(None)

    first.stage.runtime.handler = handler
    stream.put("a")
    first.start()
    assert eventually(lambda: len(first.stage.runtime.calls) == 1)
    first.stop()
    release.set()
    first.stage.close()
    second = make(Stage(tmp_path), stream)
    second.start()
    assert eventually(settled(second.stage, 1))
    assert second.handled() == [["a"]]
    second.stop()
    second.stage.close()


def test_s_050_latest_means_what_arrives_after_the_mapping_was_made_also_after_a_restart(tmp_path: Path) -> None:
    stream = MadeUpStream()
    stream.put("old", arrived=time.time() - 60)
    first = make(Stage(tmp_path), stream)
    first.start("LATEST")
    first.stop()
    first.stage.close()
    stream.put("new")
    second = make(Stage(tmp_path), stream)
    second.start("LATEST")
    assert eventually(settled(second.stage, 1))
    assert second.handled() == [["new"]]
    second.stop()
    second.stage.close()


def test_s_051_the_children_of_a_shard_begin_when_it_has_ended(rig: Rig) -> None:
    rig.stream.parents = {"s1": (), "s2": ("s1",)}
    rig.stream.put("child", shard="s2")
    rig.stream.put("parent", shard="s1")
    rig.stream.closed.add("s1")
    rig.start()
    assert eventually(settled(rig.stage, 2))
    assert rig.handled() == [["parent"], ["child"]]
    assert rig.stage.store.shards("mapping")["s1"].ended


def test_a_poison_record_is_isolated_and_its_record_lands(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda event: errored("poison") if "b" in _names(event) else answered(None)
    rig.stream.put("a", "b")
    rig.start(
        MaximumRetryAttempts=0,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": FAILURES}},
    )
    assert eventually(settled(rig.stage, 2))
    assert rig.handled() == [["a", "b"], ["a"], ["b"]]
    assert len(rig.stage.journal(Divided)) == 1
    [delivery] = rig.stage.targets.delivered
    info: Any = delivery.body["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["batchSize"]) == ("2", 1)
    assert len(rig.stage.journal(Delivered)) == 1


def test_a_slow_shard_does_not_delay_another(rig: Rig) -> None:
    rig.stream.parents = {"s1": (), "s2": ()}
    rig.stream.stuck.add("s1")
    rig.stream.put("stuck", shard="s1")
    rig.stream.put("free", shard="s2")
    rig.start()
    assert eventually(settled(rig.stage, 1))
    assert rig.handled() == [["free"]]
    rig.stream.release.set()
    assert eventually(settled(rig.stage, 2))


def test_an_engine_that_is_away_is_asked_again_and_the_journal_says_so(rig: Rig) -> None:
    rig.stream.failures = 1
    rig.stream.put("a")
    rig.start()
    assert eventually(settled(rig.stage, 1))
    assert [entry.rule.partition(":")[0] for entry in rig.stage.journal(Retrying)] == ["reading s1"]


def test_records_that_left_the_stream_unread_are_not_passed_over_in_silence(rig: Rig) -> None:
    rig.stream.trimmed = True
    rig.start()
    assert eventually(lambda: bool(rig.stage.journal(Dropped)))
    assert rig.stage.journal(Dropped)[0].metric == "TrimmedRecords"


def test_s_048_the_state_of_a_window_counts_towards_what_is_really_sent(rig: Rig) -> None:
    sent: list[int] = []

    def handler(event: Any) -> Result:
        sent.append(len(rig.stage.runtime.calls[-1]["payload"]))
        return answered({"state": {"s": "\u00e9" * 500_000 if event["Records"] else ""}})

    rig.stage.runtime.handler = handler
    rig.stream.put("first")
    for name in ("a", "b", "c", "d", "e", "f"):
        rig.stream.put(name * 1_040_000)
    rig.start(TumblingWindowInSeconds=900, BatchSize=100)
    assert eventually(settled(rig.stage, 7))
    assert max(sent) <= PAYLOAD_LIMIT
    assert len(sent) > 2


def test_s_057_an_error_that_nobody_expected_is_one_invocations_system_error(rig: Rig) -> None:
    def handler(_: object) -> Result:
        if len(rig.stage.runtime.calls) == 1:
            raise ZeroDivisionError
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.stream.put("a")
    rig.start(MaximumRetryAttempts=0)
    assert eventually(settled(rig.stage, 1))
    assert [entry.state for entry in rig.stage.journal(Settled)] == ["processed"]
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["system error", "succeed"]


def test_s_057_an_event_that_cannot_be_built_is_a_system_error(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    build, failures = ShardDriver.payload, iter([True])

    def payload(self: ShardDriver, invoke: Any) -> bytes:
        if next(failures, False):
            raise RecursionError
        return build(self, invoke)

    monkeypatch.setattr(ShardDriver, "payload", payload)
    rig.stream.put("a")
    rig.start()
    assert eventually(settled(rig.stage, 1))
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["system error", "succeed"]


@pytest.mark.parametrize("answer", [b'{"batchItemFailures":[],"x":NaN}', b"\xff", b"[" * 100_000])
def test_s_070_u_017_an_answer_that_is_no_json_fails_the_batch(rig: Rig, answer: bytes) -> None:
    rig.stage.runtime.handler = lambda _: Answered(answer, "", REPORT)
    rig.stream.put("a", "b")
    rig.start(MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert eventually(settled(rig.stage, 2))
    assert rig.handled() == [["a", "b"], ["a", "b"]]
    assert {entry.state for entry in rig.stage.journal(Settled)} == {"dropped"}


def test_s_135_what_a_kafka_topic_would_get_is_named_and_lost(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda _: errored("no stock")
    rig.stream.put("a")
    rig.start(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": "kafka://failed"}})
    assert eventually(settled(rig.stage, 1))
    [lost] = rig.stage.journal(Dropped)
    assert lost.metric == "DestinationDeliveryFailures"
    assert "kafka://failed" in lost.error
    assert [entry.state for entry in rig.stage.journal(Settled)] == ["dropped"]
