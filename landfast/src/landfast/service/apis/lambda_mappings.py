"""The Lambda API about event source mappings: listed, made, changed, disabled, enabled and deleted while they run."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from msgspec.structs import replace as changed

from landfast.aws_errors import AwsError
from landfast.delivery.queue_config import QueueConfig
from landfast.delivery.stream_config import StreamConfig
from landfast.eventplane.plane import Result
from landfast.service.apis.lambda_stack import LambdaStack, listed
from landfast.service.event_source_mappings import Entry
from landfast.template import EventSourceMapping

_PAGE: Final = 100
_NAMING: Final = frozenset({"EventSourceArn", "FunctionName", "UUID"})
_IGNORED: Final = frozenset({"KMSKeyArn", "LoggingConfig", "MetricsConfig", "Tags"})
"""Settings that change nothing of what is delivered."""

_AT_REST: Final = frozenset({"Enabled", "Disabled"})


class LambdaMappings:
    """Answers these operations.

    Args:
        stack: The functions, and what calls them.
    """

    def __init__(self, stack: LambdaStack) -> None:
        self._stack = stack
        self.operations = {
            "CreateEventSourceMapping": self._create,
            "DeleteEventSourceMapping": self._delete,
            "GetEventSourceMapping": self._get,
            "ListEventSourceMappings": self._list,
            "UpdateEventSourceMapping": self._update,
        }

    def _get(self, params: Mapping[str, Any]) -> Result:
        return self._described(self._entry(params))

    def _list(self, params: Mapping[str, Any]) -> Result:
        found = list(self._stack.mappings)
        if arn := params.get("EventSourceArn"):
            found = [entry for entry in found if self._real(entry.mapping.source_arn) == arn]
        if "FunctionName" in params:
            target = self._stack.target(params)
            found = [entry for entry in found if entry.config.target.spec.name == target.spec.name]
            if target.qualifier:
                found = [entry for entry in found if entry.config.target.qualifier == target.qualifier]
        return listed(params, "EventSourceMappings", [self._described(entry) for entry in found], most=_PAGE)

    def _create(self, params: Mapping[str, Any]) -> Result:
        target = self._stack.target(params)
        arn = self._declared(params.get("EventSourceArn", ""))
        for entry in self._stack.mappings:
            if entry.mapping.source_arn == arn and entry.config.target.invoked_arn == target.invoked_arn:
                message = (
                    f'An event source mapping with event source arn (" {self._real(arn)} ") and function (" '
                    f'{target.spec.name} ") already exists. Please update or delete the existing mapping with UUID '
                    f"{entry.mapping.uuid}"
                )
                raise AwsError("ResourceConflictException", message, status=409)
        name = str(uuid.uuid4())
        mapping = EventSourceMapping(
            logical_id=name,
            uuid=name,
            source=arn,
            source_arn=arn,
            function=target.label,
            qualifier=target.qualifier,
            properties=_properties({}, params),
        )
        with _sources():
            entry = self._stack.mappings.add(mapping)
        self._stack.changes.mapping(name, mapping)
        return self._described(entry)

    def _update(self, params: Mapping[str, Any]) -> Result:
        entry = self._at_rest(params)
        mapping = changed(entry.mapping, properties=_properties(entry.mapping.properties, params))
        if "FunctionName" in params:
            target = self._stack.target(params)
            mapping = changed(mapping, function=target.label, qualifier=target.qualifier)
        with _sources():
            self._stack.mappings.change(entry, mapping)
        self._stack.changes.mapping(mapping.uuid, mapping)
        return self._described(entry)

    def _delete(self, params: Mapping[str, Any]) -> Result:
        entry = self._at_rest(params)
        self._stack.changes.mapping(entry.mapping.uuid, None)
        self._stack.mappings.delete(entry)
        return {**self._described(entry), "State": "Deleting"}

    def _entry(self, params: Mapping[str, Any]) -> Entry:
        entry = self._stack.mappings.find(params["UUID"])
        if entry is None:
            raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", status=404)
        return entry

    def _at_rest(self, params: Mapping[str, Any]) -> Entry:
        """The mapping, unless it is still being changed.

        Raises:
            AwsError: There is none, or it is.
        """
        entry = self._entry(params)
        if entry.state not in _AT_REST:
            message = (
                f"The event source mapping {entry.mapping.uuid} is {entry.state}: wait until it is Enabled or Disabled."
            )
            raise AwsError("ResourceInUseException", message)
        return entry

    def _real(self, declared: str) -> str:
        return self._stack.real_arns.get(declared, declared)

    def _declared(self, real: str) -> str:
        """The ARN by which the template knows a source: the labels of tables' streams are others at each start."""
        return next((declared for declared, made in self._stack.real_arns.items() if made == real), real)

    def _described(self, entry: Entry) -> dict[str, Any]:
        mapping, target = entry.mapping, entry.config.target
        prefix = target.spec.arn.partition(":function:")[0]
        match entry.config.config:
            case QueueConfig() as queue:
                own = _of_queue(queue, mapping.properties)
            case StreamConfig() as stream:
                own = _of_stream(stream)
        return {
            "UUID": mapping.uuid,
            "EventSourceMappingArn": f"{prefix}:event-source-mapping:{mapping.uuid}",
            "EventSourceArn": self._real(mapping.source_arn),
            "FunctionArn": target.invoked_arn,
            "LastModified": entry.modified,
            "State": entry.state,
            "StateTransitionReason": "USER_INITIATED",
            "FilterCriteria": mapping.properties.get("FilterCriteria"),
            **own,
        }


@contextmanager
def _sources() -> Iterator[None]:
    """Turn what the service of a source answers into Lambda's error.

    Raises:
        AwsError: There is no such source.
    """
    try:
        yield
    except AwsError as error:
        message = f"The event source cannot be read: {error.code}: {error.message}"
        raise AwsError("InvalidParameterValueException", message) from error


def _of_queue(config: QueueConfig, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "BatchSize": config.batch_size,
        "MaximumBatchingWindowInSeconds": int(config.batching_window),
        "FunctionResponseTypes": _response_types(reports=config.report_batch_item_failures),
        "ScalingConfig": properties.get("ScalingConfig"),
        "ProvisionedPollerConfig": properties.get("ProvisionedPollerConfig"),
    }


def _of_stream(config: StreamConfig) -> dict[str, Any]:
    return {
        "BatchSize": config.batch_size,
        "MaximumBatchingWindowInSeconds": int(config.batching_window),
        "FunctionResponseTypes": _response_types(reports=config.report_batch_item_failures),
        "StartingPosition": config.starting_position,
        "StartingPositionTimestamp": config.starting_timestamp,
        "ParallelizationFactor": config.parallelization_factor,
        "MaximumRecordAgeInSeconds": int(config.maximum_record_age),
        "MaximumRetryAttempts": config.maximum_retry_attempts,
        "BisectBatchOnFunctionError": config.bisect,
        "TumblingWindowInSeconds": int(config.tumbling_window),
        "DestinationConfig": {"OnFailure": {"Destination": config.on_failure} if config.on_failure else {}},
    }


def _response_types(*, reports: bool) -> list[str]:
    return ["ReportBatchItemFailures"] if reports else []


def _properties(before: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after a change; an empty structure or list takes a setting away, as AWS's guides do it."""
    given = {name: value for name, value in params.items() if name not in _NAMING | _IGNORED}
    return {name: value for name, value in {**before, **given}.items() if not _is_empty(value)}


def _is_empty(value: object) -> bool:
    match value:
        case Mapping():
            return all(_is_empty(part) for part in value.values())
        case list() | str():
            return not value
        case _:
            return False
