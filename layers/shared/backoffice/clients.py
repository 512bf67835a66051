"""The one place where the functions' AWS clients are made, and where it is said how long a call of theirs may take.

botocore waits a minute for each answer and tries again, which is longer than most functions may run: a call that hangs
would take its whole batch with it. Here every call ends within ``longest_call_ms``, retries included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
import msgspec
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

type ServiceName = Literal["dynamodb", "events", "kinesis", "s3", "sns", "sqs"]

_LONGEST_BACKOFF_S = 20
CONNECTIONS = 10
"""Connections that a client keeps, unless its function calls from more threads than that."""


class CallLimits(msgspec.Struct, frozen=True):
    """How long botocore waits in one attempt of a call, in seconds, and how many attempts it makes in all.

    `read_s` is the longest silence, not the longest answer: a large body that keeps coming is no time-out.
    """

    connect_s: float = 1
    read_s: float = 5
    attempts: int = 2

    @property
    def longest_call_ms(self) -> int:
        """The longest time that a call takes until it has failed: every attempt, and botocore's waits between them.

        The waits of its standard mode are at most 1, 2, 4, ... 20 seconds (boto3 guide, retries).
        """
        waits = sum(min(1 << retry, _LONGEST_BACKOFF_S) for retry in range(self.attempts - 1))
        return round(1000 * (self.attempts * (self.connect_s + self.read_s) + waits))


STANDARD = CallLimits()
LIMITS: dict[ServiceName, CallLimits] = {
    # A shard takes five reads a second from all of its readers together (Kinesis quotas): wait, and read again.
    "kinesis": CallLimits(read_s=10, attempts=6),
    "s3": CallLimits(read_s=20, attempts=3),
}
"""The services whose calls take longer than ``STANDARD`` allows: those that move bodies of many megabytes."""


def limits(service: ServiceName) -> CallLimits:
    """The limits of the calls to a service."""
    return LIMITS.get(service, STANDARD)


@overload
def client(service: Literal["dynamodb"], *, connections: int = ..., config: Config | None = ...) -> DynamoDBClient: ...
@overload
def client(service: Literal["events"], *, connections: int = ..., config: Config | None = ...) -> EventBridgeClient: ...
@overload
def client(service: Literal["kinesis"], *, connections: int = ..., config: Config | None = ...) -> KinesisClient: ...
@overload
def client(service: Literal["s3"], *, connections: int = ..., config: Config | None = ...) -> S3Client: ...
@overload
def client(service: Literal["sns"], *, connections: int = ..., config: Config | None = ...) -> SNSClient: ...
@overload
def client(service: Literal["sqs"], *, connections: int = ..., config: Config | None = ...) -> SQSClient: ...
def client(service: ServiceName, *, connections: int = CONNECTIONS, config: Config | None = None) -> Any:
    """A low-level client with the time-outs and retries of ``limits(service)`` and TCP keep-alive.

    Args:
        service: AWS's name of it.
        connections: As many as the threads that call it at once; more wait for each other or connect anew each time.
        config: What else is to be set.
    """
    allowed = limits(service)
    made = Config(
        connect_timeout=allowed.connect_s,
        read_timeout=allowed.read_s,
        retries={"mode": "standard", "total_max_attempts": allowed.attempts},
        max_pool_connections=connections,
        tcp_keepalive=True,
    )
    return boto3.client(service, config=made.merge(config) if config else made)
