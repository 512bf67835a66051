"""Where functions find AWS: the variables that say so, and what becomes of them for a container."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit, urlunsplit

HOST = "localhost.localhost"
"""This machine as containers name it. The service answers to names below localhost, as they are loopback's (RFC 6761),
and to no name of Docker's. It begins with localhost, so that the engine reads no bucket in it."""

_PREFIX = "AWS_ENDPOINT_URL"
_LOOPBACK = "127.0.0.1"

type Variables = Mapping[str, Mapping[str, str]]
"""The environment of each function, by its logical id."""


def names(variables: Variables) -> set[str]:
    """Return the names of the variables that say where AWS is, of all services or of one."""
    return {name for given in variables.values() for name in given if name.startswith(_PREFIX)}


def ports(variables: Variables) -> set[int]:
    """Return the loopback ports that functions call."""
    urls = [urlsplit(given[name]) for given in variables.values() for name in names(variables) & set(given)]
    return {url.port for url in urls if url.port is not None and url.hostname == _LOOPBACK}


def reachable(variables: Variables) -> Variables:
    """Return the same variables, the loopback endpoints among them as a container reaches them."""
    return {
        function: {name: _outside(value) if name.startswith(_PREFIX) else value for name, value in given.items()}
        for function, given in variables.items()
    }


def _outside(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{HOST}:{parts.port}")) if parts.hostname == _LOOPBACK else url


def declared(template: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    """Return a built template whose functions have those variables: SAM passes on declared ones only."""
    content: dict[str, Any] = deepcopy(dict(template))
    content["Globals"]["Function"]["Environment"]["Variables"] |= dict.fromkeys(sorted(names(variables)), "")
    return content
