"""What SDKs do on their side, by botocore's own serialisers and parsers."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.loaders
import botocore.parsers
import botocore.serialize
import msgspec
from botocore.model import OperationModel, ServiceModel

from landfast.protocols import Request, Response
from landfast.protocols.call import Protocol
from landfast.protocols.reading import query_model

SERVICES = ("sqs", "kinesis", "dynamodbstreams", "sns", "events")


@cache
def service_model(service: str, protocol: str = "") -> ServiceModel:
    """A service of botocore; with ``query`` that which SQS's older clients have."""
    if (service, protocol) == ("sqs", "query"):
        return ServiceModel(_camel(msgspec.to_builtins(query_model("sqs"))), "sqs")
    return ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def _camel(value: Any) -> Any:
    """A model of ours as botocore's document: what is empty left out."""
    if isinstance(value, dict):
        return {key: _camel(item) for key, item in value.items() if item not in (None, {}, [], "", False)}
    return value


def protocols(service: str) -> tuple[Protocol, ...]:
    """What a service's clients speak."""
    return ("json", "query") if service == "sqs" else ("query",) if service == "sns" else ("json",)


def operations(*services: str) -> Iterator[tuple[str, Protocol, str]]:
    """Service, protocol and operation of everything that is spoken."""
    for service in services or SERVICES:
        model = service_model(service)
        for protocol in protocols(service):
            for operation in model.operation_names:
                yield service, protocol, operation


def operation_model(service: str, protocol: str, operation: str) -> OperationModel:
    """One operation as botocore has it."""
    return service_model(service, protocol).operation_model(operation)


def request(model: OperationModel, params: Mapping[str, Any]) -> Request:
    """The request that botocore sends."""
    serializer = botocore.serialize.create_serializer(model.service_model.protocol)
    made = serializer.serialize_to_request(params, model)
    body = made["body"]
    content = urlencode(body).encode() if isinstance(body, dict) else body
    headers = {name.lower().encode(): str(value).encode() for name, value in made["headers"].items()}
    query = urlencode(made["query_string"], doseq=True)
    target = f"{made['url_path']}{'&' if '?' in made['url_path'] else '?'}{query}" if query else made["url_path"]
    return Request(made["method"], target, headers, content, len(content))


def parsed(model: OperationModel, response: Response) -> dict[str, Any]:
    """What botocore reads in a response."""
    parser = botocore.parsers.create_parser(model.service_model.protocol)
    headers = {name.lower(): value for name, value in response.headers.items()}
    shown = {"headers": headers, "status_code": response.status, "body": response.content}
    read: dict[str, Any] = parser.parse(shown, model.output_shape)  # type: ignore[arg-type] # None is "no output"
    return read
