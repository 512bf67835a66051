"""One call of an AWS API, whatever protocol it came by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Protocol: TypeAlias = Literal["json", "query", "cbor", "rest-json"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        service: As botocore names it: ``sqs``, ``kinesis``, ``lambda``.
        operation: AWS's name of the action, e.g. ``SendMessage``.
        params: The members that were given, checked against the service's model; blobs are bytes and timestamps
            Unix seconds.
        protocol: By which the caller reads the answer.
        request_id: The request id of the answer.
        trace: The trace header (`X-Amzn-Trace-Id`) that the caller sent; empty without one.
    """

    service: str
    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)
    protocol: Protocol = "json"
    request_id: str = ""
    trace: str = ""
