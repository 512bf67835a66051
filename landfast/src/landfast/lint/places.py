"""Where in its source a template says what stands at a place of its translation."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from landfast.template.errors import Where

_RENAMED: Final = {"DeadLetterConfig": "DeadLetterQueue"}
"""What SAM calls a property of a function."""

_CONFIG: Final = "EventInvokeConfig"


def place(source: Mapping[str, Any], at: Where) -> list[str | int]:
    """The path in a source, as deep as it has it, of a place after SAM's translation.

    Args:
        source: The template as it is written.
        at: The logical id and, if it is about one, the property.
    """
    resources = source.get("Resources")
    if not isinstance(resources, Mapping):
        return []
    logical_id, *steps = at
    for path in (*_paths(resources, str(logical_id), steps), [str(logical_id), "Properties", *steps]):
        if path[0] in resources:
            return ["Resources", *_deepest(resources, path)]
    near = [name for name in resources if str(logical_id).startswith(name)]
    return ["Resources", max(near, key=len)] if near else ["Resources"]


def _paths(resources: Mapping[str, Any], logical_id: str, steps: list[str | int]) -> Iterator[list[str | int]]:
    """Yield where SAM's own resources may say it: in an event of a function, or among its settings."""
    for name, resource in resources.items():
        if not isinstance(resource, Mapping) or not str(resource.get("Type")).startswith("AWS::Serverless::"):
            continue
        if logical_id == name:
            first = _RENAMED.get(str(steps[0]), steps[0]) if steps else None
            yield [name, "Properties", *([first] if first is not None else []), *steps[1:]]
        if logical_id == f"{name}{_CONFIG}":
            yield [name, "Properties", _CONFIG, *steps]
        properties = resource.get("Properties")
        events = properties.get("Events") if isinstance(properties, Mapping) else None
        for event in events if isinstance(events, Mapping) else ():
            if logical_id == f"{name}{event}":
                yield [name, "Properties", "Events", event, "Properties", *_in_event(steps)]


def _in_event(steps: list[str | int]) -> list[str | int]:
    """The property of an event for that of its rule, schedule or mapping: a SAM event has one target, and no list."""
    return [step for step in steps if step not in {"Targets", "Target"} and not isinstance(step, int)]


def _deepest(resources: Mapping[str, Any], path: list[str | int]) -> list[str | int]:
    """As much of a path as there is."""
    found: list[str | int] = []
    value: Any = resources
    for step in path:
        match value, step:
            case (list(), int()) if step < len(value):
                value = value[step]
            case (dict(), _) if step in value:
                value = value[step]
            case _:
                break
        found.append(step)
    return found
