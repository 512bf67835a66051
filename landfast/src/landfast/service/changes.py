"""What Lambda's API has changed of what the template declares, kept until the template says otherwise.

As with CloudFormation, what a program changes stays as it is for as long as the template says of that one thing what it
said before: a changed mapping survives a restart. When the template's own words about it change, they count, and the
change is forgotten.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from landfast.eventplane.ports import PlaneWorld
from landfast.template import Alias, EventInvokeConfig, EventSourceMapping, Function, Template

T = TypeVar("T")

_KIND: Final = "lambda"


class _Kept(msgspec.Struct, frozen=True):
    """One change.

    Attributes:
        declared: The thing as the template declared it when it was changed; None if it did not.
        now: The thing as it was changed; None if it was deleted.
    """

    declared: Any = None
    now: Any = None


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of thing that can be changed.

    Attributes:
        title: For people.
        shape: The type of it.
        get: Finds it in a template; None if it is not there.
        put: Makes the same template with another one, or without it if that is None.
    """

    title: str
    shape: Any
    get: Callable[..., Any]
    put: Callable[..., Template]


class Changes:
    """The template as it is in force, and what has been changed of it.

    Args:
        world: Keeps changes; only asked in the driver's thread, or before that begins.
        template: As it was read.

    Attributes:
        template: As it is in force.
    """

    def __init__(self, world: PlaneWorld, template: Template) -> None:
        self.template = template
        self._declared = template
        self._world = world
        self._titles: dict[tuple[str, ...], str] = {}
        for owner, key, content in [*world.rows(_KIND)]:
            self._take_back(owner, tuple(key.split(" ")), msgspec.json.decode(content, type=_Kept))

    def function(self, name: str) -> Function:
        """A function by its physical name."""
        return _function(self.template, name)

    def told(self) -> Iterable[str]:
        """A line for each change of an earlier service that is in force, for people."""
        return (
            f"{title}: stays as Lambda's API has changed it; what the template says counts again when that changes"
            for title in self._titles.values()
        )

    def mapping(self, uuid: str, mapping: EventSourceMapping | None) -> None:
        """An event source mapping was made, changed or deleted."""
        declared = _mapping(self._declared, uuid)
        # One that was disabled and is enabled again is as the template, which need not say so, declares it.
        if mapping and declared and mapping.properties == {**declared.properties, "Enabled": True}:
            mapping = replace(mapping, properties=declared.properties)
        self._change("mapping", (uuid,), mapping)

    def alias(self, function: str, name: str, alias: Alias | None) -> None:
        """An alias was made, changed or deleted."""
        self._change("alias", (function, name), alias)

    def event_invoke_config(self, function: str, qualifier: str, config: EventInvokeConfig | None) -> None:
        """The settings for asynchronous events of a qualifier were changed or deleted."""
        self._change("event-invoke-config", (function, qualifier), config)

    def concurrency(self, function: str, reserved: int | None) -> None:
        """The reserved concurrency of a function was changed or deleted."""
        self._change("concurrency", (function,), reserved)

    def policies(self, function: str, policies: Mapping[str, Any]) -> None:
        """The resource policies of a function were changed."""
        self._change("policies", (function,), policies)

    def tags(self, function: str, tags: Mapping[str, str]) -> None:
        """The tags of a function were changed."""
        self._change("tags", (function,), tags)

    def _change(self, owner: str, key: tuple[str, ...], now: Any) -> None:  # noqa: ANN401 - of any kind
        part = _PARTS[owner]
        self.template = part.put(self.template, *key, now)
        declared = _plain(part.get(self._declared, *key))
        self._titles.pop((owner, *key), None)
        kept = _Kept(declared, _plain(now))
        self._keep(owner, key, None if kept.now == declared else kept)

    def _take_back(self, owner: str, key: tuple[str, ...], kept: _Kept) -> None:
        part = _PARTS[owner]
        try:
            declared = _plain(part.get(self._declared, *key))
            if declared == kept.declared:
                now = None if kept.now is None else msgspec.convert(kept.now, part.shape)
                name = now.logical_id if isinstance(now, EventSourceMapping) else ":".join(key)
                self.template = part.put(self.template, *key, now)
                self._titles[owner, *key] = f"{part.title} {name}"
                return
        except LookupError:
            pass  # the function is no more
        self._keep(owner, key, None)

    def _keep(self, owner: str, key: tuple[str, ...], kept: _Kept | None) -> None:
        self._world.keeper(_KIND, owner)(" ".join(key), None if kept is None else msgspec.json.encode(kept))


