"""The records that Lambda sends to destinations and dead-letter queues, key by key in AWS's own order.

Times are Unix seconds. A key that AWS leaves out is left out here; a key that AWS sets to null is None.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypedDict

from landfast.delivery.event_sources import StreamSource
from landfast.delivery.outcomes import Failed, Outcome, Succeeded, Unreadable
from landfast.delivery.strict_json import json_text
from landfast.delivery.times import iso_milliseconds, iso_seconds, key_time

FunctionError = Literal["Unhandled", "Handled"]

EventBusEntry = TypedDict(
    "EventBusEntry",
    {
        "version": str,
        "id": str,
        "account": str,
        "time": str,
        "region": str,
        "source": str,
        "detail-type": str,
        "resources": list[str],
        "detail": Mapping[str, object],
    },
)
"""The EventBridge event that carries an asynchronous record (S-18)."""


class Attribute(TypedDict):
    """A message attribute in boto3's shape."""

    DataType: str
    StringValue: str


class DeadLetter(TypedDict):
    """The message of a function's dead-letter queue (S-24)."""

    body: str
    attributes: dict[str, Attribute]


ERROR_MESSAGE_LIMIT: Final = 1024
"""Bytes of the error message that a dead-letter queue gets (S-24)."""

_REFUSED_BY_SQS = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def function_error(failed: Failed, *, handled_errors: bool) -> FunctionError:
    """``Unhandled``, always, on today's Lambda (S-16).

    With `handled_errors` (U-3), as in older documentation: ``Handled`` if the runtime reported the error, which
    therefore has a stack trace.
    """
    return "Handled" if handled_errors and "stackTrace" in failed.error else "Unhandled"


def async_record(
    *,
    request_id: str,
    function_arn: str,
    condition: str,
    attempts: int,
    request_payload: object,
    response: Outcome | None,
    now: float,
    handled_errors: bool = False,
) -> dict[str, object]:
    """The invocation record of an asynchronous event (S-13 to S-16).

    Args:
        request_id: The id of the event, the same in every attempt.
        function_arn: The function's ARN, with its qualifier.
        condition: One of S-09.
        attempts: The number of calls that were made.
        request_payload: The event, decoded.
        response: What the last call that reached the function came to. Without one, `responseContext` and
            `responsePayload` are absent (S-10). An answer that is not JSON is embedded as a string, its text: a record
            can always be read (S-14). (X: AWS's own way is not known.)
        now: The record's time.
        handled_errors: U-3.
    """
    record: dict[str, object] = {
        "version": "1.0",
        "timestamp": iso_milliseconds(now),
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": request_payload,
    }
    match response:
        case Succeeded(value, version):
            record["responseContext"] = {"statusCode": 200, "executedVersion": version}
            record["responsePayload"] = value.text if isinstance(value, Unreadable) else value
        case Failed(error, version):
            record["responseContext"] = {
                "statusCode": 200,
                "executedVersion": version,
                "functionError": function_error(response, handled_errors=handled_errors),
            }
            record["responsePayload"] = error
    return record


def without_payloads(record: Mapping[str, object], *, null: bool = False) -> dict[str, object]:
    """A record that outgrew SNS: its payloads left out, or null with U-6 (S-23)."""
    payloads = {"requestPayload", "responsePayload"}
    if null:
        return {key: None if key in payloads else value for key, value in record.items()}
    return {key: value for key, value in record.items() if key not in payloads}


def event_bus_entry(
    record: Mapping[str, object], *, entry_id: str, bus_arn: str, function_arn: str, success: bool, now: float
) -> EventBusEntry:
    """The EventBridge event that carries an asynchronous record (S-18).

    Args:
        record: The record of S-13.
        entry_id: The event's own id.
        bus_arn: The ARN of the event bus.
        function_arn: The function's ARN, with its qualifier.
        success: True if the function succeeded.
        now: The event's time; EventBridge writes whole seconds.
    """
    return {
        "version": "0",
        "id": entry_id,
        "account": function_arn.split(":")[4],
        "time": iso_seconds(now),
        "region": bus_arn.split(":")[3],
        "source": "lambda",
        "detail-type": f"Lambda Function Invocation Result - {'Success' if success else 'Failure'}",
        "resources": [bus_arn, function_arn],
        "detail": record,
    }


