"""Calls that pass through the endpoint to the engine and make events on their way: S3's and DynamoDB's.

The endpoint's event loop runs what is here; machines are only touched in the driver's thread, by `Passing.driver`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body.

    Attributes:
        method: The HTTP method.
        target: The path with its query, as it was sent.
        headers: By names in lower case.
    """

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """A response of the engine, read to its end, or one that takes its place.

    Attributes:
        status: The HTTP status.
        headers: By the engine's names; those about the connection and the length are left out, but not the length in
            an answer to HEAD.
        content: The body.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


class Ask(Protocol):
    """Sends the engine a request of our own."""

    def __call__(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes = b""
    ) -> Awaitable[EngineAnswer]:
        """Return the engine's response; raises an exception if the engine does not answer."""
        ...


class Driver(Protocol):
    """Does something in the driver's thread."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]:
        """Return what `work` answers there, once everything that it has kept and noted is on disk."""
        ...


class Passing(Protocol):
    """One request of a client, on its way."""

    @property
    def head(self) -> Head:
        """The request without its body."""
        ...

    async def body(self) -> bytes:
        """The whole body, read once; a request whose body was never asked for is handed on as it comes."""
        ...

    async def forward(self, content: bytes | None = None) -> EngineAnswer:
        """Hand the client's request on; with `content`, another body takes the place of its own.

        Raises:
            Exception: The engine does not answer; the client gets the endpoint's own error if this is not caught.
        """
        ...

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        """Send the engine a request of our own.

        Raises:
            Exception: The engine does not answer.
        """
        ...

    async def driver(self, work: Callable[[], T]) -> T:
        """Do `work` in the driver's thread; when this returns, what it has kept and noted is on disk.

        Raises:
            Exception: Whatever `work` raises.
        """
        ...


class Interceptor(Protocol):
    """A service whose calls make events on their way."""

    def concerns(self, head: Head) -> bool:
        """Tell whether a request may make an event, or is answered here; asked for each one, so it must be cheap."""
        ...

    async def answer(self, passing: Passing) -> EngineAnswer:
        """Answer it; when this returns, the events that it makes are on disk."""
        ...

    async def recover(self, ask: Ask, driver: Driver) -> None:
        """Finish what a killed service had begun; called once at the start, before others' requests are taken."""
        ...
