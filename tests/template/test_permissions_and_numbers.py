"""What AWS's own rules ask of the template, rule by rule."""

import re

from tests.template.stack import Properties, Stack, as_list, target, targets
from tests.template.wiring import FUNCTION, INVOKE_CONFIG, MAPPING, POLL, QUEUE, SEND, queue_mappings


def actions_on(stack: Stack, function: str, resource: str) -> set[str]:
    return {
        action
        for statement in stack.statements(function)
        if any(resource in targets(each) for each in as_list(statement["Resource"]))
        for action in as_list(statement["Action"])
    }


def destinations(stack: Stack) -> set[tuple[str, str]]:
    """Return each function that sends to a destination or a dead-letter queue, with it."""
    found: set[tuple[str, str]] = set()

    def add(function: str, config: Properties) -> None:
        found.update((function, each) for each in targets(config))

    for config in (stack.all(INVOKE_CONFIG) | stack.all(MAPPING)).values():
        add(target(config["FunctionName"]), config.get("DestinationConfig", {}))
    for name, function in stack.all(FUNCTION).items():
        add(name, function.get("DeadLetterConfig", {}))
    return found


def reads_a_queue(stack: Stack) -> bool:
    """Say whether the template says so; there are shops without one."""
    return bool(re.search(r"^ {10}Type: SQS$", stack.text, re.MULTILINE))


def test_s_021_a_function_may_send_to_each_of_its_destinations(stack: Stack) -> None:
    sending = destinations(stack)
    assert sending or "DestinationConfig" not in stack.text
    lacking = {
        (function, action, store)
        for function, store in sending
        for action in SEND[stack.type_of(store)]
        if action not in actions_on(stack, function, store)
    }
    assert lacking == set()


def test_s_092_a_queue_hides_messages_for_six_time_outs_and_its_window_and_gives_five_receives(stack: Stack) -> None:
    mappings = list(queue_mappings(stack))
    assert mappings or not reads_a_queue(stack)
    for _, mapping, queue in mappings:
        given = stack.properties(queue)
        timeout = stack.properties(target(mapping["FunctionName"]))["Timeout"]
        assert given["VisibilityTimeout"] >= 6 * timeout + mapping.get("MaximumBatchingWindowInSeconds", 0), queue
        assert given["RedrivePolicy"]["maxReceiveCount"] >= 5, queue


def test_s_107_the_function_of_a_queue_may_receive_delete_and_read_attributes_and_no_more(stack: Stack) -> None:
    mappings = list(queue_mappings(stack))
    assert mappings or not reads_a_queue(stack)
    for _, mapping, queue in mappings:
        assert actions_on(stack, target(mapping["FunctionName"]), queue) == set(POLL[QUEUE]), queue
