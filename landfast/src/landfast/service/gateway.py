"""Hands each request to whom it is for: the event plane, an interceptor of calls to the engine, or the engine."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from aiohttp import web

from landfast import protocols
from landfast.aws_errors import AwsError
from landfast.eventplane import Pending, not_here
from landfast.protocols import Call, Request, Response
from landfast.service.forwarding import Forwarding
from landfast.service.function_calls import TOKEN, FunctionCalls
from landfast.service.incoming import Refusal, body, is_form
from landfast.service.local_api import PREFIX, LocalApi
from landfast.service.loop import Loop, UnderWay
from landfast.service.passing import LivePassing
from landfast.service.plane import Plane
from landfast.service.replays import Replays, replay_of

T = TypeVar("T")

_LONGEST = 16 * 1024 * 1024
"""The longest body that is read here, in bytes: more than AWS takes of any of these services."""

_REPLAYABLE: Final = frozenset({"PutRecord", "SendMessage"})
"""Calls that can be replays of failures; those of functions are taken elsewhere."""

Result: TypeAlias = Mapping[str, object]


@dataclass(slots=True)
class _Asked:
    """A request, with whom to tell when it is over."""

    request: web.BaseRequest
    target: str
    id: str
    engine: Forwarding
    under_way: UnderWay
    token: str

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        return {name.lower(): value for name, value in self.request.raw_headers}


class _Answer(Generic[T]):
    """An answer from the driver's thread, waited for in the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self._loop.create_future()

    def give(self, value: T) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._end, lambda: self.future.set_result(value))

    def fail(self, error: Exception) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._end, lambda: self.future.set_exception(error))

    def _end(self, end: Callable[[], None]) -> None:
        if not self.future.done():  # else whoever waited has gone
            end()


