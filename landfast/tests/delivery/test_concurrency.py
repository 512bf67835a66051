import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.concurrency import REFUSAL, REFUSAL_CODE, REFUSAL_STATUS, Concurrency


def test_s_010_a_reserved_concurrency_of_zero_refuses_every_call() -> None:
    assert not Concurrency(0).start()


def test_s_010_the_refusal_of_a_synchronous_call() -> None:
    assert (REFUSAL_STATUS, REFUSAL_CODE) == (429, "TooManyRequestsException")
    assert REFUSAL == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_without_a_limit_every_call_is_let_in() -> None:
    concurrency = Concurrency(None)
    assert all(concurrency.start() for _ in range(2000))
    assert concurrency.running == 2000


def test_a_call_that_never_began_cannot_end() -> None:
    with pytest.raises(RuntimeError, match="no call of this function is running"):
        Concurrency(1).end()


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=60))
def test_never_more_calls_run_than_are_reserved(limit: int, starts: list[bool]) -> None:
    concurrency = Concurrency(limit)
    running = 0
    for wants_to_start in starts:
        if wants_to_start:
            let_in = concurrency.start()
            assert let_in == (running < limit)
            running += let_in
        elif running:
            concurrency.end()
            running -= 1
        assert concurrency.running == running <= limit
