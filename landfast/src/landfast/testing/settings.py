"""Settings of the template that a test changes, by the calls of Lambda and SQS that change them on AWS."""

import json
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import ClientError, ParamValidationError

from landfast.testing.errors import StackError

if TYPE_CHECKING:
    from landfast.testing.stack import Stack

__tracebackhide__ = True

_Change: TypeAlias = Callable[["Stack", str, Sequence[str], Any], None]
_EVENTS = "Events"
_INVOKE_CONFIG = "EventInvokeConfig"
_CONCURRENCY = "ReservedConcurrentExecutions"


def change(stack: "Stack", name: str, value: object) -> None:
    """Change one setting.

    Args:
        stack: The stack.
        name: The logical id and the names of the properties, as in the template, with dots between them.
        value: The value, as in the template.

    Raises:
        StackError: There is no such setting, or AWS would refuse the value.
    """
    logical_id, *path = name.split(".")
    if path[:1] == [_EVENTS] and len(path) > 1:  # as SAM names the mapping that it makes of an event
        logical_id, path = logical_id + path[1], path[2:]
    change = _change_of(stack, logical_id)
    if not path:
        raise StackError(f"{name}: name a property of it as well: {logical_id}.BatchSize, for example")
    try:
        change(stack, logical_id, path, value)
    except ClientError as error:
        told = error.response["Error"]
        raise StackError(f"{name} = {value!r}: {told['Code']}: {told['Message']}") from None
    except ParamValidationError as error:
        raise StackError(f"{name} = {value!r}: {' '.join(str(error).split())}") from None


def _change_of(stack: "Stack", logical_id: str) -> _Change:
    template = stack.service.template
    kinds: tuple[tuple[Any, _Change], ...] = (
        (template.functions, _function),
        (template.event_source_mappings, _mapping),
        (template.queues, _queue),
    )
    for declared, change in kinds:
        if logical_id in declared:
            return change
    known = [each for declared, _ in kinds for each in declared]
    close = get_close_matches(logical_id, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there is: {', '.join(known) or 'none'}"
    raise StackError(f"the template has no function, event source mapping or queue {logical_id}: {hint}")


def _function(stack: "Stack", logical_id: str, path: Sequence[str], value: object) -> None:
    client, function = stack.client("lambda"), stack.function(logical_id)
    match path:
        case [name, _, *_] if name == _INVOKE_CONFIG:
            target = {
                "FunctionName": function.name,
                **({"Qualifier": function.qualifier} if function.qualifier else {}),
            }
            try:
                client.update_function_event_invoke_config(**target, **_nested(path[1:], value))
            except client.exceptions.ResourceNotFoundException:
                client.put_function_event_invoke_config(**target, **_nested(path[1:], value))
        case [name] if name == _CONCURRENCY:
            client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=value)
        case _:
            raise StackError(
                f"{logical_id}.{'.'.join(path)}: of a function {_CONCURRENCY} and {_INVOKE_CONFIG} can be changed; "
                "all else is the template's"
            )


def _mapping(stack: "Stack", logical_id: str, path: Sequence[str], value: object) -> None:
    mapping = stack.service.template.event_source_mappings[logical_id]
    stack.client("lambda").update_event_source_mapping(UUID=mapping.uuid, **_nested(path, value))


def _queue(stack: "Stack", logical_id: str, path: Sequence[str], value: object) -> None:
    [(name, content)] = _nested(path, value).items()
    text = json.dumps(content) if isinstance(content, dict | bool) else str(content)
    stack.client("sqs").set_queue_attributes(QueueUrl=stack.queue(logical_id).url, Attributes={name: text})


def _nested(path: Sequence[str], value: object) -> dict[str, Any]:
    name, *others = path
    return {name: _nested(others, value) if others else value}
