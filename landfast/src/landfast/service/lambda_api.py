"""The operations of the Lambda API, as botocore's model of the service lists them."""

import functools
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

_PATHS = re.compile(
    r"/20\d\d-\d\d-\d\d/(functions|layers|layers-by-arn|event-source-mappings|account-settings|runtime|tags|"
    r"code-signing-configs|capacity-providers|durable-[\w-]+|network-connectors|microvm[\w-]*)(/|$)"
)
_SLASHES = re.compile("/+")
_PLACEHOLDER = re.compile(r"\\\{[^}]*\\\}")


@dataclass(frozen=True, slots=True)
class Found:
    """The API's knowledge of a path.

    Attributes:
        name: The operation; None when the method is not one of the path's.
        methods: The methods that the path takes.
    """

    name: str | None
    methods: frozenset[str]


def is_lambda(target: str) -> bool:
    """Tell whether a request's target belongs to the Lambda API, however it is spelt."""
    path = _SLASHES.sub("/", unquote(target.partition("?")[0]))
    return _PATHS.match(path) is not None


def operation(method: str, path: str) -> Found:
    """The operation that method and path mean."""
    path = urlsplit(path).path.rstrip("/")
    matching = {own_method: name for own_method, pattern, name in _operations() if pattern.fullmatch(path)}
    return Found(matching.get(method), frozenset(matching))


@functools.cache
def _operations() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    from botocore.loaders import Loader  # noqa: PLC0415 - read only to name what is refused

    model: Any = Loader().load_service_model("lambda", "service-2")
    return tuple(
        (operation["http"]["method"], _pattern(operation["http"]["requestUri"]), name)
        for name, operation in model["operations"].items()
    )


def _pattern(uri: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(uri.partition("?")[0].rstrip("/"))))
