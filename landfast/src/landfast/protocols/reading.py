"""Requests to calls."""

import re
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from landfast.aws_errors import FORM, AwsError
from landfast.protocols import cbor, constraints, forms, models, rest, sqs_errors, sqs_query
from landfast.protocols.call import Call, Protocol
from landfast.protocols.constraints import Failure
from landfast.protocols.documents import cbor_readers, decoded_json, json_readers
from landfast.protocols.messages import Request
from landfast.protocols.models import Model, Operation, Ref
from landfast.protocols.services import QUEUE
from landfast.protocols.wrong import SerializationError

_CBOR = b"application/x-amz-cbor"
_SMITHY = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)")
_ACTION = re.compile(rb"(?:^|&)Action=([^&]*)")


def asked(request: Request, service: str, request_id: str) -> Call:
    """Tell what a request asks for, as far as that can be told without reading its parameters.

    An answer can be written for it, whatever is wrong with the request.
    """
    headers = request.headers
    trace = headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
    if rest.speaks(service):
        return Call(service, rest.found(request, service).name or "", {}, "rest-json", request_id, trace)
    if target := headers.get(b"x-amz-target"):
        protocol: Protocol = "cbor" if headers.get(b"content-type", b"").startswith(_CBOR) else "json"
        operation = target.decode("latin-1").rpartition(".")[2]
    elif smithy := _SMITHY.match(request.target):
        protocol, operation = "cbor", smithy["operation"]
    else:
        model, operation = models.load(service), _action(request)
        is_form = headers.get(b"content-type", b"").decode("latin-1").lower().startswith(FORM)
        is_query = operation or is_form or (model and model.metadata.protocol == "query")
        protocol = "query" if is_query else "json"
    return Call(service, operation, {}, protocol, request_id, trace)


def unknown_operation(request: Request, service: str) -> AwsError | None:
    """AWS's error for a request for an action that the service does not have.

    Args:
        request: With its body, where that is a form and was read.
        service: By botocore's name for it.

    Returns:
        None where the service has the action, where it has a REST protocol, where botocore does not know it, and where
        only the body that was not read tells the action.
    """
    model = models.load(service)
    if model is None or model.metadata.protocol.startswith("rest-"):
        return None
    call = asked(request, service, "")
    is_hidden = request.content is None and call.protocol == "query" and not call.operation
    return None if is_hidden or call.operation in model.operations else _unknown(call, model)


def read(request: Request, service: str, request_id: str) -> Call:
    """The call that a request asks for.

    Args:
        request: With its body.
        service: By botocore's name for it.
        request_id: The request id of the answer.

    Raises:
        AwsError: The service has no such action, or its model does not allow these parameters.
    """
    call = asked(request, service, request_id)
    model = models.of(service)
    if request.content is None:  # a form's action may be in what was not read
        raise AwsError("RequestEntityTooLargeException", "Request Entity Too Large", status=413)
    operation = model.operations.get(call.operation)
    if operation is None:
        raise rest.unknown(request, service) if call.protocol == "rest-json" else _unknown(call, model)
    if operation.input is None:
        return call
    try:
        params = _params(request, request.content, call, operation)
        check = constraints.checks(service).of(operation.input)
        failures = [] if check is None else [*check(params)]
    except RecursionError:
        raise SerializationError("The document is nested too deeply.") from None
    _refuse(call, failures)
    return Call(service, call.operation, params, call.protocol, request_id, call.trace)


def call_of(service: str, operation: str, document: str | bytes) -> Call:
    """The call that somebody makes who has no connection: its parameters are a JSON text.

    Args:
        service: By botocore's name for it; none that speaks REST.
        operation: The action.
        document: Its parameters.

    Raises:
        AwsError: As in `read`.
    """
    content = document.encode() if isinstance(document, str) else document
    return read(Request("POST", "/", {b"x-amz-target": operation.encode()}, content, len(content)), service, "")


def _params(request: Request, content: bytes, call: Call, operation: Operation) -> dict[str, Any]:
    if call.protocol == "rest-json":
        return rest.params(request, call.service, operation)
    if operation.input is None:
        return {}
    if call.protocol == "query":
        return _form_params(request, call.service, operation.input)
    readers, document = (
        (cbor_readers, _cbor(content)) if call.protocol == "cbor" else (json_readers, decoded_json(content))
    )
    params: dict[str, Any] = readers(call.service).of(operation.input)(document)
    return params


def _cbor(content: bytes) -> object:
    try:
        return cbor.decode(content)
    except cbor.CborError as error:
        raise SerializationError(str(error)) from None


def _form_params(request: Request, service: str, shape: Ref) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    tree = forms.tree(forms.parsed(query, _form(request)))
    params: dict[str, Any] = form_readers(service).of(shape)(tree)
    if service == "sqs" and QUEUE.fullmatch(path) and "QueueUrl" in models.of(service).shapes[shape.shape].members:
        host = request.headers.get(b"host", b"localhost").decode("latin-1")
        params["QueueUrl"] = f"http://{host}{path.rstrip('/')}"
    return params


def _form(request: Request) -> bytes:
    is_form = request.headers.get(b"content-type", FORM.encode()).decode("latin-1").lower().startswith(FORM)
    return request.content or b"" if is_form else b""


def _action(request: Request) -> str:
    query = request.target.partition("?")[2].encode()
    match = _ACTION.search(query) or _ACTION.search(_form(request))
    return unquote_plus(match[1].decode("latin-1")) if match else ""


@cache
def query_model(service: str) -> Model:
    """A service's model for its query protocol."""
    model = models.of(service)
    return sqs_query.query_model(model) if service == "sqs" else model


@cache
def form_readers(service: str) -> forms.Readers:
    """Make what reads a service's forms."""
    return forms.Readers(query_model(service))


def _unknown(call: Call, model: Model) -> AwsError:
    name = call.operation
    if call.protocol != "query":
        message = f"The operation {name} is not known." if name else "The request names no operation in X-Amz-Target."
        return AwsError("UnknownOperationException", message)
    if not name:
        return AwsError("MissingAction", "The request must contain the parameter Action.")
    if call.service == "sqs":
        return AwsError("InvalidAction", f"The action {name} is not valid for this endpoint.")
    return AwsError("InvalidAction", f"Could not find operation {name} for version {model.metadata.api_version}")


def _refuse(call: Call, failures: list[Failure]) -> None:
    """Raise what the service answers to parameters that its model does not allow."""
    if call.service == "sqs":
        failures = [failure for failure in failures if not sqs_errors.is_taken(call.operation, failure)]
    if not failures:
        return
    if call.service == "sqs":
        raise sqs_errors.refusal(call.operation, failures[0])
    raise AwsError("ValidationError" if call.protocol == "query" else "ValidationException", constraints.told(failures))
