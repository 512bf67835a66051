"""A queue's mapping, driven against a queue made up on the spot."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError

from landfast.dataplane.queues import Message, Queue, Refusal
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.settings import Settings
from landfast.journal import Accepted, Deleted, Dropped, Finished, Retrying, Returned, Settled
from landfast.runtime.model import Answered, RequestTooLargeError, Result
from landfast.service.queues import QueueMapping, QueueReader
from tests.service.conftest import REPORT, Stage, answered, errored, eventually

ARN = "arn:aws:sqs:us-east-1:123456789012:work"


@dataclass
class MadeUpQueue:
    """Hands out what is put in, and keeps what is done to it."""

    waiting: list[Message] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    returned: list[tuple[str, int]] = field(default_factory=list)
    hidden: list[int | None] = field(default_factory=list)
    failures: int = 0
    refuses: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, *bodies: str, received: int = 1) -> None:
        with self._lock:
            self.waiting += [message(body, received) for body in bodies]

    def receive(self, limit: int = 10, *, wait: int = 20, visibility: int | None = None) -> list[Message]:
        del wait
        with self._lock:
            if self.failures:
                self.failures -= 1
                raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
            taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
            self.hidden.append(visibility)
        if not taken:
            time.sleep(0.01)
        return taken

    def delete(self, messages: list[Message]) -> list[Refusal]:
        if self.refuses:
            return [Refusal(one, "ReceiptHandleIsInvalid: no") for one in messages]
        self.deleted += [one.id for one in messages]
        return []

    def change_visibility(self, messages: list[Message], seconds: int) -> list[Refusal]:
        self.returned += [(one.id, seconds) for one in messages]
        return []


def message(body: str, received: int) -> Message:
    attributes = {"ApproximateReceiveCount": str(received), "SentTimestamp": "0"}
    return Message(
        {
            "MessageId": body,
            "ReceiptHandle": f"handle-{body}",
            "Body": f'{{"id": "{body}"}}',
            "Attributes": attributes,
            "MD5OfBody": "md5",
        }
    )


@dataclass
class Rig:
    stage: Stage
    queue: MadeUpQueue
    start: Callable[..., QueueReader]


@pytest.fixture
def rig(stage: Stage) -> Rig:
    queue = MadeUpQueue()

    def start(properties: Mapping[str, object] | None = None, **attributes: Any) -> QueueReader:
        settings = Settings()
        config = configuration(
            properties or {},
            queue=QueueAttributes(**attributes),
            function_timeout=3.0,
            settings=settings,
        )
        target = stage.functions.find("orders")
        mapping = QueueMapping("mapping", target, cast("Queue", queue), ARN, config, settings)
        reader = QueueReader(mapping, stage.shared)
        reader.start()
        return reader

    return Rig(stage, queue, start)


def test_s_088_messages_are_deleted_after_success(rig: Rig) -> None:
    rig.queue.put("m1", "m2")
    rig.start()
    assert eventually(lambda: sorted(rig.queue.deleted) == ["m1", "m2"])
    assert eventually(lambda: len(rig.stage.journal(Settled)) > 0)
    [call] = rig.stage.runtime.calls
    assert b'"receiptHandle":"handle-m1"' in call["payload"]


def test_s_097_reported_messages_are_given_back_when_their_visibility_ends_and_the_others_are_deleted(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda _: answered({"batchItemFailures": [{"itemIdentifier": "m2"}]})
    rig.queue.put("m1", "m2")
    rig.start({"FunctionResponseTypes": ["ReportBatchItemFailures"]}, visibility_timeout=120.0)
    assert eventually(lambda: rig.queue.returned == [("m2", 0)])
    assert rig.queue.deleted == ["m1"]
    [back] = rig.stage.journal(Returned)
    [received, *_] = rig.stage.journal(Accepted)
    assert back.due == received.at + 120.0


def test_messages_are_hidden_longer_than_the_mapping_needs_so_that_time_can_run_faster(rig: Rig) -> None:
    rig.queue.put("m1")
    rig.start(visibility_timeout=1200.0)
    assert eventually(lambda: rig.queue.deleted == ["m1"])
    assert all(hidden is not None and hidden >= 1 + 3 for hidden in rig.queue.hidden)


def test_s_093_after_a_failure_nothing_is_deleted(rig: Rig) -> None:
    rig.stage.runtime.handler = lambda _: errored("poison")
    rig.queue.put("m1", "m2")
    rig.start(visibility_timeout=60.0)
    assert eventually(lambda: rig.queue.returned == [("m1", 0), ("m2", 0)])
    assert rig.queue.deleted == []


def test_an_engine_that_is_away_is_asked_again_and_the_journal_says_so(rig: Rig) -> None:
    rig.queue.failures = 2
    rig.queue.put("m1")
    rig.start()
    assert eventually(lambda: rig.queue.deleted == ["m1"])
    assert [entry.rule.partition(":")[0] for entry in rig.stage.journal(Retrying)] == ["receiving messages"] * 2


def test_a_deletion_that_sqs_refuses_is_noted(rig: Rig) -> None:
    rig.queue.refuses = True
    rig.queue.put("m1")
    rig.start()
    assert eventually(lambda: bool(rig.stage.journal(Dropped)))
    [note] = rig.stage.journal(Dropped)
    assert (note.metric, note.records) == ("MessagesNotDeleted", ("m1",))


def test_a_slow_batch_does_not_delay_the_next(rig: Rig) -> None:
    release = threading.Event()

    def handler(event: Any) -> Result:
        if "slow" in event["Records"][0]["body"]:
            assert release.wait(5)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.queue.put("slow", "m1", "m2")
    rig.start({"BatchSize": 1})
    assert eventually(lambda: sorted(rig.queue.deleted) == ["m1", "m2"])
    release.set()
    assert eventually(lambda: len(rig.stage.journal(Deleted)) == 3)


def test_the_receive_count_and_the_groups_in_hand_are_shown(rig: Rig) -> None:
    release = threading.Event()

    def handler(_: object) -> Result:
        assert release.wait(5)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.queue.put("m1", received=3)
    reader = rig.start()
    assert eventually(lambda: reader.states()[0][0] == 1)
    [(_, state)] = reader.states()
    assert state.startswith("1 of ")
    assert state.endswith("received up to 3 times")
    release.set()
    assert eventually(lambda: rig.queue.deleted == ["m1"])


@pytest.mark.parametrize("answer", [b'{"batchItemFailures":[],"x":NaN}', b"\xff", b"[" * 100_000, b"not JSON"])
def test_s_097_an_answer_that_is_no_json_deletes_nothing(rig: Rig, answer: bytes) -> None:
    rig.stage.runtime.handler = lambda _: Answered(answer, "", REPORT)
    rig.queue.put("m1", "m2")
    rig.start({"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    assert eventually(lambda: len(rig.queue.returned) == 2)
    assert rig.queue.deleted == []


def test_s_094_an_error_that_nobody_expected_is_one_invocations_system_error(rig: Rig) -> None:
    def handler(_: object) -> Result:
        if len(rig.stage.runtime.calls) == 1:
            raise RequestTooLargeError(7_000_000)
        return answered(None)

    rig.stage.runtime.handler = handler
    rig.queue.put("m1")
    rig.start(visibility_timeout=12_000.0)
    assert eventually(lambda: rig.queue.deleted == ["m1"])
    assert [entry.outcome for entry in rig.stage.journal(Finished)] == ["system error", "succeed"]


def test_s_134_the_message_group_of_a_standard_queue_reaches_the_function(rig: Rig) -> None:
    sent = message("m1", 1)
    sent.raw["Attributes"]["MessageGroupId"] = "tenant-7"
    rig.queue.waiting.append(sent)
    rig.start()
    assert eventually(lambda: rig.queue.deleted == ["m1"])
    [call] = rig.stage.runtime.calls
    assert json.loads(call["payload"])["Records"][0]["attributes"]["MessageGroupId"] == "tenant-7"
