"""What a killed service has asked an engine for is carried out before the next one looks, or never."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from landfast.dataplane import engine as engines
from landfast.dataplane.clients import Clients
from landfast.dataplane.engine import Engine, EngineName
from landfast.dataplane.guard import TAKE_OVER, AsgiGuard, Guard, WsgiGuard
from landfast.dataplane.succession import Succession, numbered, parted
from landfast.loopback import KEY
from tests.engines import skip_without


class NoMemory:
    def remember(self) -> None:
        raise AssertionError("nobody has asked for it")

    reset = remember


def test_an_endpoint_that_takes_over_waits_for_what_the_earlier_one_has_under_way() -> None:
    succession = Succession()
    with succession.admitted(0) as first:
        assert first
        assert succession.take_over(patience=0) is None, "one is under way"
        with succession.admitted(0) as late:
            assert not late, "what was not yet read comes too late"
    assert succession.take_over(patience=0) == 2
    with succession.admitted(2) as newest, succession.admitted(1) as earlier:
        assert (newest, earlier) == (True, False)


@pytest.mark.parametrize("key", ["0a1b", "with.a.dot"])
def test_a_key_is_read_with_the_number_of_its_endpoint(key: str) -> None:
    assert parted(numbered(key, 12)) == (key, 12)
    assert parted("0a1b") == ("0a1b", 0)


@contextmanager
def wsgi(writes: Callable[[], None]) -> Iterator[Callable[[str, str], int]]:
    """Asks a guarded WSGI application for a path with a key; the status."""

    def application(_: object, start_response: Any) -> Iterable[bytes]:
        writes()
        start_response("200 OK", [])
        return []

    guarded = WsgiGuard(application, Guard("key"), NoMemory())

    def ask(path: str, key: str) -> int:
        statuses: list[int] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, f"HTTP_{KEY.upper().replace('-', '_')}": key}
        guarded(environ, lambda status, *_: statuses.append(int(status[:3])) or bytes)  # type: ignore[func-returns-value]
        return statuses[0]

    yield ask


@contextmanager
def asgi(writes: Callable[[], None]) -> Iterator[Callable[[str, str], int]]:
    """The same of an ASGI application, in one event loop for all requests."""

    async def application(_: object, __: object, send: Any) -> None:
        await asyncio.to_thread(writes)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guarded = AsgiGuard(application, Guard("key"), NoMemory())

    async def asked(path: str, key: str) -> int:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        async def receive() -> Any:
            raise AssertionError("nobody reads the body")

        scope = {"type": "http", "method": "GET", "path": path, "headers": [(KEY.encode(), key.encode())]}
        await guarded(scope, receive, send)
        return int(told[0]["status"])

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda path, key: asyncio.run_coroutine_threadsafe(asked(path, key), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("server", [wsgi, asgi])
def test_an_engine_carries_out_what_it_has_begun_and_nothing_else_of_a_killed_service(
    server: Callable[[Callable[[], None]], AbstractContextManager[Callable[[str, str], int]]],
) -> None:
    begun, go_on, written = threading.Event(), threading.Event(), []

    def writes() -> None:
        begun.set()
        assert go_on.wait(20)
        written.append(1)

    with server(writes) as ask, ThreadPoolExecutor(2) as pool:
        earlier = pool.submit(ask, "/", "key")
        assert begun.wait(20)
        next_one = pool.submit(lambda: (ask(TAKE_OVER, "key"), len(written)))
        while ask("/", "key") != 403:
            assert not next_one.done()
        assert not next_one.done(), "something is under way"
        go_on.set()
        assert next_one.result() == (200, 1)
        assert earlier.result() == 200
        assert ask("/", "key.1") == 200


@pytest.mark.parametrize("name", ["moto", "ministack"])
def test_a_service_that_finds_an_engine_takes_over_from_the_one_before(name: EngineName, tmp_path: Path) -> None:
    skip_without(name)

    def queues(engine: Engine, key: str) -> list[str]:
        made = Clients(engine.url, "us-east-1", key=key)
        try:
            return made.sqs.list_queues().get("QueueUrls", [])
        finally:
            made.close()

    with engines.start(tmp_path, name, stack="shop") as first:
        assert queues(first, first.key) == []
        again = engines.obtain(tmp_path, name, stack="shop")
        assert queues(again, again.key) == []
        with pytest.raises(ClientError, match="The endpoint of another service has taken over"):
            queues(first, first.key)
        again.release()
