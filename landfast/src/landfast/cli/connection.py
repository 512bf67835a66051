"""Connects commands to the running service."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landfast.service.state import Resource, Running, ServiceError, StateDirectory

if TYPE_CHECKING:
    from boto3 import Session


def running(state: Path) -> Running:
    """The service that runs in `state`.

    Raises:
        ServiceError: None does.
    """
    return StateDirectory(state).running()


def aws(service: Running, name: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """A boto3 client for the service's endpoint that ignores the user's own profile."""
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        read_timeout=930 if name == "lambda" else 60,
        proxies={},
    )
    client: Any = _session(service.region).client
    return client(name, endpoint_url=service.endpoint, config=config)


@cache
def _session(region: str) -> "Session":
    """One for all clients: it reads what it knows of AWS once."""
    import boto3

    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)  # noqa: S106 - no secret: the engine takes any


def find(service: Running, kind: str, name: str | None) -> Resource:
    """The resource that the user means by its logical id, name or ARN; without one, the only one that feeds a function.

    A logical id may be written as Python writes names: `my_function` is `MyFunction`.

    Raises:
        ServiceError: There is none, or more than one could be meant.
    """
    candidates = service.of_kind(kind)
    if name is None:
        feeding = [resource for resource in candidates if resource.feeds]
        if len(feeding) == 1:
            return feeding[0]
        found = ", ".join(resource.logical_id for resource in feeding or candidates) or "none"
        raise ServiceError(f"say which {kind}: the template has {found}")
    for resource in candidates:
        if name in {resource.logical_id, resource.name, resource.arn}:
            return resource
    alike = [resource for resource in candidates if resource.logical_id.lower() == name.replace("_", "").lower()]
    if len(alike) == 1:
        return alike[0]
    endings = [resource for resource in candidates if resource.name.endswith(f"-{name}")]
    if len(endings) == 1:
        return endings[0]
    found = ", ".join(resource.logical_id for resource in candidates) or "none"
    raise ServiceError(f"there is no {kind} {name}; there is: {found}")


def physical(service: Running, kind: str, name: str | None) -> str:
    """The physical name of what `find` finds; a function keeps its qualifier, as in `MyFunction:live`."""
    if name is None or name.count(":") > 1:
        return name or find(service, kind, name).name
    found, colon, qualifier = name.partition(":")
    return f"{find(service, kind, found).name}{colon}{qualifier}"
