"""What is asked of Docker, by its own command line."""

import ipaddress
import json
import shutil
import subprocess
import sys

from tests.local_invoke.errors import CannotRunError

_INSTEAD = "or use `landfast invoke`, which needs no Docker"
_CONTAINERS = ["ps", "--all", "--quiet", "--filter", "label=sam.cli.container.type=lambda"]
_ANSWER_SECONDS = 60


def check() -> None:
    """Make sure that there is an engine that takes our calls.

    Raises:
        CannotRunError: Docker is not installed, its engine does not run, or it may not be used by this user.
    """
    if shutil.which("docker") is None:
        raise CannotRunError(f"Docker is not installed: install it, {_INSTEAD}")
    asked = _docker("info", "--format", "{{.ServerVersion}}")
    if asked.returncode == 0:
        return
    told = asked.stderr.strip() or asked.stdout.strip()
    if "permission denied" in told.lower():
        raise CannotRunError(f"Docker may not be used by this user: join the group docker and log in again, {_INSTEAD}")
    raise CannotRunError(f"Docker's engine does not answer ({_last_line(told)}): start it, {_INSTEAD}")


def obtain(image: str) -> None:
    """Pull an image unless this machine has it.

    Raises:
        CannotRunError: It is not here and cannot be pulled.
    """
    if _docker("image", "inspect", image).returncode == 0:
        return
    sys.stdout.write(f"Pulling {image}\n")
    pulled = subprocess.run(
        ["docker", "pull", "--quiet", image],  # noqa: S607 - the user's own Docker
        capture_output=True,
        text=True,
        check=False,
    )
    if pulled.returncode != 0:
        raise CannotRunError(
            f"the image {image} is not on this machine and cannot be pulled ({_last_line(pulled.stderr)}): "
            f"pull it where there is a network and `docker load` it here, {_INSTEAD}"
        )


def gateway() -> str:
    """Return the address that this machine has on Docker's default network, as containers see it.

    Raises:
        CannotRunError: There is no such network, or it has no IPv4 address.
    """
    asked = _docker("network", "inspect", "bridge")
    if asked.returncode != 0:
        raise CannotRunError(
            f"Docker has no network `bridge` ({_last_line(asked.stderr)}): restart its engine, {_INSTEAD}"
        )
    return gateway_of(asked.stdout)


def gateway_of(description: str) -> str:
    """Return the IPv4 gateway in what `docker network inspect` says; an engine that names none takes the first address.

    Raises:
        CannotRunError: No IPv4 subnet is named.
    """
    for config in json.loads(description)[0]["IPAM"]["Config"] or []:
        subnet = ipaddress.ip_network(config["Subnet"])
        if subnet.version == 4:
            return str(config.get("Gateway") or next(subnet.hosts())).partition("/")[0]
    raise CannotRunError(f"Docker's network `bridge` has no IPv4 address: give it one, {_INSTEAD}")


def functions_containers() -> set[str]:
    """Return the ids of the containers that SAM has made for functions and not removed yet."""
    return set(_docker(*_CONTAINERS).stdout.split())


def remove(containers: set[str]) -> None:
    """Remove containers, running ones too."""
    if containers:
        _docker("rm", "--force", *sorted(containers))


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],  # noqa: S607 - the user's own Docker
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise CannotRunError(
            f"Docker's engine has not answered for {_ANSWER_SECONDS} seconds: restart it, {_INSTEAD}"
        ) from None


def _last_line(told: str) -> str:
    return next((line.strip() for line in reversed(told.splitlines()) if line.strip()), "it says nothing")
