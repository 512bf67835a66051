"""A mapping of a queue of the event plane: its poller and calls of functions, on real threads and a real store."""

import json
import re
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.eventplane import EventPlane, SqsApi
from landfast.journal import Accepted, Deleted, Dropped, Finished, Returned, Settled
from landfast.runtime.model import Answered, RequestTooLargeError, Result
from landfast.service.plane_world import LivePlaneWorld
from landfast.service.queues import QueueMapping, QueueReader
from tests.service.conftest import REPORT, Stage, answered, errored, eventually

ARN = "arn:aws:sqs:us-east-1:123456789012:work"
VISIBILITY = 120.0


class Rig:
    """A queue of the event plane, and a mapping of it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        world = LivePlaneWorld(stage.loop, stage.store)
        self.api = SqsApi(world, "123456789012", "us-east-1", lambda: "http://localhost", lambda: str(uuid.uuid4()))
        self._plane = EventPlane()
        self._plane.add(self.api)
        self.ask("CreateQueue", QueueName="work", Attributes={"VisibilityTimeout": str(int(VISIBILITY))})

    def ask(self, operation: str, **params: Any) -> Any:
        return self.stage.loop.ask(lambda: self._plane.ask("sqs", operation, **params))

    def send(self, *bodies: str, **more: Any) -> list[str]:
        sent = [
            self.ask("SendMessage", QueueUrl="http://q/123456789012/work", MessageBody=one, **more) for one in bodies
        ]
        return [one["MessageId"] for one in sent]

    def start(self, properties: Mapping[str, object] | None = None) -> QueueReader:
        config = configuration(
            {"EventSourceArn": ARN, "FunctionName": "orders", **(properties or {})},
            queue=QueueAttributes(visibility_timeout=VISIBILITY),
            function_timeout=3.0,
            settings=Settings(),
        )
        target = self.stage.functions.find("orders")
        mapping = QueueMapping("work", target, self.api.queue(ARN), config, Settings())
        reader = QueueReader(mapping, self.stage.shared)
        reader.start()
        return reader

    def held(self) -> int:
        return len(self.stage.loop.ask(lambda: self.api.peek(ARN, 100)))


@pytest.fixture
def rig(stage: Stage) -> Rig:
    return Rig(stage)


def test_s_088_messages_are_deleted_after_success(rig: Rig) -> None:
    ids = rig.send("m1", "m2")
    rig.start()
    assert eventually(lambda: rig.held() == 0)
    ended = [record for entry in rig.stage.journal(Settled) for record in entry.records]
    assert sorted(ended) == sorted(ids)
    bodies = [one["body"] for call in rig.stage.runtime.calls for one in json.loads(call["payload"])["Records"]]
    assert sorted(bodies) == ["m1", "m2"]


def test_s_097_reported_messages_come_back_when_their_visibility_ends_and_the_others_are_deleted(rig: Rig) -> None:
    first, second = rig.send("m1", "m2")

    def handler(event: Any) -> Result:
        again = any(int(one["attributes"]["ApproximateReceiveCount"]) > 1 for one in event["Records"])
        return answered({"batchItemFailures": [] if again else [{"itemIdentifier": second}]})

    rig.stage.runtime.handler = handler
    rig.start({"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    assert eventually(lambda: rig.held() == 0)
    [back] = rig.stage.journal(Returned)
    received = {record: entry.at for entry in reversed(rig.stage.journal(Accepted)) for record in entry.records}
    assert (back.records, back.due) == ((second,), received[second] + VISIBILITY)
    assert first in received


def test_s_093_after_a_failure_nothing_is_deleted(rig: Rig) -> None:
    failing = threading.Event()
    rig.stage.runtime.handler = lambda _: errored("poison")
    rig.send("m1")
    rig.start()
    assert eventually(lambda: len(rig.stage.journal(Returned)) > 0)
    assert rig.held() == 1
    assert rig.stage.journal(Deleted) == []
    failing.set()


def test_whoever_waits_for_everything_to_rest_is_told_of_the_queue_and_of_the_function_that_runs(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, speed=1.0)
    rig, release = Rig(stage), threading.Event()

    def handler(_: object) -> Result:
        assert release.wait(30)
        return errored("poison")

    stage.runtime.handler = handler
    rig.send("m1", "m2", "m3")
    rig.send("m4", DelaySeconds=300)
    rig.start()
    assert eventually(lambda: len(stage.runtime.calls) == 1)
    told = stage.loop.ask(stage.loop.unsettled)
    assert told.startswith("under way: function orders runs; planned: queue work (messages: 1 delayed) until 20")
    release.set()
    assert eventually(lambda: bool(stage.journal(Returned)))
    told = stage.loop.ask(stage.loop.unsettled)
    assert re.fullmatch(r"planned: queue work \(messages: 3 in flight, 1 delayed\) until \S+Z \(in 1[12]\d s\)", told)
    stage.close()


def test_a_message_whose_receipt_is_over_is_not_deleted_and_that_is_noted(rig: Rig) -> None:
    def handler(_: object) -> Result:
        rig.ask("DeleteQueue", QueueUrl="http://q/123456789012/work")
        return answered(None)

    rig.stage.runtime.handler = handler
    [sent] = rig.send("m1")
    rig.start()
    assert eventually(lambda: bool(rig.stage.journal(Settled)))
    [ended] = rig.stage.journal(Settled)
    assert (ended.records, ended.state, ended.rule) == ((sent,), "dropped", "the queue was deleted")
    assert eventually(lambda: bool(rig.stage.journal(Finished)))
    assert rig.stage.journal(Dropped) == []


def test_a_slow_batch_does_not_delay_the_next(rig: Rig) -> None:
    release = threading.Event()

    def handler(event: Any) -> Result:
        if event["Records"][0]["body"] == "slow":
            assert release.wait(30)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.send("slow", "m1", "m2")
    rig.start({"BatchSize": 1})
    assert eventually(lambda: rig.held() == 1)
    release.set()
    assert eventually(lambda: len(rig.stage.journal(Deleted)) == 3)


def test_the_receive_count_in_hand_is_shown(rig: Rig) -> None:
    release = threading.Event()

    def handler(event: Any) -> Result:
        if event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1":
            return errored("once more")
        assert release.wait(30)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.send("m1")
    reader = rig.start()
    assert eventually(lambda: reader.states()[0][1] == "1 of 5 batches, received up to 2 times"), reader.states()
    assert reader.is_busy()
    release.set()
    assert eventually(lambda: not reader.is_busy())


@pytest.mark.parametrize("answer", [b'{"batchItemFailures":[],"x":NaN}', b"\xff", b"[" * 100_000, b"not JSON"])
def test_s_097_an_answer_that_is_no_json_deletes_nothing(rig: Rig, answer: bytes) -> None:
    rig.stage.runtime.handler = lambda _: Answered(answer, "", REPORT)
    rig.send("m1", "m2")
    rig.start({"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    assert eventually(lambda: sum(len(entry.records) for entry in rig.stage.journal(Returned)) >= 2)
    assert rig.stage.journal(Deleted) == []


def test_s_094_an_error_that_nobody_expected_is_one_invocations_system_error(rig: Rig) -> None:
    def handler(_: object) -> Result:
        if len(rig.stage.runtime.calls) == 1:
            raise RequestTooLargeError(7_000_000)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.send("m1")
    rig.start()
    assert eventually(lambda: rig.held() == 0)
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["system error", "succeed"]


def test_s_134_the_message_group_of_a_standard_queue_reaches_the_function(rig: Rig) -> None:
    rig.send("m1", MessageGroupId="tenant-7")
    rig.start()
    assert eventually(lambda: rig.held() == 0)
    [call] = rig.stage.runtime.calls
    assert json.loads(call["payload"])["Records"][0]["attributes"]["MessageGroupId"] == "tenant-7"


def test_the_next_service_has_every_message_as_it_was(tmp_path: Path) -> None:
    before = Stage(tmp_path, speed=1.0)
    rig = Rig(before)
    rig.send("m1", "m2", MessageAttributes={"a": {"DataType": "Binary", "BinaryValue": b"\x00"}})
    rig.send("m3", DelaySeconds=900)
    [received] = rig.ask("ReceiveMessage", QueueUrl="http://q/123456789012/work", VisibilityTimeout=43_200)["Messages"]
    seen = before.loop.ask(lambda: rig.api.peek(ARN, 10))
    before.close()
    after = Stage(tmp_path, speed=1.0)
    again = Rig(after)
    assert after.loop.ask(lambda: again.api.peek(ARN, 10)) == seen
    assert [one.state for one in seen] == ["in flight", "visible", "delayed"]
    again.ask("DeleteMessage", QueueUrl="http://q/123456789012/work", ReceiptHandle=received["ReceiptHandle"])
    assert again.held() == 2
    after.close()
