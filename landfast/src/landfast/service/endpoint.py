"""The part of the Lambda API that calls functions (API version 2015-03-31): it waits, so each call has a thread."""

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
from landfast.protocols import Request, Response, event_stream
from landfast.runtime.model import (
    REQUEST_LIMIT,
    Answered,
    Errored,
    RequestTooLargeError,
    Result,
    Throttled,
)
from landfast.service import chain, service_log
from landfast.service.functions import FunctionNotFoundError, Functions, Target
from landfast.service.replays import replay_of

_LOG = service_log.logger(__name__)
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_INVOKE_ASYNC = re.compile(r"/2014-11-13/functions/([^/]+)/invoke-async/?")
_STREAMING = re.compile(r"/2021-11-15/functions/([^/]+)/response-streaming-invocations/?")
_JSON = {"Content-Type": "application/json"}

Accept = Callable[[Target, bytes, str, str, str], None]
"""Keeps an asynchronous event durably: target, payload, request id, trace header, the failure that it replays."""


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
    """Answers requests that call functions.

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
        replay = replay_of(request.headers)
        request_id = str(uuid.uuid5(uuid.NAMESPACE_OID, replay) if replay else uuid.uuid4())
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
        query = parse_qs(urlsplit(request.target).query)
        path = request.target.partition("?")[0]
        if request.method == "POST":
            if (match := _event_of(request, path)) and self._is_elsewhere(match[1]):
                return self._keep(request, match[1])
            if match := _INVOCATION.fullmatch(path):
                return self._invoke(request, self._target(match[1], query), request_id)
            if match := _INVOKE_ASYNC.fullmatch(path):
                return self._event(request, self._target(match[1], query), request_id)
            if match := _STREAMING.fullmatch(path):
                return self._stream(request, self._target(match[1], query), request_id)
        raise ApiError(405, "MethodNotAllowedException", Type="User", message=f"{path} takes POST.")

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

    def _stream(self, request: Request, target: Target, request_id: str) -> Response:
        """Answer with the events of a stream; a Python function returns all at once, so there is one of payload."""
        if request.headers.get(b"x-amz-invocation-type") == b"DryRun":
            return Response(204)
        whole = self._call(request, target, request_id)
        return _streamed(whole)

    def _event(self, request: Request, target: Target, request_id: str) -> Response:
        if request.content is None:
            raise too_large_event(request.size, EVENT_LIMIT)
        self.accept(target, _payload(request.content), request_id, _trace(request), replay_of(request.headers))
        return Response(202)

    def _call(self, request: Request, target: Target, request_id: str) -> Response:
        if request.content is None or len(request.content) > REQUEST_LIMIT:
            raise _too_large()
        trace = _trace(request) or chain.begun()
        if stops(chain.depth(trace, target.spec.arn), target.recursive_loop):
            raise ApiError(
                400, "RecursiveInvocationException", Type="User", Message="Lambda has detected a recursive invocation."
            )
        fault = self.functions.faults.strike(target.label, target.label, request_id)
        struck = None if fault is None else fault.result(request_id, target.spec.timeout)
        try:
            result = struck or self.functions.call(
                target,
                _payload(request.content),
                request_id,
                client_context=_client_context(request),
                trace_id=chain.passed_on(trace, target.spec.arn),
            )
        except RequestTooLargeError as error:
            raise _too_large() from error
        return _answered(result, target, tail=request.headers.get(b"x-amz-log-type") == b"Tail")


def is_invocation(target: str) -> bool:
    """Tell whether a request's target is one that calls a function."""
    path = target.partition("?")[0]
    return any(pattern.fullmatch(path) for pattern in (_INVOCATION, _INVOKE_ASYNC, _STREAMING))


def _streamed(whole: Response) -> Response:
    """The answer to `InvokeWithResponseStream` that says the same as one to `Invoke`."""
    headers = dict(whole.headers)
    error, log = headers.pop("X-Amz-Function-Error", None), headers.pop("X-Amz-Log-Result", None)
    complete = {"ErrorCode": error, "ErrorDetails": whole.content.decode(errors="replace") if error else None}
    events = [] if error else [event_stream.event("PayloadChunk", "application/octet-stream", whole.content)]
    told = {name: value for name, value in {**complete, "LogResult": log}.items() if value is not None}
    events.append(event_stream.event("InvokeComplete", "application/json", json.dumps(told).encode()))
    return Response(200, b"".join(events), headers | {"Content-Type": event_stream.CONTENT_TYPE})


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
