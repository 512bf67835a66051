"""Boundaries of queues' mappings at which messages are lost, held or handled side by side."""

import itertools
from collections.abc import Mapping, Sequence

import pytest

from landfast.delivery.actions import Delete, Invoke, Return
from landfast.delivery.outcomes import Outcome, Succeeded
from landfast.delivery.queue import QueueAction, QueuePoller
from landfast.delivery.queue_config import QueueAttributes, QueueConfig, configuration
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage

STANDARD = QueueAttributes(visibility_timeout=120, max_receive_count=5)
FIFO = QueueAttributes(visibility_timeout=120, fifo=True, max_receive_count=5)
PAYLOAD = 6_291_456
"""The 6 MB of the rule, in bytes."""

ENVELOPE, COMMA = len('{"Records":[]}'), 1


def configured(properties: Mapping[str, object], queue: QueueAttributes = STANDARD) -> QueueConfig:
    return configuration(properties, queue=queue, function_timeout=5, settings=Settings())


def machine(properties: Mapping[str, object] | None = None, queue: QueueAttributes = STANDARD) -> QueuePoller:
    numbers = itertools.count(1)
    poller = QueuePoller(configured(properties or {}, queue), settings=Settings(), new_id=lambda: str(next(numbers)))
    poller.advance(0)
    return poller


def message(name: str, *, at: float = 0, group: str | None = None, count: int = 1, size: int = 100) -> QueueMessage:
    return QueueMessage(name, group, count, at, size, {"messageId": name, "body": "{}"})


def names(messages: Sequence[QueueMessage]) -> list[str]:
    return [each.id for each in messages]


def invoked(actions: Sequence[QueueAction]) -> list[list[str]]:
    return [names(action.records) for action in actions if isinstance(action, Invoke)]


@pytest.mark.parametrize(
    ("room", "batches"), [(0, [["m1", "m2", "m3"]]), (-1, [["m1", "m2"], ["m3"]])], ids=["full", "one byte too many"]
)
def test_s_089_a_payload_has_6_291_456_bytes_with_its_envelope_and_its_commas(
    room: int, batches: list[list[str]]
) -> None:
    last = PAYLOAD - ENVELOPE - 2 * COMMA - 1_000 - 2_000 - room
    three = [message("m1", size=1_000), message("m2", size=2_000), message("m3", size=last)]
    assert invoked(machine().received(three, 0)) == batches


def test_s_089_a_message_gathered_twice_weighs_once() -> None:
    poller = machine({"MaximumBatchingWindowInSeconds": 60})
    size = 2 * PAYLOAD // 3
    poller.received([message("m1", size=size)], 0)
    assert invoked(poller.received([message("m1", at=30, count=2, size=size), message("m2", at=30)], 30)) == []
    assert invoked(poller.advance(60)) == [["m1", "m2"]]


def test_s_097_without_a_word_partial_responses_are_off() -> None:
    assert not configured({}).report_batch_item_failures


@pytest.mark.parametrize("queue", [STANDARD, FIFO])
def test_s_102_maximum_concurrency_holds_though_one_receive_makes_several_batches(queue: QueueAttributes) -> None:
    poller = machine({"ScalingConfig": {"MaximumConcurrency": 2}}, queue)
    large = PAYLOAD // 2 + 1
    first = [message(f"m{number}", group=f"g{number}", size=large) for number in range(1, 6)]
    actions = poller.received(first, 0)
    actions += poller.received([message(f"n{number}", group=f"h{number}", size=large) for number in range(1, 6)], 0)
    running = len(invoked(actions))
    for request in itertools.count(1):
        assert running <= 2
        if not running:
            break
        actions = poller.finished(str(request), Succeeded(), 1)
        running += len(invoked(actions)) - 1
    assert request == 11, "all ten are handled"


def test_s_099_what_does_not_fit_into_a_fifo_batch_follows_and_none_is_lost() -> None:
    poller = machine(queue=FIFO)
    large = PAYLOAD // 2 + 1
    actions = poller.received([message(f"m{number}", group="g", size=large) for number in range(1, 5)], 0)
    handled: list[str] = []
    for request in range(1, 5):
        handled += itertools.chain.from_iterable(invoked(actions))
        actions = poller.finished(str(request), Succeeded(), float(request))
    assert handled == ["m1", "m2", "m3", "m4"]
    assert invoked(actions) == []


@pytest.mark.parametrize("failed", [["m1"], ["m2"], ["m1", "m3"], ["m1", "m2", "m3"]])
def test_s_097_each_message_is_either_deleted_or_returns(failed: list[str]) -> None:
    poller = machine({"FunctionResponseTypes": ["ReportBatchItemFailures"]})
    poller.received([message(name, at=2) for name in ("m1", "m2", "m3")], 2)
    outcome: Outcome = Succeeded({"batchItemFailures": [{"itemIdentifier": name} for name in failed]})
    actions = poller.finished("1", outcome, 3)
    deleted = [name for action in actions if isinstance(action, Delete) for name in names(action.messages)]
    returned = [(names(action.messages), action.at) for action in actions if isinstance(action, Return)]
    assert deleted == [name for name in ("m1", "m2", "m3") if name not in failed]
    assert returned == [(failed, 122)]
