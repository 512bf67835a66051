"""Kinesis data streams."""

import base64
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET

from landfast.delivery.event_sources.declaration import STREAM_DEFAULTS, StreamSource
from landfast.delivery.event_sources.scenario_records import (
    GivenRecord,
    ScenarioStream,
    UnacceptableError,
    at_most,
    sent_text,
)
from landfast.delivery.stream_records import Render
from landfast.delivery.strict_json import json_size, text_size
from landfast.delivery.times import iso_milliseconds

LARGEST_RECORD: Final = 10 * 1_048_576
"""Bytes of a record with its partition key, in a stream whose limit has been raised as far as it goes."""

_PARTITION_KEY: Final = 256
_AROUND_THE_ID: Final = len('{"id":""}')
_PLACE: Final = 40
_KEYS: Final = 10_000
"""Partition keys whose size is remembered: most streams have fewer, and each of them many records."""


def kinesis_record(
    *, sequence: str, key: str, data: bytes, arrived: float, shard_id: str, stream_arn: str, role_arn: str, region: str
) -> dict[str, object]:
    """A Kinesis record of an event (S-83); `arrived` is Unix time in seconds."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": round(arrived, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": region,
        "eventSourceARN": stream_arn,
    }


def _filter_view(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as patterns see it: its own fields beside the others, and `data` decoded (S-81)."""
    inner = record["kinesis"]
    try:
        data = base64.b64decode(inner["data"], validate=True).decode()
    except ValueError:
        data = None
    return {**record, **inner, "data": data}


def _accept(record: GivenRecord) -> None:
    if len(record.key) > _PARTITION_KEY:
        raise UnacceptableError("key", f"a partition key has at most {_PARTITION_KEY} characters")
    size = text_size(sent_text(record.payload)) + text_size(record.key)
    at_most(size, LARGEST_RECORD, "a Kinesis record with its partition key")


def _sequence_numbers(shard: int) -> Callable[[int], str]:
    """As long as AWS's, and increasing in a shard."""
    heads = [f"4960{shard:012d}{'0' * (_PLACE - digits)}" for digits in range(_PLACE)]

    def sequence_number(place: int) -> str:
        digits = str(place)
        return heads[len(digits)] + digits  # a million are made in one simulation, and padding costs more than both

    return sequence_number


def _renderer(stream: ScenarioStream, shard_id: str) -> Render:
    return lambda record: kinesis_record(
        sequence=record.sequence,
        key=record.key,
        data=_data(record.body),
        arrived=stream.epoch + record.arrived,
        shard_id=shard_id,
        stream_arn=stream.arn,
        role_arn=stream.role_arn,
        region=stream.region,
    )


def _measure(stream: ScenarioStream, shard_id: str) -> Callable[[GivenRecord, str], int]:
    """Measure once what all records have in common."""
    blank = kinesis_record(
        sequence=_sequence_numbers(0)(1),
        key="",
        data=b"",
        arrived=stream.epoch,
        shard_id=shard_id,
        stream_arn=stream.arn,
        role_arn=stream.role_arn,
        region=stream.region,
    )
    common = json_size(blank) - json_size("")
    key_size = lru_cache(_KEYS)(json_size)

    def size(record: GivenRecord, _: str) -> int:
        name = record.id
        if record.data is UNSET and name.isalnum() and name.isascii():
            data_size = len(name) + _AROUND_THE_ID  # `{"id": <id>}`, weighed without being made, for a million of them
        else:
            data_size = len(_data(record))
        return common + key_size(record.key) + -(-data_size // 3) * 4

    return size


def _data(record: GivenRecord) -> bytes:
    """Return the data that the record's producer put: text as it is, anything else as JSON."""
    payload = record.payload
    return payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)


KINESIS: Final = StreamSource(
    kind="kinesis",
    title="Kinesis",
    defaults=STREAM_DEFAULTS,
    accept=_accept,
    service="kinesis",
    resource_type="AWS::Kinesis::Stream",
    thing="Kinesis stream",
    scenario_resource="stream/scenario",
    text_field="data",
    filter_view=_filter_view,
    poll_interval=1.0,
    has_timestamps=True,
    batch_info="KinesisBatchInfo",
    arrival_text=iso_milliseconds,
    sequence_numbers=_sequence_numbers,
    renderer=_renderer,
    measure=_measure,
)
