"""Crash points find out a faulty function, at the right call, and let a right one pass."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from landfast.service.faults import AwsCall, MetCall
from landfast.testing import Options, Stack, StackError
from landfast.testing.crash_points import CrashPoint, CrashPoints, found, sender

ORDER: dict[str, Any] = {"order": "A-1"}
pytestmark = pytest.mark.xdist_group("crash points")


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory, _loopback_only: None) -> Iterator[Stack]:
    template = Path(__file__).parent / "crashing" / "template.yaml"
    options = Options(template=template, state=tmp_path_factory.mktemp("crashing") / "state", skip_waits=True)
    with Stack.start(options) as stack:
        yield stack


def wrong(points: CrashPoints) -> dict[str, list[str]]:
    """What is wrong at each point that fails: the place and what of it."""
    return {
        str(point): [f"{each.place}: {each.what}" for each in point.differences]
        for point in points.points
        if not point.holds
    }


def test_a_charge_whose_marker_comes_after_it_is_doubled_by_a_crash_between_the_two(crashing: Stack) -> None:
    points = crashing.crash_points("ChargeThenMark", ORDER)
    between = "after sqs SendMessage of Charges, before dynamodb PutItem of Markers"
    assert wrong(points) == {between: ["queue Charges: doubled"]}
    assert (points.covered, len(points.points)) == (6, 4)
    with pytest.raises(AssertionError) as failed:
        points.check()
    assert f"FAIL killed {between}\n     queue Charges: doubled: " in str(failed.value)
    assert "ChargeThenMark killed after SendMessage of" in str(failed.value)


def test_what_is_deleted_before_it_is_written_is_lost_by_a_crash_between_the_two(crashing: Stack) -> None:
    def move() -> None:
        crashing.table("Orders").put({"id": "A-1", "paid": 25})
        crashing.function("DeleteFirst").send(ORDER)

    points = crashing.crash_points("DeleteFirst", move)
    between = "after dynamodb DeleteItem of Orders, before dynamodb PutItem of Markers"
    assert wrong(points) == {between: ["table Markers: lost"]}


def test_a_sum_to_which_a_retry_adds_again_is_not_as_it_should_be_after_either_of_its_calls(crashing: Stack) -> None:
    points = crashing.crash_points("AddUp", ORDER)
    assert wrong(points) == {
        "after dynamodb UpdateItem of Orders, before dynamodb PutItem of Markers": ["table Orders: changed"],
        "after dynamodb PutItem of Markers": ["table Orders: changed"],
    }
    assert 'half done: id "A-1": paid is 50, undisturbed 25' in str(points)


def test_a_right_function_passes_and_its_claims_lapse_with_the_waits_that_are_skipped(crashing: Stack) -> None:
    points = crashing.crash_points("Claim", ORDER)
    assert len(points.points) == 3
    points.check()


def test_an_event_that_does_not_reach_the_function_is_a_mistake_of_the_test(crashing: Stack) -> None:
    with pytest.raises(StackError, match="Claim was not invoked"):
        crashing.crash_points("Claim", lambda: None)
    with pytest.raises(StackError, match="did you mean Claim"):
        crashing.crash_points("Clam", ORDER)
    with pytest.raises(StackError, match="Claim reads no queue"):
        sender(crashing, "Claim", {"Records": [{"eventSource": "aws:sqs", "body": "", "attributes": {}}]})


def call(operation: str, *, alone: bool = True, request_id: str = "r1") -> MetCall:
    return MetCall(AwsCall("Claim", request_id, "dynamodb", operation, "Orders"), alone)


def points(*calls: MetCall) -> list[str]:
    return [str(point) for point in found(calls)]


def test_after_a_call_and_before_the_next_one_are_one_point_if_nothing_else_is_under_way() -> None:
    assert points(call("GetItem"), call("PutItem")) == [
        "before dynamodb GetItem of Orders",
        "after dynamodb GetItem of Orders, before dynamodb PutItem of Orders",
        "after dynamodb PutItem of Orders",
    ]


@pytest.mark.parametrize("second", [call("PutItem", alone=False), call("PutItem", request_id="r2")])
def test_they_are_two_points_with_threads_and_between_two_invocations(second: MetCall) -> None:
    assert points(call("GetItem"), second) == [
        "before dynamodb GetItem of Orders",
        "after dynamodb GetItem of Orders",
        "before dynamodb PutItem of Orders",
        "after dynamodb PutItem of Orders",
    ]


def test_calls_of_one_operation_and_target_are_counted() -> None:
    assert points(call("PutItem"), call("PutItem", request_id="r2"))[2:] == [
        "before dynamodb PutItem of Orders (2)",
        "after dynamodb PutItem of Orders (2)",
    ]


def test_a_function_that_calls_nobody_is_killed_at_its_beginning() -> None:
    assert points() == ["at its beginning: it calls nobody"]


def test_a_point_that_is_never_met_again_does_not_hold() -> None:
    points = CrashPoints("Claim", (CrashPoint("before", call("GetItem").call, met=False),))
    with pytest.raises(AssertionError, match="not met again in 3 runs"):
        points.check()
