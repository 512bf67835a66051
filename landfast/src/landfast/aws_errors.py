"""Errors in the shapes of AWS's protocols, so that any SDK reads them: JSON, REST-JSON, query and S3's REST-XML.

Like `landfast.loopback`, this imports nothing but the standard library, because the engines' processes use it, too.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

Protocol: TypeAlias = Literal["json", "rest-json", "query", "rest-xml"]

FORM = "application/x-www-form-urlencoded"
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d+/[^/,\s]+/(?P<service>[^/,\s]+)/aws4_request")
_VERSIONED = re.compile(r"/20\d\d-\d\d-\d\d/")
_REST_XML = frozenset({"s3", "s3express", "cloudfront", "route53"})
_LIKE_QUERY = frozenset({"cloudfront", "route53"})
"""Services of REST-XML whose errors are those of the query protocol, as all but S3's are."""

_CLIENT_FAULT = 400
_START = 200
_FORBIDDEN = 403
_NOT_FOUND = 404
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class Operation:
    """The operation that a request asks for, as far as its head and its form tell.

    Attributes:
        protocol: The protocol by which its client reads errors.
        name: AWS's name of the action, or method and path where only the service's model would tell.
        service: From the signature; "" without one.
    """

    protocol: Protocol
    name: str
    service: str = ""

    @classmethod
    def read(cls, method: str, target: str, headers: Mapping[str, str], form: bytes = b"") -> "Operation":
        """Read what a request asks for.

        Args:
            method: The HTTP method.
            target: The path with its query.
            headers: Found by names in any case, or in lower case.
            form: The body, if it is a form.
        """
        service = signed_for(headers.get("authorization", ""))
        if target_action := headers.get("x-amz-target"):
            return cls("json", target_action.rpartition(".")[2], service)
        path, _, query = target.partition("?")
        for parameters in (query, form.decode("latin-1")):
            if action := parse_qs(parameters).get("Action"):
                return cls("query", action[0], service)
        name = f"{method} {urlsplit(path).path or path}"
        if service not in _REST_XML and (service or _VERSIONED.match(path)):
            return cls("rest-json", name, service)
        return cls("rest-xml", name, service)


def signed_for(authorization: str) -> str:
    """The service for which a request is signed (signature version 4), as it signs; "" without a signature."""
    scope = _SCOPE.search(authorization)
    return scope["service"].lower() if scope else ""


class AwsError(Exception):
    """AWS's answer to a call that it refuses.

    Attributes:
        code: The error's name, e.g. ``QueueDoesNotExist``.
        message: For people.
        status: The HTTP status.
        fields: Further members of the error's shape.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **fields: object) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


UNKNOWN_LAMBDA = Operation("rest-json", "", "lambda")
"""Any operation of the Lambda API."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error as it goes over the wire.

    Attributes:
        status: The HTTP status.
        headers: The answer's own, the request id included.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def encoded(self) -> bytes:
        """The whole response, where nothing else is left to write it: the connection ends with it."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
            f"Content-Length: {len(self.content)}",
            "Connection: close",
        ]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.content


def answer(operation: Operation, status: int, code: str, message: str, request_id: str = "") -> ErrorAnswer:
    """An error in the shape that the caller's SDK reads.

    Args:
        operation: The operation that was asked for.
        status: The HTTP status.
        code: AWS's error code.
        message: For people.
        request_id: A new one without it.
    """
    request_id = request_id or str(uuid.uuid4())
    fault = "Service" if status >= _SERVER_FAULT else "User"
    match "query" if operation.service in _LIKE_QUERY else operation.protocol:
        case "json":
            body = json.dumps({"__type": code, "message": message})
            headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}
        case "rest-json":
            body = json.dumps({"Type": fault, "message": message})
            headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        case "query":
            kind = "Receiver" if fault == "Service" else "Sender"
            body = (
                f"<ErrorResponse><Error><Type>{kind}</Type><Code>{printed(code)}</Code><Message>{printed(message)}</Message>"
                f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            headers = {"Content-Type": "text/xml"}
        case "rest-xml":
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{printed(code)}</Code>'
                f"<Message>{printed(message)}</Message><RequestId>{request_id}</RequestId></Error>"
            )
            headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
    return ErrorAnswer(status, {"x-amzn-RequestId": request_id, **headers}, body.encode())


def in_place_of(operation: Operation, status: int, body: bytes, request_id: str = "") -> ErrorAnswer | None:
    """An error in AWS's shape in place of an engine's that the caller's SDK could not read; None where it can.

    Engines answer pages in HTML to what they do not know or fail at, and sometimes in another protocol's format. Their
    Content-Type does not tell: moto sends XML as ``text/html``.

    Args:
        operation: The operation that was asked for.
        status: The status of the engine's response.
        body: The body of the engine's response.
        request_id: A new one without it.
    """
    start = body[:_START].lstrip().lower()
    readable = b"{" if operation.protocol in {"json", "rest-json"} else b"<"
    is_page = start.startswith((b"<!doctype html", b"<html")) or not start
    if status < _CLIENT_FAULT or not (is_page or (status >= _SERVER_FAULT and not start.startswith(readable))):
        return None
    if status >= _SERVER_FAULT:
        code, message = "InternalFailure", f"The engine failed at {operation.name}; its log tells why."
    elif status == _FORBIDDEN:
        code, message = "AccessDenied", f"The engine denies {operation.name}."
    elif status == _NOT_FOUND:
        code, message = "UnknownOperationException", f"The engine does not know {operation.name}."
    else:
        code, message = "InvalidRequest", f"The engine refuses {operation.name} with HTTP status {status}."
    return answer(operation, status, code, message, request_id)


_UNPRINTABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LINE_ENDS = {"\r": "&#xD;"}  # XML parsers make a line feed of it otherwise


def printed(text: str) -> str:
    """Text as XML takes it; what XML has no character for becomes a question mark."""
    return escape(_UNPRINTABLE.sub("?", text), _LINE_ENDS)
