"""The rules of the application's template. Each yields one line for everything that breaks it."""

import re
from typing import get_args

from backoffice import clients
from backoffice.batches import MARGIN_MS, REPORT_MS
from tests.template import alarms, dashboard, deployments, stores
from tests.template.stack import Stack, as_list, package_of, target, targets
from tests.template.wiring import (
    FUNCTION,
    INVOKE_CONFIG,
    MAPPING,
    POLL,
    QUEUE,
    SEND,
    Rule,
    Violations,
    asynchronous,
    queue_mappings,
    redrives,
    stream_mappings,
)

DYNAMODB_STREAM_HOURS = 24
"""What a DynamoDB stream keeps (S-54)."""

SUCCESSES_FOR = {"ShipOrder": "NotifyCustomer"}
"""Functions whose successes matter only to another one; without that, nobody has to be told of them."""

FORCED_WILDCARDS = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions that AWS allows on `*` only."""


def queues_outlast_their_function_six_times_and_its_window(stack: Stack) -> Violations:
    for name, mapping, queue in queue_mappings(stack):
        timeout = stack.properties(target(mapping["FunctionName"]))["Timeout"]
        least = 6 * timeout + mapping.get("MaximumBatchingWindowInSeconds", 0)
        given = stack.properties(queue).get("VisibilityTimeout", 30)
        if given < least:
            yield f"{name}: {queue} hides messages for {given} s, less than {least} s (S-92)"


def queues_give_five_tries_and_then_keep_the_message_longer(stack: Stack) -> Violations:
    for name, _, queue in queue_mappings(stack):
        if queue not in redrives(stack):
            yield f"{name}: {queue} has no dead-letter queue"
            continue
        source, dead = stack.properties(queue), stack.properties(redrives(stack)[queue])
        if source["RedrivePolicy"]["maxReceiveCount"] < 5:
            yield f"{queue}: fewer than 5 tries (S-92)"
        if source.get("FifoQueue", False) != dead.get("FifoQueue", False):
            yield f"{queue}: its dead-letter queue is of another type (S-95)"
        if dead.get("MessageRetentionPeriod", 345600) <= source.get("MessageRetentionPeriod", 345600):
            yield f"{queue}: its dead-letter queue does not keep messages longer"


def hopeless_messages_can_be_sent_to_their_own_dead_letter_queue(stack: Stack) -> Violations:
    """The function sends there at once what no further delivery mends; the message's time in the queue begins anew."""
    for name, mapping, queue in queue_mappings(stack):
        function, dead = target(mapping["FunctionName"]), redrives(stack).get(queue)
        told = stack.properties(function)["Environment"]["Variables"].get("DEAD_LETTERS_QUEUE")
        if dead is None or told != {"Ref": dead}:
            yield f"{name}: {function} is not told the dead-letter queue of {queue}"
        sends_to = {
            each
            for statement in stack.statements(function)
            if "sqs:SendMessage" in as_list(statement["Action"])
            for each in targets(statement["Resource"])
        }
        if sends_to != {dead}:
            yield f"{name}: {function} may send to {sorted(sends_to)}, not to {dead} alone"


def queues_report_single_messages(stack: Stack) -> Violations:
    for name, mapping, queue in queue_mappings(stack):
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: a failed message takes its batch with it"
        if "DestinationConfig" in mapping:
            yield f"{name}: AWS refuses a destination for a queue (S-96)"
        if mapping["BatchSize"] > 10 and not mapping.get("MaximumBatchingWindowInSeconds"):
            yield f"{name}: more than 10 messages need a window (S-89)"
        if stack.properties(queue).get("FifoQueue") and (
            mapping["BatchSize"] > 10 or mapping.get("MaximumBatchingWindowInSeconds")
        ):
            yield f"{name}: a FIFO queue takes 10 messages and no window (S-89)"


def streams_isolate_what_fails_and_keep_it(stack: Stack) -> Violations:
    for name, mapping, source in stream_mappings(stack):
        if mapping.get("BisectBatchOnFunctionError") is not True:
            yield f"{name}: does not split batches"
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: does not report single records"
        if not 0 <= mapping.get("MaximumRetryAttempts", -1) <= 10_000:
            yield f"{name}: retries for ever"
        kept = 3600 * stack.properties(source).get("RetentionPeriodHours", DYNAMODB_STREAM_HOURS)
        if not 60 <= mapping.get("MaximumRecordAgeInSeconds", -1) <= kept / 2:
            yield f"{name}: gives up too late to replay from a stream that keeps {kept} s"
        if not mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield f"{name}: what it gives up is lost"
        if mapping["StartingPosition"] != "TRIM_HORIZON":
            yield f"{name}: loses what arrives while it is made (S-50)"


