"""The part of the Lambda API that callers of functions use (API version 2015-03-31)."""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import random
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from landfast.aws_errors import UNKNOWN_LAMBDA, answer
from landfast.delivery.asynchronous import EVENT_LIMIT
from landfast.delivery.errors import Refused
from landfast.delivery.event_payload import decoded, too_large_event
from landfast.delivery.recursion import stops
from landfast.protocols import Request, Response
from landfast.runtime.model import (
    REQUEST_LIMIT,
    Answered,
    Errored,
    RequestTooLargeError,
    Result,
    Throttled,
)
from landfast.service import chain, lambda_api, service_log
from landfast.service.functions import FunctionNotFoundError, Functions, Target

_LOG = service_log.logger(__name__)
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_INVOKE_ASYNC = re.compile(r"/2014-11-13/functions/([^/]+)/invoke-async/?")
_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)(/configuration)?/?")
_JSON = {"Content-Type": "application/json"}

Accept = Callable[[Target, bytes, str, str], None]
"""Keeps an asynchronous event durably: target, payload, request id, trace header."""


class Elsewhere(Protocol):
    """Functions that do not run here, and whose events are kept."""

    def knows(self, reference: str) -> bool:
        """Tell whether this is one."""
        ...

    def keep(self, reference: str, payload: bytes, trace: str) -> None:
        """Keep an event durably; from any thread."""
        ...


