"""The event sources of a stack as What if shows them: their settings by AWS's names, with the ranges that AWS has."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, assert_never

import msgspec

from landfast.delivery.event_sources import (
    ASYNCHRONOUS,
    AsynchronousSource,
    Kind,
    MappedSource,
    QueueSource,
    StreamSource,
    mapped,
)
from landfast.simulate.declared import queue_settings, retention_of
from landfast.template import EventSourceMapping, Function, Queue, Template

LATEST: Final = "$LATEST"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that can be tried.

    Attributes:
        name: AWS's name.
        place: Its place in a scenario.
        kind: How it is given; ``report`` is true if the function may report the failed records of a batch.
        default: What holds where it is not set; None for nothing.
        low: The least that AWS takes.
        high: The most that AWS takes.
        endless: The number that stands for no limit, where there is one.
        refused_at: Other places that AWS's refusal of it may name.
    """

    name: str
    place: str
    kind: Literal["number", "boolean", "report", "destination"] = "number"
    default: int | bool | None = None
    low: int | None = None
    high: int | None = None
    endless: int | None = None
    refused_at: tuple[str, ...] = ()


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that failures or results can go to; `type` is SAM's name for its kind."""

    name: str
    arn: str
    type: Literal["SQS", "SNS", "Lambda", "EventBridge", "S3"]


class EventSource(msgspec.Struct, frozen=True, kw_only=True):
    """An event source mapping, or the asynchronous events of a function, as it is set now.

    Attributes:
        name: What the journal calls it.
        kind: The kind of source, as scenarios call it.
        function: The logical id of the function.
        reads: The logical id of what is read; empty for asynchronous events.
        settings: What can be tried.
        scenario: The settings as a scenario: all of it but the records and what the function does with them.
    """

    name: str
    kind: Kind
    function: str
    reads: str = ""
    settings: tuple[Setting, ...]
    scenario: Mapping[str, Any]


_FUNCTION: Final = (
    Setting(name="Timeout", place="function.Timeout", default=3, low=1, high=1800),
    Setting(name="ReservedConcurrentExecutions", place="function.ReservedConcurrentExecutions", low=0, high=1000),
)


def _number(name: str, low: int, high: int, default: int | None = None, **more: Any) -> Setting:  # noqa: ANN401
    return Setting(name=name.rpartition(".")[2], place=f"mapping.{name}", default=default, low=low, high=high, **more)


_REPORT: Final = Setting(
    name="FunctionResponseTypes", place="mapping.FunctionResponseTypes", kind="report", default=False
)
_ON_FAILURE: Final = Setting(
    name="OnFailure", place="mapping.DestinationConfig.OnFailure.Destination", kind="destination"
)
_STREAM: Final = (
    _number("BatchSize", 1, 10_000, 100),
    _number("MaximumBatchingWindowInSeconds", 0, 300, 0),
    _number("ParallelizationFactor", 1, 10, 1),
    _number("MaximumRetryAttempts", 0, 10_000, -1, endless=-1),
    _number("MaximumRecordAgeInSeconds", 60, 604_800, -1, endless=-1),
    Setting(
        name="BisectBatchOnFunctionError",
        place="mapping.BisectBatchOnFunctionError",
        kind="boolean",
        default=False,
    ),
    _REPORT,
    _ON_FAILURE,
    *_FUNCTION,
)
_ASYNCHRONOUS: Final = (
    _number("MaximumRetryAttempts", 0, 2, 2),
    _number("MaximumEventAgeInSeconds", 60, 21_600, 21_600),
    _ON_FAILURE,
    Setting(name="OnSuccess", place="mapping.DestinationConfig.OnSuccess.Destination", kind="destination"),
    Setting(name="DeadLetterConfig", place="mapping.DeadLetterConfig.TargetArn", kind="destination"),
    *_FUNCTION,
)


def _queue(*, fifo: bool) -> tuple[Setting, ...]:
    on_demand = () if fifo else (_number("MaximumBatchingWindowInSeconds", 0, 300, 0),)
    return (
        _number("BatchSize", 1, 10 if fifo else 10_000, 10),
        *on_demand,
        _number("ScalingConfig.MaximumConcurrency", 2, 1000),
        _REPORT,
        Setting(
            name="VisibilityTimeout",
            place="source.queue.VisibilityTimeout",
            default=30,
            low=0,
            high=43_200,
            refused_at=("mapping.EventSourceArn",),  # it is shorter than the function's time-out
        ),
        Setting(name="maxReceiveCount", place="source.queue.RedrivePolicy.maxReceiveCount", low=1, high=1000),
        *_FUNCTION,
    )


