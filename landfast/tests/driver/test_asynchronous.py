import json
from typing import Any

import pytest

from landfast.delivery.asynchronous import EVENT_LIMIT, AsynchronousQueue, Event, Progress, configuration
from landfast.delivery.errors import Refused
from landfast.delivery.outcomes import Failed, NotReached, Succeeded
from landfast.delivery.recursion import Lineage
from landfast.delivery.settings import Settings
from landfast.driver import ForgetEvent, KeepEvent
from landfast.driver.asynchronous import AsynchronousDriver
from landfast.journal import Accepted, Delivered, Dropped, Finished, Invoked, Retrying, Settled
from tests.driver.world import MadeUpWorld

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:orders"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failures"
LETTERS = "arn:aws:sqs:us-east-1:123456789012:letters"
FAILED = Failed({"errorMessage": "no stock", "errorType": "ValueError"})


def made(world: MadeUpWorld, retries: int = 0, *, tries: int = 0, dead_letters: bool = False) -> AsynchronousDriver:
    properties: dict[str, Any] = {
        "MaximumRetryAttempts": retries,
        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
    }
    if dead_letters:
        properties["DeadLetterConfig"] = {"TargetArn": LETTERS}
    queue = AsynchronousQueue(
        FUNCTION, configuration(properties, Settings()), settings=Settings(), new_id=lambda: "unique"
    )
    return AsynchronousDriver(
        queue, world, source="orders", function="Orders", function_arn=FUNCTION, delivery_retries=tries
    )


def event(request_id: str = "r1", body: bytes = b'{"a": 1}') -> Event:
    return Event.read(request_id, body, origin="invoke")


def test_s_001_an_event_is_kept_before_anything_is_done_with_it() -> None:
    world = MadeUpWorld(time=5.0)
    made(world).accept(event())
    notes, changes = world.commits[0]
    assert notes == [Accepted(at=5.0, source="orders", records=("r1",), origin="invoke")]
    assert changes == [KeepEvent("orders", event(), Progress(accepted=5.0, due=5.0))]
    assert [call.payload() for call, _ in world.calls] == [b'{"a": 1}']


def test_s_001_what_the_machine_refuses_leaves_nothing_behind() -> None:
    world = MadeUpWorld()
    with pytest.raises(Refused):
        made(world).accept(event(body=b'"' + b"x" * EVENT_LIMIT + b'"'))
    assert world.commits == []
    assert world.calls == []


def test_an_event_that_waits_is_accepted_once() -> None:
    world = MadeUpWorld()
    driver = made(world)
    driver.accept(event())
    driver.accept(event())
    assert len(world.notes(Accepted)) == len(world.calls) == 1


def test_an_event_is_forgotten_when_its_record_is_delivered_and_not_before() -> None:
    world = MadeUpWorld()
    made(world).accept(event())
    world.answer(FAILED, "raise")
    assert not any(isinstance(change, ForgetEvent) for change in world.changes())
    world.end_delivery()
    assert [type(note) for note in world.commits[-1][0]] == [Finished, Delivered, Settled]
    assert world.commits[-1][1] == [ForgetEvent("r1")]


def test_s_022_a_record_that_its_destination_refuses_is_lost_and_told() -> None:
    world = MadeUpWorld()
    made(world).accept(event())
    world.answer(FAILED, "raise")
    world.end_delivery("AccessDenied")
    [dropped] = world.notes(Dropped)
    assert (dropped.metric, dropped.error) == ("DestinationDeliveryFailures", "AccessDenied")
    [settled] = world.notes(Settled)
    assert (settled.state, settled.rule) == ("dropped", "S-04 RetriesExhausted, not delivered")
    assert world.notes(Delivered) == []