class ApiError(Exception):
    """An error of the API, in the shape of its protocol (rest-json)."""

    def __init__(self, status: int, code: str, **fields: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Answers requests of the Lambda API.

    Attributes:
        functions: The functions that can be called.
        accept: Keeps asynchronous events.
        elsewhere: Keeps those of functions that do not run here.
        longest: The longest request read, in bytes.
    """

    functions: Functions
    accept: Accept
    elsewhere: Elsewhere | None = None
    longest: int = REQUEST_LIMIT

    def answer(self, request: Request) -> Response:
        """The response to `request`, whatever happens."""
        request_id = str(uuid.uuid4())
        try:
            response = self._answer(request, request_id)
        except ApiError as error:
            content = json.dumps(error.fields).encode()
            response = Response(error.status, content, _JSON | {"x-amzn-ErrorType": error.code})
        except Refused as refused:
            response = _error(refused.status, refused.code, refused.message, request_id)
        except Exception:  # noqa: BLE001 - the caller gets AWS's error, and the log the reason
            _LOG.exception("request %s: %s %s", request_id, request.method, request.target[:200])
            message = f"The local service failed; its log tells why under the request id {request_id}."
            response = _error(500, "ServiceException", message, request_id)
        return Response(response.status, response.content, {"x-amzn-RequestId": request_id, **response.headers})

    def _answer(self, request: Request, request_id: str) -> Response:
        parts = urlsplit(request.target)
        query = parse_qs(parts.query)
        if request.method == "POST":
            if (match := _event_of(request, parts.path)) and self._is_elsewhere(match[1]):
                return self._keep(request, match[1])
            if match := _INVOCATION.fullmatch(parts.path):
                return self._invoke(request, self._target(match[1], query), request_id)
            if match := _INVOKE_ASYNC.fullmatch(parts.path):
                return self._event(request, self._target(match[1], query), request_id)
        elif request.method == "GET":
            if parts.path.rstrip("/") == "/2015-03-31/functions":
                every = [_configuration(self.functions.find(name)) for name in self.functions.specs]
                return Response(200, json.dumps({"Functions": every}).encode(), _JSON)
            if match := _FUNCTION.fullmatch(parts.path):
                configuration = _configuration(self._target(match[1], query))
                content = configuration if match[2] else {"Configuration": configuration}
                return Response(200, json.dumps(content).encode(), _JSON)
        raise _not_here(request.method, parts.path)

    def _target(self, reference: str, query: dict[str, list[str]]) -> Target:
        try:
            return self.functions.find(unquote(reference), query.get("Qualifier", [None])[0])
        except FunctionNotFoundError as error:
            raise ApiError(404, "ResourceNotFoundException", Type="User", Message=str(error)) from None
        except ValueError as error:
            raise ApiError(400, "InvalidParameterValueException", Type="User", message=str(error)) from None

    def _is_elsewhere(self, reference: str) -> bool:
        return self.elsewhere is not None and self.elsewhere.knows(unquote(reference))

    def _keep(self, request: Request, reference: str) -> Response:
        if request.content is None or self.elsewhere is None:
            raise too_large_event(request.size, EVENT_LIMIT)
        self.elsewhere.keep(unquote(reference), _payload(request.content), _trace(request))
        return Response(202)

    def _invoke(self, request: Request, target: Target, request_id: str) -> Response:
        match request.headers.get(b"x-amz-invocation-type", b"RequestResponse"):
            case b"Event":
                return self._event(request, target, request_id)
            case b"DryRun":
                return Response(204)
            case b"RequestResponse":
                return self._call(request, target, request_id)
            case other:
                raise ApiError(
                    400,
                    "InvalidParameterValueException",
                    Type="User",
                    message=f"Value '{other.decode('latin-1')}' at 'invocationType' failed to satisfy constraint: "
                    "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
                )

    def _event(self, request: Request, target: Target, request_id: str) -> Response:
        if request.content is None:
            raise too_large_event(request.size, EVENT_LIMIT)
        self.accept(target, _payload(request.content), request_id, _trace(request))
        return Response(202)

    def _call(self, request: Request, target: Target, request_id: str) -> Response:
        if request.content is None or len(request.content) > REQUEST_LIMIT:
            raise _too_large()
        trace = _trace(request) or chain.begun()
        if stops(chain.depth(trace, target.spec.arn), target.recursive_loop):
            raise ApiError(
                400, "RecursiveInvocationException", Type="User", Message="Lambda has detected a recursive invocation."
            )
        try:
            result = self.functions.call(
                target,
                _payload(request.content),
                request_id,
                client_context=_client_context(request),
                trace_id=chain.passed_on(trace, target.spec.arn),
            )
        except RequestTooLargeError as error:
            raise _too_large() from error
        return _answered(result, target, tail=request.headers.get(b"x-amz-log-type") == b"Tail")


def _event_of(request: Request, path: str) -> re.Match[str] | None:
    """The function of a call that only hands in an event."""
    is_event = request.headers.get(b"x-amz-invocation-type") == b"Event"
    return (_INVOCATION.fullmatch(path) if is_event else None) or _INVOKE_ASYNC.fullmatch(path)


def _payload(content: bytes) -> bytes:
    """An event as it was sent; an empty object where nothing was (S-02).

    Raises:
        Refused: It is not JSON.
    """
    if not content.strip():
        return b"{}"
    decoded(content)
    return content


def _trace(request: Request) -> str:
    return request.headers.get(b"x-amzn-trace-id", b"").decode("latin-1")


def _too_large() -> ApiError:
    return ApiError(
        413,
        "RequestTooLargeException",
        Type="User",
        message=f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation",
    )


def _not_here(method: str, path: str) -> ApiError:
    """The error for what is not answered: no operation of Lambda's, or one that the template decides."""
    operation = lambda_api.operation(method, path)
    if operation.name is not None:
        return ApiError(
            501,
            "NotImplementedException",
            Type="User",
            message=f"{operation.name} is not available: the local service answers Invoke, InvokeAsync, ListFunctions, "
            "GetFunction and GetFunctionConfiguration; what a function is comes from the template: change it and "
            "start again.",
        )
    if operation.methods:
        allowed = ", ".join(sorted(operation.methods))
        return ApiError(405, "MethodNotAllowedException", Type="User", message=f"{path} takes {allowed}.")
    return ApiError(
        404, "UnknownOperationException", Type="User", message=f"{method} {path} is no operation of the Lambda API."
    )


def _error(status: int, code: str, message: str, request_id: str) -> Response:
    shown = answer(UNKNOWN_LAMBDA, status, code, message, request_id)
    return Response(status, shown.content, shown.headers)


def _client_context(request: Request) -> bytes | None:
    encoded = request.headers.get(b"x-amz-client-context")
    if encoded is None:
        return None
    try:
        context = base64.b64decode(encoded, validate=True)
        decoded(context)
    except (binascii.Error, Refused):
        raise ApiError(
            400,
            "InvalidRequestContentException",
            Type="User",
            message="Client context must be a valid Base64-encoded JSON object.",
        ) from None
    return context


def _answered(result: Result, target: Target, *, tail: bool) -> Response:
    headers = {"X-Amz-Executed-Version": target.drawn(random()), **_JSON}  # noqa: S311 - no secret
    match result:
        case Throttled(reason):
            raise ApiError(429, "TooManyRequestsException", Reason=reason, Type="User", message="Rate Exceeded.")
        case Answered() | Errored():
            if tail:
                headers["X-Amz-Log-Result"] = base64.b64encode(result.log_tail.encode()).decode()
            if isinstance(result, Errored):
                headers["X-Amz-Function-Error"] = "Unhandled"
            return Response(200, result.payload, headers)


def _configuration(target: Target) -> dict[str, object]:
    spec = target.spec
    return {
        "FunctionName": spec.name,
        "FunctionArn": target.invoked_arn,
        "Runtime": "python3.13",
        "Role": spec.role_arn,
        "Handler": spec.handler,
        "Timeout": int(spec.timeout),
        "MemorySize": spec.memory_mb,
        "Version": target.version,
        "PackageType": "Zip",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Environment": {"Variables": dict(spec.environment)},
    }
