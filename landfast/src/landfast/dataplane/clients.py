"""AWS clients for the emulator's endpoint, made when first used, one a service, for all threads."""

import os
import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

from landfast.loopback import KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CREDENTIAL = "test"
"""Access key and secret, both: emulators take any."""

_CONNECT_TIMEOUT = 2
_READ_TIMEOUT = 30  # a long poll takes up to 20 s
_ATTEMPTS = 3

_MAKING = threading.Lock()
"""botocore's sessions are for one thread at a time."""

_Service = Literal["dynamodb", "dynamodbstreams", "events", "kinesis", "lambda", "s3", "sns", "sqs"]


@cache
def session() -> Any:  # noqa: ANN401 - botocore is untyped
    """Botocore's session for all clients: what it knows of AWS, megabytes of JSON, it reads once."""
    from botocore.session import Session  # noqa: PLC0415 - heavy: loaded when a client is first needed

    own = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    made = Session(session_vars=own)
    made.set_credentials(CREDENTIAL, CREDENTIAL)
    return made


class Clients:
    """The clients of one endpoint.

    The user's own AWS profile, credentials and proxies play no part in them.

    Args:
        endpoint: The emulator's URL.
        region: The region of every call.
        connections: The most calls at a time, to one service.
        key: By which the endpoint knows the service's own calls, before it takes others'.
    """

    def __init__(self, endpoint: str, region: str, *, connections: int = 128, key: str = "") -> None:
        self.endpoint = endpoint
        self.region = region
        self._connections = connections
        self._key = key

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Tables."""
        return self._client("dynamodb")  # type: ignore[no-any-return] # botocore itself is untyped

    @cached_property
    def dynamodbstreams(self) -> "DynamoDBStreamsClient":
        """The streams of tables."""
        return self._client("dynamodbstreams")  # type: ignore[no-any-return]

    @cached_property
    def events(self) -> "EventBridgeClient":
        """Event buses and rules."""
        return self._client("events")  # type: ignore[no-any-return]

    @cached_property
    def kinesis(self) -> "KinesisClient":
        """Streams."""
        return self._client("kinesis")  # type: ignore[no-any-return]

    @cached_property
    def lambda_(self) -> "LambdaClient":
        """Functions."""
        return self._client("lambda")  # type: ignore[no-any-return]

    @cached_property
    def s3(self) -> "S3Client":
        """Buckets, addressed by path: the emulator has no host names for them."""
        return self._client("s3")  # type: ignore[no-any-return]

    @cached_property
    def sns(self) -> "SNSClient":
        """Topics."""
        return self._client("sns")  # type: ignore[no-any-return]

    @cached_property
    def sqs(self) -> "SQSClient":
        """Queues."""
        return self._client("sqs")  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close all connections."""
        for client in vars(self).values():
            if hasattr(client, "close"):
                client.close()

    def _client(self, service: _Service) -> Any:  # noqa: ANN401 - each property has its type
        from botocore.config import Config  # noqa: PLC0415 - heavy: loaded when a client is first needed

        config = Config(
            connect_timeout=_CONNECT_TIMEOUT,
            max_pool_connections=self._connections,
            proxies={},
            read_timeout=_READ_TIMEOUT,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            s3={"addressing_style": "path"},
            user_agent="landfast",  # botocore's own is written anew for every call, a seventh of its time
        )
        with _MAKING:
            made = vars(self).get(service)
            if made is not None:
                return made
            client = session().create_client(
                service, region_name=self.region, endpoint_url=self.endpoint, config=config
            )
            client.meta.events.register("before-send", self._with_key)
            return client

    def _with_key(self, request: Any, **_: object) -> None:  # noqa: ANN401 - botocore is untyped
        if self._key:
            request.headers[KEY] = self._key
