"""boto3's clients for a running service, for whoever uses it from outside."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from landfast.service.state import Running


def aws(service: Running, name: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """A boto3 client for the service's endpoint that ignores the user's own profile."""
    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        read_timeout=930 if name == "lambda" else 60,
        proxies={},
    )
    client: Any = session(service.region).client
    return client(name, endpoint_url=service.endpoint, config=config)


@cache
def session(region: str) -> boto3.Session:
    """boto3's session for all clients of a region: what it knows of AWS it reads once."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)  # noqa: S106 - no secret: the engine takes any
