"""Results and errors to responses."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from landfast import aws_errors
from landfast.aws_errors import AwsError, Operation, printed
from landfast.protocols import models, xml
from landfast.protocols.call import Call
from landfast.protocols.documents import json_writers
from landfast.protocols.messages import Response
from landfast.protocols.models import ErrorTrait, Shape
from landfast.protocols.reading import query_model

_CLIENT_FAULT = 400
_SERVER_FAULT = 500


def written(call: Call, result: Mapping[str, Any]) -> Response:
    """The response with the result of a call.

    Args:
        call: As it was read.
        result: By the names of the model; blobs are bytes and timestamps Unix seconds.
    """
    if call.protocol == "query":
        return _xml_result(call, result)
    model = models.of(call.service)
    output = model.operations[call.operation].output
    document = json_writers(call.service).of(output)(result) if output else {}
    headers = _headers(call.request_id, f"application/x-amz-json-{model.metadata.json_version}")
    return Response(200, msgspec.json.encode(document), headers)


def _xml_result(call: Call, result: Mapping[str, Any]) -> Response:
    model = query_model(call.service)
    output = model.operations[call.operation].output
    inner = (
        _xml_writers(call.service).of(output)(output.result_wrapper or f"{call.operation}Result", result)
        if output
        else ""
    )
    name = f"{call.operation}Response"
    content = (
        f'<?xml version="1.0"?><{name} xmlns="{model.metadata.xml_namespace}">{inner}<ResponseMetadata><RequestId>'
        f"{call.request_id}</RequestId></ResponseMetadata></{name}>"
    )
    return Response(200, content.encode(), _headers(call.request_id, "text/xml"))


@cache
def _xml_writers(service: str) -> xml.Writers:
    return xml.Writers(query_model(service))


def _headers(request_id: str, content_type: str) -> dict[str, str]:
    return {"x-amzn-RequestId": request_id, "Content-Type": content_type}


def refused(asked: Call | Operation, error: AwsError, request_id: str) -> Response:
    """The response with an error.

    Args:
        asked: What was asked for: a call, as read or from `asked`; of what is handed on to the engine, an `Operation`.
        error: By the name of its shape in the model, or by the name it has on the wire.
        request_id: What the answer is known by.
    """
    if isinstance(asked, Operation):
        shown = aws_errors.answer(asked, error.status, error.code, error.message, request_id)
        return Response(shown.status, shown.content, shown.headers)
    if asked.protocol == "query":
        return _xml_error(asked, error, request_id)
    return _json_error(asked, error, request_id)


def _json_error(call: Call, error: AwsError, request_id: str) -> Response:
    model = models.of(call.service)
    name, trait = _known(call.service, error.code)
    document = {"__type": _PREFIXES.get(call.service, "") + name, "message": error.message, **error.fields}
    headers = _headers(request_id, f"application/x-amz-json-{model.metadata.json_version}") | {"x-amzn-errortype": name}
    if call.service == "sqs":
        headers["x-amzn-query-error"] = f"{trait.code or error.code};{_fault(error.status)}"
    return Response(error.status, msgspec.json.encode(document), headers)


_PREFIXES = {"sqs": "com.amazonaws.sqs#", "dynamodbstreams": "com.amazonaws.dynamodb.v20120810#"}
"""What stands before the names of errors in ``__type``."""


def _xml_error(call: Call, error: AwsError, request_id: str) -> Response:
    name, trait = _known(call.service, error.code)
    status = trait.http_status_code if trait.http_status_code and error.status == _CLIENT_FAULT else error.status
    fields = "".join(f"<{field}>{printed(str(value))}</{field}>" for field, value in error.fields.items())
    content = (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{query_model(call.service).metadata.xml_namespace}"><Error><Type>'
        f"{_fault(status)}</Type><Code>{printed(trait.code or name)}</Code><Message>{printed(error.message)}</Message>"
        f"{fields}<Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(status, content.encode(), _headers(request_id, "text/xml"))


def _fault(status: int) -> str:
    return "Receiver" if status >= _SERVER_FAULT else "Sender"


def _known(service: str, code: str) -> tuple[str, ErrorTrait]:
    """An error's name in the model, and what it is in the query protocol; its own name where the model has none."""
    return _errors(service).get(code, (code, ErrorTrait()))


@cache
def _errors(service: str) -> dict[str, tuple[str, ErrorTrait]]:
    """A service's errors by the names of their shapes and by their names on the wire."""
    known = {name: shape for name, shape in query_model(service).shapes.items() if shape.exception}
    return {code: (name, shape.error) for name, shape in known.items() for code in _codes(name, shape)}


def _codes(name: str, shape: Shape) -> set[str]:
    return {name, shape.error.code or name}
