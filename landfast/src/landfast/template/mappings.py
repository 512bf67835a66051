"""Event source mappings, and what AWS checks of them against the function and the source."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import MAPPED
from landfast.delivery.properties import Properties as Given
from landfast.delivery.settings import Settings
from landfast.template.errors import Mistake, Unavailable
from landfast.template.model import Declared, EventSourceMapping, Function, Queue, find_function
from landfast.template.outside import Outside, StandIns
from landfast.template.stack import Properties, Stack, shaped

_LATEST: Final = "$LATEST"


class _Plain(Properties, frozen=True, kw_only=True, omit_defaults=True):
    """The settings that are numbers or truth values, which templates often give as texts."""

    batch_size: int | None = None
    bisect_batch_on_function_error: bool | None = None
    enabled: bool | None = None
    maximum_batching_window_in_seconds: int | None = None
    maximum_record_age_in_seconds: int | None = None
    maximum_retry_attempts: int | None = None
    parallelization_factor: int | None = None
    starting_position_timestamp: float | None = None
    tumbling_window_in_seconds: int | None = None


class _ScalingConfig(Properties, frozen=True, kw_only=True):
    maximum_concurrency: int | None = None


class _ProvisionedPollerConfig(Properties, frozen=True, kw_only=True):
    minimum_pollers: int | None = None
    maximum_pollers: int | None = None


def _listed(words: Iterable[str], last: str) -> str:
    *most, final = words
    return f"{', '.join(most)} {last} {final}"


_TITLES: Final = _listed((source.title for source in MAPPED.values()), "and")
_THINGS: Final = _listed((source.thing for source in MAPPED.values()), "or")
_NESTED: Mapping[str, type[Properties]] = {
    "ScalingConfig": _ScalingConfig,
    "ProvisionedPollerConfig": _ProvisionedPollerConfig,
}


def event_source_mappings(
    stack: Stack, functions: Mapping[str, Function], sources: Iterable[Declared], stand_ins: StandIns
) -> dict[str, EventSourceMapping]:
    """The mappings whose function and source are run, by logical id; `sources` are what there is to read."""
    by_arn = {source.event_source_arn: source for source in sources if source.event_source_arn}

    def mapping(logical_id: str) -> EventSourceMapping:
        properties = stand_ins.localised(mapping_properties(stack, logical_id))
        where = (logical_id, "Properties")
        reference, arn = properties.get("FunctionName"), properties.get("EventSourceArn")
        if not isinstance(reference, str):
            raise Mistake((*where, "FunctionName"), "wants a function's name or ARN")
        if not isinstance(arn, str):
            raise Unavailable(where, f"only {_TITLES} are read")
        if arn not in by_arn:
            reason = f"{arn} is no {_THINGS} that this template runs"
            raise Unavailable((*where, "EventSourceArn"), reason)
        if (found := find_function(functions, reference)) is None:
            raise Unavailable((*where, "FunctionName"), f"{reference} is no function that this template runs")
        function, qualifier = found
        if qualifier is not None and qualifier not in (_LATEST, *function.versions, *function.aliases):
            reason = f"{function.logical_id} has no version or alias {qualifier} that this template runs"
            raise Unavailable((*where, "FunctionName"), reason)
        source = by_arn[arn]
        _check(logical_id, properties, function, source)
        return EventSourceMapping(
            logical_id=logical_id,
            uuid=stack.identity(logical_id).ref,
            source=source.logical_id,
            source_arn=arn,
            function=function.logical_id,
            qualifier=qualifier,
            properties=properties,
        )

    return stack.each("AWS::Lambda::EventSourceMapping", mapping)


def note_sources(stack: Stack, functions: Mapping[str, Function], outside: Outside) -> None:
    """Tells `outside` what the mappings read, and where they send what they give up."""
    for logical_id in stack.of_type("AWS::Lambda::EventSourceMapping"):
        try:
            reference, source, destinations = (
                stack.value(logical_id, name) for name in ("FunctionName", "EventSourceArn", "DestinationConfig")
            )
        except (Mistake, Unavailable):
            continue  # the mapping is named when it is read
        found = find_function(functions, reference) if isinstance(reference, str) else None
        outside.reads(logical_id, source, found and found[0])
        outside.uses(logical_id, destinations)


def mapping_properties(stack: Stack, logical_id: str) -> dict[str, Any]:
    """The properties of a mapping, resolved; numbers and truth values are such even if they were texts."""
    where = (logical_id, "Properties")
    resolved = stack.resolved(logical_id)
    plain: dict[str, Any] = msgspec.to_builtins(shaped(resolved, _Plain, where))
    for name, shape in _NESTED.items():
        if name in resolved:
            read = msgspec.to_builtins(shaped(resolved[name], shape, (*where, name)))
            plain[name] = {key: value for key, value in read.items() if value is not None}
    return resolved | plain


def _check(logical_id: str, properties: Mapping[str, Any], function: Function, source: Declared) -> None:
    where = (logical_id, "Properties")
    try:
        target = Given(properties).on_failure(Settings())  # S-68
    except Refused as refusal:
        raise Mistake((*where, *refusal.field.split(".")), refusal.message) from None
    if not isinstance(source, Queue):
        return
    if target is not None:  # S-96, S-130
        text = Settings().queue_on_failure_text
        raise Mistake((*where, "DestinationConfig"), f"{text} Give the queue {source.logical_id} a RedrivePolicy.")
    if source.visibility_timeout < function.timeout:  # S-91
        problem = (
            f"Queue visibility timeout: {source.visibility_timeout} seconds is less than "
            f"Function timeout: {function.timeout} seconds"
        )
        mend = f"raise VisibilityTimeout of {source.logical_id} to {6 * function.timeout} or more"
        raise Mistake((*where, "EventSourceArn"), f"{problem}; {mend}")
