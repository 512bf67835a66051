"""Streams of DynamoDB tables."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from landfast.delivery.event_sources.declaration import STREAM_DEFAULTS, StreamSource
from landfast.delivery.event_sources.dynamodb_items import change_size, check_image, plain_image, typed
from landfast.delivery.event_sources.scenario_records import GivenRecord, ScenarioStream, UnacceptableError
from landfast.delivery.stream_records import Render, StreamRecord
from landfast.delivery.strict_json import json_size, text_size
from landfast.delivery.times import iso_seconds

LARGEST_KEY: Final = 2048
"""Bytes of the value of a partition key."""

PRINCIPAL: Final = "dynamodb.amazonaws.com"
"""Who deletes items whose time to live is over."""

_EVENT_NAMES: Final = ("INSERT", "MODIFY", "REMOVE")
_IMAGES: Final = ("Keys", "NewImage", "OldImage")


def dynamodb_record(
    *,
    event_id: str,
    event_name: Literal["INSERT", "MODIFY", "REMOVE"],
    change: Mapping[str, object],
    stream_arn: str,
    region: str,
    expired: bool = False,
) -> dict[str, object]:
    """A DynamoDB Streams record of an event (S-84); `change` is its ``dynamodb`` part.

    One whose item has `expired` names DynamoDB as the one who deleted it (DynamoDB Developer Guide, "DynamoDB Streams
    and Time to Live").
    """
    by = {"userIdentity": {"type": "Service", "principalId": PRINCIPAL}} if expired else {}
    return {
        "eventID": event_id,
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": change,
        **by,
        "eventSourceARN": stream_arn,
    }


def _accept(record: GivenRecord) -> None:
    if text_size(record.key) > LARGEST_KEY:
        raise UnacceptableError("key", f"the value of a partition key has at most {LARGEST_KEY} bytes")
    payload = record.payload
    if not isinstance(payload, dict) or not {"dynamodb", "eventName"} & payload.keys():
        image = payload if isinstance(payload, dict) and typed(payload) else plain_image(payload)
        check_image("data", image, record.key or record.id)
        return
    if payload.get("eventName", "INSERT") not in _EVENT_NAMES:
        raise UnacceptableError("data.eventName", f"is not one of {', '.join(_EVENT_NAMES)}")
    change = payload.get("dynamodb", {})
    if not isinstance(change, dict):
        raise UnacceptableError("data.dynamodb", "is not an object")
    for name in _IMAGES:
        if name in change:
            check_image(f"data.dynamodb.{name}", change[name], "")


def _sequence_numbers(shard: int) -> Callable[[int], str]:
    """As long as AWS's, and increasing in a shard."""
    return lambda place: f"1{shard:08d}{place:012d}"


def _renderer(stream: ScenarioStream, shard_id: str) -> Render:
    del shard_id  # records of a table do not name their shard
    return lambda record: _change(record, stream)


def _measure(stream: ScenarioStream, shard_id: str) -> Callable[[GivenRecord, str], int]:
    render = _renderer(stream, shard_id)
    return lambda record, sequence: json_size(
        render(StreamRecord(sequence, record.key, record.at, 0, record, record.id))
    )


def _change(record: StreamRecord, stream: ScenarioStream) -> dict[str, object]:
    """The change of an item; the scenario may give its parts, a typed image, or plain data for the new image."""
    payload = record.body.payload
    given: Mapping[str, Any] = payload if isinstance(payload, dict) else {"value": payload}
    if "dynamodb" not in given and "eventName" not in given:
        given = {"dynamodb": {"NewImage": given if typed(given) else plain_image(given)}}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": stream.epoch + record.arrived,
        "Keys": {"id": {"S": record.key or record.name}},
        **given.get("dynamodb", {}),
        "SequenceNumber": record.sequence,
    }
    change.setdefault("SizeBytes", change_size(change))
    change.setdefault("StreamViewType", "NEW_AND_OLD_IMAGES")
    return dynamodb_record(
        event_id=record.sequence.zfill(32),
        event_name=given.get("eventName", "INSERT"),
        change=change,
        stream_arn=stream.arn,
        region=stream.region,
    )


DYNAMODB: Final = StreamSource(
    kind="dynamodb",
    title="DynamoDB Streams",
    defaults=STREAM_DEFAULTS,
    accept=_accept,
    service="dynamodb",
    resource_type="AWS::DynamoDB::Table",
    thing="table's stream",
    scenario_resource="table/scenario/stream/2026-01-01T00:00:00.000",
    poll_interval=0.25,
    has_timestamps=False,
    batch_info="DDBStreamBatchInfo",
    arrival_text=iso_seconds,
    sequence_numbers=_sequence_numbers,
    renderer=_renderer,
    measure=_measure,
)
