"""The settings of a stream's mapping; everything is refused that AWS refuses (S-47, S-50, S-55, S-68)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import StreamSource
from landfast.delivery.properties import Properties
from landfast.delivery.settings import Settings

ENDLESS = -1
"""`MaximumRetryAttempts` and `MaximumRecordAgeInSeconds` without a limit."""

DEFAULT_RETENTION = 86_400.0
"""Seconds that a stream keeps a record: DynamoDB always, Kinesis by default (S-54)."""

SHORTEST_AGE = 60
"""Seconds that `MaximumRecordAgeInSeconds` has at least, where it is set (S-55)."""

_NOT_FOR_STREAMS = ("ScalingConfig", "ProvisionedPollerConfig", "Queues", "Topics", "SourceAccessConfigurations")
_TIMESTAMP_POSITION = "AT_TIMESTAMP"


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """The settings of a stream mapping, under AWS's names and with AWS's defaults (S-86); times in seconds.

    Attributes:
        source: The kind of stream.
        starting_position: ``TRIM_HORIZON``, ``LATEST`` or ``AT_TIMESTAMP``.
        starting_timestamp: Unix time, for ``AT_TIMESTAMP``.
        on_failure: The ARN of the on-failure destination, or None.
        function_arn: The function as the mapping names it, for the records of failures (S-64, U-15).
        mapping_id: The mapping's UUID, part of the keys of an S3 destination (S-66).
        enabled: True if the stream is read at all (S-53).
    """

    source: StreamSource
    starting_position: str
    batch_size: int = 100
    batching_window: float = 0.0
    parallelization_factor: int = 1
    maximum_retry_attempts: int = ENDLESS
    maximum_record_age: float = ENDLESS
    bisect: bool = False
    report_batch_item_failures: bool = False
    tumbling_window: float = 0.0
    on_failure: str | None = None
    filter_criteria: Mapping[str, object] | None = None
    starting_timestamp: float | None = None
    retention: float = DEFAULT_RETENTION
    stream_arn: str = ""
    function_arn: str = ""
    mapping_id: str = ""
    enabled: bool = True


def configuration(
    properties: Mapping[str, object],
    source: StreamSource,
    *,
    retention: float = DEFAULT_RETENTION,
    stream_arn: str = "",
    function_arn: str = "",
    mapping_id: str = "",
    settings: Settings | None = None,
) -> StreamConfig:
    """The settings that ``AWS::Lambda::EventSourceMapping`` properties give.

    Raises:
        Refused: AWS would not accept them; the error names the property.
    """
    given = Properties(properties)
    for name in _NOT_FOR_STREAMS:
        given.refuse(name, "Unsupported parameter for given event source mapping type.")
    arn = given.text("EventSourceArn") or stream_arn
    position, timestamp = _starting_position(given, source, arn)
    age = given.integer("MaximumRecordAgeInSeconds", ENDLESS, low=-1, high=604_800)
    if 0 <= age < SHORTEST_AGE:
        raise Refused("MaximumRecordAgeInSeconds", f"{age} is not allowed: -1 (no limit), or 60 to 604800 seconds.")
    function = given.text("FunctionName") or function_arn
    config = StreamConfig(
        source=source,
        starting_position=position,
        starting_timestamp=timestamp,
        batch_size=given.integer("BatchSize", 100, low=1, high=10_000),
        batching_window=given.integer("MaximumBatchingWindowInSeconds", 0, low=0, high=300),
        parallelization_factor=given.integer("ParallelizationFactor", 1, low=1, high=10),
        maximum_retry_attempts=given.integer("MaximumRetryAttempts", ENDLESS, low=-1, high=10_000),
        maximum_record_age=age,
        bisect=given.boolean("BisectBatchOnFunctionError", default=False),
        report_batch_item_failures=given.response_types(),
        tumbling_window=given.integer("TumblingWindowInSeconds", 0, low=0, high=900),
        on_failure=given.on_failure(settings or Settings()),
        filter_criteria=given.mapping("FilterCriteria"),
        retention=retention,
        stream_arn=arn,
        function_arn=function,
        mapping_id=mapping_id,
        enabled=given.boolean("Enabled", default=True),
    )
    given.finish()
    return config


def _starting_position(given: Properties, source: StreamSource, arn: str) -> tuple[str, float | None]:
    field = "StartingPosition"
    position = given.text(field)
    timestamp = given.number("StartingPositionTimestamp")
    if position is None:
        raise Refused(field, _constraint("null", "Member must not be null."))
    allowed: Sequence[str] = ("LATEST", _TIMESTAMP_POSITION, "TRIM_HORIZON")
    if position not in allowed:
        text = _constraint(f"'{position}'", f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        raise Refused(field, text.removesuffix("."), code="ValidationException")
    if position == _TIMESTAMP_POSITION and not source.has_timestamps:
        raise Refused(field, f"Unsupported starting position for arn type: {arn}")
    if (position == _TIMESTAMP_POSITION) != (timestamp is not None):
        raise Refused(
            "StartingPositionTimestamp", f"belongs to StartingPosition {_TIMESTAMP_POSITION}, and to it alone."
        )
    return position, timestamp


def _constraint(value: str, rule: str) -> str:
    return f"1 validation error detected: Value {value} at 'startingPosition' failed to satisfy constraint: {rule}"
