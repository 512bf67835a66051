"""Internal queues, emptied into asynchronous queues: a message that makes no event holds up nobody."""

import json
from typing import Any

import pytest

from landfast.dataplane.queues import Message
from landfast.dataplane.world import Trigger
from landfast.delivery.settings import Settings
from landfast.journal import Dropped, Settled
from landfast.service.triggers import TriggerPump
from tests.service.conftest import Stage, eventually


class _Internal:
    """An internal queue with these bodies in it."""

    def __init__(self, *bodies: str) -> None:
        self.waiting = [
            Message({"MessageId": f"m{n}", "ReceiptHandle": "h", "Body": text, "Attributes": {}})
            for n, text in enumerate(bodies)
        ]
        self.deleted: list[str] = []

    def receive(self, **_: Any) -> list[Message]:
        taken, self.waiting = self.waiting, []
        return taken

    def delete(self, messages: list[Message]) -> None:
        self.deleted += [each.id for each in messages]


GOOD = json.dumps(
    {
        "Records": [
            {
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "bucket": {"name": "inbox", "arn": "arn:aws:s3:::inbox"},
                    "object": {"key": "a.csv", "size": 1, "eTag": "e"},
                },
            }
        ]
    }
)


@pytest.mark.parametrize(
    "body", ["", "{", "[" * 100_000, "[]", "5", "null", '{"Records": 5}', '{"Records": [{"s3": 1}]}', '{"x": NaN}']
)
def test_a_message_that_makes_no_event_is_told_and_those_behind_it_go_on(stage: Stage, body: str) -> None:
    stage.queue({})
    queue: Any = _Internal(body, GOOD)
    trigger = Trigger("s3", "Inbox", "orders", None, "internal", "url", "arn")
    target = stage.functions.find("orders")
    pump = TriggerPump(trigger, queue, target, stage.queues, Settings(), shared=stage.shared)
    pump.start()
    try:
        assert eventually(lambda: len(stage.journal(Settled)) == 1)
        assert eventually(lambda: queue.deleted == ["m0", "m1"])
    finally:
        pump.stop()
    [lost] = stage.journal(Dropped)[:1]
    assert (lost.records, lost.metric) == (("m0",), "UnreadableTriggerMessages")
    assert lost.error.startswith("Inbox: ")
