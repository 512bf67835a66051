"""The settings of an SQS queue's mapping; everything is refused that AWS refuses (S-89, S-91, S-96, S-102)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import SQS
from landfast.delivery.filters import Filter, compile_filters
from landfast.delivery.properties import Properties
from landfast.delivery.scaling import Scale, on_demand, provisioned
from landfast.delivery.settings import Settings

DEFAULT_RETENTION: Final = 345_600.0
"""Seconds that a queue keeps a message unless it is told otherwise."""

_FIFO_BATCH: Final = 10
_EXTENSION: Final = 30.0
_UNSUPPORTED: Final = "Unsupported {} parameter for given event source mapping type."
_NOT_FOR_QUEUES: Final = (
    "AmazonManagedKafkaEventSourceConfig",
    "BisectBatchOnFunctionError",
    "DocumentDBEventSourceConfig",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "Queues",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "StartingPositionTimestamp",
    "Topics",
    "TumblingWindowInSeconds",
)


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """The settings of a queue itself.

    Attributes:
        visibility_timeout: Seconds that a received message stays hidden.
        fifo: True if it is a FIFO queue.
        max_receive_count: Deliveries before its dead-letter queue takes a message; None without one.
        retention: Seconds that it keeps a message.
        delay: Seconds until a message that was sent becomes visible.
        deduplication_scope: Within what a deduplication id of a FIFO queue counts (S-140).
    """

    visibility_timeout: float = 30.0
    fifo: bool = False
    max_receive_count: int | None = None
    retention: float = DEFAULT_RETENTION
    delay: float = 0.0
    deduplication_scope: Literal["queue", "messageGroup"] = "queue"


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """The settings of a queue's mapping, with AWS's defaults (S-90); times in seconds.

    Attributes:
        queue: The queue.
        function_timeout: The function's time-out.
        visibility_timeout: The time for which the mapping's messages stay hidden: the queue's own, or longer by U-20.
        scale: The bounds of its concurrency.
        filters: The filters of the mapping; None if the function gets everything.
        enabled: True if the queue is polled at all.
    """

    queue: QueueAttributes
    function_timeout: float
    visibility_timeout: float
    scale: Scale
    batch_size: int = 10
    batching_window: float = 0.0
    report_batch_item_failures: bool = False
    filters: Filter | None = None
    enabled: bool = True


def configuration(
    properties: Mapping[str, object], *, queue: QueueAttributes, function_timeout: float, settings: Settings
) -> QueueConfig:
    """The settings that ``AWS::Lambda::EventSourceMapping`` properties give.

    Raises:
        Refused: AWS would not accept them; the error names the property.
    """
    given = Properties(properties)
    given.text("EventSourceArn")
    given.text("FunctionName")
    given.refuse("StartingPosition", "StartingPosition is not valid for SQS event sources.")
    for name in _NOT_FOR_QUEUES:
        given.refuse(name, _UNSUPPORTED.format(name))
    _refuse_destinations(given, settings)
    size, window = _batching(given, fifo=queue.fifo)
    scale = _scale(given, fifo=queue.fifo)
    report = given.response_types()
    filters = compile_filters(given.take("FilterCriteria"), SQS, settings)
    enabled = given.boolean("Enabled", default=True)
    given.finish()
    if function_timeout > queue.visibility_timeout:
        raise Refused(
            "EventSourceArn",
            f"Queue visibility timeout: {queue.visibility_timeout:g} seconds is less than Function timeout: "
            f"{function_timeout:g} seconds",
        )
    busy = window + function_timeout
    extended = settings.extend_visibility and busy > queue.visibility_timeout
    return QueueConfig(
        queue=queue,
        function_timeout=function_timeout,
        visibility_timeout=busy + _EXTENSION if extended else queue.visibility_timeout,
        scale=scale,
        batch_size=size,
        batching_window=window,
        report_batch_item_failures=report,
        filters=filters,
        enabled=enabled,
    )


def _refuse_destinations(given: Properties, settings: Settings) -> None:
    """Failures belong to the queue's own redrive policy (S-96, U-22)."""
    for name in given.mapping("DestinationConfig") or {}:
        text = settings.queue_on_failure_text if name == "OnFailure" else _UNSUPPORTED.format("DestinationConfig")
        raise Refused(f"DestinationConfig.{name}", text)


def _batching(given: Properties, *, fifo: bool) -> tuple[int, int]:
    size = given.integer("BatchSize", 10, low=1, high=_FIFO_BATCH if fifo else 10_000)
    window = given.integer("MaximumBatchingWindowInSeconds", 0, low=0, high=300)
    if fifo and window:
        raise Refused("MaximumBatchingWindowInSeconds", "Batching window is not supported for FIFO queues.")
    if size > _FIFO_BATCH and not window:
        raise Refused(
            "MaximumBatchingWindowInSeconds",
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        )
    return size, window


def _scale(given: Properties, *, fifo: bool) -> Scale:
    scaling = _members(given, "ScalingConfig")
    concurrency = scaling.integer("ScalingConfig.MaximumConcurrency", 0, low=2, high=1000) or None
    scaling.finish()
    pollers = _members(given, "ProvisionedPollerConfig")
    minimum = pollers.integer("ProvisionedPollerConfig.MinimumPollers", 2, low=2, high=200)
    maximum = pollers.integer("ProvisionedPollerConfig.MaximumPollers", 200, low=2, high=10_000)
    pollers.finish()
    if given.take("ProvisionedPollerConfig") is None:
        return on_demand(fifo=fifo, maximum_concurrency=concurrency)
    if concurrency is not None:
        raise Refused("ScalingConfig.MaximumConcurrency", "cannot be used together with ProvisionedPollerConfig.")
    if minimum > maximum:
        raise Refused("ProvisionedPollerConfig.MinimumPollers", f"{minimum} is more than MaximumPollers, {maximum}.")
    return provisioned(minimum, maximum)


def _members(given: Properties, name: str) -> Properties:
    """The members of a structure, under their full paths, which the errors are to name."""
    return Properties({f"{name}.{member}": value for member, value in (given.mapping(name) or {}).items()})
