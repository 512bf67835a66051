"""Results and errors to responses."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from landfast import aws_errors
from landfast.aws_errors import AwsError, Operation, printed
from landfast.protocols import cbor, models, rest, xml
from landfast.protocols.call import Call
from landfast.protocols.documents import cbor_writers, json_writers
from landfast.protocols.error_names import ErrorName, error_name
from landfast.protocols.messages import Response
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
    if call.protocol == "rest-json":
        return rest.written(call, result)
    output = models.of(call.service).operations[call.operation].output
    writers = cbor_writers(call.service) if call.protocol == "cbor" else json_writers(call.service)
    return _document(call, 200, writers.of(output)(result) if output else {}, call.request_id)


def _document(call: Call, status: int, document: object, request_id: str) -> Response:
    metadata = models.of(call.service).metadata
    if call.protocol == "cbor":
        headers = _headers(request_id, "application/x-amz-cbor-1.1")
        if metadata.protocol == "smithy-rpc-v2-cbor":
            headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return Response(status, cbor.encode(document), headers)
    kind = f"application/x-amz-json-{metadata.json_version}"
    return Response(status, msgspec.json.encode(document), _headers(request_id, kind))


def _xml_result(call: Call, result: Mapping[str, Any]) -> Response:
    model = query_model(call.service)
    output = model.operations[call.operation].output
    inner = ""
    if output is not None:
        inner = _xml_writers(call.service).of(output)(output.result_wrapper or f"{call.operation}Result", result)
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
        asked: The call, as read or from `asked`; of what is handed on to the engine, an `Operation`.
        error: By the name of its shape in the model, or by its code in the query protocol.
        request_id: The request id of the answer.
    """
    if isinstance(asked, Operation):
        shown = aws_errors.answer(asked, error.status, error.code, error.message, request_id)
        return Response(shown.status, shown.content, shown.headers)
    name = error_name(asked.service, error.code)
    status = name.status if name.status and error.status == _CLIENT_FAULT else error.status
    if asked.protocol == "query":
        return _xml_error(asked, name, status, error, request_id)
    if asked.protocol == "rest-json":
        return rest.refused(name, status, error, request_id)
    document = {"__type": name.kind, name.message: error.message, **error.fields}
    response = _document(asked, status, document, request_id)
    headers = {**response.headers, "x-amzn-errortype": name.shape}
    if asked.service == "sqs":
        headers["x-amzn-query-error"] = f"{name.code};{_fault(status)}"
    return Response(status, response.content, headers)


_OLDER = {"The specified queue does not exist.": "The specified queue does not exist for this wsdl version."}
"""Messages that are others in SQS's query protocol."""


def _xml_error(call: Call, name: ErrorName, status: int, error: AwsError, request_id: str) -> Response:
    message = _OLDER.get(error.message, error.message) if call.service == "sqs" else error.message
    fields = "".join(f"<{field}>{printed(str(value))}</{field}>" for field, value in error.fields.items())
    content = (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{query_model(call.service).metadata.xml_namespace}"><Error><Type>'
        f"{_fault(status)}</Type><Code>{printed(name.code)}</Code><Message>{printed(message)}</Message>"
        f"{fields}<Detail/></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(status, content.encode(), _headers(request_id, "text/xml"))


def _fault(status: int) -> str:
    return "Receiver" if status >= _SERVER_FAULT else "Sender"
