import contextlib
from typing import Any

import botocore.parsers
import botocore.serialize
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Call, Request, cbor
from tests.protocols.clients import service_model
from tests.protocols.samples import Sampler, plain

EXAMPLES: list[tuple[str, Any]] = [  # RFC 8949, appendix A
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("3903e7", -1000),
    ("f93c00", 1.0),
    ("fa47c35000", 100000.0),
    ("fb3ff199999999999a", 1.1),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("c11a514b67b0", 1363896240.0),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("62c3bc", "ü"),
    ("64f0908591", "\U00010151"),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ("7f657374726561646d696e67ff", "streaming"),
    ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
    ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
]

documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.binary() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(("encoded", "document"), EXAMPLES)
def test_the_examples_of_the_rfc_are_read(encoded: str, document: Any) -> None:
    assert cbor.decode(bytes.fromhex(encoded)) == document


@given(documents)
def test_what_is_written_is_read(document: Any) -> None:
    assert cbor.decode(cbor.encode(document)) == document


@given(st.binary())
def test_anything_else_is_refused(content: bytes) -> None:
    with contextlib.suppress(cbor.CborError):
        assert cbor.encode(cbor.decode(content))


@pytest.mark.parametrize(
    "encoded",
    ["", "ff", "81", "a1", "a161", "1c", "61ff", "a18001", "81" * 100_000 + "00", "0000", "f8", "e0", "bf00ff"],
)
def test_malformed_documents_are_refused(encoded: str) -> None:
    with pytest.raises(cbor.CborError):
        cbor.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    "encoded",
    [
        "40", "4131", "6131", "80", "a0", "f5", "f6", "1bffffffffffffffff", "3bffffffffffffffff",
        "fb7ff8000000000000", "fb7ff0000000000000", "fbfff0000000000000", "fb7fefffffffffffff",
    ],
)  # fmt: skip
def test_a_moment_that_is_no_number_is_refused(encoded: str) -> None:
    with pytest.raises(cbor.CborError, match="moment"):
        cbor.decode(bytes.fromhex(f"c1{encoded}"))


def moments(value: Any) -> Any:
    """Values as AWS SDK for Java writes them: moments are tagged milliseconds."""
    match value:
        case dict():
            return {key: moments(item) for key, item in value.items()}
        case list():
            return [moments(item) for item in value]
        case float():
            return cbor.Epoch(value * 1_000)
    return value


OPERATIONS = [name for name in service_model("kinesis").operation_names if name != "SubscribeToShard"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_kinesis_speaks_cbor(operation: str) -> None:
    model = service_model("kinesis").operation_model(operation)
    for seed in range(4):
        params = plain(Sampler(f"kinesis.{operation}.{seed}").members(model.input_shape))
        headers = {
            b"x-amz-target": f"Kinesis_20131202.{operation}".encode(),
            b"content-type": b"application/x-amz-cbor-1.1",
        }
        content = cbor.encode(moments(params))
        call = protocols.read(Request("POST", "/", headers, content, len(content)), "kinesis", "request-1")
        assert call == Call("kinesis", operation, params, "cbor", "request-1"), f"seed {seed}"
        result = plain(Sampler(f"kinesis.{operation}.{seed}").members(model.output_shape))
        response = protocols.written(call, result)
        assert response.headers["Content-Type"] == "application/x-amz-cbor-1.1"
        assert cbor.decode(response.content) == moments(result)


def test_moments_are_whole_milliseconds() -> None:
    record = {
        "SequenceNumber": "1",
        "ApproximateArrivalTimestamp": 1_603_149_588.042,
        "Data": b"a",
        "PartitionKey": "b",
    }
    response = protocols.written(Call("kinesis", "GetRecords", {}, "cbor"), {"Records": [record]})
    assert (1_603_149_588_042).to_bytes(8) in response.content


def test_errors_are_cbor_as_well() -> None:
    call = Call("kinesis", "GetRecords", {}, "cbor")
    response = protocols.refused(call, AwsError("ExpiredIteratorException", "Too late."), "request-1")
    assert cbor.decode(response.content) == {"__type": "ExpiredIteratorException", "message": "Too late."}
    assert response.headers["x-amzn-errortype"] == "ExpiredIteratorException"


def test_members_of_other_types_are_refused() -> None:
    headers = {b"x-amz-target": b"Kinesis_20131202.PutRecord", b"content-type": b"application/x-amz-cbor-1.1"}
    for content, message in (
        (cbor.encode({"Data": "a"}), "STRING_VALUE can not be converted to a Blob"),
        (cbor.encode({"PartitionKey": b"a"}), "BINARY_VALUE can not be converted to a String"),
        (b"\xa1", "The CBOR document is cut off."),
    ):
        with pytest.raises(AwsError, match=message):
            protocols.read(Request("POST", "/", headers, content, len(content)), "kinesis", "request-1")


def test_botocore_reads_what_is_written_and_the_other_way_round() -> None:
    model = service_model("cloudwatch").operation_model("GetMetricData")
    for seed in range(10):
        params = Sampler(f"cloudwatch.{seed}").members(model.input_shape)
        sent = botocore.serialize.create_serializer("smithy-rpc-v2-cbor").serialize_to_request(params, model)
        assert cbor.decode(sent["body"]) == plain(params)
        result = plain(Sampler(f"cloudwatch.{seed}").members(model.output_shape))
        shown = {"headers": {"smithy-protocol": "rpc-v2-cbor"}, "status_code": 200, "body": cbor.encode(result)}
        read = botocore.parsers.create_parser("smithy-rpc-v2-cbor").parse(shown, model.output_shape)  # type: ignore[arg-type]
        read.pop("ResponseMetadata")
        assert read.keys() == result.keys()