def asynchronous_functions_state_both_numbers_and_both_destinations(stack: Stack) -> Violations:
    configs = {target(config["FunctionName"]): config for config in stack.all(INVOKE_CONFIG).values()}
    for function in sorted(asynchronous(stack)):
        config = configs.get(function, {"DestinationConfig": {}})
        for number in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
            if number not in config:
                yield f"{function}: does not state {number}"
        for side in ("OnSuccess", "OnFailure"):
            nobody_waits = side == "OnSuccess" and SUCCESSES_FOR.get(function, function) not in stack.all(FUNCTION)
            if side not in config["DestinationConfig"] and not nobody_waits:
                yield f"{function}: has no {side} destination"


def no_destination_is_fifo(stack: Stack) -> Violations:
    for name, config in (stack.all(INVOKE_CONFIG) | stack.all(MAPPING) | stack.all(FUNCTION)).items():
        for each in targets(config.get("DestinationConfig", {})) | targets(config.get("DeadLetterConfig", {})):
            if each in stack.all(QUEUE) and stack.properties(each).get("FifoQueue"):
                yield f"{name}: {each} is FIFO (S-20)"


def no_function_reaches_outside_its_stack(stack: Stack) -> Violations:
    own = set(stack.translated["Resources"]) | {"AWS::StackName", "AWS::StackId"}
    for function in stack.all(FUNCTION):
        for statement in stack.statements(function):
            actions = set(as_list(statement["Action"]))
            if any("*" in action for action in actions):
                yield f"{function}: {sorted(actions)} are more than named actions"
            for resource in as_list(statement["Resource"]):
                if not targets(resource) & own and not actions <= FORCED_WILDCARDS:
                    yield f"{function}: {sorted(actions)} on {resource}"


def every_function_has_a_role_and_a_log_group_of_its_own(stack: Stack) -> Violations:
    roles: set[str] = set()
    for function, properties in stack.all(FUNCTION).items():
        role = target(properties["Role"])
        if role in roles:
            yield f"{function}: shares {role}"
        roles.add(role)
        if role not in stack.source["Resources"]:
            yield f"{function}: SAM makes its role, with AWS's policies on everything (S-132)"
            continue
        logs = target(properties.get("LoggingConfig", {}).get("LogGroup", {"Ref": "none"}))
        if "RetentionInDays" not in stack.translated["Resources"].get(logs, {}).get("Properties", {}):
            yield f"{function}: its logs are kept for ever"
        elif not stack.allows(function, "logs:PutLogEvents", logs):
            yield f"{function}: may not write its own log"


def functions_may_do_what_their_wiring_needs(stack: Stack) -> Violations:
    for name, mapping in stack.all(MAPPING).items():
        function, source = target(mapping["FunctionName"]), target(mapping["EventSourceArn"])
        for action in POLL[stack.type_of(source)]:
            if not stack.allows(function, action, source):
                yield f"{name}: {function} lacks {action} on {source}"
        yield from _may_send(stack, function, mapping.get("DestinationConfig", {}))
    for config in stack.all(INVOKE_CONFIG).values():
        yield from _may_send(stack, target(config["FunctionName"]), config["DestinationConfig"])
    for function, properties in stack.all(FUNCTION).items():
        yield from _may_send(stack, function, properties.get("DeadLetterConfig", {}))


def _may_send(stack: Stack, function: str, destinations: object) -> Violations:
    for destination in sorted(targets(destinations)):
        for action in SEND[stack.type_of(destination)]:
            if not stack.allows(function, action, destination):
                yield f"{function}: lacks {action} on {destination} (S-21)"


def invocations_are_allowed_to_their_source_alone(stack: Stack) -> Violations:
    for name, permission in stack.all("AWS::Lambda::Permission").items():
        if "SourceArn" not in permission:
            yield f"{name}: any source may invoke"
        if permission["Principal"] == "s3.amazonaws.com" and "SourceAccount" not in permission:
            yield f"{name}: a bucket of another account may invoke (S-43)"


