# --- fulfilment and notices ---
"""The shop shows every kind of destination."""

from tests.template.stack import Stack, targets
from tests.template.wiring import FUNCTION, INVOKE_CONFIG


def test_success_and_failure_use_all_four_kinds_of_destination(stack: Stack) -> None:
    used = {
        stack.type_of(name)
        for config in stack.all(INVOKE_CONFIG).values()
        for name in targets(config["DestinationConfig"])
    }
    assert used == {"AWS::SQS::Queue", "AWS::SNS::Topic", FUNCTION, "AWS::Events::EventBus"}
