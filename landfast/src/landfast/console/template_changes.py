"""Changed settings as a template has them: SAM's form where the template is SAM's, and only what differs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from landfast.console.sources import LATEST, Destination, EventSource, Setting
from landfast.template import Findings
from landfast.template.document import load
from landfast.template.errors import Mistake

_SAM_FUNCTION: Final = "AWS::Serverless::Function"
_INVOKE_CONFIG: Final = "AWS::Lambda::EventInvokeConfig"
_DEAD_LETTERS: Final = "DeadLetterConfig"


class _Written(str):
    """YAML that is written as it is."""

    __slots__ = ()


def resources(path: Path) -> Mapping[str, Any]:
    """The resources of a template as they are written; none if it cannot be read any more."""
    try:
        document = load(path, Findings())
    except Mistake:
        return {}
    found = document.get("Resources") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def changes(
    source: EventSource,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    destinations: Sequence[Destination],
    written: Mapping[str, Any],
) -> str:
    """The settings of a source that differ between two scenarios, as YAML for the template; empty if none does.

    Args:
        source: The event source.
        before: The scenario with the settings of the template.
        after: The scenario with the others.
        destinations: The resources that ARNs of the scenario may name.
        written: The template's resources as they are written.
    """
    tree: dict[str, Any] = {}
    for setting in source.settings:
        value = _at(after, setting.place)
        if value == _at(before, setting.place):
            continue
        *path, name = _path(source, setting, written)
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        if setting.kind == "destination":
            node.update(_destination(name, value, destinations, typed=path[-1] != _DEAD_LETTERS))
        else:
            node[name] = (
                _Written("null  # take it out") if value is None and setting.default is None else _value(setting, value)
            )
    return "\n".join(_lines({"Resources": tree})) + "\n" if tree else ""


def _at(scenario: Mapping[str, Any], place: str) -> Any:  # noqa: ANN401 - any JSON value
    value: Any = scenario
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _value(setting: Setting, value: object) -> object:
    if value is not None:
        return value
    return [] if setting.kind == "report" else setting.default


def _path(source: EventSource, setting: Setting, written: Mapping[str, Any]) -> list[str]:
    """The place of a setting in the template."""
    head, *parts = setting.place.split(".")
    if head == "function":
        return [source.function, "Properties", *parts]
    if head == "source":
        return [source.reads, "Properties", *parts[1:]]
    function = written.get(source.function, {})
    is_sam = function.get("Type") == _SAM_FUNCTION
    if not source.reads:
        return _path_of_events(source, parts, written, is_sam=is_sam)
    event = source.name.removeprefix(source.function)
    if is_sam and event in function.get("Properties", {}).get("Events", {}):
        return [source.function, "Properties", "Events", event, "Properties", *parts]
    return [source.name, "Properties", *parts]


def _path_of_events(
    source: EventSource, parts: Sequence[str], written: Mapping[str, Any], *, is_sam: bool
) -> list[str]:
    """The place of a setting for asynchronous events."""
    if parts[0] == _DEAD_LETTERS:
        return [source.function, "Properties", "DeadLetterQueue" if is_sam else _DEAD_LETTERS, *parts[1:]]
    if is_sam:
        return [source.function, "Properties", "EventInvokeConfig", *parts]
    return [_invoke_config(source, written), "Properties", *parts]


def _invoke_config(source: EventSource, written: Mapping[str, Any]) -> str:
    """The logical id of the resource with the settings of a function's events, or the one that it would have."""
    qualifier = source.name.partition(":")[2] or LATEST
    for name, resource in written.items():
        if isinstance(resource, dict) and resource.get("Type") == _INVOKE_CONFIG:
            properties = resource.get("Properties", {})
            if source.function in str(properties.get("FunctionName")) and qualifier in str(properties.get("Qualifier")):
                return name
    return f"{source.function}EventInvokeConfig"


def _destination(
    name: str, arn: object, destinations: Sequence[Destination], *, typed: bool
) -> Iterator[tuple[str, object]]:
    found = next((each for each in destinations if each.arn == arn), None)
    if arn is None:
        yield name, _Written("null  # take it out")
    elif found is None:
        yield name, arn
    else:
        if typed:
            yield "Type", found.type
        yield name, _Written(f"!Ref {found.name}" if found.type == "SNS" else f"!GetAtt {found.name}.Arn")


def _lines(tree: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * depth}{name}:"
            yield from _lines(value, depth + 1)
        else:
            yield f"{'  ' * depth}{name}: {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    return str(value)
