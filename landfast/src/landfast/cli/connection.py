"""Connects commands to the running service."""

from pathlib import Path

from landfast.service.state import Resource, Running, ServiceError, StateDirectory


def running(state: Path) -> Running:
    """The service that runs in `state`.

    Raises:
        ServiceError: None does.
    """
    return StateDirectory(state).running()


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
