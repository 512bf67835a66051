import json
from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast.delivery.destination_records import (
    ERROR_MESSAGE_LIMIT,
    async_object_key,
    async_record,
    dead_letter_message,
    event_bus_entry,
    function_error,
    s3_body,
    stream_object_key,
    stream_record,
    with_payload,
    without_payloads,
)
from landfast.delivery.event_sources import DYNAMODB, KINESIS, StreamSource
from landfast.delivery.outcomes import Failed, Outcome, Succeeded
from landfast.delivery.strict_json import json_size

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:orders:$LATEST"
BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/ops"
NOW = 1767323045.678
"""2026-01-02T03:04:05.678Z."""
UUID = "0d5c0f3e-2b0f-4b8e-9a53-0c3c4b1f9f10"
ERROR = {"errorMessage": "no stock", "errorType": "ValueError", "requestId": UUID, "stackTrace": ["  File\n"]}


def record(condition: str, attempts: int, response: Outcome | None) -> dict[str, object]:
    return async_record(
        request_id=UUID,
        function_arn=FUNCTION,
        condition=condition,
        attempts=attempts,
        request_payload={"orderId": "A-7"},
        response=response,
        now=NOW,
    )


def as_text(value: Mapping[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_s_013_a_failed_event_is_recorded_key_by_key_in_aws_order() -> None:
    assert as_text(record("RetriesExhausted", 3, Failed(ERROR))) == (
        '{"version":"1.0","timestamp":"2026-01-02T03:04:05.678Z",'
        f'"requestContext":{{"requestId":"{UUID}","functionArn":"{FUNCTION}",'
        '"condition":"RetriesExhausted","approximateInvokeCount":3},'
        '"requestPayload":{"orderId":"A-7"},'
        '"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},'
        f'"responsePayload":{as_text(ERROR)}}}'
    )


def test_s_014_payloads_are_json_values_and_not_escaped_strings() -> None:
    made = record("Success", 1, Succeeded([1, {"a": None}]))
    assert made["requestPayload"] == {"orderId": "A-7"}
    assert made["responsePayload"] == [1, {"a": None}]


def test_s_015_a_success_record_has_no_function_error() -> None:
    made = record("Success", 1, Succeeded({"ok": True}, "7"))
    assert made["responseContext"] == {"statusCode": 200, "executedVersion": "7"}
    assert made["responsePayload"] == {"ok": True}


def test_s_015_a_function_that_returns_nothing_has_a_null_response_payload() -> None:
    assert record("Success", 1, Succeeded(None))["responsePayload"] is None


def test_s_010_an_event_that_never_ran_has_neither_response_key() -> None:
    made = record("ZeroReservedConcurrency", 0, None)
    assert list(made) == ["version", "timestamp", "requestContext", "requestPayload"]


def test_s_016_every_function_error_is_unhandled() -> None:
    assert function_error(Failed(ERROR), handled_errors=False) == "Unhandled"
    assert function_error(Failed({"errorType": "Sandbox.Timedout"}), handled_errors=False) == "Unhandled"


def test_u_003_an_error_with_a_stack_trace_can_be_called_handled() -> None:
    assert function_error(Failed(ERROR), handled_errors=True) == "Handled"
    assert function_error(Failed({"errorType": "Sandbox.Timedout"}), handled_errors=True) == "Unhandled"


@pytest.mark.parametrize(("success", "word"), [(True, "Success"), (False, "Failure")])
def test_s_018_an_event_bus_gets_the_record_as_detail_with_two_resources(success: bool, word: str) -> None:  # noqa: FBT001 - parametrised
    made = record("Success", 1, Succeeded())
    entry = event_bus_entry(made, entry_id="e-1", bus_arn=BUS, function_arn=FUNCTION, success=success, now=NOW)
    assert list(entry.items()) == [
        ("version", "0"),
        ("id", "e-1"),
        ("account", "111122223333"),
        ("time", "2026-01-02T03:04:05Z"),
        ("region", "eu-west-1"),
        ("source", "lambda"),
        ("detail-type", f"Lambda Function Invocation Result - {word}"),
        ("resources", [BUS, FUNCTION]),
        ("detail", made),
    ]


def test_s_019_an_object_of_an_asynchronous_function_is_filed_by_function_day_and_second() -> None:
    key = async_object_key("orders", unique=UUID, now=NOW)
    assert key == f"aws/lambda/async/orders/2026/01/02/2026-01-02T03.04.05-{UUID}"
    assert s3_body("kept", key, {"version": "1.0"}) == {"bucket": "kept", "key": key, "object": {"version": "1.0"}}


def test_s_023_a_record_that_outgrew_sns_leaves_its_payloads_out() -> None:
    assert list(without_payloads(record("RetriesExhausted", 3, Failed(ERROR)))) == [
        "version",
        "timestamp",
        "requestContext",
        "responseContext",
    ]


def test_u_006_a_record_that_outgrew_sns_can_keep_null_payloads() -> None:
    made = without_payloads(record("RetriesExhausted", 3, Failed(ERROR)), null=True)
    assert made["requestPayload"] is None
    assert made["responsePayload"] is None
    assert len(made) == 6


def test_s_024_a_dead_letter_is_the_event_itself_with_three_attributes() -> None:
    assert dead_letter_message('{ "a": 1.0 }', request_id=UUID, error_code=200, error_message="no stock") == {
        "body": '{ "a": 1.0 }',
        "attributes": {
            "RequestID": {"DataType": "String", "StringValue": UUID},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": "no stock"},
        },
    }


def error_message(text: str) -> str:
    made = dead_letter_message("{}", request_id=UUID, error_code=200, error_message=text)
    return made["attributes"]["ErrorMessage"]["StringValue"]


@given(st.text(min_size=1, max_size=3000))
def test_s_024_the_first_kilobyte_of_the_error_message_is_sent_without_cutting_a_character(text: str) -> None:
    sent = error_message(text)
    assert len(sent.encode()) <= ERROR_MESSAGE_LIMIT
    assert len(sent) == len(text) or len((sent + "\N{GRINNING FACE}").encode()) > ERROR_MESSAGE_LIMIT


def test_s_024_a_long_message_is_cut_and_what_a_queue_refuses_is_replaced() -> None:
    assert error_message("x" * 2000) == "x" * 1024
    assert error_message("é" * 1000) == "é" * 512
    assert error_message("x" + "é" * 1000) == "x" + "é" * 511
    assert error_message("a\0b\ud800c\td") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\td"


def test_s_024_an_empty_error_message_is_left_out_since_queues_refuse_empty_attributes() -> None:
    made = dead_letter_message("{}", request_id=UUID, error_code=200, error_message="")
    assert list(made["attributes"]) == ["RequestID", "ErrorCode"]


def stream(source: StreamSource, response: Literal["absent", "Unhandled"] | None) -> dict[str, object]:
    return stream_record(
        request_id=UUID,
        function_arn="arn:aws:lambda:eu-west-1:111122223333:function:orders",
        condition="RetryAttemptsExhausted",
        attempts=2,
        response=response,
        executed_version="$LATEST",
        now=NOW,
        source=source,
        shard_id="shardId-000000000000",
        start_sequence="4961",
        end_sequence="4962",
        first_arrival=NOW - 6.555,
        last_arrival=NOW - 5,
        batch_size=2,
        stream_arn="arn:aws:kinesis:eu-west-1:111122223333:stream/s",
    )


def test_s_063_a_kinesis_record_key_by_key_in_aws_order() -> None:
    assert as_text(stream(KINESIS, "Unhandled")) == (
        f'{{"requestContext":{{"requestId":"{UUID}",'
        '"functionArn":"arn:aws:lambda:eu-west-1:111122223333:function:orders",'
        '"condition":"RetryAttemptsExhausted","approximateInvokeCount":2},'
        '"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},'
        '"version":"1.0","timestamp":"2026-01-02T03:04:05.678Z",'
        '"KinesisBatchInfo":{"shardId":"shardId-000000000000",'
        '"startSequenceNumber":"4961","endSequenceNumber":"4962",'
        '"approximateArrivalOfFirstRecord":"2026-01-02T03:03:59.123Z",'
        '"approximateArrivalOfLastRecord":"2026-01-02T03:04:00.678Z",'
        '"batchSize":2,"streamArn":"arn:aws:kinesis:eu-west-1:111122223333:stream/s"}}'
    )


def test_s_063_a_dynamodb_record_has_another_key_and_arrival_times_in_whole_seconds() -> None:
    made = stream(DYNAMODB, "Unhandled")
    info = made["DDBStreamBatchInfo"]
    assert isinstance(info, dict)
    assert "KinesisBatchInfo" not in made
    assert info["approximateArrivalOfFirstRecord"] == "2026-01-02T03:03:59Z"
    assert info["approximateArrivalOfLastRecord"] == "2026-01-02T03:04:00Z"


def test_s_064_a_stream_record_has_no_payloads() -> None:
    assert {"requestPayload", "responsePayload"}.isdisjoint(stream(KINESIS, "Unhandled"))


def test_s_065_partial_responses_leave_a_null_function_error_and_age_leaves_no_response_context() -> None:
    partial = stream(KINESIS, None)
    assert partial["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}
    assert list(stream(KINESIS, "absent")) == ["requestContext", "version", "timestamp", "KinesisBatchInfo"]


def test_s_066_s3_keeps_the_whole_invocation_event_as_a_string() -> None:
    made = with_payload(stream(KINESIS, "absent"), {"Records": [{"é": 1}]})
    assert list(made)[-1] == "payload"
    assert made["payload"] == '{"Records":[{"é":1}]}'


def test_s_066_an_object_of_a_stream_is_filed_by_mapping_shard_day_and_second() -> None:
    assert stream_object_key("esm-1", "shardId-000000000000", unique=UUID, now=NOW) == (
        f"aws/lambda/esm-1/shardId-000000000000/2026/01/02/2026-01-02T03.04.05-{UUID}"
    )


def test_the_size_of_a_body_is_counted_in_bytes() -> None:
    assert json_size({"a": "é"}) == len('{"a":"é"}'.encode())
    assert json_size("\ud800") == len('"\\ud800"')
