import pytest

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Request
from tests.protocols.clients import operation_model, parsed, service_model

FORM = {b"content-type": b"application/x-www-form-urlencoded"}


def to(target: str) -> Request:
    return Request("POST", "/", {b"x-amz-target": target.encode()}, b"{}", 2)


def form(content: bytes) -> Request:
    return Request("POST", "/", FORM, content, len(content))


@pytest.mark.parametrize("service", ["dynamodb", "kms", "ssm", "secretsmanager", "logs", "stepfunctions", "sqs"])
def test_an_action_that_a_json_service_has_not_is_named(service: str) -> None:
    prefix = service_model(service).metadata["targetPrefix"]
    known = service_model(service).operation_names[0]
    assert protocols.unknown_operation(to(f"{prefix}.{known}"), service) is None
    error = protocols.unknown_operation(to(f"{prefix}.BrewCoffee"), service)
    assert error is not None
    assert (error.code, error.status) == ("UnknownOperationException", 400)
    assert "BrewCoffee" in error.message
    response = protocols.refused(protocols.asked(to(f"{prefix}.BrewCoffee"), service, "request-1"), error, "request-1")
    read = parsed(operation_model(service, "json", known), response)
    assert read["Error"]["Code"] in {"UnknownOperationException", "InvalidAction"}
    assert "BrewCoffee" in read["Error"]["Message"]


def test_an_action_that_a_query_service_has_not_is_named() -> None:
    for service, message in (
        ("sqs", "The action BrewCoffee is not valid for this endpoint."),
        ("sns", "Could not find operation BrewCoffee for version 2010-03-31"),
        ("sts", "Could not find operation BrewCoffee for version 2011-06-15"),
    ):
        error = protocols.unknown_operation(form(b"Action=BrewCoffee"), service)
        assert error is not None
        assert (error.code, error.message) == ("InvalidAction", message)
    assert protocols.unknown_operation(form(b"Action=GetCallerIdentity&Version=2011-06-15"), "sts") is None
    missing = protocols.unknown_operation(form(b"Version=2011-06-15"), "sts")
    assert missing is not None
    assert missing.code == "MissingAction"
    assert protocols.unknown_operation(Request("POST", "/", FORM, None, 99_000_000), "sts") is None


def test_what_has_a_rest_protocol_or_no_model_is_left_to_others() -> None:
    for service in ("s3", "lambda", "unheard-of", "../kms", ""):
        assert protocols.unknown_operation(Request("GET", "/orders/key", {}, b"", 0), service) is None


def test_smithy_s_rpc_names_the_action_in_its_path() -> None:
    path = "/service/GraniteServiceVersion20100801/operation/"
    assert protocols.unknown_operation(Request("POST", path + "PutMetricData", {}, b"\xa0", 1), "cloudwatch") is None
    unknown = Request("POST", path + "BrewCoffee", {}, b"\xa0", 1)
    error = protocols.unknown_operation(unknown, "cloudwatch")
    assert error is not None
    response = protocols.refused(protocols.asked(unknown, "cloudwatch", "request-1"), error, "request-1")
    model = service_model("cloudwatch").operation_model("PutMetricData")
    assert parsed(model, response)["Error"]["Message"] == "The operation BrewCoffee is not known."


def test_an_action_that_is_not_there_is_refused_when_it_is_read() -> None:
    with pytest.raises(AwsError, match="BrewCoffee"):
        protocols.read(to("Kinesis_20131202.BrewCoffee"), "kinesis", "request-1")
    with pytest.raises(AwsError, match="X-Amz-Target"):
        protocols.read(Request("POST", "/", {}, b"{}", 2), "kinesis", "request-1")
