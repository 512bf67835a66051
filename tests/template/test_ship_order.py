"""What is wanted of fulfilment beyond the rules of all pipelines."""

from tests.template.stack import Stack
from tests.template.wiring import FUNCTION, asynchronous


def test_s_026_one_function_has_a_dead_letter_queue_beside_its_destination(stack: Stack) -> None:
    with_both = {
        name
        for name, function in stack.all(FUNCTION).items()
        if "DeadLetterConfig" in function and name in asynchronous(stack)
    }
    assert with_both == {"ShipOrder"}
