"""Faults that a test asks for by the fixture: what comes of them in a running stack."""

from typing import Any

import pytest

from landfast.journal import Entry, Injected
from landfast.testing import Finished, Stack, StackError, read_journal


def noted[E: Entry](stack: Stack, kind: type[E], source: str) -> list[E]:
    entries = (entry for _, entry in read_journal(stack.service.journal))
    return [entry for entry in entries if isinstance(entry, kind) and entry.source.startswith(source)]


def outcomes(stack: Stack, source: str) -> list[str]:
    return [entry.outcome for entry in noted(stack, Finished, source)]


def injected(stack: Stack, source: str) -> list[str]:
    return [entry.fault for entry in noted(stack, Injected, source)]


def test_throttles_errors_and_kills_are_dealt_with_by_the_rule_of_the_source(landfast: Stack) -> None:
    landfast.throttle("Read")
    landfast.fail("Read", "OutOfStock", "none left")
    landfast.kill("Read", after=1)
    sent = landfast.s3("Uploads").put("one", b"1")
    landfast.settle()
    assert outcomes(landfast, "Read") == ["throttle", "raise", "exit", "succeed"]
    killed = f"killed after PutItem of {landfast.table('Ledger').name}"
    assert injected(landfast, "Read") == ["throttled", "failed with OutOfStock", killed]
    assert "injected fault: Read throttled" in landfast.where(sent).account()
    assert [item["id"] for item in landfast.table("Ledger").items()] == ["one"]


def test_a_slow_function_times_out_without_anybody_waiting_and_a_call_that_aws_refuses_is_the_function_s_error(
    landfast: Stack,
) -> None:
    landfast.slow("Read", 3_600)
    landfast.calls("dynamodb", "PutItem", target="Ledger").fail("AccessDeniedException", "not you")
    landfast.s3("Uploads").put("one", b"1")
    landfast.settle()
    first, second, third = noted(landfast, Finished, "Read")
    assert (first.outcome, second.outcome, third.outcome) == ("timeout", "raise", "succeed")
    assert second.error is not None
    assert "AccessDeniedException" in second.error["errorMessage"]
    assert "not you" in second.error["errorMessage"]


def test_what_is_delivered_twice_or_again_is_handled_once_more_and_lands_once(landfast: Stack) -> None:
    landfast.duplicate("Bus")
    sent = landfast.bus("Bus").put({"id": "one"}, source="ledger", detail_type="Entered")
    landfast.settle()
    assert [message.body for message in landfast.queue("Readers")] == ["one", "one"]
    landfast.deliver_again(sent)
    landfast.settle()
    assert len(landfast.queue("Readers")) == 3
    assert injected(landfast, "Tell") == ["delivered twice", "got it again: succeed"]
    assert outcomes(landfast, "Tell") == ["succeed"]


def test_faults_end_by_themselves_when_they_are_cleared_and_with_the_test(landfast: Stack) -> None:
    landfast.throttle("Count", seconds=60)
    landfast.fail("Read", times=100)
    landfast.advance(minutes=2)
    landfast.stream("Ticks").put("tick", key="a")
    landfast.settle()
    assert outcomes(landfast, "Count") == ["succeed"]
    landfast.clear()
    assert landfast.service.faults.pending() == []
    landfast.kill("Read")
    landfast.reset()
    assert landfast.service.faults.pending() == []


def mistakes() -> dict[str, Any]:
    return {
        "did you mean Read": lambda stack: stack.throttle("Reed"),
        "no function gets its events": lambda stack: stack.duplicate("Failures"),
        "not delivered to any function": lambda stack: stack.deliver_again("a1b2"),
        "give a whole number from 1": lambda stack: stack.kill("Read", before=0),
        "not both": lambda stack: stack.kill("Read", before=1, after=1),
        "the template has no Ledgr": lambda stack: stack.calls("dynamodb", target="Ledgr"),
    }


@pytest.mark.parametrize(("told", "mistake"), mistakes().items())
def test_a_mistake_is_told_in_one_line(landfast_session: Stack, told: str, mistake: Any) -> None:
    with pytest.raises(StackError, match=told) as error:
        mistake(landfast_session)
    assert "\n" not in str(error.value)
