"""A stream's records: what the machine knows of them, and what the function gets (S-75, S-83, S-84)."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from landfast.delivery.actions import Window
from landfast.delivery.payload import ENVELOPE
from landfast.delivery.strict_json import json_size
from landfast.delivery.times import iso_seconds


class StreamRecord(msgspec.Struct, frozen=True):
    """A record of a shard, reduced to what the rules need.

    Attributes:
        sequence: Its sequence number.
        key: What order holds for: the partition key, or the item's keys.
        arrived: When it entered the stream, in seconds.
        size: Bytes of `event()` as JSON.
        body: What `render` needs to make the record as the function gets it.
        name: What people call it; in the live service its event id.
    """

    sequence: str
    key: str
    arrived: float
    size: int
    body: Any
    name: str


Render = Callable[[StreamRecord], Mapping[str, object]]
"""Makes the record as the function gets it."""


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


def dynamodb_record(
    *,
    event_id: str,
    event_name: Literal["INSERT", "MODIFY", "REMOVE"],
    change: Mapping[str, object],
    stream_arn: str,
    region: str,
) -> dict[str, object]:
    """A DynamoDB Streams record of an event (S-84); `change` is its ``dynamodb`` part."""
    return {
        "eventID": event_id,
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }


def attribute_size(value: Mapping[str, Any]) -> int:  # noqa: PLR0911 - one rule for each type
    """Bytes of a DynamoDB attribute value by its item-size rules (S-85)."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "N":
            return (len(content.lstrip("-").replace(".", "").lstrip("0")) + 1) // 2 + 1
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(attribute_size({kind[0]: item}) for item in content)
        case "L":
            return 3 + sum(attribute_size(item) + 1 for item in content)
        case _:
            return 3 + sum(len(name.encode()) + attribute_size(item) + 1 for name, item in content.items())


def change_size(change: Mapping[str, Any]) -> int:
    """``SizeBytes`` of a change: the sum over its keys and images (S-85)."""
    parts = (change.get(part) or {} for part in ("Keys", "NewImage", "OldImage"))
    return sum(len(name.encode()) + attribute_size(value) for part in parts for name, value in part.items())


def stream_event(
    records: Sequence[StreamRecord],
    render: Render,
    *,
    window: Window | None = None,
    shard_id: str = "",
    stream_arn: str = "",
    epoch: float = 0.0,
) -> dict[str, object]:
    """The event of an invocation; with a tumbling window, its state and place in time as well (S-75)."""
    event: dict[str, object] = {"Records": [render(record) for record in records]}
    if window is None:
        return event
    return event | {
        "window": {"start": iso_seconds(epoch + window.start), "end": iso_seconds(epoch + window.end)},
        "state": window.state,
        "shardId": shard_id,
        "eventSourceARN": stream_arn,
        "isFinalInvokeForWindow": window.final,
        "isWindowTerminatedEarly": window.terminated_early,
    }


@dataclass(slots=True)
class Envelope:
    """Weighs what stands around the records of an event: exactly what `stream_event` puts there (S-48, S-75)."""

    shard_id: str
    stream_arn: str
    epoch: float = 0.0
    _frames: dict[tuple[bool, bool], int] = field(default_factory=dict)
    _state: tuple[Mapping[str, object], int] = field(default_factory=lambda: ({}, len("{}")))

    def __call__(self, window: Window | None) -> int:
        """The bytes of the event without records that belongs to a window."""
        if window is None:
            return ENVELOPE
        if window.state is not self._state[0]:
            self._state = window.state, json_size(window.state)
        kind = window.final, window.terminated_early
        if kind not in self._frames:
            self._frames[kind] = self._frame(window)
        return self._frames[kind] + self._state[1]

    def _frame(self, window: Window) -> int:
        event = stream_event(
            (), lambda _: {}, window=replace(window, state={}), shard_id=self.shard_id, stream_arn=self.stream_arn,
            epoch=self.epoch,
        )  # fmt: skip
        return json_size(event) - len("{}")