@pytest.mark.parametrize(("refused", "state"), [((True, False), "to_destination"), ((True, True), "dropped")])
def test_s_026_an_event_is_kept_where_one_of_its_two_places_has_taken_it(
    refused: tuple[bool, bool], state: str
) -> None:
    world = MadeUpWorld()
    made(world, dead_letters=True).accept(event())
    world.answer(FAILED, "raise")
    for refusal in refused:
        world.end_delivery("AccessDenied" if refusal else None)
    assert [note.state for note in world.notes(Settled)] == [state]
    metrics = [note.metric for note in world.notes(Dropped)]
    assert metrics == ["DestinationDeliveryFailures", "DeadLetterErrors"][: sum(refused)]


@pytest.mark.parametrize(("tries", "refusals", "lost"), [(0, 0, False), (0, 1, True), (2, 2, False), (2, 3, True)])
def test_u_005_a_refused_delivery_is_tried_again_as_often_as_it_is_set(
    tries: int, refusals: int, *, lost: bool
) -> None:
    world = MadeUpWorld()
    made(world, tries=tries).accept(event())
    world.answer(FAILED, "raise")
    for _ in range(refusals):
        world.end_delivery("AccessDenied")
    if not lost:
        world.end_delivery()
    assert world.deliveries == []
    assert [note.state for note in world.notes(Settled)] == ["dropped" if lost else "to_destination"]


def test_a_delivery_that_takes_its_time_holds_up_no_other_event() -> None:
    world = MadeUpWorld()
    driver = made(world)
    for request_id in ("r1", "r2"):
        driver.accept(event(request_id))
    world.answer(FAILED, "raise")
    world.answer(Succeeded(7), "succeed")
    assert [note.records for note in world.notes(Settled)] == [("r2",)]


def test_a_retry_is_kept_with_its_progress_and_made_when_it_is_due() -> None:
    world = MadeUpWorld(time=10.0)
    made(world, retries=1).accept(event())
    world.answer(FAILED, "raise")
    [retry] = world.notes(Retrying)
    assert retry.due == 70.0
    [kept] = [change for change in world.commits[-1][1] if isinstance(change, KeepEvent)]
    assert (kept.progress.attempts, kept.progress.due) == (1, 70.0)
    world.advance(69.9)
    assert world.calls == []
    world.advance(70.0)
    assert [note.attempt for note in world.notes(Invoked)] == [1, 2]


def test_a_plan_is_void_once_the_machine_wants_to_be_woken_at_another_time() -> None:
    world = MadeUpWorld()
    driver = made(world, retries=1)
    driver.accept(event())
    world.answer(FAILED, "raise")
    stale = len(world.due)
    driver.carry_out(driver.machine.advance(70.0))
    world.advance(100.0)
    assert stale == 1
    assert [note.attempt for note in world.notes(Invoked)] == [1, 2]


def test_a_try_that_did_not_reach_the_function_is_told_with_its_reason() -> None:
    world = MadeUpWorld()
    made(world).accept(event())
    _, ended = world.calls.pop()
    ended(NotReached("system error"), "system error", "OSError: no route")
    [finished] = world.notes(Finished)
    assert (finished.outcome, finished.error) == ("system error", {"errorMessage": "OSError: no route"})


def test_s_034_the_chain_of_calls_goes_on_with_the_call_and_with_what_it_leads_to() -> None:
    world = MadeUpWorld()
    trace = Lineage({}).called(FUNCTION).write("Root=1-2-3")
    made(world).accept(Event.read("r1", b"{}", trace=trace, depth=1))
    call = world.answer(FAILED, "raise")
    [(_, passed_on, _)] = world.deliveries
    assert call.trace == passed_on
    assert Lineage.read(call.trace).depth(FUNCTION) == 2


def test_a_restart_goes_on_with_what_was_kept() -> None:
    world = MadeUpWorld(time=50.0)
    driver = made(world, retries=1)
    driver.resume(event(), Progress(accepted=1.0, due=60.0, attempts=1, response=FAILED))
    world.advance(60.0)
    [call] = [call for call, _ in world.calls]
    assert json.loads(call.payload()) == {"a": 1}
    assert [note.attempt for note in world.notes(Invoked)] == [2]