def async_object_key(function_name: str, *, unique: str, now: float) -> str:
    """The key under which S3 keeps an asynchronous record (S-19); `unique` is a random UUID."""
    return f"aws/lambda/async/{function_name}/{key_time(now)}-{unique}"


def stream_object_key(mapping_uuid: str, shard_id: str, *, unique: str, now: float) -> str:
    """The key under which S3 keeps a stream's record (S-66); `now` is the record's time, `unique` a random UUID."""
    return f"aws/lambda/{mapping_uuid}/{shard_id}/{key_time(now)}-{unique}"


def s3_body(bucket: str, key: str, record: Mapping[str, object]) -> dict[str, object]:
    """A record on its way to an S3 destination."""
    return {"bucket": bucket, "key": key, "object": record}


def dead_letter_message(text: str, *, request_id: str, error_code: int, error_message: str) -> DeadLetter:
    """The message of a function's dead-letter queue (S-24).

    An empty `error_message` is left out, since SQS and SNS refuse empty attributes; characters that they refuse are
    replaced by U+FFFD. (X: AWS's own way with them is not known.)

    Args:
        text: The event's JSON, as it was sent.
        request_id: The id of the event.
        error_code: The HTTP status; 200 for a function error.
        error_message: The message of the last error; its first 1 KB is sent.

    Returns:
        ``{"body", "attributes"}``, the attributes in boto3's `MessageAttributes` shape.
    """
    attributes = {"RequestID": _attribute("String", request_id), "ErrorCode": _attribute("Number", str(error_code))}
    shown = _REFUSED_BY_SQS.sub("\N{REPLACEMENT CHARACTER}", error_message)
    if shown:
        attributes["ErrorMessage"] = _attribute("String", _first_bytes(shown, ERROR_MESSAGE_LIMIT))
    return {"body": text, "attributes": attributes}


def stream_record(
    *,
    request_id: str,
    function_arn: str,
    condition: str,
    attempts: int,
    response: Literal["absent", "Unhandled", "Handled"] | None,
    executed_version: str,
    now: float,
    source: StreamSource,
    shard_id: str,
    start_sequence: str,
    end_sequence: str,
    first_arrival: float,
    last_arrival: float,
    batch_size: int,
    stream_arn: str,
) -> dict[str, object]:
    """The on-failure record of a stream (S-63 to S-65).

    Args:
        request_id: The id of the last invocation.
        function_arn: The mapping's function, unqualified (S-64, U-15).
        condition: ``RetryAttemptsExhausted`` or ``RecordAgeExceeded`` (S-58).
        attempts: Becomes `approximateInvokeCount`.
        response: The function error; None, written as null, when the retries ran out through partial responses;
            ``absent`` leaves the whole `responseContext` out, as for `RecordAgeExceeded` (S-65).
        executed_version: The version that ran.
        now: The record's time.
        source: The kind of stream, which names the batch's description and writes arrival times.
        shard_id: The shard.
        start_sequence: Sequence number of the first record given up.
        end_sequence: Sequence number of the last record given up.
        first_arrival: When the first of them arrived.
        last_arrival: When the last of them arrived.
        batch_size: The number of records given up.
        stream_arn: The stream's ARN, DynamoDB's with its label.
    """
    arrival = source.arrival_text
    record: dict[str, object] = {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        }
    }
    if response != "absent":
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": executed_version,
            "functionError": response,
        }
    record["version"] = "1.0"
    record["timestamp"] = iso_milliseconds(now)
    record[source.batch_info] = {
        "shardId": shard_id,
        "startSequenceNumber": start_sequence,
        "endSequenceNumber": end_sequence,
        "approximateArrivalOfFirstRecord": arrival(first_arrival),
        "approximateArrivalOfLastRecord": arrival(last_arrival),
        "batchSize": batch_size,
        "streamArn": stream_arn,
    }
    return record


def with_payload(record: Mapping[str, object], invocation_event: object) -> dict[str, object]:
    """A stream's record as S3 keeps it: with the whole invocation event as a JSON string (S-66)."""
    return {**record, "payload": json_text(invocation_event)}


def _attribute(data_type: str, value: str) -> Attribute:
    return {"DataType": data_type, "StringValue": value}


def _first_bytes(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore")