class Gateway:
    """Answers what is ours, and hands on the rest; until it is opened, only the service's own calls.

    Args:
        loop: The thread of the machines.
        plane: The services that deliver events.
        local: The API of the tool's own commands.
        replays: Accepts each replay once.
        calls: Lets functions' calls meet the faults that were asked for.
    """

    def __init__(self, loop: Loop, plane: Plane, local: LocalApi, replays: Replays, calls: FunctionCalls) -> None:
        self._loop = loop
        self._plane = plane.apis
        self._interceptors = plane.interceptors
        self._local = local
        self._replays = replays
        self._calls = calls
        self._open = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    async def open(self, engine: Forwarding) -> None:
        """Answer everybody's requests from now on."""
        del engine
        self._open.set()

    async def close(self) -> None:
        """Break off every request that is not answered yet; its client finds the connection closed."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def recover(self, engine: Forwarding) -> None:
        """Finish what a killed service had begun of calls that make events."""
        for interceptor in self._interceptors:
            await interceptor.recover(engine.ask, self.driver)

    async def response(
        self, request: web.BaseRequest, target: str, request_id: str, engine: Forwarding
    ) -> web.StreamResponse:
        """The response to one request.

        Raises:
            Refusal: The engine has gone, or the request cannot be handed on.
        """
        task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment] # aiohttp answers in tasks
        self._tasks.add(task)
        try:
            return await self._answer(request, target, request_id, engine)
        finally:
            self._tasks.discard(task)

    async def _answer(
        self, request: web.BaseRequest, target: str, request_id: str, engine: Forwarding
    ) -> web.StreamResponse:
        if not self._open.is_set() and not engine.knows(request):
            await self._open.wait()
        if target.startswith(PREFIX):
            return _web(await self._local.answer(request.method, target, self.driver))
        what = request.headers.get("X-Amz-Target") or f"{request.method} {target.partition('?')[0]}"
        under_way = self._loop.begin(what)
        try:
            token = self._calls.heeded(target, request.headers.get(TOKEN, ""))
            return await self._response(_Asked(request, target, request_id, engine, under_way, token))
        finally:
            under_way.end()

    async def driver(self, work: Callable[[], T]) -> T:
        """Return what `work` answers in the driver's thread, once everything that it did is on disk.

        Raises:
            Exception: Whatever `work` raises.
        """
        promise = _Answer[T]()
        self._loop.tell(work, promise.give, promise.fail)
        return await promise.future

    async def _response(self, asked: _Asked) -> web.StreamResponse:
        request, headers = asked.request, asked.headers
        service = protocols.service_of_head(request.method, asked.target, headers)
        sent = Request(request.method, asked.target, headers, None)
        if is_form(request) or (service and self._plane.has(service)) or (asked.token and service != "s3"):
            content, size = await body(request, _LONGEST, asked.engine.patience)
            sent = Request(request.method, asked.target, headers, content, size)
            service = protocols.service_of(sent) if service == protocols.QUERY else service
        met = self._calls.met(asked.token, sent, service) if asked.token else None
        if met is None:
            return await self._answered(asked, sent, service)
        with met:
            return _web(met.refusal) if met.refusal else await self._answered(asked, sent, service)

    async def _answered(self, asked: _Asked, sent: Request, service: str | None) -> web.StreamResponse:
        request = asked.request
        if service and self._plane.has(service):
            answered = await self._planes(sent, service, asked)
            if answered is not None:
                return _web(answered)
        if sent.content is None and is_form(request):  # a part of it was read, and the rest alone means nothing
            raise Refusal(413, "RequestEntityTooLarge", f"A form may have {_LONGEST} bytes.")
        if service and (refused := _refusal(sent, service)):
            return _web(protocols.refused(protocols.asked(sent, service, asked.id), refused, asked.id))
        return await self._engines(asked, sent.content)

    async def _planes(self, sent: Request, service: str, asked: _Asked) -> Response | None:
        """The answer to a call of a service that is ours; None if this call is the engine's."""
        call = protocols.asked(sent, service, asked.id)
        try:
            call = protocols.read(sent, service, asked.id)
            if not self._plane.takes(call):
                return None
            return protocols.written(call, await self._result(call, asked))
        except AwsError as error:
            return protocols.refused(call, error, asked.id)

    async def _result(self, call: Call, asked: _Asked) -> Result:
        """The result of a call; while it only waits for messages, nothing is under way.

        Raises:
            AwsError: It is refused.
        """
        promise = _Answer[Result]()
        waiting: list[Pending] = []

        def answered(result: Result | Pending) -> None:
            if isinstance(result, Pending):
                waiting.append(result)
                asked.under_way.end()
                result.then(lambda value: self._loop.turn.then(lambda: promise.give(value), promise.fail), promise.fail)
            else:
                promise.give(result)

        replay = replay_of(asked.headers) if call.operation in _REPLAYABLE else ""
        self._loop.tell(lambda: self._replays.once(replay, lambda: self._plane.answer(call)), answered, promise.fail)
        try:
            return await promise.future
        except asyncio.CancelledError:
            for pending in waiting:
                pending.abandoned = True
            raise

    async def _engines(self, asked: _Asked, content: bytes | None) -> web.StreamResponse:
        passing = LivePassing(
            asked.request, asked.target, asked.engine, self.driver, patience=asked.engine.patience, content=content
        )
        for interceptor in self._interceptors:
            if interceptor.concerns(passing.head):
                engine_answer = await interceptor.answer(passing)
                return web.Response(
                    status=engine_answer.status, headers=engine_answer.headers, body=engine_answer.content
                )
        if asked.token and asked.request.method != "HEAD":  # a function that is to be killed must not read an answer
            whole = await passing.forward()
            return web.Response(status=whole.status, headers=whole.headers, body=whole.content)
        return await asked.engine.response(asked.request, asked.target, asked.id, content)


def _refusal(sent: Request, service: str) -> AwsError | None:
    """Why a call is not handed on to the engine; None if it is."""
    if service in not_here.SERVICES:
        operation = protocols.asked(sent, service, "").operation
        named = operation or f"{sent.method} {sent.target.partition('?')[0]}"
        if error := not_here.refusal(service, operation, named):
            return error
    return protocols.unknown_operation(sent, service)


def _web(response: Response) -> web.Response:
    return web.Response(status=response.status, headers=response.headers, body=response.content)
