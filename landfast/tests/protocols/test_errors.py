from typing import Any

import msgspec
import pytest
from botocore.errorfactory import ClientExceptionsFactory
from botocore.model import OperationModel

from landfast import protocols
from landfast.aws_errors import AwsError, Operation
from landfast.protocols import Call, Response
from landfast.protocols.call import Protocol
from tests.protocols.clients import SERVICES, operation_model, parsed, service_model
from tests.protocols.clients import protocols as spoken

EXCEPTIONS = [
    (service, protocol, shape.name)
    for service in SERVICES
    for protocol in spoken(service)
    for shape in service_model(service).error_shapes
]


def some_operation(service: str, protocol: Protocol) -> OperationModel:
    return operation_model(service, protocol, service_model(service).operation_names[0])


def refused(service: str, protocol: Protocol, error: AwsError) -> dict[str, Any]:
    model = some_operation(service, protocol)
    return parsed(model, protocols.refused(Call(service, model.name, {}, protocol), error, "request-1"))


@pytest.mark.parametrize(("service", "protocol", "name"), EXCEPTIONS)
def test_boto3_raises_the_class_of_the_model_for_an_error(service: str, protocol: Protocol, name: str) -> None:
    read = refused(service, protocol, AwsError(name, "Not <here> & now."))
    exceptions = ClientExceptionsFactory().create_client_exceptions(service_model(service, protocol))
    code = read["Error"].get("QueryErrorCode", read["Error"]["Code"])
    assert exceptions.from_code(code) is getattr(exceptions, name)
    assert read["Error"]["Message"] == "Not <here> & now."
    assert read["ResponseMetadata"]["RequestId"] == "request-1"


def sqs(error: AwsError) -> Response:
    return protocols.refused(Call("sqs", "SendMessage"), error, "request-1")


def test_sqs_tells_both_names_of_an_error() -> None:
    for code in ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"):
        response = sqs(AwsError(code, "The specified queue does not exist."))
        assert msgspec.json.decode(response.content) == {
            "__type": "com.amazonaws.sqs#QueueDoesNotExist",
            "message": "The specified queue does not exist.",
        }
        assert response.headers == {
            "x-amzn-RequestId": "request-1",
            "Content-Type": "application/x-amz-json-1.0",
            "x-amzn-errortype": "QueueDoesNotExist",
            "x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender",
        }


@pytest.mark.parametrize(
    ("code", "kind", "query"),
    [
        ("InvalidParameterValue", "InvalidParameterValueException", "InvalidParameterValue"),
        ("MissingParameter", "MissingRequiredParameterException", "MissingParameter"),
        ("SerializationException", "SerializationException", "MalformedInput"),
        ("UnknownOperationException", "UnknownOperationException", "InvalidAction"),
        ("InternalFailure", "InternalFailure", "InternalFailure"),
    ],
)
def test_sqs_has_errors_that_its_model_has_not(code: str, kind: str, query: str) -> None:
    response = sqs(AwsError(code, "Why."))
    assert msgspec.json.decode(response.content)["__type"] == f"com.amazon.coral.service#{kind}"
    assert response.headers["x-amzn-query-error"] == f"{query};Sender"


def test_the_status_is_the_model_s_unless_another_is_said() -> None:
    assert sqs(AwsError("PurgeQueueInProgress", "Wait.")).status == 403
    assert sqs(AwsError("ReceiptHandleIsInvalid", "No.")).status == 404
    assert sqs(AwsError("InvalidParameterValue", "No.")).status == 400
    failed = sqs(AwsError("InternalFailure", "It failed.", status=500))
    assert failed.status == 500
    assert failed.headers["x-amzn-query-error"] == "InternalFailure;Receiver"
    assert refused("sns", "query", AwsError("NotFound", "No such topic."))["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_dynamodb_s_streams_have_namespaces() -> None:
    call = Call("dynamodbstreams", "GetRecords")
    kinds = {
        "TrimmedDataAccessException": "com.amazonaws.dynamodb.v20120810#",
        "SerializationException": "com.amazon.coral.service#",
        "ValidationException": "com.amazon.coral.validate#",
    }
    for code, namespace in kinds.items():
        response = protocols.refused(call, AwsError(code, "Why."), "request-1")
        assert msgspec.json.decode(response.content) == {"__type": namespace + code, "message": "Why."}


def test_further_members_of_an_error_are_told() -> None:
    error = AwsError("VerificationException", "No.", Status="<expired>")
    content = protocols.refused(Call("sns", "VerifySMSSandboxPhoneNumber", {}, "query"), error, "request-1").content
    assert b"<Status>&lt;expired&gt;</Status>" in content
    response = protocols.refused(Call("kinesis", "PutRecords"), AwsError("Odd", "No.", Shards=[1]), "request-1")
    assert msgspec.json.decode(response.content) == {"__type": "Odd", "message": "No.", "Shards": [1]}


def test_an_error_of_what_is_forwarded_has_the_shape_of_its_protocol() -> None:
    asked = Operation.read("PUT", "/orders/key", {})
    response = protocols.refused(asked, AwsError("NoSuchBucket", "No.", status=404), "request-1")
    assert response.status == 404
    assert b"<Error><Code>NoSuchBucket</Code>" in response.content
    assert response.headers["x-amz-request-id"] == "request-1"
