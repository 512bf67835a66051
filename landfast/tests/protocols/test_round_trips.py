import pytest

from landfast import protocols
from landfast.protocols import Call
from landfast.protocols.call import Protocol
from tests.protocols.clients import operation_model, operations, parsed, request
from tests.protocols.samples import Sampler, plain

SEEDS = 4
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