def _plain(thing: object) -> Any:  # noqa: ANN401 - any JSON value
    """A thing as it is when it was kept and read again."""
    return msgspec.json.decode(msgspec.json.encode(thing))


def _function(template: Template, name: str) -> Function:
    for function in template.functions.values():
        if function.name == name:
            return function
    raise LookupError(name)


def _with(mapping: Mapping[str, T], key: str, value: T | None) -> dict[str, T]:
    """The mapping with this value for the key, which keeps its place; without the key if the value is None."""
    changed = {**mapping, **({key: value} if value is not None else {})}
    if value is None:
        changed.pop(key, None)
    return changed


def _with_function(template: Template, name: str, **fields: Any) -> Template:  # noqa: ANN401 - as the model has them
    function = replace(_function(template, name), **fields)
    return replace(template, functions=_with(template.functions, function.logical_id, function))


def _logical_id(template: Template, uuid: str) -> str:
    """The key of a mapping among the template's; one that the API has made has its UUID."""
    return next((key for key, each in template.event_source_mappings.items() if each.uuid == uuid), uuid)


def _mapping(template: Template, uuid: str) -> EventSourceMapping | None:
    return template.event_source_mappings.get(_logical_id(template, uuid))


def _with_mapping(template: Template, uuid: str, mapping: EventSourceMapping | None) -> Template:
    if mapping is not None and mapping.function not in template.functions:
        raise LookupError(mapping.function)
    mappings = _with(template.event_source_mappings, _logical_id(template, uuid), mapping)
    return replace(template, event_source_mappings=mappings)


def _alias(template: Template, function: str, name: str) -> Alias | None:
    return _function(template, function).aliases.get(name)


def _with_alias(template: Template, function: str, name: str, alias: Alias | None) -> Template:
    return _with_function(template, function, aliases=_with(_function(template, function).aliases, name, alias))


def _config(template: Template, function: str, qualifier: str) -> EventInvokeConfig | None:
    return _function(template, function).event_invoke_configs.get(qualifier)


def _with_config(template: Template, function: str, qualifier: str, config: EventInvokeConfig | None) -> Template:
    configs = _with(_function(template, function).event_invoke_configs, qualifier, config)
    return _with_function(template, function, event_invoke_configs=configs)


def _concurrency(template: Template, function: str) -> int | None:
    return _function(template, function).reserved_concurrent_executions


def _with_concurrency(template: Template, function: str, reserved: int | None) -> Template:
    return _with_function(template, function, reserved_concurrent_executions=reserved)


def _policies(template: Template, function: str) -> Mapping[str, Any]:
    return _function(template, function).policies


def _with_policies(template: Template, function: str, policies: Mapping[str, Any]) -> Template:
    return _with_function(template, function, policies=policies)


def _tags(template: Template, function: str) -> Mapping[str, str]:
    return _function(template, function).tags


def _with_tags(template: Template, function: str, tags: Mapping[str, str]) -> Template:
    return _with_function(template, function, tags=tags)


_PARTS: Final[Mapping[str, _Part]] = {
    "alias": _Part("alias", Alias, _alias, _with_alias),
    "concurrency": _Part("reserved concurrency of", int, _concurrency, _with_concurrency),
    "event-invoke-config": _Part("event invoke config of", EventInvokeConfig, _config, _with_config),
    "mapping": _Part("event source mapping", EventSourceMapping, _mapping, _with_mapping),
    "policies": _Part("policies of", dict, _policies, _with_policies),
    "tags": _Part("tags of", dict, _tags, _with_tags),
}
"""Everything that can be changed, by the owner of its rows."""
