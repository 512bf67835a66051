"""boto3's clients for a running service, for whoever uses it from outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from landfast.service.state import Running

if TYPE_CHECKING:
    import boto3

_MAKING = threading.Lock()


def aws(service: Running, name: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """A boto3 client for the service's endpoint that ignores the user's own profile."""
    from botocore.config import Config  # noqa: PLC0415 - heavy: loaded when a client is first needed

    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        read_timeout=930 if name == "lambda" else 60,
        proxies={},
    )
    with session(service.region) as made:
        return made.client(name, endpoint_url=service.endpoint, config=config)


@contextmanager
def session(region: str) -> Iterator[Any]:
    """boto3's session for all clients of a region, which reads what it knows of AWS once; one thread has it at a time.

    Clients are for all threads, sessions are not (boto3 guide, "Multithreading or multiprocessing with clients").
    """
    with _MAKING:
        yield _session(region)


@cache
def _session(region: str) -> "boto3.Session":
    import boto3  # noqa: PLC0415 - heavy: loaded when a client is first needed

    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)  # noqa: S106 - no secret: the engine takes any
