"""Requests to calls."""

from functools import cache
from typing import Any
from urllib.parse import parse_qs

import msgspec

from landfast.aws_errors import FORM, AwsError
from landfast.protocols import constraints, forms, models, sqs_query
from landfast.protocols.call import Call, Protocol
from landfast.protocols.documents import json_readers
from landfast.protocols.messages import Request
from landfast.protocols.models import Model, Ref
from landfast.protocols.services import QUEUE
from landfast.protocols.wrong import SerializationError

_CBOR = b"application/x-amz-cbor"


def asked(request: Request, service: str, request_id: str) -> Call:
    """What a request asks for, as far as that can be told without reading its parameters.

    An answer can be written for it, whatever is wrong with the request.
    """
    headers = request.headers
    trace = headers.get(b"x-amzn-trace-id", b"").decode("latin-1")
    if target := headers.get(b"x-amz-target"):
        protocol: Protocol = "cbor" if headers.get(b"content-type", b"").startswith(_CBOR) else "json"
        operation = target.decode("latin-1").rpartition(".")[2]
    else:
        model = models.load(service)
        action = _action(request)
        protocol = "query" if action or (model and model.metadata.protocol == "query") else "json"
        operation = action
    return Call(service, operation, {}, protocol, request_id, trace)


def unknown_operation(request: Request, service: str) -> AwsError | None:
    """AWS's error for a request for an action that the service does not have.

    Args:
        request: With its body, where the service has a query protocol.
        service: By botocore's name for it.

    Returns:
        None where the service has the action, where it has a REST protocol, and where botocore does not know it.
    """
    model = models.load(service)
    if model is None or model.metadata.protocol.startswith("rest-"):
        return None
    call = asked(request, service, "")
    return None if call.operation in model.operations else _unknown(call, model)


def read(request: Request, service: str, request_id: str) -> Call:
    """The call that a request asks for.

    Args:
        request: With its body.
        service: By botocore's name for it.
        request_id: What the answer is to be known by.

    Raises:
        AwsError: The service has no such action, or its model does not allow these parameters.
    """
    call = asked(request, service, request_id)
    model = models.of(service)
    operation = model.operations.get(call.operation)
    if operation is None:
        raise _unknown(call, model)
    if request.content is None:
        raise AwsError("RequestEntityTooLargeException", "Request Entity Too Large", status=413)
    if operation.input is None:
        return call
    if call.protocol == "query":
        params = _form_params(request, service, operation.input)
    else:
        params = json_readers(service).of(operation.input)(_json(request.content))
    if check := constraints.checks(service).of(operation.input):
        _refuse(service, list(check(params)))
    return Call(service, call.operation, params, call.protocol, request_id, call.trace)


def _json(content: bytes) -> object:
    try:
        return msgspec.json.decode(content or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
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
    query = request.target.partition("?")[2]
    for parameters in (query, _form(request).decode("latin-1")):
        if "Action=" in parameters and (found := parse_qs(parameters).get("Action")):
            return found[0]
    return ""


@cache
def query_model(service: str) -> Model:
    """A service's model for its query protocol."""
    model = models.of(service)
    return sqs_query.query_model(model) if service == "sqs" else model


@cache
def form_readers(service: str) -> forms.Readers:
    """What reads a service's forms."""
    return forms.Readers(query_model(service))


def _unknown(call: Call, model: Model) -> AwsError:
    name = call.operation
    if call.protocol != "query":
        told = f"The operation {name} is not known." if name else "The request names no operation in X-Amz-Target."
        return AwsError("UnknownOperationException", told)
    if not name:
        return AwsError("MissingAction", "The request must contain the parameter Action.")
    if call.service == "sqs":
        return AwsError("InvalidAction", f"The action {name} is not valid for this endpoint.")
    return AwsError("InvalidAction", f"Could not find operation {name} for version {model.metadata.api_version}")


def _refuse(service: str, failures: list[constraints.Failure]) -> None:
    """Raise what the service answers to parameters that its model does not allow."""
    if not failures:
        return
    if service == "sqs":
        missing = next((one for one in failures if one.constraint == constraints.NOT_NULL), None)
        name = (missing or failures[0]).path
        raise AwsError("MissingParameter", f"The request must contain the parameter {name[:1].upper()}{name[1:]}.")
    raise AwsError("ValidationError" if service == "sns" else "ValidationException", constraints.told(failures))