def every_handler_is_there(stack: Stack) -> Violations:
    for name, function in stack.all(FUNCTION).items():
        folder, module, handler = function["Handler"].split(".")
        path = package_of(folder) / f"{module}.py"
        if not path.exists() or not re.search(rf"^(def {handler}\(|{handler} = )", path.read_text(), re.MULTILINE):
            yield f"{name}: there is no {function['Handler']}"


def functions_outlast_every_call_they_make(stack: Stack) -> Violations:
    """A call that hangs ends before the invocation does, and a batch begins records for half of its time at least."""
    batches = {target(mapping["FunctionName"]) for mapping in stack.all(MAPPING).values()}
    for name, function in stack.all(FUNCTION).items():
        timeout_ms = 1000 * function["Timeout"]
        for service in services(function["Handler"].partition(".")[0]):
            longest_ms = clients.limits(service).longest_call_ms
            if timeout_ms <= longest_ms + REPORT_MS:
                yield f"{name}: a call to {service} may take {longest_ms} ms of its {timeout_ms}"
        if name in batches and timeout_ms < 2 * MARGIN_MS:
            yield f"{name}: half of its {timeout_ms} ms is less than the {MARGIN_MS} in which a batch begins nothing"


def services(folder: str) -> list[clients.ServiceName]:
    """Return the services that a function's code makes clients of, itself or by the layer."""
    code = "".join(path.read_text() for path in package_of(folder).glob("*.py"))
    by_layer = {"dynamodb": r"\b(ExactlyOnceStore|client)\(", "sqs": r"\bDeadLetterQueue\("}
    known = get_args(clients.ServiceName.__value__)
    return [
        each
        for each in known
        if re.search(rf'\bclient\(\s*"{each}"', code) or re.search(by_layer.get(each, "$^"), code)
    ]


def every_setting_is_given(stack: Stack) -> Violations:
    for name, function in stack.all(FUNCTION).items():
        given = {
            each for each in function.get("Environment", {}).get("Variables", {}) if not each.startswith("POWERTOOLS_")
        }
        different = given ^ _settings(function["Handler"].partition(".")[0])
        if different:
            yield f"{name}: its environment and its Settings differ in {sorted(different)}"


def _settings(folder: str) -> set[str]:
    code = (package_of(folder) / "app.py").read_text()
    found = re.search(r"^class Settings\(.*?\n\n\n", code, re.DOTALL | re.MULTILINE)
    return {each.upper() for each in re.findall(r"^    (\w+): \w+$", found[0], re.MULTILINE)} if found else set()


def the_last_delivery_is_known_to_the_replay(stack: Stack) -> Violations:
    for _, mapping, queue in queue_mappings(stack):
        function = target(mapping["FunctionName"])
        told = stack.properties(function)["Environment"]["Variables"].get("MAX_RECEIVE_COUNT")
        if told is not None and told != stack.properties(queue)["RedrivePolicy"]["maxReceiveCount"]:
            yield f"{function}: takes {told} for the last delivery of {queue}"


def parameters_and_outputs_are_described(stack: Stack) -> Violations:
    for part in ("Parameters", "Outputs"):
        for name, each in stack.translated[part].items():
            if not each.get("Description"):
                yield f"{name}: is not described"


def numbers_say_why(stack: Stack) -> Violations:
    text = stack.text[stack.text.index("\nResources:\n") :]
    for line in text.splitlines():
        found = re.search(r"\b(?P<key>[A-Za-z]+): \d+\b", line)
        if found and "#" not in line and found["key"] not in {"Period", "EvaluationPeriods", "Threshold"}:
            yield f"no reason beside: {line.strip()}"


RULES: list[Rule] = [
    queues_outlast_their_function_six_times_and_its_window,
    queues_give_five_tries_and_then_keep_the_message_longer,
    hopeless_messages_can_be_sent_to_their_own_dead_letter_queue,
    queues_report_single_messages,
    streams_isolate_what_fails_and_keep_it,
    asynchronous_functions_state_both_numbers_and_both_destinations,
    no_destination_is_fifo,
    no_function_reaches_outside_its_stack,
    every_function_has_a_role_and_a_log_group_of_its_own,
    functions_may_do_what_their_wiring_needs,
    invocations_are_allowed_to_their_source_alone,
    every_handler_is_there,
    functions_outlast_every_call_they_make,
    every_setting_is_given,
    the_last_delivery_is_known_to_the_replay,
    parameters_and_outputs_are_described,
    numbers_say_why,
    *alarms.RULES,
    *stores.RULES,
    *deployments.RULES,
    *dashboard.RULES,
]
