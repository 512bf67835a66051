"""AWS calls that functions make: whose they are, what they are about, and the faults that they meet."""

import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl, unquote

from landfast import aws_errors, protocols
from landfast.aws_errors import AwsError, Operation
from landfast.eventplane import s3_requests
from landfast.eventplane.passing import Head
from landfast.protocols import Request, Response
from landfast.service.faults import AwsCall, CallFault, Faults, KillAt, Refuse

TOKEN: Final = "X-Amz-Security-Token"  # noqa: S105 - a header, no secret
_TOKEN_IN_QUERY = re.compile("[?&]X-Amz-Security-Token=([^&]+)")
_NAMES: Final = (
    "TableName", "QueueUrl", "TopicArn", "TargetArn", "StreamARN", "StreamArn", "StreamName", "FunctionName",
    "EventBusName", "Name", "SecretId", "KeyId", "StateMachineArn",
)  # fmt: skip
"""The parameters that say what a call is about."""

_MANY: Final = ("TransactItems", "Entries", "RequestItems")
"""The parameters that hold many such."""

_S3_SUBRESOURCES: Final = ("acl", "attributes", "legal-hold", "retention", "tagging", "uploadId", "uploads")
_S3_OBJECT: Final = {"GET": "GetObject", "HEAD": "HeadObject"}
_S3_BUCKET: Final = {"GET": "ListObjectsV2", "HEAD": "HeadBucket"}


class FunctionKilled(ConnectionError):  # noqa: N818 - it is wanted
    """The function that made a request was killed: nobody is left to be answered."""


class Invocations(Protocol):
    """Knows which invocations run."""

    def at_work(self, token: str) -> tuple[str, str, int] | None:
        """The function, the request id and the process of the invocation that has this session token."""
        ...


@dataclass(frozen=True, slots=True)
class Met:
    """A call of a function that somebody heeds; a context that lasts until it is done.

    Its end raises `FunctionKilled` if the function is killed before it is told.

    Attributes:
        refusal: AWS's answer, if it is to be refused.
    """

    refusal: Response | None
    _fault: CallFault | None
    _process: int
    _ended: Callable[[], None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended()
        if error is None and isinstance(self._fault, KillAt):
            _kill(self._process)


class FunctionCalls:
    """Finds out the functions' own calls among all requests, and lets them meet their faults.

    Args:
        faults: The faults.
        invocations: Tells which invocations run.
    """

    def __init__(self, faults: Faults, invocations: Callable[[], Invocations]) -> None:
        self._faults = faults
        self._invocations = invocations

    def heeded(self, target: str, token: str) -> str:
        """The session token of a request if it may be a function's and anybody heeds it; empty if not.

        Args:
            target: The path with its query, which has the token of a request that was signed beforehand.
            token: The header `TOKEN`; empty without one.
        """
        if not self._faults.heed_calls:
            return ""
        in_query = None if token else _TOKEN_IN_QUERY.search(target)
        return unquote(in_query[1]) if in_query else token

    def answered(self, request: Request, service: str, answer: Callable[[Request], Response]) -> Response:
        """The answer to a request that is answered in a thread of its own.

        Raises:
            FunctionKilled: Whoever asked is a function that was killed.
        """
        token = self.heeded(request.target, request.headers.get(TOKEN.lower().encode(), b"").decode("latin-1"))
        met = self.met(token, request, service) if token else None
        if met is None:
            return answer(request)
        with met:
            return met.refusal or answer(request)

    def met(self, token: str, request: Request, service: str | None) -> Met | None:
        """A call that begins; None if it is no function's.

        Args:
            token: As `heeded` tells it.
            request: With its body, unless it is one of S3's.
            service: As botocore names it.

        Raises:
            FunctionKilled: Before the call.
        """
        found = self._invocations().at_work(token)
        if found is None:
            return None
        function, request_id, process = found
        call = AwsCall(function, request_id, service or "", *named(request, service or ""))
        fault, records = self._faults.meet(call)
        if isinstance(fault, KillAt) and fault.moment == "before":
            self._faults.ended(records)
            _kill(process)
        return Met(_refusal(request, fault), fault, process, lambda: self._faults.ended(records))


def named(request: Request, service: str) -> tuple[str, str]:
    """The operation of a request and what it is about: the names of tables, queues, topics... without their ARNs."""
    if service == "s3":
        return _of_s3(request)
    call = protocols.asked(request, service, "")
    params: Mapping[str, Any] = {}
    with suppress(AwsError, LookupError):  # a malformed call is refused by whoever answers it
        call = protocols.read(request, service, "")
        params = call.params
    return call.operation, ", ".join(sorted({*_targets(params)}))


def _targets(params: Mapping[str, Any]) -> Iterator[str]:
    for name in _NAMES:
        if isinstance(value := params.get(name), str):
            yield re.split("[:/]", value)[-1]
            return
    for name in _MANY:
        match params.get(name):
            case list(entries):
                for entry in entries:
                    yield from _targets(entry)
                    yield from (target for one in entry.values() if isinstance(one, dict) for target in _targets(one))
            case dict(tables):
                yield from tables


def _of_s3(request: Request) -> tuple[str, str]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    path, _, query = request.target.partition("?")
    bucket = s3_requests.bucket_of_host(headers.get("host", ""))
    key = unquote(path.removeprefix("/"))
    if not bucket:
        bucket, _, key = key.partition("/")
    if known := s3_requests.read(Head(request.method, request.target, headers)):
        return known.operation, bucket
    given = dict(parse_qsl(query, keep_blank_values=True))
    asked = next((name for name in _S3_SUBRESOURCES if name in given), "")
    plain = not asked if key else "list-type" in given or request.method == "HEAD"
    operation = (_S3_OBJECT if key else _S3_BUCKET).get(request.method) if plain else None
    return operation or " ".join((request.method, "object" if key else "bucket", asked)).rstrip(), bucket


def _refusal(request: Request, fault: CallFault | None) -> Response | None:
    if not isinstance(fault, Refuse):
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
    operation = Operation.read(request.method, request.target, headers, request.content or b"")
    shown = aws_errors.answer(operation, fault.status, fault.code, fault.message)
    return Response(shown.status, shown.content, shown.headers)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(process, signal.SIGKILL)
    raise FunctionKilled
