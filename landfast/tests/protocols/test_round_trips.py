import sys

import pytest

from landfast import protocols
from landfast.protocols import Call, Request
from landfast.protocols.call import Protocol
from tests.protocols.clients import operation_model, operations, parsed, request
from tests.protocols.samples import Sampler, plain

SEEDS = 4
SPOKEN: tuple[Protocol, ...] = ("json", "query")
STREAMING = {("kinesis", "json", "SubscribeToShard")}


@pytest.mark.parametrize(("service", "protocol", "operation"), list(operations()))
def test_what_botocore_sends_is_read(service: str, protocol: Protocol, operation: str) -> None:
    model = operation_model(service, protocol, operation)
    for seed in range(SEEDS):
        params = Sampler(f"{service}.{operation}.{seed}").members(model.input_shape)
        sent = request(model, params)
        assert protocols.service_of(sent) == service
        assert protocols.unknown_operation(sent, service) is None
        call = protocols.read(sent, service, "request-1")
        assert call == Call(service, operation, plain(params), protocol, "request-1"), f"seed {seed}"


@pytest.mark.parametrize(
    ("service", "protocol", "operation"), [spoken for spoken in operations() if spoken not in STREAMING]
)
def test_what_is_answered_is_what_botocore_reads(service: str, protocol: Protocol, operation: str) -> None:
    model = operation_model(service, protocol, operation)
    for seed in range(SEEDS):
        result = plain(Sampler(f"{service}.{operation}.{seed}").members(model.output_shape))
        response = protocols.written(Call(service, operation, {}, protocol, "request-1"), result)
        read = parsed(model, response)
        metadata = read.pop("ResponseMetadata")
        assert plain(read) == result, f"seed {seed}"
        assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (200, "request-1")


def test_a_trace_goes_with_the_call() -> None:
    trace = b"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    headers = {b"x-amz-target": b"AmazonSQS.ListQueues", b"x-amzn-trace-id": trace}
    assert protocols.read(Request("POST", "/", headers, b"{}", 2), "sqs", "request-1").trace == trace.decode()


def test_what_is_none_is_left_out_and_what_the_model_has_not_is_a_fault() -> None:
    for protocol in SPOKEN:
        response = protocols.written(Call("sqs", "ListQueues", {}, protocol), {"QueueUrls": ["a"], "NextToken": None})
        assert b"QueueUrl" in response.content
        assert b"NextToken" not in response.content
        with pytest.raises(KeyError):
            protocols.written(Call("sqs", "ListQueues", {}, protocol), {"QueueUrl": "a"})


def test_a_message_is_read_and_answered_in_few_steps() -> None:
    body = {
        "QueueUrl": "http://127.0.0.1:4566/123456789012/orders",
        "MessageBody": "a" * 500,
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "order"}},
    }
    sent = request(operation_model("sqs", "json", "SendMessage"), body)

    def answer() -> None:
        call = protocols.read(sent, str(protocols.service_of(sent)), "request-1")
        protocols.written(call, {"MessageId": "a", "MD5OfMessageBody": "b"})

    answer()
    steps = []
    sys.setprofile(lambda frame, event, argument: steps.append(event))  # noqa: ARG005 - its own signature
    try:
        answer()
    finally:
        sys.setprofile(None)
    assert 10 < len(steps) < 400  # 14 microseconds on a quiet core
