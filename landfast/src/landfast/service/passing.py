"""A client's request on its way to the engine, as what makes events of it sees it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from landfast.eventplane.passing import Driver, EngineAnswer, Head
from landfast.service.forwarding import Forwarding
from landfast.service.incoming import pieces

T = TypeVar("T")


class LivePassing:
    """One request, with the engine before it and the driver beside it.

    Args:
        request: The client's.
        target: The path with its query.
        engine: The engine, to which requests go.
        driver: Does something in the driver's thread.
        patience: For how many seconds to wait for the next piece of its body.
        content: The body, if it was read already.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        target: str,
        engine: Forwarding,
        driver: Driver,
        *,
        patience: float,
        content: bytes | None,
    ) -> None:
        self.head = Head(request.method, target, {name.lower(): value for name, value in request.headers.items()})
        self._request = request
        self._engine = engine
        self._driver = driver
        self._patience = patience
        self._content = content

    async def body(self) -> bytes:
        """The whole body, read once."""
        if self._content is None:
            self._content = b"".join([piece async for piece in pieces(self._request, self._patience)])
        return self._content

    async def forward(self, content: bytes | None = None) -> EngineAnswer:
        """Hand the request on, as it comes, or with another body in place of its own."""
        sent = self._content if content is None else content
        return await self._engine.whole(self._request, self.head.target, sent)

    async def ask(self, method: str, target: str, headers: Mapping[str, str], content: bytes = b"") -> EngineAnswer:
        """Send the engine a request of our own."""
        return await self._engine.ask(method, target, headers, content)

    async def driver(self, work: Callable[[], T]) -> T:
        """Do `work` in the driver's thread."""
        return await self._driver(work)