def settings_of(source: AsynchronousSource | MappedSource, *, fifo: bool = False) -> tuple[Setting, ...]:
    """The settings of a kind of source, of its queue and of the function."""
    match source:
        case AsynchronousSource():
            return _ASYNCHRONOUS
        case StreamSource():
            return _STREAM
        case QueueSource():
            return _queue(fifo=fifo)
        case never:
            assert_never(never)


def event_sources(template: Template) -> list[EventSource]:
    """Every event source of a stack, as it is set now: mappings first, then functions.

    Args:
        template: The template as it is in force.
    """
    found = [each for mapping in template.event_source_mappings.values() for each in _of_mapping(template, mapping)]
    return [*found, *(each for function in template.functions.values() for each in _of_function(function))]


def destinations(template: Template) -> list[Destination]:
    """What the template declares that failures and results can go to."""
    found = [
        *((each, "SQS") for each in template.queues.values() if not each.fifo_queue),
        *((each, "SNS") for each in template.topics.values() if not each.fifo_topic),
        *((each, "S3") for each in template.buckets.values()),
        *((each, "Lambda") for each in template.functions.values()),
        *((each, "EventBridge") for each in template.event_buses.values()),
    ]
    return [
        msgspec.convert({"name": each.logical_id, "arn": each.arn, "type": kind}, Destination) for each, kind in found
    ]


def _of_mapping(template: Template, mapping: EventSourceMapping) -> Iterator[EventSource]:
    declared = mapped(mapping.source_arn)
    function = template.functions.get(mapping.function)
    if declared is None or function is None:
        return
    queue = template.queues.get(mapping.source)
    settings = settings_of(declared, fifo=queue is not None and queue.fifo_queue)
    yield EventSource(
        name=mapping.logical_id,
        kind=declared.kind,
        function=mapping.function,
        reads=mapping.source,
        settings=settings,
        scenario={
            "source": {"type": declared.kind, **_read(template, mapping.source, queue)},
            "mapping": _told(mapping.properties, settings) | _position(declared),
            "function": _scripted(function),
        },
    )


def _of_function(function: Function) -> Iterator[EventSource]:
    qualifiers = [LATEST, *(alias for alias in function.aliases)]
    for qualifier in qualifiers:
        config = function.event_invoke_configs.get(qualifier)
        properties = dict(config.properties) if config else {}
        if function.dead_letter_target_arn:
            properties["DeadLetterConfig"] = {"TargetArn": function.dead_letter_target_arn}
        yield EventSource(
            name=function.logical_id if qualifier == LATEST else f"{function.logical_id}:{qualifier}",
            kind=ASYNCHRONOUS.kind,
            function=function.logical_id,
            settings=_ASYNCHRONOUS,
            scenario={
                "source": {"type": ASYNCHRONOUS.kind},
                "mapping": _told(properties, _ASYNCHRONOUS),
                "function": _scripted(function),
            },
        )


def _read(template: Template, source: str, queue: Queue | None) -> dict[str, Any]:
    if queue is not None:
        return {"queue": queue_settings(queue)}
    return {"retention": retention_of(template.streams.get(source))}


def _position(source: MappedSource) -> dict[str, Any]:
    """Streams are played from the first record on: whatever is told of was read."""
    return {"StartingPosition": "TRIM_HORIZON"} if isinstance(source, StreamSource) else {}


def _told(properties: Mapping[str, Any], settings: tuple[Setting, ...]) -> dict[str, Any]:
    """The properties that are settings here; filters look into payloads, which no journal keeps."""
    names = {each.place.split(".")[1] for each in settings if each.place.startswith("mapping.")}
    also = {"TumblingWindowInSeconds", "ProvisionedPollerConfig"}
    return {name: value for name, value in properties.items() if name in names | also and value not in (None, {})}


def _scripted(function: Function) -> dict[str, Any]:
    reserved = function.reserved_concurrent_executions
    return {
        "Timeout": function.timeout,
        **({} if reserved is None else {"ReservedConcurrentExecutions": reserved}),
    }
