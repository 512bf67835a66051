from typing import Any

import pytest
from botocore.errorfactory import ClientExceptionsFactory
from botocore.model import OperationModel

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.protocols import Call
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
