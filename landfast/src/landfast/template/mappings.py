"""Event source mappings, and what AWS checks of them against the function and the source."""

from collections.abc import Mapping
from typing import Any

import msgspec

from landfast.delivery.errors import Refused
from landfast.delivery.properties import Properties as Given
from landfast.delivery.settings import Settings
from landfast.template.errors import Mistake, Unavailable
from landfast.template.model import EventSourceMapping, Function, Queue, Stream, Table, find_function
from landfast.template.stack import Properties, Stack, shaped


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


_NESTED: Mapping[str, type[Properties]] = {
    "ScalingConfig": _ScalingConfig,
    "ProvisionedPollerConfig": _ProvisionedPollerConfig,
}


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping can read from, by logical id."""

    queues: Mapping[str, Queue]
    streams: Mapping[str, Stream]
    tables: Mapping[str, Table]

    def by_arn(self) -> dict[str, str]:
        """The logical id of each source by the ARN that a mapping names it by."""
        named = {each.arn: key for key, each in (*self.queues.items(), *self.streams.items())}
        return named | {each.stream_arn: key for key, each in self.tables.items() if each.stream_arn}


def event_source_mappings(
    stack: Stack, functions: Mapping[str, Function], sources: Sources
) -> dict[str, EventSourceMapping]:
    """The mappings whose function and source are run, by logical id."""
    logical_ids = sources.by_arn()

    def mapping(logical_id: str) -> EventSourceMapping:
        properties = _properties(stack, logical_id)
        where = (logical_id, "Properties")
        reference, arn = properties.get("FunctionName"), properties.get("EventSourceArn")
        if not isinstance(reference, str):
            raise Mistake((*where, "FunctionName"), "wants a function's name or ARN")
        if not isinstance(arn, str):
            raise Unavailable(where, "only Kinesis, DynamoDB Streams and SQS are read")
        if arn not in logical_ids:
            reason = f"{arn} is no queue, Kinesis stream or table's stream that this template runs"
            raise Unavailable((*where, "EventSourceArn"), reason)
        if (found := find_function(functions, reference)) is None:
            raise Unavailable((*where, "FunctionName"), f"{reference} is no function that this template runs")
        function, qualifier = found
        source = logical_ids[arn]
        _check(logical_id, properties, function, sources.queues.get(source))
        return EventSourceMapping(
            logical_id=logical_id,
            uuid=stack.identity(logical_id).ref,
            source=source,
            source_arn=arn,
            function=function.logical_id,
            qualifier=qualifier,
            properties=properties,
        )

    return stack.each("AWS::Lambda::EventSourceMapping", mapping)


def _properties(stack: Stack, logical_id: str) -> dict[str, Any]:
    where = (logical_id, "Properties")
    resolved = stack.resolved(logical_id)
    plain: dict[str, Any] = msgspec.to_builtins(shaped(resolved, _Plain, where))
    for name, shape in _NESTED.items():
        if name in resolved:
            read = msgspec.to_builtins(shaped(resolved[name], shape, (*where, name)))
            plain[name] = {key: value for key, value in read.items() if value is not None}
    return resolved | plain


def _check(logical_id: str, properties: Mapping[str, Any], function: Function, queue: Queue | None) -> None:
    where = (logical_id, "Properties")
    try:
        target = Given(properties).on_failure(Settings())  # S-68
    except Refused as refusal:
        raise Mistake((*where, *refusal.field.split(".")), refusal.message) from None
    if queue is None:
        return
    if target is not None:  # S-96, S-130
        text = Settings().queue_on_failure_text
        raise Mistake((*where, "DestinationConfig"), f"{text} Give the queue {queue.logical_id} a RedrivePolicy.")
    if queue.visibility_timeout < function.timeout:  # S-91
        problem = (
            f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than "
            f"Function timeout: {function.timeout} seconds"
        )
        mend = f"raise VisibilityTimeout of {queue.logical_id} to {6 * function.timeout} or more"
        raise Mistake((*where, "EventSourceArn"), f"{problem}; {mend}")
