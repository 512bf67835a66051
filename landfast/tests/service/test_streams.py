"""A stream's mapping, reading streams that live in the same process."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from landfast.delivery.batch_payload import PAYLOAD_LIMIT
from landfast.delivery.event_sources import DYNAMODB, KINESIS
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import configuration
from landfast.driver.streams import ShardDriver
from landfast.eventplane import KinesisApi, TableStreamsApi
from landfast.eventplane.table_streams import TableStreams
from landfast.journal import Accepted, Delivered, Divided, Dropped, Finished, Invoked, Settled
from landfast.protocols import Call
from landfast.runtime.model import Answered, Result
from landfast.service.plane_world import LivePlaneWorld
from landfast.service.streams import StreamMapping, StreamReader
from landfast.sources.table_changes import ItemChange
from landfast.sources.table_stream import TableStream
from tests.service.conftest import FAILURES, REPORT, Stage, answered, errored, eventually

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/scans"
FIRST = "shardId-000000000000"


@dataclass
class Rig:
    """A service with a stream `scans`, and a mapping of it that is started when the test wants it."""

    stage: Stage
    kinesis: KinesisApi

    @classmethod
    def on(cls, folder: Path) -> "Rig":
        """A service in a directory, with what an earlier one has left there."""
        stage = Stage(folder)
        ids = (f"id-{number}" for number in count())
        world = LivePlaneWorld(stage.loop, stage.store)
        rig = cls(stage, stage.loop.ask(lambda: KinesisApi(world, ACCOUNT, REGION, ids.__next__)))
        if not rig.ask("ListStreams")["StreamNames"]:
            rig.ask("CreateStream", StreamName="scans", ShardCount=1)
        return rig

    def ask(self, operation: str, **params: Any) -> Any:
        """The result of a call."""
        return self.stage.loop.ask(lambda: self.kinesis.answer(Call("kinesis", operation, params)))

    def put(self, *names: str, hash_key: int = 0) -> list[str]:
        """Put records, each its name in JSON; their sequence numbers."""
        records = [
            {"PartitionKey": name[:100], "Data": json.dumps(name).encode(), "ExplicitHashKey": str(hash_key)}
            for name in names
        ]
        return [put["SequenceNumber"] for put in self.ask("PutRecords", StreamName="scans", Records=records)["Records"]]

    def split(self, shard: str = FIRST) -> None:
        """Split a shard in the middle of all hash keys."""
        self.ask("SplitShard", StreamName="scans", ShardToSplit=shard, NewStartingHashKey=str(2**127))

    def start(self, position: str = "TRIM_HORIZON", **properties: object) -> StreamReader:
        """Start the mapping."""
        properties = {"StartingPosition": position, **properties}
        config = configuration(properties, KINESIS, stream_arn=ARN, function_arn="f", mapping_id="m")
        target = self.stage.functions.find("orders")
        stream = self.stage.loop.ask(lambda: self.kinesis.stream(ARN))
        reader = StreamReader(StreamMapping("mapping", target, stream, config, Settings()), self.stage.shared)
        reader.start()
        return reader

    def handled(self) -> list[list[str]]:
        """The records of each call."""
        return [_names(json.loads(call["payload"])) for call in self.stage.runtime.calls]

    def checkpoint(self) -> str | None:
        """Up to which record of the first shard all is done."""
        state = self.stage.store.shards("mapping").get(FIRST)
        return None if state is None else state.sequence

    def close(self) -> None:
        """End the service, whatever is under way."""
        self.stage.loop.stop(5)
        self.stage.close()


def _names(event: dict[str, Any]) -> list[str]:
    return [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig.on(tmp_path)
    yield made
    made.close()


def settled(stage: Stage, count: int) -> Callable[[], bool]:
    return lambda: sum(len(entry.records) for entry in stage.journal(Settled)) == count


def test_a_shards_records_are_handled_in_order_and_the_checkpoint_is_kept(rig: Rig) -> None:
    *_, last = rig.put("a", "b", "c")
    rig.start(BatchSize=2)
    assert eventually(settled(rig.stage, 3))
    assert rig.handled() == [["a", "b"], ["c"]]
    assert eventually(lambda: rig.checkpoint() == last)


def test_whoever_waits_for_everything_to_rest_is_told_of_the_shard_whose_records_wait(tmp_path: Path) -> None:
    rig = Rig.on(tmp_path)
    rig.stage.runtime.handler = _out_of_stock(rig, stands=True)
    rig.put("a", "b")
    rig.start(BatchSize=2, MaximumRetryAttempts=9)
    assert eventually(_has_tried(rig, 1))
    told = rig.stage.loop.ask(rig.stage.loop.unsettled)
    assert re.search(rf"{ARN}, {FIRST} \(records not done: 2\) until \S+Z \(in \d s\); time stands$", told)
    rig.close()


def test_a_record_wakes_its_mapping_at_once(rig: Rig) -> None:
    rig.start()
    ahead = rig.stage.clock.now() - time.time()
    for number in range(20):
        rig.put(f"r{number}")
        assert eventually(settled(rig.stage, number + 1))
    assert rig.stage.clock.now() - time.time() - ahead < 0.5, "a wait has been skipped"
    assert rig.handled() == [[f"r{number}"] for number in range(20)]


def test_s_083_a_record_is_as_lambda_gives_it(rig: Rig) -> None:
    [sequence] = rig.put("ünï 💥")
    rig.start()
    assert eventually(settled(rig.stage, 1))
    [record] = json.loads(rig.stage.runtime.calls[0]["payload"])["Records"]
    assert abs(record["kinesis"].pop("approximateArrivalTimestamp") - rig.stage.clock.now()) < 3600
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "ünï 💥",
            "sequenceNumber": sequence,
            "data": base64.b64encode(json.dumps("ünï 💥").encode()).decode(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{FIRST}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": rig.stage.functions.find("orders").spec.role_arn,
        "awsRegion": REGION,
        "eventSourceARN": ARN,
    }


def test_s_078_a_filter_looks_into_the_data(rig: Rig) -> None:
    rig.put("good", "bad")
    rig.start(FilterCriteria={"Filters": [{"Pattern": json.dumps({"partitionKey": ["good"]})}]})
    assert eventually(settled(rig.stage, 2))
    assert rig.handled() == [["good"]]


def test_a_restarted_service_goes_on_after_the_checkpoint(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    *_, last = first.put("a", "b")
    first.start()
    assert eventually(lambda: first.checkpoint() == last)
    first.close()
    second = Rig.on(tmp_path)
    second.put("c")
    second.start()
    assert eventually(settled(second.stage, 3))
    assert second.handled() == [["c"]]
    second.close()


def test_a_record_in_hand_when_the_service_ended_is_offered_again(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    release = threading.Event()

    def handler(_: object) -> Result:
        release.wait(30)
        return answered(None)

    first.stage.runtime.handler = handler
    first.put("a")
    first.start()
    assert eventually(lambda: len(first.stage.runtime.calls) == 1)
    first.stage.loop.stop(5)
    release.set()
    first.close()
    second = Rig.on(tmp_path)
    second.start()
    assert eventually(settled(second.stage, 1))
    assert second.handled() == [["a"]]
    second.close()


def test_s_056_the_retries_of_a_batch_survive_a_restart(tmp_path: Path) -> None:
    """Time stands after each of the first three tries, so that the service ends before the next one."""
    for turn in range(4):
        rig = Rig.on(tmp_path)
        if not turn:
            rig.put("a", "b")
        rig.stage.runtime.handler = _out_of_stock(rig, stands=turn < 3)
        rig.start(MaximumRetryAttempts=3, DestinationConfig={"OnFailure": {"Destination": FAILURES}}, BatchSize=1)
        assert eventually(_has_tried(rig, turn + 1 if turn < 3 else 5))
        delivered, first = rig.stage.targets.delivered, _first(rig)
        rig.close()
    tries = [entry.attempt for entry in rig.stage.journal(Invoked) if entry.records[0].endswith(first)]
    assert tries == [1, 2, 3, 4]
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["raise"] * 4 + ["succeed"]
    [delivery] = delivered
    context: Any = delivery.body["requestContext"]
    assert context["approximateInvokeCount"] == 4


def _out_of_stock(rig: Rig, *, stands: bool) -> Callable[[dict[str, Any]], Result]:
    """A handler that fails with the record `a`, and lets time stand before it does if it is told to."""

    def handler(event: dict[str, Any]) -> Result:
        if "a" not in _names(event):
            return answered(None)
        if stands:
            rig.stage.loop.post(rig.stage.loop.hold)
        return errored("no stock")

    return handler


def _has_tried(rig: Rig, times: int) -> Callable[[], bool]:
    return lambda: len(rig.stage.journal(Finished)) >= times


def _first(rig: Rig) -> str:
    """The sequence number of the oldest record."""
    shard = rig.kinesis.stream(ARN).shards[0]
    return shard.sequence(shard.slice(0, 1)[0])


def test_s_050_latest_means_what_arrives_after_the_mapping_was_made_also_after_a_restart(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    first.put("old")
    first.split()
    first.start("LATEST")
    first.put("seen")
    assert eventually(settled(first.stage, 1))
    first.close()
    second = Rig.on(tmp_path)
    second.put("new")
    second.put("new, of a shard that nobody has read from", hash_key=2**128 - 1)
    second.start("LATEST")
    assert eventually(settled(second.stage, 3))
    assert first.handled() == [["seen"]]
    assert sorted(second.handled()) == [["new"], ["new, of a shard that nobody has read from"]]
    second.close()


def test_s_050_at_timestamp_means_the_services_clock(rig: Rig) -> None:
    rig.put("old")
    between = rig.stage.loop.ask(rig.stage.clock.now)
    rig.put("new")
    rig.start("AT_TIMESTAMP", StartingPositionTimestamp=between)
    assert eventually(settled(rig.stage, 1))
    assert rig.handled() == [["new"]]


def test_s_051_the_children_of_a_shard_begin_when_it_has_ended(rig: Rig) -> None:
    release = threading.Event()

    def handler(event: Any) -> Result:
        if "parent" in _names(event):
            release.wait(30)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.start()
    rig.put("parent")
    assert eventually(lambda: len(rig.handled()) == 1)
    rig.split()
    rig.put("left")
    rig.put("right", hash_key=2**128 - 1)
    assert rig.handled() == [["parent"]]
    release.set()
    assert eventually(settled(rig.stage, 3))
    assert sorted(rig.handled()[1:]) == [["left"], ["right"]]
    assert rig.stage.store.shards("mapping")[FIRST].ended


def test_s_051_what_was_split_before_a_restart_is_read_in_order_after_it(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    first.put("parent")
    first.split()
    first.put("left")
    first.close()
    second = Rig.on(tmp_path)
    second.start()
    assert eventually(settled(second.stage, 2))
    assert second.handled() == [["parent"], ["left"]]
    second.close()


def test_a_stream_that_was_deleted_and_made_again_is_read_from_its_beginning(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    first.put("of the first")
    first.start()
    assert eventually(settled(first.stage, 1))
    first.ask("DeleteStream", StreamName="scans")
    assert eventually(lambda: [entry.metric for entry in first.stage.journal(Dropped)] == ["SourceGone"])
    first.close()
    second = Rig.on(tmp_path)
    second.put("of the second")
    second.start()
    assert eventually(settled(second.stage, 2))
    assert second.handled() == [["of the second"]]
    second.close()


def test_s_054_records_that_expire_unread_are_told_one_by_one(rig: Rig) -> None:
    release = threading.Event()

    def handler(_: object) -> Result:
        release.wait(30)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.start(BatchSize=1)
    rig.put("in hand", "waiting", "late")
    assert eventually(lambda: len(rig.handled()) == 1)
    stream = rig.kinesis.stream(ARN)
    rig.stage.loop.ask(lambda: stream.advance(rig.stage.clock.now() + 86_400))
    release.set()
    assert eventually(settled(rig.stage, 3))
    assert rig.handled() == [["in hand"]]
    dropped = [entry for entry in rig.stage.journal(Settled) if entry.state == "dropped"]
    assert {entry.rule for entry in dropped} == {"S-54 expired in the stream"}
    assert sum(len(entry.records) for entry in dropped) == 2


def test_s_054_records_that_left_while_the_mapping_was_off_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    first = Rig.on(tmp_path)
    first.put("done")
    first.start()
    assert eventually(settled(first.stage, 1))
    first.close()
    off = Rig.on(tmp_path)
    off.put("never read")
    stream = off.kinesis.stream(ARN)
    off.stage.loop.ask(lambda: stream.advance(off.stage.clock.now() + 86_400))
    off.close()
    again = Rig.on(tmp_path)
    again.start()
    assert eventually(lambda: [entry.metric for entry in again.stage.journal(Dropped)] == ["TrimmedRecords"])
    again.close()


def test_a_poison_record_is_isolated_and_its_record_lands(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda event: errored("poison") if "b" in _names(event) else answered(None)
    _, poison = rig.put("a", "b")
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
    assert (info["startSequenceNumber"], info["batchSize"]) == (poison, 1)
    assert len(rig.stage.journal(Delivered)) == 1


def test_a_slow_shard_does_not_delay_another(rig: Rig) -> None:
    rig.split()
    release = threading.Event()

    def handler(event: Any) -> Result:
        if "stuck" in _names(event):
            release.wait(30)
        return answered(None)

    rig.stage.runtime.handler = handler
    reader = rig.start()
    rig.put("stuck")
    rig.put("free", hash_key=2**128 - 1)
    assert eventually(settled(rig.stage, 1))
    assert sorted(rig.handled()) == [["free"], ["stuck"]]
    assert [in_flight for in_flight, _ in reader.states()] == [1, 0]
    assert "1 records undone, 1 of 1 lanes running" in reader.states()[0][1]
    assert reader.is_busy()
    release.set()
    assert eventually(settled(rig.stage, 2))
    assert not reader.is_busy()


def tables(rig: Rig) -> TableStreams:
    world = LivePlaneWorld(rig.stage.loop, rig.stage.store)
    return rig.stage.loop.ask(lambda: TableStreamsApi(world, ACCOUNT, REGION).streams)


def followed(rig: Rig, streams: TableStreams) -> TableStream:
    """A new stream of the table `orders`, with a mapping that reads it."""
    stream = rig.stage.loop.ask(lambda: streams.enable("orders", {"id": "HASH"}, "NEW_AND_OLD_IMAGES"))
    properties = {"StartingPosition": "TRIM_HORIZON"}
    config = configuration(properties, DYNAMODB, stream_arn=stream.arn, function_arn="f", mapping_id="m")
    target, earlier = rig.stage.functions.find("orders"), streams.earlier(stream.arn)
    StreamReader(StreamMapping("table", target, stream, config, Settings(), earlier), rig.stage.shared).start()
    return stream


@pytest.mark.parametrize("unread", [False, True])
def test_an_earlier_stream_of_a_table_is_told_of_only_where_something_in_it_was_not_read(
    tmp_path: Path,
    unread: bool,  # noqa: FBT001 - parametrised
) -> None:
    keys = {"id": {"S": "k"}}
    change = ItemChange(keys, None, keys)
    first = Rig.on(tmp_path)
    stream = followed(first, tables(first))
    first.stage.loop.ask(lambda: stream.append([change], first.stage.clock.now()))
    assert eventually(lambda: any(state.sequence for state in first.stage.store.shards("table").values()))
    first.close()
    second = Rig.on(tmp_path)
    streams = tables(second)
    [left] = streams.by_arn.values()
    second.stage.loop.ask(lambda: left.append([change] if unread else [], second.stage.clock.now()))
    followed(second, streams)
    assert [entry.metric for entry in second.stage.journal(Dropped)] == ["TrimmedRecords"] * unread
    second.close()
    third = Rig.on(tmp_path)
    followed(third, tables(third))
    assert len(third.stage.journal(Dropped)) == unread, "it is told once"
    third.close()


def test_the_changes_of_a_table_reach_their_mapping(rig: Rig) -> None:
    stream = followed(rig, tables(rig))
    keys, new = {"id": {"S": "k"}}, {"id": {"S": "k"}, "n": {"N": "1"}, "b": {"B": "AP8="}}
    rig.stage.loop.ask(lambda: stream.append([ItemChange(keys, None, new)], rig.stage.clock.now()))
    assert eventually(settled(rig.stage, 1))
    [record] = json.loads(rig.stage.runtime.calls[0]["payload"])["Records"]
    change = record.pop("dynamodb")
    assert len(record.pop("eventID")) == 32
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "eventSourceARN": stream.arn,
    }
    assert (change["Keys"], change["NewImage"], "OldImage" in change) == (keys, new, False)
    assert len(rig.stage.journal(Accepted)) == 1


def test_s_048_the_state_of_a_window_counts_towards_what_is_really_sent(rig: Rig) -> None:
    sent: list[int] = []

    def handler(event: Any) -> Result:
        sent.append(len(rig.stage.runtime.calls[-1]["payload"]))
        return answered({"state": {"s": "\u00e9" * 500_000 if event["Records"] else ""}})

    rig.stage.runtime.handler = handler
    rig.start(TumblingWindowInSeconds=900, BatchSize=100)
    rig.put("first")
    assert eventually(settled(rig.stage, 1))
    rig.put(*(name * 1_040_000 for name in "abcdef"))
    assert eventually(settled(rig.stage, 7))
    assert max(sent) <= PAYLOAD_LIMIT
    assert len(sent) > 2


def test_s_057_an_error_that_nobody_expected_is_one_invocations_system_error(rig: Rig) -> None:
    def handler(_: object) -> Result:
        if len(rig.stage.runtime.calls) == 1:
            raise ZeroDivisionError
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.put("a")
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
    rig.put("a")
    rig.start()
    assert eventually(settled(rig.stage, 1))
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["system error", "succeed"]


@pytest.mark.parametrize("answer", [b'{"batchItemFailures":[],"x":NaN}', b"\xff", b"[" * 100_000])
def test_s_070_u_017_an_answer_that_is_no_json_fails_the_batch(rig: Rig, answer: bytes) -> None:
    rig.stage.runtime.handler = lambda _: Answered(answer, "", REPORT)
    rig.put("a", "b")
    rig.start(MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert eventually(settled(rig.stage, 2))
    assert rig.handled() == [["a", "b"], ["a", "b"]]
    assert {entry.state for entry in rig.stage.journal(Settled)} == {"dropped"}


def test_s_135_what_a_kafka_topic_would_get_is_named_and_lost(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda _: errored("no stock")
    rig.put("a")
    rig.start(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": "kafka://failed"}})
    assert eventually(settled(rig.stage, 1))
    [lost] = rig.stage.journal(Dropped)
    assert lost.metric == "DestinationDeliveryFailures"
    assert "kafka://failed" in lost.error
    assert [entry.state for entry in rig.stage.journal(Settled)] == ["dropped"]
