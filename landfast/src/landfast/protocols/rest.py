"""Requests and answers of the REST-JSON protocol (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html).

A member stands where the model says: in the path, the query, a header, or in the JSON object of the body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from landfast.aws_errors import AwsError
from landfast.protocols import models, numbers
from landfast.protocols.call import Call
from landfast.protocols.documents import decoded_json, json_readers, json_writers
from landfast.protocols.error_names import ErrorName
from landfast.protocols.messages import Request, Response
from landfast.protocols.models import Operation
from landfast.protocols.wrong import not_a

_PLACEHOLDER = re.compile(r"\{(\w+)\+?\}")
_NO_CONTENT = 204
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A service's knowledge of a path.

    Attributes:
        name: The operation; None when the method is not one of the path's.
        methods: The methods that the path takes.
        places: The members in the path, as they are written there.
    """

    name: str | None
    methods: frozenset[str]
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    query: Mapping[str, list[str]]


def speaks(service: str) -> bool:
    """Tell whether a service speaks this protocol."""
    model = models.load(service)
    return model is not None and model.metadata.protocol == "rest-json"


def found(request: Request, service: str) -> Found:
    """The operation that method, path and query mean."""
    path, _, query = request.target.partition("?")
    path = path.rstrip("/")
    given = parse_qs(query, keep_blank_values=True)
    matching = [
        (route, match)
        for route in _routes(service)
        if (match := route.path.fullmatch(path))
        and all(given.get(name) == value for name, value in route.query.items())
    ]
    methods = frozenset(route.method for route, _ in matching)
    own = [(route, match) for route, match in matching if route.method == request.method]
    if not own:
        return Found(None, methods, {})
    route, match = max(own, key=lambda each: len(each[0].query))
    return Found(route.name, methods, match.groupdict())


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    return tuple(_route(name, operation) for name, operation in models.of(service).operations.items())


def _route(name: str, operation: Operation) -> _Route:
    path, _, query = operation.http.request_uri.partition("?")
    parts = _PLACEHOLDER.split(path.rstrip("/"))  # text, name, text, name, text
    pattern = "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return _Route(name, operation.http.method, re.compile(pattern), parse_qs(query, keep_blank_values=True))


def unknown(request: Request, service: str) -> AwsError:
    """The error for a request that is none of the service's operations."""
    path, methods = request.target.partition("?")[0], found(request, service).methods
    if methods:
        return AwsError("MethodNotAllowedException", f"{path} takes {', '.join(sorted(methods))}.", status=405)
    message = f"{request.method} {path} is no operation of the {service.capitalize()} API."
    return AwsError("UnknownOperationException", message, status=404)


def params(request: Request, service: str, operation: Operation) -> dict[str, Any]:
    """The members of a request.

    Raises:
        AwsError: One is not of its type.
    """
    if operation.input is None:
        return {}
    shapes = models.of(service).shapes
    places = found(request, service).places
    query = parse_qs(request.target.partition("?")[2], keep_blank_values=True)
    given = _body(request, service, operation)
    for name, ref in shapes[operation.input.shape].members.items():
        wire, kind = ref.location_name or name, shapes[ref.shape].type
        match ref.location:
            case "uri" if wire in places:
                given[name] = _scalar(unquote(places[wire]), kind)
            case "querystring" if wire in query:
                given[name] = [*query[wire]] if kind == "list" else _scalar(query[wire][-1], kind)
            case "header" if (header := request.headers.get(wire.lower().encode())) is not None:
                given[name] = _scalar(header.decode("latin-1"), kind)
            case _:
                pass
    return given


def _body(request: Request, service: str, operation: Operation) -> dict[str, Any]:
    if not request.content or operation.input is None:
        return {}
    members = models.of(service).shapes[operation.input.shape].members
    read: dict[str, Any] = json_readers(service).of(operation.input)(decoded_json(request.content))
    return {name: value for name, value in read.items() if members[name].location is None}


def _scalar(text: str, kind: str) -> object:
    match kind:
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case "boolean":
            raise not_a(text, "Boolean")
        case "integer":
            return numbers.integer_of(text)
        case "long":
            return numbers.long_of(text)
        case _:
            return text


def written(call: Call, result: Mapping[str, Any]) -> Response:
    """The response with the result of a call, all of it in the body."""
    operation = models.of(call.service).operations[call.operation]
    status = operation.http.response_code
    headers = {"x-amzn-RequestId": call.request_id}
    if status == _NO_CONTENT:
        return Response(status, b"", headers)
    document = json_writers(call.service).of(operation.output)(result) if operation.output else {}
    return Response(status, msgspec.json.encode(document), headers | {"Content-Type": "application/json"})


def refused(name: ErrorName, status: int, error: AwsError, request_id: str) -> Response:
    """The response with an error."""
    fault = "Service" if status >= _SERVER_FAULT else "User"
    document = {"Type": fault, name.message: error.message, **error.fields}
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "application/json", "x-amzn-ErrorType": name.shape}
    return Response(status, msgspec.json.encode(document), headers)
