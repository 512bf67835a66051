"""What the console answers requests by: a path, who answers it, and what was asked."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

T = TypeVar("T")

_PART = re.compile(r"\{(\w+)\}")


class Problem(Exception):  # noqa: N818 - the page shows it to people, and goes on
    """A request that cannot be answered.

    Args:
        status: The HTTP status.
        message: The reason in one line, for people: what, where and how to mend it.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        parts: What stands for the names in the route's path.
        query: The query; of a name that is given twice, the last value.
        content: The body.
    """

    parts: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes = b""

    def read(self, kind: type[T]) -> T:
        """The body, which is JSON of this type.

        Raises:
            Problem: It is not.
        """
        try:
            return msgspec.json.decode(self.content, type=kind)
        except (msgspec.DecodeError, RecursionError) as error:
            raise Problem(HTTPStatus.BAD_REQUEST, f"the request's body: {error}") from None

    def number(self, name: str, default: float, most: float) -> float:
        """A number from 0 to `most` of the query.

        Raises:
            Problem: It is none.
        """
        text = self.query.get(name, "")
        try:
            number = float(text) if text else default
        except ValueError:
            number = -1.0
        if not 0 <= number <= most:
            raise Problem(HTTPStatus.BAD_REQUEST, f"{name} is {text!r}, not a number from 0 to {most:g}")
        return number


Answer = Callable[[Asked], Awaitable[object]]
"""Answers a request with what msgspec can write as JSON.

Raises:
    Problem: The request cannot be answered.
"""


@dataclass(frozen=True)
class Route:
    """One path of the console's API.

    Attributes:
        method: The HTTP method.
        path: The path below ``/_landfast/api``, with names in braces: ``/events/{id}``.
        answer: Who answers.
        changes: True if it changes something, so that the token is asked for; None for whatever is not GET.
    """

    method: str
    path: str
    answer: Answer
    changes: bool | None = None

    @property
    def is_guarded(self) -> bool:
        """True if it changes something."""
        return self.method != "GET" if self.changes is None else self.changes

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Its path; a name stands for one part, which may hold an escaped slash."""
        pieces = enumerate(_PART.split(self.path))
        return re.compile("".join(f"(?P<{text}>[^/]+)" if number % 2 else re.escape(text) for number, text in pieces))


class Routes:
    """Finds who answers a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def find(self, method: str, target: str) -> tuple[Route, Asked]:
        """Who answers a request, by its method and its target below ``/_landfast/api``.

        Raises:
            Problem: Nobody does.
        """
        split = urlsplit(target)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        methods = set()
        for route in self._routes:
            if (match := route.pattern.fullmatch(split.path)) is None:
                continue
            if route.method == method:
                return route, Asked({name: unquote(part) for name, part in match.groupdict().items()}, query)
            methods.add(route.method)
        if methods:
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{split.path} takes {', '.join(sorted(methods))}")
        raise Problem(HTTPStatus.NOT_FOUND, f"the console has no {split.path}")
