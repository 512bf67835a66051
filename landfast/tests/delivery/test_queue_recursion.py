"""Messages with which a function has called itself too often (S-34)."""

import itertools
from typing import Literal

import pytest

from landfast.delivery.actions import Drop, Invoke, Return
from landfast.delivery.queue import QueueAction, QueuePoller
from landfast.delivery.queue_config import QueueAttributes, configuration
from landfast.delivery.recursion import CHAIN_LIMIT, Lineage
from landfast.delivery.settings import Settings
from landfast.delivery.sqs_events import QueueMessage

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders"


def machine(mode: Literal["Terminate", "Allow"] = "Terminate", *, fifo: bool = False) -> QueuePoller:
    config = configuration({}, queue=QueueAttributes(fifo=fifo), function_timeout=5, settings=Settings())
    numbers = itertools.count(1)
    poller = QueuePoller(
        config,
        settings=Settings(),
        new_id=lambda: str(next(numbers)),
        function_arn=f"{FUNCTION}:live",
        recursive_loop=mode,
    )
    poller.advance(0)
    return poller


def message(name: str, calls: int = 0, group: str | None = None) -> QueueMessage:
    lineage = Lineage()
    for _ in range(calls):
        lineage = lineage.called(FUNCTION)
    attributes = {"AWSTraceHeader": lineage.write("Root=1-a")} if calls else {}
    return QueueMessage(name, group, 1, 0.0, 100, {"attributes": attributes})


def ids(messages: object) -> list[str]:
    assert isinstance(messages, list | tuple)
    return [message.id for message in messages]


def summary(actions: list[QueueAction]) -> list[tuple[str, list[str]]]:
    """What is done, of dropping, returning and calling, with which messages."""
    found: list[tuple[str, list[str]]] = []
    for action in actions:
        match action:
            case Drop(records, metric):
                found.append((metric, ids(records)))
            case Return(messages, at):
                found.append((f"back at {at:g}", ids(messages)))
            case Invoke(records=records):
                found.append(("invoke", ids(records)))
            case _:
                pass
    return found


def test_s_034_sixteen_calls_are_made_and_the_seventeenth_is_stopped() -> None:
    assert summary(machine().received([message("m1", CHAIN_LIMIT - 1)], 0)) == [("invoke", ["m1"])]
    assert summary(machine().received([message("m1", CHAIN_LIMIT)], 0)) == [
        ("RecursiveInvocationsDropped", ["m1"]),
        ("back at 30", ["m1"]),
    ]


def test_s_034_a_function_can_opt_out() -> None:
    assert summary(machine("Allow").received([message("m1", 1000)], 0)) == [("invoke", ["m1"])]


def test_s_034_only_the_message_of_the_loop_is_stopped() -> None:
    received = [message("m1"), message("m2", CHAIN_LIMIT), message("m3")]
    assert summary(machine().received(received, 0)) == [
        ("RecursiveInvocationsDropped", ["m2"]),
        ("back at 30", ["m2"]),
        ("invoke", ["m1", "m3"]),
    ]


def test_s_034_s_099_what_comes_behind_it_in_its_group_waits() -> None:
    received = [
        message("a1", group="a"),
        message("a2", CHAIN_LIMIT, group="a"),
        message("b1", group="b"),
        message("a3", group="a"),
    ]
    assert summary(machine(fifo=True).received(received, 0)) == [
        ("RecursiveInvocationsDropped", ["a2"]),
        ("back at 30", ["a2", "a3"]),
        ("invoke", ["a1", "b1"]),
    ]


@pytest.mark.parametrize("header", ["", "nonsense", "Lineage=", "Lineage=zz:99"])
def test_s_034_a_header_of_another_form_stops_nothing(header: str) -> None:
    odd = QueueMessage("m1", None, 1, 0.0, 100, {"attributes": {"AWSTraceHeader": header}})
    assert summary(machine().received([odd], 0)) == [("invoke", ["m1"])]
