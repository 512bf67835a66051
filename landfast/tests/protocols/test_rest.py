"""The REST-JSON protocol, as Lambda's clients speak it."""

import json

import pytest
from botocore.eventstream import EventStreamBuffer

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Call, Request, event_stream
from tests.protocols.clients import operation_model, parsed, request
from tests.protocols.samples import Sampler, plain

OPERATIONS = [
    "CreateEventSourceMapping",
    "DeleteEventSourceMapping",
    "DeleteFunctionConcurrency",
    "GetFunctionConcurrency",
    "GetPolicy",
    "ListEventSourceMappings",
    "ListProvisionedConcurrencyConfigs",
    "ListTags",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "UpdateEventSourceMapping",
    "UpdateFunctionEventInvokeConfig",
    "UntagResource",
]
SEEDS = 3


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_botocore_sends_is_read_from_path_query_and_body(operation: str) -> None:
    model = operation_model("lambda", "rest-json", operation)
    for seed in range(SEEDS):
        params = Sampler(f"lambda.{operation}.{seed}").members(model.input_shape)
        sent = request(model, params)
        assert protocols.service_of(sent) == "lambda"
        call = protocols.read(sent, "lambda", "request-1")
        assert call == Call("lambda", operation, plain(params), "rest-json", "request-1"), f"seed {seed}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_answered_is_what_botocore_reads(operation: str) -> None:
    model = operation_model("lambda", "rest-json", operation)
    for seed in range(SEEDS):
        result = plain(Sampler(f"lambda.{operation}.{seed}").members(model.output_shape))
        response = protocols.written(Call("lambda", operation, {}, "rest-json", "request-1"), result)
        read = parsed(model, response)
        metadata = read.pop("ResponseMetadata")
        assert plain(read) == result, f"seed {seed}"
        assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (model.http["responseCode"], "request-1")


def asked(line: str, content: bytes = b"") -> Request:
    method, _, target = line.partition(" ")
    return Request(method, target, {}, content, len(content))


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("GET /2015-03-31/functions/", "ListFunctions"),
        ("GET /2018-10-31/layers", "ListLayers"),
        ("GET /2018-10-31/layers?find=LayerVersion&Arn=a", "GetLayerVersionByArn"),
        ("GET /2019-09-30/functions/f/provisioned-concurrency?List=ALL", "ListProvisionedConcurrencyConfigs"),
        ("GET /2019-09-30/functions/f/provisioned-concurrency?Qualifier=live", "GetProvisionedConcurrencyConfig"),
    ],
)
def test_an_operation_is_told_by_method_path_and_query(line: str, operation: str) -> None:
    assert protocols.asked(asked(line), "lambda", "request-1").operation == operation


@pytest.mark.parametrize(
    ("line", "content", "status", "code", "told"),
    [
        ("PATCH /2015-03-31/functions/f", b"", 405, "MethodNotAllowedException", "DELETE, GET"),
        ("POST /2015-03-31/functions/f/nonsense", b"", 404, "UnknownOperationException", "nonsense"),
        ("POST //2015-03-31//functions/f/invocations", b"", 404, "UnknownOperationException", "invocations"),
        ("POST /%32015-03-31/functions/f/invocations", b"", 404, "UnknownOperationException", "invocations"),
        ("PUT /2017-10-31/functions/f/concurrency", b"{}", 400, "ValidationException", "reservedConcurrentExecutions"),
        ("PUT /2017-10-31/functions/f/concurrency", b"{", 400, "SerializationException", ""),
        ("GET /2015-03-31/functions?MaxItems=many", b"", 400, "SerializationException", "Integer"),
        ("GET /2015-03-31/functions?MaxItems=0", b"", 400, "ValidationException", "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(line: str, content: bytes, status: int, code: str, told: str) -> None:
    sent = asked(line, content)
    assert protocols.service_of(sent) == "lambda"
    with pytest.raises(AwsError) as refused:
        protocols.read(sent, "lambda", "request-1")
    response = protocols.refused(protocols.asked(sent, "lambda", "request-1"), refused.value, "request-1")
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (status, code)
    assert told in json.loads(response.content)["message"]


def test_an_event_of_a_stream_is_what_botocore_reads() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event_stream.event("PayloadChunk", "application/octet-stream", b"\x00ab" * 1000))
    [read] = buffer
    assert read.payload == b"\x00ab" * 1000
    headers: object = read.headers  # botocore-stubs take it for a number
    assert headers == {
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
        ":message-type": "event",
    }
